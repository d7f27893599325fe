//! One officer's certificate, stolen, against a city: in one order, in many, by ten certificates. What goes out without a
//! second officer stays within the limits, and the alarm is raised in the transaction that met them. `NUMBERS=60000` for
//! as many as are promised. The controls forget what was issued before, and look at it without a lock: both let a city be
//! cut.

use std::sync::Arc;

use greenlane::{
    domain::{
        refusal::Reason,
        shutdown::{
            AlarmKind, ApprovalNeed, HeldDecision, NumberState, OrderState, Urgency, limit::IN_WINDOW,
            terms::Terms,
        },
        time::DAY,
    },
    service::shutdown::planned::Planned,
};
use tokio::sync::Barrier;

use crate::{
    force::{Line, ONE, TWO, by, count, is_in, number, numbers, sums, terms},
    world::{World, working},
};

fn many() -> usize {
    std::env::var("NUMBERS").ok().and_then(|many| many.parse().ok()).unwrap_or(3_000)
}

/// Whose numbers are attacked first, and their blocks.
const ATTACKED: [(&str, &str); 3] =
    [("mvnos/m01", "1700001"), ("mvnos/m02", "1705002"), ("mvnos/m03", "1710003")];

/// The n-th number of the attacked: blocks of three MVNOs, as many as are needed.
fn attacked(n: usize) -> String {
    match n / 10_000 {
        at @ 0..3 => format!("{}{:04}", ATTACKED[at].1, n % 10_000),
        at => format!("17000{:02}{:04}", at + 10, n % 10_000),
    }
}

/// Enough lines that 1 % of an MVNO's is no limit here: that has a test of its own.
async fn city(world: World) -> World {
    let world = world.force().await;
    for block in 3..many().div_ceil(10_000).max(3) {
        world.allot("mvnos/m01", &format!("17000{:02}", block + 10)).await;
    }
    let lines = IN_WINDOW * 100 + 1;
    let written = world.store().write(working(move |tx| {
        Box::pin(async move {
            for (mvno, _) in ATTACKED.iter().take(many().div_ceil(10_000)) {
                for n in 0..lines {
                    let line = format!("{mvno}-{n}");
                    tx.send(
                        "INSERT INTO line (id, mvno, block, number_index, subject, state, registration_state, slots,
                           slot, event, start_time, record_time)
                         VALUES (?1, ?2, '0', ?3, ?1, 'ACTIVE', 'VERIFIED', 'ORDINARY', 1, 'OPEN', 0, 0)",
                        &[line.as_str().into(), (*mvno).into(), line.as_bytes().to_vec().into()],
                    )
                    .await?;
                }
            }
            Ok(())
        })
    }));
    written.await.expect("written");
    world
}

/// What went out, to either side.
async fn released(world: &World) -> i64 {
    world
        .number("SELECT COUNT(*) FROM shutdown_number WHERE state <> 'PLANNED' OR mvno_state <> 'PLANNED'")
        .await
}

async fn in_hundreds(world: &World, numbers: &[String]) -> Vec<Planned> {
    let mut plans = Vec::new();
    for part in numbers.chunks(100) {
        plans.push(world.plan(ONE, terms(world, ONE), part).await);
    }
    plans
}

async fn a_stolen_certificate(world: World) {
    let world = city(world).await;
    let numbers: Vec<String> = (0..many()).map(attacked).collect();
    // In one order.
    let order = world.order(ONE, terms(&world, ONE), &numbers).await;
    is_in(&order, OrderState::PendingApproval);
    assert_eq!((released(&world).await, world.alarms().await), (0, 1), "nothing out, and an alarm");
    world.gateway.cancel_shutdown(by(ONE), order.id).await.expect("cancelled");
    // In hundreds, all planned before the first is issued.
    let plans = in_hundreds(&world, &numbers).await;
    assert!(plans.iter().all(|plan| plan.approval == ApprovalNeed::NotNeeded), "each is within the limits");
    let mut waiting = Vec::new();
    for plan in &plans {
        let alarms = world.alarms().await;
        let order = world.issue(ONE, plan).await.expect("issued").order;
        sums(&order);
        if order.state == OrderState::PendingApproval {
            assert_eq!(world.alarms().await, alarms + 1, "with the order that met the limit");
            waiting.push(order);
        }
    }
    assert_eq!(released(&world).await, IN_WINDOW);
    assert_eq!(i64::try_from(waiting.len()).expect("few"), world.alarms().await - 1);
    // By ten certificates, each of another officer, and by break glass.
    for at in 0..10 {
        let officer = format!("police/mps/thief-{at}");
        let numbers: Vec<String> = (0..10).map(|n| attacked(at * 10 + n)).collect();
        for break_glass in [false, true] {
            let asked = Terms { break_glass, ..terms(&world, &officer) };
            let order = world.order(&officer, asked, &numbers).await;
            is_in(&order, OrderState::PendingApproval);
        }
    }
    assert_eq!(released(&world).await, IN_WINDOW);
    // The certificate that issued it approves nothing, and the second officer who does has the first wave go.
    let order = waiting.first().expect("orders wait");
    let refused = world.approve(ONE, &order.id, &order.plan_sha256).await.expect_err("refused");
    assert_eq!(refused.reason, Reason::ApproverIsProposer);
    let approved = world.approve(TWO, &order.id, &order.plan_sha256).await.expect("approved").order;
    assert_eq!(count(&approved, NumberState::Released), 1, "1 % of 100 first");
    // The day after, the limit is whole again: what nobody approved has expired.
    world.pass(DAY).await;
    while world.gateway.look_at_orders().await.expect("looked at") > 0 {}
    let order = world.order(ONE, terms(&world, ONE), &[number(9_800)]).await;
    is_in(&order, OrderState::InProgress);
}

#[tokio::test]
async fn a_stolen_certificate_on_sqlite() {
    a_stolen_certificate(World::empty().await).await;
}

#[tokio::test]
async fn a_stolen_certificate_on_postgres() {
    a_stolen_certificate(World::postgres().await).await;
}

/// The control: a record that does not keep what was issued before. The same measure finds what goes out.
#[tokio::test]
async fn a_record_that_forgets_is_found_out() {
    let world = city(World::empty().await).await;
    let numbers: Vec<String> = (0..many().min(1_000)).map(attacked).collect();
    for plan in in_hundreds(&world, &numbers).await {
        is_in(&world.issue(ONE, &plan).await.expect("issued").order, OrderState::InProgress);
        let forgotten = world.store().write(working(|tx| {
            Box::pin(async move { Ok(tx.execute("DELETE FROM shutdown_weight", &[]).await?) })
        }));
        assert_eq!(forgotten.await.expect("forgotten"), 1);
    }
    assert!(released(&world).await > IN_WINDOW, "the control must let too many go");
}

/// As many as one officer may issue in a day, day after day, all of them to be released at one moment.
async fn piled_up(world: &World, forgets: bool) -> i64 {
    const DAYS: usize = 10;
    let numbers: Vec<String> = (0..DAYS * 500).map(attacked).collect();
    let effective_time = Some(world.now().plus(DAY.saturating_mul(12)));
    for today in numbers.chunks(500) {
        for part in today.chunks(100) {
            let order = world.order(ONE, Terms { effective_time, ..terms(world, ONE) }, part).await;
            sums(&order);
        }
        assert_eq!(released(world).await, 0);
        if forgets {
            let forgotten = world.store().write(working(|tx| {
                Box::pin(async move { Ok(tx.execute("DELETE FROM shutdown_weight", &[]).await?) })
            }));
            assert!(forgotten.await.expect("forgotten") > 0);
        }
        world.pass(DAY).await;
        world.gateway.look_at_orders().await.expect("looked at");
    }
    world.pass(DAY * 2).await;
    world.gateway.look_at_orders().await.expect("looked at");
    released(world).await
}

async fn nothing_piles_up(world: World) {
    let world = city(world).await;
    assert_eq!(piled_up(&world, false).await, IN_WINDOW);
    // A day after their moment the limit is whole again.
    let at_once = async |n| world.order(ONE, terms(&world, ONE), &[attacked(n)]).await;
    is_in(&at_once(5_000).await, OrderState::PendingApproval);
    world.pass(DAY).await;
    world.gateway.look_at_orders().await.expect("looked at");
    is_in(&at_once(5_001).await, OrderState::InProgress);
}

#[tokio::test]
async fn nothing_piles_up_on_sqlite() {
    nothing_piles_up(World::empty().await).await;
}

#[tokio::test]
async fn nothing_piles_up_on_postgres() {
    nothing_piles_up(World::postgres().await).await;
}

/// The control: the same, on a record that forgets overnight.
#[tokio::test]
async fn a_record_that_forgets_overnight_is_found_out() {
    let world = city(World::empty().await).await;
    assert!(piled_up(&world, true).await > IN_WINDOW, "the control must let too many go");
}

/// Held numbers of many days are not cut at one moment either: those of older orders weigh when they are decided.
async fn nothing_is_held_back(world: World) {
    let world = city(world).await;
    let evidence_time = Some(world.now().minus(DAY * 2));
    let came = world.now().minus(DAY);
    let mut held = Vec::new();
    for at in 0..12 {
        let numbers: Vec<String> = (at * 50..at * 50 + 50).map(attacked).collect();
        let line = |msisdn: &String| Line {
            start: came,
            recorded: came,
            unit: false,
            ..world.line(msisdn.clone(), Box::leak(format!("holder of {msisdn}").into_boxed_str()))
        };
        world.lines(&numbers.iter().map(line).collect::<Vec<_>>()).await;
        held.push(world.order(ONE, Terms { evidence_time, ..terms(&world, ONE) }, &numbers).await);
        if at % 4 == 3 {
            world.pass(DAY).await;
        }
    }
    let cut =
        |id: &str| world.gateway.decide_held_numbers(by(ONE), id.to_owned(), vec![], Some(HeldDecision::Cut));
    let mut refusals = 0;
    for order in &held {
        is_in(order, OrderState::Partial);
        match cut(&order.id).await {
            Ok(done) => sums(&done.answer.order),
            Err(refused) => {
                assert_eq!(refused.reason, Reason::ShutdownLimit);
                refusals += 1;
            }
        }
    }
    assert_eq!((commanded(&world).await, refusals), (IN_WINDOW, 2));
    is_in(&world.order(ONE, terms(&world, ONE), &[attacked(900)]).await, OrderState::PendingApproval);
}

/// How many numbers were sent to their MVNO.
async fn commanded(world: &World) -> i64 {
    world.number("SELECT CAST(SUM(number_count) AS BIGINT) FROM command WHERE side = 'MVNO'").await
}

#[tokio::test]
async fn nothing_is_held_back_on_sqlite() {
    nothing_is_held_back(World::empty().await).await;
}

#[tokio::test]
async fn nothing_is_held_back_on_postgres() {
    nothing_is_held_back(World::postgres().await).await;
}

/// An order that waits weighs however long ago it was issued: one that was halted, and is to go on.
#[tokio::test]
async fn what_waits_again_weighs_again() {
    let world = city(World::empty().await).await;
    let list: Vec<String> = (0..450).map(attacked).collect();
    let plan = world.plan(ONE, terms(&world, ONE), &list).await;
    let order = world.issue(ONE, &plan).await.expect("issued").order;
    world.halt(ONE, &order.id).await.expect("halted");
    world.pass(DAY * 3).await;
    let others = |from| (from..from + 60).map(attacked).collect::<Vec<_>>();
    is_in(&world.order(ONE, terms(&world, ONE), &others(500)).await, OrderState::InProgress);
    let on = crate::ends::go_on(&world, TWO, &plan).await.expect("goes on").answer.order;
    is_in(&on, OrderState::PendingApproval);
    is_in(&world.order(ONE, terms(&world, ONE), &others(600)).await, OrderState::PendingApproval);
}

/// Orders issued at the same moment never both find room for one.
async fn at_the_same_moment(world: World) {
    let world = city(world).await;
    let mut plans = Vec::new();
    for at in 0..20 {
        let part: Vec<String> = (0..60).map(|n| attacked(at * 60 + n)).collect();
        plans.push(world.plan(ONE, terms(&world, ONE), &part).await);
    }
    let issued = plans.iter().enumerate().map(|(at, plan)| {
        let (gateway, id, code) = (world.gateway.clone(), plan.id.clone(), plan.confirm_code.clone());
        let context = by(if at % 2 == 0 { ONE } else { TWO });
        tokio::spawn(
            async move { gateway.issue_shutdown(context, id, code).await.expect("issued").answer.order },
        )
    });
    for order in issued.collect::<Vec<_>>() {
        sums(&order.await.expect("no panic"));
    }
    assert_eq!(released(&world).await, 480, "eight of sixty");
    assert_eq!(world.alarms().await, 12);
}

#[tokio::test]
async fn at_the_same_moment_on_sqlite() {
    at_the_same_moment(World::empty().await).await;
}

#[tokio::test]
async fn at_the_same_moment_on_postgres() {
    at_the_same_moment(World::postgres().await).await;
}

/// Whether that many more would be within the window, and then that they are in it: as two transactions, when nothing is
/// locked in between.
async fn weighed_apart(world: World, meet: Arc<Barrier>, order: usize) -> i64 {
    const SUM: &str = "SELECT CAST(COALESCE(SUM(number_count), 0) AS BIGINT) FROM shutdown_weight";
    let within = world.number(SUM).await + 60 <= IN_WINDOW;
    meet.wait().await;
    let written = world.store().write(working(move |tx| {
        Box::pin(async move {
            let sql =
                "INSERT INTO shutdown_weight (order_id, mvno, number_count) VALUES (?1, 'mvnos/m01', 60)";
            Ok(tx.execute(sql, &[format!("order-{order}").into()]).await?)
        })
    }));
    written.await.expect("written");
    if within { 60 } else { 0 }
}

/// The control: who weighs an order without keeping its organisation's others waiting.
#[tokio::test]
async fn whoever_locks_nothing_is_found_out() {
    let world = World::empty().await;
    let meet = Arc::new(Barrier::new(20));
    let weighed: Vec<_> =
        (0..20).map(|order| tokio::spawn(weighed_apart(world.clone(), meet.clone(), order))).collect();
    let mut gone = 0;
    for order in weighed {
        gone += order.await.expect("no panic");
    }
    assert!(gone > IN_WINDOW, "the control must let too many go");
}

#[tokio::test]
async fn an_mvno_is_not_cut_off_whole() {
    let world = World::empty().await.force().await;
    is_in(&world.order(ONE, terms(&world, ONE), &numbers(0..10)).await, OrderState::InProgress);
    let waits = world.order(ONE, terms(&world, ONE), &[number(10)]).await;
    is_in(&waits, OrderState::PendingApproval);
    let other = world.order(ONE, terms(&world, ONE), &["17050020001"]).await;
    is_in(&other, OrderState::InProgress);
    let theirs = world.order("regulator/gd/a", terms(&world, "regulator/gd/a"), &[number(11)]).await;
    is_in(&theirs, OrderState::InProgress);
}

#[tokio::test]
async fn a_sole_line_is_cut_by_two_officers_or_urgently() {
    let world = World::empty().await.force().await;
    world
        .lines(&[
            world.line(number(1), "one card"),
            world.line(number(2), "two"),
            world.line(number(3), "two"),
        ])
        .await;
    let normal = || Terms { urgency: Urgency::Normal, ..terms(&world, ONE) };
    is_in(&world.order(ONE, normal(), &[number(1)]).await, OrderState::PendingApproval);
    is_in(&world.order(ONE, normal(), &[number(2)]).await, OrderState::InProgress);
    is_in(&world.order(ONE, terms(&world, ONE), &[number(1)]).await, OrderState::InProgress);
    let practice = Terms { drill: true, ..normal() };
    is_in(&world.order(ONE, practice, &[number(9900)]).await, OrderState::InProgress);
}

/// A line in that state, by its number in the record.
async fn set(world: &World, line: &str, change: &'static str) {
    let (line, now) = (line.to_owned(), world.now());
    let written = world.store().write(working(move |tx| {
        let line = line.clone();
        Box::pin(async move { Ok(tx.execute(change, &[line.into(), now.into()]).await?) })
    }));
    assert_eq!(written.await.expect("written"), 1);
}

/// What a plan said of a sole line is asked again at its issue; and a line that does not work is no other one.
async fn the_only_line_that_works(world: World) {
    let world = world.force().await;
    let holders = ["closed", "stopped", "cut", "to be cut"];
    let mut lines = Vec::new();
    for (at, holder) in (0..).zip(holders) {
        let two = [world.line(number(at * 2), holder), world.line(number(at * 2 + 1), holder)];
        lines.extend(world.lines(&two).await);
    }
    let normal = || Terms { urgency: Urgency::Normal, ..terms(&world, ONE) };
    let mut plans = Vec::new();
    for at in 0..holders.len() {
        plans.push(world.plan(ONE, normal(), &[number(at * 2)]).await);
    }
    assert!(plans.iter().all(|plan| plan.approval == ApprovalNeed::NotNeeded), "each holder has another");
    set(&world, &lines[1], "UPDATE line SET end_time = ?2, state = 'CLOSED' WHERE id = ?1").await;
    set(&world, &lines[3], "UPDATE line SET state = 'TWO_WAY_STOP' WHERE id = ?1 AND start_time < ?2").await;
    is_in(&world.order(TWO, terms(&world, TWO), &[number(5)]).await, OrderState::InProgress);
    let effective_time = Some(world.now().plus(DAY));
    let tomorrow = Terms { effective_time, ..terms(&world, TWO) };
    is_in(&world.order(TWO, tomorrow, &[number(7)]).await, OrderState::InProgress);
    for (at, holder) in holders.iter().enumerate() {
        let fresh = world.plan(ONE, normal(), &[number(at * 2)]).await;
        assert_eq!(fresh.approval, ApprovalNeed::SecondOfficer, "{holder}");
        let issued = world.issue(ONE, &plans[at]).await.expect("issued").order;
        assert_eq!(issued.state, OrderState::PendingApproval, "{holder}");
        sums(&issued);
    }
}

#[tokio::test]
async fn the_only_line_that_works_on_sqlite() {
    the_only_line_that_works(World::empty().await).await;
}

#[tokio::test]
async fn the_only_line_that_works_on_postgres() {
    the_only_line_that_works(World::postgres().await).await;
}

/// What was halted before its release does not count, what was released of it does.
#[tokio::test]
async fn what_never_went_does_not_count() {
    let world = city(World::empty().await).await;
    for at in 0..4 {
        let part: Vec<String> = (0..100).map(|n| attacked(at * 100 + n)).collect();
        is_in(&world.order(ONE, terms(&world, ONE), &part).await, OrderState::InProgress);
    }
    let big: Vec<String> = (500..700).map(attacked).collect();
    let big = world.order(ONE, terms(&world, ONE), &big).await;
    let next: Vec<String> = (800..850).map(attacked).collect();
    is_in(&world.order(ONE, terms(&world, ONE), &next).await, OrderState::PendingApproval);
    let thief = crate::force::officer(ONE);
    let alarms = world.gateway.list_alarms(&thief, Some(AlarmKind::Limit), None, 0, "").await;
    assert_eq!(alarms.expect("a page").0.len(), 2);
    world.halt(ONE, &big.id).await.expect("halted");
    let small: Vec<String> = (850..900).map(attacked).collect();
    is_in(&world.order(ONE, terms(&world, ONE), &small).await, OrderState::InProgress);
    is_in(&world.order(ONE, terms(&world, ONE), &[attacked(950)]).await, OrderState::PendingApproval);
}
