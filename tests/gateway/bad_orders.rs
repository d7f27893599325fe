//! Bad input about orders, and `domain.md` 5.6 row by row, where no other test has it. The others:
//!
//! | what | where |
//! | --- | --- |
//! | the same key and body; the same key and another body | `plans::the_same_plan_comes_again`, `wire::orders` |
//! | +86, spaces, hyphens, full-width digits | `domain::shutdown::list`, and here to the receiver |
//! | an empty list, 10,001 numbers in a message, 100,001 in an order | `wire::orders` |
//! | a case number, an evidence time, scopes missing; evidence in the future | `plans::bad_input_is_told_all_at_once` |
//! | NOT_MVNO, UNALLOCATED, NOT_IN_REMIT, DUPLICATE in a plan | `plans::every_impact`, `plans::police_of_an_area_reach_that_area` |
//! | an MVNO or a portal that orders | `wire::matrix` |
//! | what is off already is only read | `commands::path` |
//! | a holder who came after the evidence | `steps::held`, `held`, `at_release` |
//! | emergency calls are no scope, work until a line is closed, and are named in every notice | `wire::orders`, `domain::line::state`, `domain::notice` |
//! | the only line of a person | `attacks::a_sole_line_is_cut_by_two_officers_or_urgently` |
//! | who may let back | `steps::let_back`, `appeals`, `domain::shutdown::approval` |
//! | 15 minutes and 2 hours, 24 hours; late | `domain::command::schedule`, `commands::late` |
//! | an order past its end, or that nobody confirmed or approved | `commands::due` |
//! | an acknowledgement of another's command, of a number not in it, by an old session | `commands::answers`, `commands::sessions`, `commands::wire` |
//! | a code that fits no appeal: the same answer | `appeals::what_fits_none_and_what_is_not_the_askers_look_alike`; the same time, here |

use std::time::Duration;

use greenlane::{
    domain::{
        refusal::Reason,
        shutdown::{CommandKind, NumberState, OrderState, ResultOutcome, Urgency, terms::Terms},
    },
    service::{
        appeal::get::By,
        command::{judge::Ack, session::Claim},
    },
};

use crate::{
    force::{ONE, count, is_in, number, terms},
    orders::{Shut, answer, authority, code, shut},
    registrations::ready,
    world::{World, caller, context_of, name},
};

/// One number in five spellings, twice over, is one number at its receivers.
#[tokio::test]
async fn a_number_is_ordered_once_however_it_is_written() {
    let world = World::empty().await.force().await;
    let spelt =
        ["17000010001", "+8617000010001", "+86 170 0001 0001", "86170-0001-0001", "１７００００１０００１"];
    let listed: Vec<&str> = spelt.iter().chain(&spelt).copied().collect();
    let order = world.order(ONE, terms(&world, ONE), &listed).await;
    assert_eq!((order.number_count, count(&order, NumberState::Released)), (1, 1));
    assert_eq!(world.commands().await, 2, "to the MVNO and to the carrier");
    assert_eq!(world.number("SELECT CAST(SUM(number_count) AS BIGINT) FROM command").await, 2);
}

/// What cannot be ordered is refused by its code, and the rest goes: the order is partial.
async fn what_cannot_be_ordered(world: World) {
    let world = world.force().await;
    let listed = [number(1), "13800000001".to_owned(), "17090000001".to_owned(), "17100030001".to_owned()];
    let order = world.order("police/sz/a", terms(&world, "police/sz/a"), &listed).await;
    is_in(&order, OrderState::InProgress);
    assert_eq!((count(&order, NumberState::Released), count(&order, NumberState::Refused)), (1, 3));
    for refused in [
        "SELECT COUNT(*) FROM shutdown_number WHERE state = 'REFUSED' AND code = 'NOT_MVNO'",
        "SELECT COUNT(*) FROM shutdown_number WHERE state = 'REFUSED' AND code = 'UNALLOCATED'",
        "SELECT COUNT(*) FROM shutdown_number WHERE state = 'REFUSED' AND code = 'NOT_IN_REMIT'",
    ] {
        assert_eq!(world.number(refused).await, 1, "{refused}");
    }
    while answer(&world, "mvnos/m01").await + answer(&world, "carriers/telecom").await > 0 {}
    let seen =
        world.gateway.shutdown_order(&caller("police/sz/a"), order.id.clone()).await.expect("an order");
    is_in(&seen, OrderState::Partial);
    // Nothing but such numbers: it is over as it begins.
    let order = world.order(ONE, terms(&world, ONE), &["13800000001"]).await;
    is_in(&order, OrderState::Partial);
}

#[tokio::test]
async fn what_cannot_be_ordered_is_refused_and_the_rest_goes_on_sqlite() {
    what_cannot_be_ordered(World::empty().await).await;
}

#[tokio::test]
async fn what_cannot_be_ordered_is_refused_and_the_rest_goes_on_postgres() {
    what_cannot_be_ordered(World::postgres().await).await;
}

/// Without an evidence time an order that is not urgent goes by what its plan saw; an urgent one does not go.
#[tokio::test]
async fn an_urgent_order_says_when_the_evidence_is_of() {
    let world = World::empty().await.force().await;
    let without = || Terms { evidence_time: None, ..terms(&world, ONE) };
    let refused = world.try_plan(ONE, without(), &[number(1)]).await.expect_err("urgent");
    assert!(refused.violations.iter().any(|fault| fault.field == "evidence_time"));
    let normal = Terms { urgency: Urgency::Normal, ..without() };
    let order = world.order(ONE, normal, &[number(1)]).await;
    assert_eq!(order.kind, CommandKind::Shutdown);
    is_in(&order, OrderState::InProgress);
}

/// A session is its receiver's own: to another it is none, and what it says is nothing.
#[tokio::test]
async fn another_receivers_session_is_none() {
    let world = World::empty().await.force().await;
    let order = world.order(ONE, terms(&world, ONE), &[number(1)]).await;
    let theirs = context_of(caller("carrier/telecom"));
    let pulled = world.gateway.pull_commands(&theirs, 0, 0).await.expect("pulled");
    assert_eq!(pulled.commands.len(), 1);
    let claim = Claim { receiver: name("mvnos/m01"), session: pulled.session, streams: false };
    let ack = Ack { sequence: 1, results: Vec::new(), outcome: Some(ResultOutcome::Executed) };
    let void = world.gateway.settle(&context_of(caller("mvno/m01")), &claim, vec![ack]).await;
    assert_eq!(void.expect_err("another's").reason, Reason::SessionFenced);
    assert_eq!(count(&world.shown(&order.id).await, NumberState::Released), 1);
}

/// No answer about a code comes before its time, whatever is found: by the runtime's own clock, which a test moves.
#[tokio::test(start_paused = true)]
async fn a_code_that_fits_none_is_answered_no_sooner() {
    const LEAST: Duration = Duration::from_millis(5);
    let world = World::empty().await;
    ready(&world).await;
    authority(&world, "police/mps", greenlane::domain::participant::Level::Ministry).await;
    let waiting = shut(&world, Shut { released: false, ..Shut::default() }).await;
    let order = shut(&world, Shut { numbers: &[2], ..Shut::default() }).await;
    let portal =
        greenlane::service::context::Context { reason: String::new(), ..context_of(caller("portal/web")) };
    let right = code(&world, &order, 1);
    let filed = |code: &str| world.gateway.file_appeal(portal.clone(), code.into(), "it is mine".into());
    for code in ["7777-7777-7777", &code(&world, &waiting, 1), &right] {
        let began = tokio::time::Instant::now();
        drop(filed(code).await);
        assert!(began.elapsed() >= LEAST, "filed");
        let began = tokio::time::Instant::now();
        drop(world.gateway.get_appeal(&caller("portal/web"), By::Code(code.into())).await);
        assert!(began.elapsed() >= LEAST, "asked");
    }
    assert_eq!(world.number("SELECT COUNT(*) FROM appeal").await, 1, "the right one");
}
