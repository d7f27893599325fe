//! Plans: what they say of each number, what is wrong with one, and when the same one comes again.

use greenlane::{
    domain::{
        participant::Level,
        refusal::{Reason, Refusal},
        shutdown::{
            ApprovalNeed, CommandKind, Header, ImpactFlag as Flag, NumberState, Scopes, Urgency, terms::Terms,
        },
        time::DAY,
    },
    service::context::Context,
};

use crate::{
    force::{Line, ONE, TWO, by, count, flags, is_in, number, numbers, officer, personal, terms},
    world::{World, working},
};

fn codes(refusal: &Refusal) -> Vec<String> {
    let code = |text: &str| text.split(':').next().unwrap_or_default().to_owned();
    refusal.violations.iter().map(|fault| format!("{} {}", fault.field, code(&fault.description))).collect()
}

/// A line at every turn of fate: each number's flags as the plan says them.
async fn every_impact(world: World) {
    let world = world.force().await;
    let now = world.now();
    let late = now.minus(DAY / 2);
    let two = [world.line(number(1), "two cards"), world.line(number(2), "two cards")];
    let reassigned = Line { start: late, recorded: late, ..world.line(number(3), "came lately") };
    let second = Line { start: late, recorded: late, ..world.line(number(13), "came lately") };
    let unit = Line { unit: true, ..world.line(number(4), "unit") };
    let other = Line { unit: true, ..world.line(number(14), "unit") };
    let industry = Line { industry: true, ..world.line(number(5), "industry") };
    let more = Line { industry: true, ..world.line(number(15), "industry") };
    let sole = world.line(number(6), "one card");
    let old = Line { end: Some(late), ..world.line(number(7), "gone") };
    let new = Line {
        start: now.minus(DAY * 90),
        recorded: now.minus(DAY * 90),
        ..world.line(number(7), "dated back")
    };
    let again = world.line(number(17), "dated back");
    world
        .lines(
            &[two.to_vec(), vec![reassigned, second, unit, other, industry, more, sole, old, new, again]]
                .concat(),
        )
        .await;
    let listed = [
        number(1),
        format!("+86 {}", number(1)),
        number(3),
        number(4),
        number(5),
        number(6),
        number(7),
        number(9),
        "13800000001".to_owned(),
        "1064800000001".to_owned(),
        "17099990001".to_owned(),
        "１７００００１０００２".to_owned(),
    ];
    let plan = world.plan(ONE, terms(&world, ONE), &listed).await;
    let said: Vec<(String, Vec<Flag>)> = plan
        .impacts
        .iter()
        .map(|impact| (impact.msisdn.reveal().to_owned(), impact.flags.iter().collect()))
        .collect();
    let expected: Vec<(&str, &[Flag])> = vec![
        ("1064800000001", &[Flag::NotMvno]),
        ("13800000001", &[Flag::NotMvno]),
        ("17000010001", &[Flag::Duplicate]),
        ("17000010002", &[]),
        ("17000010003", &[Flag::ReassignedSinceEvidence]),
        ("17000010004", &[Flag::UnitLine]),
        ("17000010005", &[Flag::IndustryLine]),
        ("17000010006", &[Flag::SoleLine]),
        ("17000010007", &[Flag::ReassignedSinceEvidence]),
        ("17000010009", &[Flag::NoLine]),
        ("17099990001", &[Flag::Unallocated]),
    ];
    let expected: Vec<(String, Vec<Flag>)> =
        expected.into_iter().map(|(number, flags)| (number.to_owned(), flags.to_vec())).collect();
    assert_eq!(said, expected);
    assert_eq!((plan.number_count, plan.approval), (11, ApprovalNeed::NotNeeded));
    let (mine, nobodys) = (&plan.impacts[2], &plan.impacts[10]);
    assert_eq!(mine.mvno.as_ref().expect("a holder").to_string(), "mvnos/m01");
    assert_eq!(mine.carrier.as_ref().expect("a network").to_string(), "carriers/telecom");
    assert_eq!((nobodys.mvno.is_none(), nobodys.carrier.is_some()), (true, true));
    assert!(flags(&plan).contains(&(Flag::NotMvno, 2)));
    for code in [
        "NOT_MVNO",
        "UNALLOCATED",
        "REASSIGNED_SINCE_EVIDENCE",
        "SOLE_LINE",
        "UNIT_LINE",
        "NO_LINE",
        "DUPLICATE",
    ] {
        assert!(
            plan.warnings.iter().any(|warning| warning.starts_with(code)),
            "{code} in {:?}",
            plan.warnings
        );
    }
    assert_eq!(world.commands().await, 0, "a plan does nothing");
    let order = world.issue(ONE, &plan).await.expect("issued").order;
    let (refused, held) = (count(&order, NumberState::Refused), count(&order, NumberState::Held));
    assert_eq!((refused, held, count(&order, NumberState::Released)), (3, 2, 6));
    world.shown(&order.id).await;
}

#[tokio::test]
async fn every_impact_on_sqlite() {
    every_impact(World::empty().await).await;
}

#[tokio::test]
async fn every_impact_on_postgres() {
    every_impact(World::postgres().await).await;
}

#[tokio::test]
async fn police_of_an_area_reach_that_area() {
    let world = World::empty().await.force().await;
    let listed = ["17000010001", "17050020001", "17100030001"];
    let refused = |by: &'static str| {
        let terms = terms(&world, by);
        let world = &world;
        async move {
            let plan = world.plan(by, terms, &listed).await;
            let is_out = |flags: greenlane::domain::shutdown::Flags| flags.has(Flag::NotInRemit);
            plan.impacts.iter().map(|impact| is_out(impact.flags)).collect::<Vec<_>>()
        }
    };
    assert_eq!(refused("police/sz/a").await, [false, false, true]);
    assert_eq!(refused("police/gd/a").await, [false, false, true]);
    assert_eq!(refused("police/mps/a").await, [false; 3]);
    assert_eq!(refused("regulator/hn/a").await, [false; 3]);
    world.enter("police/cs", Some(Level::City), "hunan/changsha").await;
    assert_eq!(refused("police/cs/a").await, [false, true, true]);
}

/// `domain.md` 5.6, and the bad input of the order's own.
#[tokio::test]
async fn bad_input_is_told_all_at_once() {
    let world = World::empty().await.force().await;
    let now = world.now();
    let fine = || terms(&world, ONE);
    let one = || vec![number(1)];
    let header = |change: &dyn Fn(&mut Header)| {
        let mut header = fine().header;
        change(&mut header);
        Terms { header, ..fine() }
    };
    let cases: Vec<(Terms, Vec<String>, &[&str])> = vec![
        (fine(), vec![], &["msisdns REQUIRED"]),
        (
            fine(),
            vec!["12".to_owned(), number(1), "+85291234567".to_owned()],
            &["msisdns[0] BAD_LENGTH", "msisdns[2] NOT_MAINLAND"],
        ),
        (header(&|header| header.case_number.clear()), one(), &["case_number BAD_LENGTH"]),
        (header(&|header| header.legal_basis.clear()), one(), &["legal_basis REQUIRED"]),
        (header(&|header| header.legal_basis[0].clear()), one(), &["legal_basis[0] BAD_LENGTH"]),
        (header(&|header| header.reason = "no".to_owned()), one(), &["reason BAD_LENGTH"]),
        (header(&|header| header.reason.push_str("\nmore")), one(), &["reason BAD_CHAR"]),
        (header(&|header| header.case_number.push('\u{7}')), one(), &["case_number BAD_CHAR"]),
        (
            header(&|header| {
                header.legal_basis[0].push('\u{202E}');
                header.legal_basis.push("反电信网络诈骗法§33\r\n13800000001".to_owned());
            }),
            one(),
            &["legal_basis[0] BAD_CHAR", "legal_basis[1] BAD_CHAR"],
        ),
        (Terms { order_number: "公刑\n1".to_owned(), ..fine() }, one(), &["order_number BAD_CHAR"]),
        (Terms { order_number: String::new(), ..fine() }, one(), &["order_number BAD_LENGTH"]),
        (Terms { order_number: "x".repeat(65), ..fine() }, one(), &["order_number BAD_LENGTH"]),
        (Terms { evidence_time: Some(now.plus(DAY)), ..fine() }, one(), &["evidence_time IN_FUTURE"]),
        (Terms { evidence_time: None, ..fine() }, one(), &["evidence_time REQUIRED"]),
        (Terms { scopes: Scopes::default(), ..fine() }, one(), &["scopes REQUIRED"]),
        (Terms { expire_time: Some(now), ..fine() }, one(), &["expire_time OUT_OF_RANGE"]),
        (Terms { break_glass: true, ..fine() }, numbers(0..101), &["break_glass TOO_MANY"]),
        (
            Terms { order_number: String::new(), scopes: Scopes::default(), ..fine() },
            vec!["x".to_owned()],
            &["order_number BAD_LENGTH", "scopes REQUIRED", "msisdns[0] BAD_CHAR"],
        ),
    ];
    let before = world.rows().await;
    for (terms, listed, expected) in cases {
        let refusal = world.try_plan(ONE, terms, &listed).await.expect_err("refused");
        assert_eq!(refusal.reason, Reason::InvalidFields);
        assert_eq!(codes(&refusal), expected);
        let told = format!("{refusal:?}");
        assert!(!told.contains("85291234567"), "no number is repeated");
    }
    assert_eq!(world.rows().await, before, "nothing was written");
    // The order takes 100,000 distinct numbers and no more; more of them in other words is no more.
    let twice: Vec<String> = numbers(0..200).into_iter().chain(numbers(0..200)).collect();
    assert_eq!(world.plan(ONE, fine(), &twice).await.number_count, 200);
}

async fn the_same_plan_comes_again(world: World) {
    let world = world.force().await;
    let asked = terms(&world, ONE);
    let plan = world.plan(ONE, asked.clone(), &numbers(0..3)).await;
    let turned = [number(2), number(0), format!("86{}", number(1)), number(0)];
    let again = world.try_plan(TWO, asked.clone(), &turned).await.expect("planned");
    assert!(again.replayed && again.answer.id == plan.id, "the same list, however it is written");
    assert_eq!(again.answer.plan_sha256, plan.plan_sha256);
    assert_eq!(again.answer.confirm_code, plan.confirm_code);
    let other = world.try_plan(ONE, asked.clone(), &numbers(0..4)).await.expect_err("refused");
    assert_eq!(other.reason, Reason::OrderNumberReused);
    assert_eq!(other.metadata, [("plan", format!("shutdownPlans/{}", plan.id))]);
    let normal = Terms { urgency: Urgency::Normal, ..asked.clone() };
    let other = world.try_plan(ONE, normal, &numbers(0..3)).await.expect_err("refused");
    assert_eq!(other.reason, Reason::OrderNumberReused);
    let theirs = Terms { organisation: officer("police/gd/a").organisation, ..asked.clone() };
    assert_ne!(
        world.plan("police/gd/a", theirs, &numbers(0..4)).await.id,
        plan.id,
        "another's numbers are its own"
    );

    let order = world.issue(ONE, &plan).await.expect("issued").order;
    let again = world.try_plan(ONE, asked.clone(), &numbers(0..3)).await.expect("planned");
    assert!(again.replayed && again.answer.issued && again.answer.id == order.id);
    let other = world.try_plan(ONE, asked, &numbers(0..4)).await.expect_err("refused");
    assert_eq!(other.metadata, [("order", format!("shutdownOrders/{}", order.id))]);

    let asked = terms(&world, ONE);
    let plan = world.plan(ONE, asked.clone(), &numbers(10..12)).await;
    world.pass(std::time::Duration::from_secs(30 * 60)).await;
    let late = world.issue(ONE, &plan).await.expect_err("refused");
    assert_eq!(late.reason, Reason::PlanExpired);
    let next = world.plan(ONE, asked, &numbers(10..13)).await;
    assert_ne!(next.id, plan.id, "its number is free again");
}

#[tokio::test]
async fn the_same_plan_comes_again_on_sqlite() {
    the_same_plan_comes_again(World::empty().await).await;
}

#[tokio::test]
async fn the_same_plan_comes_again_on_postgres() {
    the_same_plan_comes_again(World::postgres().await).await;
}

#[tokio::test]
async fn a_request_id_stands_for_one_plan_and_a_rehearsal_for_none() {
    let world = World::empty().await.force().await;
    let asked = terms(&world, ONE);
    let context =
        |id: &str, validate_only| Context { request_id: Some(id.to_owned()), validate_only, ..by(ONE) };
    let plan = |id: &'static str, rehearsal, terms: Terms, listed: Vec<String>| {
        world.gateway.plan_shutdown(context(id, rehearsal), terms, personal(&listed))
    };
    let before = world.rows().await;
    let rehearsed = plan("r", true, asked.clone(), numbers(0..3)).await.expect("rehearsed").answer;
    assert_eq!((rehearsed.number_count, rehearsed.impacts.len()), (3, 3));
    assert_eq!(world.rows().await, before);
    assert_eq!(world.number("SELECT COUNT(*) FROM shutdown_number").await, 0);
    let first = plan("r", false, asked.clone(), numbers(0..3)).await.expect("planned");
    assert!(!first.replayed);
    let again = plan("r", false, asked.clone(), numbers(0..3)).await.expect("planned");
    assert!(again.replayed && again.answer.id == first.answer.id);
    let other = plan("r", false, asked, numbers(0..4)).await.expect_err("refused");
    assert_eq!(other.reason, Reason::RequestIdReused);
}

/// A plan that nobody issued is forgotten soon, and whoever asks for it again is told why.
async fn what_nobody_issued_is_forgotten(world: World) {
    let world = world.force().await;
    let asked = terms(&world, ONE);
    let context = Context { request_id: Some("r".to_owned()), ..by(ONE) };
    let again = || world.gateway.plan_shutdown(context.clone(), asked.clone(), personal(&numbers(0..3)));
    let plan = again().await.expect("planned").answer;
    let issued = world.order(ONE, terms(&world, ONE), &numbers(3..6)).await;
    world.pass(std::time::Duration::from_secs(40 * 60)).await;
    assert_eq!(world.gateway.forget_plan().await.expect("looked"), 0, "it is told that it has ended");
    assert_eq!(again().await.expect("shown").answer.id, plan.id);
    world.pass(std::time::Duration::from_secs(1)).await;
    assert_eq!(world.gateway.forget_plan().await.expect("looked"), 1);
    assert_eq!(world.gateway.forget_plan().await.expect("looked"), 0);
    assert_eq!(world.number("SELECT COUNT(*) FROM shutdown_number").await, 3, "those of the order");
    assert_eq!(world.issue(ONE, &plan).await.expect_err("gone").reason, Reason::PlanNotFound);
    assert_eq!(again().await.expect_err("gone").reason, Reason::PlanExpired);
    world.shown(&issued.id).await;
}

#[tokio::test]
async fn what_nobody_issued_is_forgotten_on_sqlite() {
    what_nobody_issued_is_forgotten(World::empty().await).await;
}

#[tokio::test]
async fn what_nobody_issued_is_forgotten_on_postgres() {
    what_nobody_issued_is_forgotten(World::postgres().await).await;
}

/// A million numbers in plans that were not issued, and no more.
async fn plans_have_their_limit(world: World) {
    let world = world.force().await;
    let plan = world.plan(ONE, terms(&world, ONE), &numbers(0..3)).await;
    let grown = world.store().write(working(|tx| {
        Box::pin(async move { Ok(tx.execute("UPDATE shutdown_order SET number_count = 999990", &[]).await?) })
    }));
    assert_eq!(grown.await.expect("grown"), 1);
    world.plan(ONE, terms(&world, ONE), &numbers(0..10)).await;
    let more = world.try_plan(TWO, terms(&world, ONE), &numbers(0..1)).await.expect_err("refused");
    assert_eq!((more.reason, more.metadata[0].1.as_str()), (Reason::Overloaded, "1000001"));
    world.plan("police/gd/a", terms(&world, "police/gd/a"), &numbers(0..10)).await;
    world.pass(std::time::Duration::from_secs(30 * 60)).await;
    let next = world.plan(ONE, terms(&world, ONE), &numbers(0..1)).await;
    assert_ne!(next.id, plan.id, "those have ended");
}

#[tokio::test]
async fn plans_have_their_limit_on_sqlite() {
    plans_have_their_limit(World::empty().await).await;
}

#[tokio::test]
async fn plans_have_their_limit_on_postgres() {
    plans_have_their_limit(World::postgres().await).await;
}

#[tokio::test]
async fn practice_goes_the_whole_way_on_its_own_numbers() {
    let world = World::empty().await.force().await;
    let drill = Terms { drill: true, ..terms(&world, ONE) };
    let order = world.order(ONE, drill, &[number(9900), number(9999), number(9899)]).await;
    assert_eq!(count(&order, NumberState::Released), 2);
    assert_eq!(count(&order, NumberState::Refused), 1);
    let real = world.order(ONE, terms(&world, ONE), &[number(9900)]).await;
    assert_eq!(real.counts, [(NumberState::Released, 1)], "practice has cut nothing");
}

#[tokio::test]
async fn nothing_of_a_number_lies_in_clear_and_keys_turn() {
    let world = World::empty().await.force().await;
    let order = world.order(ONE, terms(&world, ONE), &numbers(0..10)).await;
    let waiting = world.order(ONE, terms(&world, ONE), &numbers(20..140)).await;
    is_in(&waiting, greenlane::domain::shutdown::OrderState::PendingApproval);
    let back = world.plan_back(ONE, &order.id, &[number(1)]).await.expect("planned");
    assert_eq!((back.kind, back.number_count), (CommandKind::Restore, 1));
    for file in world.files() {
        for n in 0..140 {
            let digits = number(n).into_bytes();
            assert!(!file.windows(digits.len()).any(|window| window == digits), "a number in clear");
        }
    }
    world.add_kek();
    let world = world.restart_after(DAY / 24).await;
    let tally = world.gateway.rewrap_keys().await.expect("rewrapped");
    assert_eq!((tally.rewrapped, tally.refused), (3, 0));
    let found = world.gateway.rewrap_keys().await.expect("rewrapped");
    assert_eq!(found, greenlane::vault::rotation::Tally::default());
    world.approve(TWO, &waiting.id, &waiting.plan_sha256).await.expect("its numbers open");
}
