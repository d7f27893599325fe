//! The steps of an order after its plan: issued, waiting, halted, going on, cancelled, decided, undone.

use std::time::Duration;

use greenlane::{
    domain::{
        personal::Personal,
        refusal::{Reason, Refusal},
        shutdown::{AlarmKind, HeldDecision, NumberState, OrderState, Scope, Scopes, Urgency, terms::Terms},
        time::DAY,
    },
    service::{
        context::Context,
        shutdown::{list_numbers, list_orders},
    },
};

use crate::{
    force::{Line, ONE, TWO, by, count, is_in, number, numbers, officer, terms},
    orders::later,
    world::World,
};

fn refused<T: std::fmt::Debug>(done: Result<T, Refusal>) -> Reason {
    done.expect_err("refused").reason
}

async fn issued(world: World) {
    let world = world.force().await;
    let plan = world.plan(ONE, terms(&world, ONE), &numbers(0..3)).await;
    let code = |code: &str| world.gateway.issue_shutdown(by(ONE), plan.id.clone(), code.to_owned());
    assert_eq!(refused(code("0000-0000").await), Reason::ConfirmCodeMismatch);
    assert_eq!(refused(code("").await), Reason::InvalidFields);
    assert_eq!(refused(world.issue("police/gd/a", &plan).await), Reason::PlanNotFound);
    assert_eq!(refused(world.issue("regulator/miit/a", &plan).await), Reason::PlanNotFound);
    assert_eq!(world.commands().await, 0);
    let done = world.issue(ONE, &plan).await.expect("issued");
    is_in(&done.order, OrderState::InProgress);
    assert_eq!(done.order.counts, [(NumberState::Released, 3)]);
    assert_eq!(world.commands().await, 2, "one to the MVNO and one to the carrier");
    let again = world.issue(TWO, &plan).await.expect("issued");
    assert!(again.replayed && again.order.issuer == "police/mps/one");
    assert_eq!(world.commands().await, 2);
    answer_all_of(&world).await;
    is_in(&world.shown(&plan.id).await, OrderState::Completed);
    assert!(world.issue(ONE, &plan).await.expect("issued").replayed);
}

/// The carrier of m01's block is another one than the helper's.
async fn answer_all_of(world: &World) {
    loop {
        let done = crate::orders::answer(world, "mvnos/m01").await
            + crate::orders::answer(world, "carriers/telecom").await;
        if done == 0 {
            return;
        }
    }
}

#[tokio::test]
async fn issued_on_sqlite() {
    issued(World::empty().await).await;
}

#[tokio::test]
async fn issued_on_postgres() {
    issued(World::postgres().await).await;
}

async fn the_world_changed(world: World) {
    let world = world.force().await;
    world.lines(&[world.line(number(1), "a")]).await;
    let plan = world.plan(ONE, terms(&world, ONE), &numbers(0..3)).await;
    // Somebody gets a number that had nobody.
    world.lines(&[Line { holder: "b", ..world.line(number(2), "b") }]).await;
    assert_eq!(refused(world.issue(ONE, &plan).await), Reason::PlanStale);
    let plan = world.plan(ONE, terms(&world, ONE), &numbers(0..3)).await;
    world.allot("mvnos/m02", "1700009").await;
    world.issue(ONE, &plan).await.expect("what changed is another block");
    let elsewhere = world.plan(ONE, terms(&world, ONE), &["17000080001"]).await;
    world.allot("mvnos/m02", "1700008").await;
    assert_eq!(refused(world.issue(ONE, &elsewhere).await), Reason::PlanStale);
    // A second order of the same scopes finds the numbers off, once they are.
    let other = world.plan(TWO, terms(&world, TWO), &numbers(0..3)).await;
    answer_all_of(&world).await;
    assert_eq!(refused(world.issue(TWO, &other).await), Reason::PlanStale);
    let other = world.order(TWO, terms(&world, TWO), &numbers(0..3)).await;
    let before = world.commands().await;
    assert_eq!(count(&other, NumberState::Released), 3, "only to be read");
    answer_all_of(&world).await;
    is_in(&world.shown(&other.id).await, OrderState::Completed);
    assert_eq!(world.commands().await, before, "its MVNO had nothing to do");
}

#[tokio::test]
async fn the_world_changed_on_sqlite() {
    the_world_changed(World::empty().await).await;
}

#[tokio::test]
async fn the_world_changed_on_postgres() {
    the_world_changed(World::postgres().await).await;
}

#[tokio::test]
async fn a_ministry_is_not_above_a_ministry() {
    let world = World::empty().await.force().await;
    let order = world.order(ONE, terms(&world, ONE), &numbers(0..3)).await;
    assert_eq!(refused(world.halt("regulator/miit/a", &order.id).await), Reason::NotYours);
    let theirs = world.order("police/gd/a", terms(&world, "police/gd/a"), &numbers(3..6)).await;
    world.halt("regulator/miit/a", &theirs.id).await.expect("a province's order");
    let theirs = world.order("police/gd/a", terms(&world, "police/gd/a"), &numbers(6..9)).await;
    world.halt(ONE, &theirs.id).await.expect("a province's order");
}

async fn halted_and_going_on(world: World) {
    let world = world.force().await;
    let plan = world.plan(ONE, terms(&world, ONE), &numbers(0..200)).await;
    let order = world.issue(ONE, &plan).await.expect("issued").order;
    world.approve(TWO, &order.id, &order.plan_sha256).await.expect("approved");
    let stopped = world.halt(TWO, &order.id).await.expect("halted").order;
    is_in(&stopped, OrderState::Halted);
    assert!(world.halt(ONE, &order.id).await.expect("halted").replayed);
    let out = world.commands().await;
    // What was sent is done; that lets no further wave out.
    answer_all_of(&world).await;
    world.pass(Duration::from_secs(60)).await;
    world.gateway.look_at_orders().await.expect("looked at");
    let now = world.shown(&order.id).await;
    is_in(&now, OrderState::Halted);
    assert_eq!(count(&now, NumberState::Planned), 198);
    assert_eq!(world.number("SELECT COUNT(*) FROM command WHERE kind = 'SHUTDOWN'").await, out);
    // The same call again, come late, undoes no halt.
    assert_eq!(refused(world.issue(ONE, &plan).await), Reason::OrderState);
    let another = |by: &str| Context { reason: "the error is found".to_owned(), ..crate::force::by(by) };
    let code = plan.confirm_code.clone();
    let on = world.gateway.issue_shutdown(another(TWO), plan.id.clone(), code).await.expect("goes on").answer;
    is_in(&on.order, OrderState::PendingApproval);
    assert_eq!(refused(world.approve(TWO, &order.id, &order.plan_sha256).await), Reason::ApproverIsProposer);
    assert_eq!(refused(world.approve(ONE, &order.id, &order.plan_sha256).await), Reason::ApproverIsProposer);
    let on = world.approve("police/mps/three", &order.id, &order.plan_sha256).await.expect("approved").order;
    is_in(&on, OrderState::InProgress);
    while world.shown(&order.id).await.state == OrderState::InProgress {
        answer_all_of(&world).await;
        world.pass(Duration::from_secs(60)).await;
        world.gateway.look_at_orders().await.expect("looked at");
    }
    is_in(&world.shown(&order.id).await, OrderState::Completed);
    assert_eq!(refused(world.halt(ONE, &order.id).await), Reason::OrderState);
}

#[tokio::test]
async fn halted_and_going_on_on_sqlite() {
    halted_and_going_on(World::empty().await).await;
}

#[tokio::test]
async fn halted_and_going_on_on_postgres() {
    halted_and_going_on(World::postgres().await).await;
}

#[tokio::test]
async fn cancelled() {
    let world = World::empty().await.force().await;
    let cancel = |id: &str| world.gateway.cancel_shutdown(by(ONE), id.to_owned());
    let waiting = world.order(ONE, terms(&world, ONE), &numbers(0..200)).await;
    let done = cancel(&waiting.id).await.expect("cancelled").answer;
    is_in(&done.order, OrderState::Cancelled);
    assert!(cancel(&waiting.id).await.expect("cancelled").answer.replayed);
    assert_eq!(refused(world.approve(TWO, &waiting.id, &waiting.plan_sha256).await), Reason::OrderState);
    let running = world.order(ONE, terms(&world, ONE), &numbers(0..3)).await;
    assert_eq!(refused(cancel(&running.id).await), Reason::OrderState);
    world.halt(ONE, &running.id).await.expect("halted");
    is_in(&cancel(&running.id).await.expect("cancelled").answer.order, OrderState::Cancelled);
    assert_eq!(refused(cancel("none").await), Reason::OrderNotFound);
}

async fn break_glass(world: World) {
    let world = world.force().await;
    let glass = || Terms { break_glass: true, ..terms(&world, ONE) };
    // More than 1 % of an MVNO's lines, and at once all the same.
    let order = world.order(ONE, glass(), &numbers(0..50)).await;
    is_in(&order, OrderState::InProgress);
    assert_eq!(order.counts, [(NumberState::Released, 50)]);
    assert_eq!(order.approve_by_time, Some(world.now().plus(DAY)));
    assert_eq!(refused(world.approve(ONE, &order.id, &order.plan_sha256).await), Reason::ApproverIsProposer);
    let confirmed = world.approve(TWO, &order.id, &order.plan_sha256).await.expect("confirmed").order;
    assert_eq!(confirmed.approver.as_deref(), Some("police/mps/two"));
    answer_all_of(&world).await;
    // One that nobody confirms comes back by itself.
    let order = world.order(ONE, glass(), &numbers(50..60)).await;
    answer_all_of(&world).await;
    is_in(&world.shown(&order.id).await, OrderState::Completed);
    world.pass(DAY + Duration::from_secs(1)).await;
    world.gateway.look_at_orders().await.expect("looked at");
    answer_all_of(&world).await;
    let back = world.shown(&order.id).await;
    assert_eq!(count(&back, NumberState::Restored), 10);
    let late = world.approve(TWO, &order.id, &order.plan_sha256).await;
    assert_eq!(refused(late), Reason::OrderState);
    // One that is halted and cancelled comes back too: that is no way around the confirmation.
    let order = world.order(ONE, glass(), &numbers(60..70)).await;
    answer_all_of(&world).await;
    let order = world.shown(&order.id).await;
    is_in(&order, OrderState::Completed);
    let running = world.order(ONE, glass(), &numbers(70..80)).await;
    world.halt(ONE, &running.id).await.expect("halted");
    world.gateway.cancel_shutdown(by(ONE), running.id.clone()).await.expect("cancelled");
    answer_all_of(&world).await;
    assert_eq!(count(&world.shown(&running.id).await, NumberState::Restored), 10);
}

#[tokio::test]
async fn break_glass_on_sqlite() {
    break_glass(World::empty().await).await;
}

#[tokio::test]
async fn break_glass_on_postgres() {
    break_glass(World::postgres().await).await;
}

async fn held(world: World) {
    let world = world.force().await;
    let late = world.now().minus(DAY / 2);
    let came = |n| Line { start: late, recorded: late, holder: "x", ..world.line(number(n), "x") };
    world.lines(&[came(1), came(2), came(3)]).await;
    let order = world.order(ONE, terms(&world, ONE), &numbers(0..5)).await;
    assert_eq!(order.counts, [(NumberState::Held, 3), (NumberState::Released, 2)]);
    let decide = |which: &[usize], decision| {
        let named: Vec<Personal> = which.iter().map(|n| Personal::from(number(*n).as_str())).collect();
        world.gateway.decide_held_numbers(by(TWO), order.id.clone(), named, Some(decision))
    };
    assert_eq!(refused(decide(&[0], HeldDecision::Cut).await), Reason::InvalidFields);
    let cut = decide(&[1], HeldDecision::Cut).await.expect("decided").answer;
    assert_eq!((cut.count, count(&cut.order, NumberState::Released)), (1, 3));
    let spared = decide(&[2], HeldDecision::Spare).await.expect("decided").answer;
    assert_eq!((spared.count, count(&spared.order, NumberState::Refused)), (1, 1));
    answer_all_of(&world).await;
    let partly = world.shown(&order.id).await;
    is_in(&partly, OrderState::Partial);
    assert_eq!(count(&partly, NumberState::Verified), 3);
    let rest = decide(&[], HeldDecision::Cut).await.expect("an order goes on").answer;
    is_in(&rest.order, OrderState::InProgress);
    answer_all_of(&world).await;
    is_in(&world.shown(&order.id).await, OrderState::Partial);
    assert_eq!(refused(decide(&[], HeldDecision::Cut).await), Reason::OrderState);
}

#[tokio::test]
async fn held_on_sqlite() {
    held(World::empty().await).await;
}

#[tokio::test]
async fn held_on_postgres() {
    held(World::postgres().await).await;
}

async fn let_back(world: World) {
    let world = world.force().await;
    let order = world.order("police/gd/a", terms(&world, "police/gd/a"), &numbers(0..5)).await;
    answer_all_of(&world).await;
    later(&world);
    let back = |by: &'static str, which: Vec<String>| {
        let (world, order) = (&world, order.id.clone());
        async move { world.plan_back(by, &order, &which).await }
    };
    assert_eq!(refused(back("regulator/gd/a", vec![]).await), Reason::NotYours);
    assert_eq!(refused(back("police/sz/a", vec![]).await), Reason::OrderNotFound);
    assert_eq!(refused(back("police/gd/a", vec![number(9)]).await), Reason::InvalidFields);
    let some = back("police/gd/b", vec![number(1)]).await.expect("planned");
    let all = back(ONE, vec![]).await.expect("by one above");
    assert_eq!((some.number_count, all.number_count), (1, 5));
    let done = world.issue("police/gd/b", &some).await.expect("issued").order;
    assert_eq!(done.restores.as_deref(), Some(order.id.as_str()));
    assert_eq!(refused(world.issue(ONE, &all).await), Reason::PlanStale, "one of them is on its way back");
    answer_all_of(&world).await;
    let seen = |by: &'static str, id: String| {
        let world = &world;
        async move { world.gateway.shutdown_order(&officer(by), id).await.expect("an order") }
    };
    let original = seen("police/gd/a", order.id.clone()).await;
    assert_eq!(original.counts, [(NumberState::Restored, 1), (NumberState::Verified, 4)]);
    is_in(&seen("police/gd/a", done.id.clone()).await, OrderState::Completed);
    let rest = back(ONE, vec![]).await.expect("planned");
    let rest = world.issue(ONE, &rest).await.expect("issued").order;
    assert_eq!((rest.number_count, rest.issuer.as_str()), (4, ONE));
    answer_all_of(&world).await;
    assert_eq!(seen("police/gd/a", order.id.clone()).await.counts, [(NumberState::Restored, 5)]);
    assert_eq!(refused(back(ONE, vec![]).await), Reason::OrderState);
    let again = world.plan("police/gd/a", terms(&world, "police/gd/a"), &numbers(0..5)).await;
    assert!(again.warnings.iter().any(|warning| warning.starts_with("RECENTLY_RESTORED: 5")));
}

#[tokio::test]
async fn let_back_on_sqlite() {
    let_back(World::empty().await).await;
}

#[tokio::test]
async fn let_back_on_postgres() {
    let_back(World::postgres().await).await;
}

async fn listed(world: World) {
    let world = world.force().await;
    let mine = world.order(ONE, terms(&world, ONE), &numbers(0..5)).await;
    later(&world);
    let other = Terms { scopes: Scopes::of([Scope::Data]), urgency: Urgency::Normal, ..terms(&world, ONE) };
    let other = world.order(ONE, other, &numbers(1..3)).await;
    later(&world);
    let theirs = world.order("police/gd/a", terms(&world, "police/gd/a"), &numbers(100..230)).await;
    is_in(&theirs, OrderState::PendingApproval);
    let orders = |by: &'static str, state, page_size, page_token: String| {
        let filter = list_orders::Filter { state, issuer: None, drill: None, page_size, page_token };
        let world = &world;
        async move {
            let (found, token) =
                world.gateway.list_shutdown_orders(&officer(by), filter).await.expect("a page");
            (found.into_iter().map(|order| order.id).collect::<Vec<_>>(), token)
        }
    };
    let (found, end) = orders("regulator/miit/a", None, 0, String::new()).await;
    assert_eq!((found, end.as_str()), (vec![theirs.id.clone(), other.id.clone(), mine.id.clone()], ""));
    let (first, token) = orders(ONE, None, 1, String::new()).await;
    let (second, end) = orders(ONE, None, 1, token).await;
    assert_eq!((first, second, end.as_str()), (vec![other.id.clone()], vec![mine.id.clone()], ""));
    let waiting = Some(OrderState::PendingApproval);
    assert_eq!(orders(ONE, waiting, 0, String::new()).await.0, [""; 0]);
    assert_eq!(orders("auditor/audit", waiting, 0, String::new()).await.0, std::slice::from_ref(&theirs.id));

    let numbers_of = |by: &'static str, order: Option<String>, msisdn: Option<String>, page_token: String| {
        let filter = list_numbers::Filter {
            order,
            msisdn: msisdn.map(Personal::new),
            state: None,
            mvno: None,
            page_size: 3,
            page_token,
        };
        let world = &world;
        async move { world.gateway.list_number_actions(&officer(by), filter).await }
    };
    let (page, token) = numbers_of(ONE, Some(mine.id.clone()), None, String::new()).await.expect("a page");
    let (rest, end) = numbers_of(ONE, Some(mine.id.clone()), None, token).await.expect("a page");
    let listed: Vec<String> = page
        .iter()
        .chain(&rest)
        .map(|action| action.msisdn.as_ref().expect("kept").reveal().to_owned())
        .collect();
    assert_eq!((listed, end.as_str()), (numbers(0..5), ""));
    let (of_one, _) =
        numbers_of("regulator/miit/a", None, Some(number(1)), String::new()).await.expect("a page");
    assert_eq!(
        of_one.iter().map(|action| action.row.order_id.clone()).collect::<Vec<_>>(),
        [other.id, mine.id.clone()]
    );
    assert_eq!(
        numbers_of("police/gd/a", None, Some(number(1)), String::new()).await.expect("none").0.len(),
        0
    );
    assert_eq!(
        refused(numbers_of("police/gd/a", Some(mine.id), None, String::new()).await.map(drop)),
        Reason::OrderNotFound
    );
    assert_eq!(refused(numbers_of(ONE, None, None, String::new()).await.map(drop)), Reason::InvalidFields);

    let alarms = |by: &'static str, kind| {
        let world = &world;
        async move { world.gateway.list_alarms(&officer(by), kind, None, 0, "").await.expect("a page").0 }
    };
    assert_eq!(alarms(ONE, None).await.len(), 0);
    let raised = alarms("regulator/miit/a", Some(AlarmKind::Limit)).await;
    assert_eq!(
        (raised.len(), raised[0].order_id.as_str(), raised[0].number_count),
        (1, theirs.id.as_str(), 130)
    );

    let impacts = |by: &'static str, token: String| {
        let (world, id) = (&world, theirs.id.clone());
        async move { world.gateway.list_plan_impacts(&officer(by), id, None, 80, &token).await }
    };
    let (first, token) = impacts("police/gd/a", String::new()).await.expect("a page");
    let (rest, end) = impacts("police/gd/a", token).await.expect("a page");
    assert_eq!((first.len(), rest.len(), end.as_str()), (80, 50, ""));
    impacts("regulator/miit/a", String::new()).await.expect("who may approve it reads it");
    assert_eq!(refused(impacts(ONE, String::new()).await.map(drop)), Reason::PlanNotFound);
}

#[tokio::test]
async fn listed_on_sqlite() {
    listed(World::empty().await).await;
}

#[tokio::test]
async fn listed_on_postgres() {
    listed(World::postgres().await).await;
}

#[tokio::test]
async fn a_watch_sees_every_change_and_ends_with_the_order() {
    let world = World::empty().await.force().await;
    let order = world.order(ONE, terms(&world, ONE), &numbers(0..3)).await;
    let mut seen =
        world.gateway.watch_shutdown_order(&officer(ONE), order.id.clone()).await.expect("a watch");
    let first = seen.recv().await.expect("at once").expect("an order");
    is_in(&first, OrderState::InProgress);
    answer_all_of(&world).await;
    let mut last = first;
    while let Some(next) = seen.recv().await {
        last = next.expect("an order");
        crate::force::sums(&last);
    }
    is_in(&last, OrderState::Completed);
    let stranger = world.gateway.watch_shutdown_order(&officer("police/gd/a"), order.id).await;
    assert_eq!(stranger.map(drop).expect_err("refused").reason, Reason::OrderNotFound);
}
