//! Opposite orders of two authorities about one number: one is obeyed, and the other is told which.

use greenlane::{
    domain::{
        participant::Level,
        shutdown::{AppealOutcome, NumberState, OrderState},
    },
    service::shutdown::restore::Cause,
};

use crate::{
    orders::{self, Shut, answer, answer_all, authority, code, later, place, restore, shut, state},
    registrations::ready,
    world::{World, caller, context_of},
};

const CITY: &str = "police/city";
const PROVINCE: &str = "police/province";
const OTHER_CITY: &str = "police/town";

async fn on(world: World) -> World {
    ready(&world).await;
    for (of, level) in [(CITY, Level::City), (OTHER_CITY, Level::City), (PROVINCE, Level::Province)] {
        authority(&world, of, level).await;
    }
    world
}

async fn conflicts(world: &World) -> i64 {
    world.number("SELECT COUNT(*) FROM alarm WHERE kind = 'CONFLICT'").await
}

async fn a_lower_restoration_gives_way(world: World) {
    let mine = shut(&world, Shut { by: CITY, numbers: &[1, 2], ..Shut::default() }).await;
    later(&world);
    let above = shut(&world, Shut { by: PROVINCE, ..Shut::default() }).await;
    answer_all(&world).await;
    later(&world);
    let back = restore(&world, &mine, &[1, 2], Cause::Appeal, "police/city/officer-1").await;
    assert_eq!(back.state, Some(OrderState::InProgress));
    let lost = place(&world, &back.id, 1).await;
    assert_eq!(lost, (NumberState::Refused, Some("OVERRULED".to_owned()), Some(above.clone())));
    assert_eq!(place(&world, &mine, 1).await.2, Some(above.clone()), "the one restored is told too");
    assert_eq!(conflicts(&world).await, 1);
    answer_all(&world).await;
    // The other number is back; the lost one is off by the order that won, until that one lets it go.
    assert_eq!(state(&world, &mine, 2).await, NumberState::Restored);
    assert_eq!(state(&world, &mine, 1).await, NumberState::Verified);
    assert_eq!(world.number("SELECT COUNT(*) FROM number_hold").await, 1);
    later(&world);
    restore(&world, &above, &[1], Cause::Appeal, "police/province/officer-1").await;
    answer_all(&world).await;
    assert_eq!((state(&world, &above, 1).await, conflicts(&world).await), (NumberState::Restored, 1));
    assert_eq!(world.number("SELECT COUNT(*) FROM number_hold").await, 0);
}

#[tokio::test]
async fn a_lower_restoration_gives_way_on_sqlite() {
    a_lower_restoration_gives_way(on(World::empty().await).await).await;
}

#[tokio::test]
async fn a_lower_restoration_gives_way_on_postgres() {
    a_lower_restoration_gives_way(on(World::postgres().await).await).await;
}

async fn a_higher_restoration_wins(world: World) {
    let mine = shut(&world, Shut { by: PROVINCE, ..Shut::default() }).await;
    later(&world);
    let below = shut(&world, Shut { by: CITY, ..Shut::default() }).await;
    answer(&world, "mvnos/m01").await;
    later(&world);
    let back = restore(&world, &mine, &[1], Cause::Appeal, "police/province/officer-1").await;
    let lost = place(&world, &below, 1).await;
    assert_eq!(lost, (NumberState::Restoring, Some("OVERRULED".to_owned()), Some(back.id.clone())));
    assert_eq!(conflicts(&world).await, 1);
    answer_all(&world).await;
    for order in [&mine, &below] {
        assert_eq!(state(&world, order, 1).await, NumberState::Restored);
    }
    assert_eq!(world.number("SELECT COUNT(*) FROM number_hold").await, 0);
}

#[tokio::test]
async fn a_higher_restoration_wins_on_sqlite() {
    a_higher_restoration_wins(on(World::empty().await).await).await;
}

#[tokio::test]
async fn a_higher_restoration_wins_on_postgres() {
    a_higher_restoration_wins(on(World::postgres().await).await).await;
}

/// Of one level the higher law is obeyed, and of one law the later order.
#[tokio::test]
async fn level_then_law_then_time() {
    let world = on(World::empty().await).await;
    for (law, other_law, wins) in [
        ("反电信网络诈骗法§32", "反电信网络诈骗法§32", true),
        ("反电信网络诈骗法§32", "关于专项行动的通知", true),
        ("互联网信息服务管理办法§15", "反电信网络诈骗法§32", false),
    ] {
        let mine = shut(&world, Shut { by: CITY, law, ..Shut::default() }).await;
        later(&world);
        let other = shut(&world, Shut { by: OTHER_CITY, law: other_law, ..Shut::default() }).await;
        answer_all(&world).await;
        later(&world);
        let back = restore(&world, &mine, &[1], Cause::Appeal, "police/city/officer-1").await;
        let (at, _, winner) = place(&world, &back.id, 1).await;
        assert_eq!(at == NumberState::Refused, !wins, "{law} {other_law}");
        assert_eq!(winner, (!wins).then(|| other.clone()));
        answer_all(&world).await;
        later(&world);
        if !wins {
            restore(&world, &other, &[1], Cause::Appeal, "police/town/officer-1").await;
            answer_all(&world).await;
            later(&world);
        }
        assert_eq!(world.number("SELECT COUNT(*) FROM number_hold").await, 0, "{law} {other_law}");
    }
}

/// A restoration under way: a lower authority's new shutdown gives way to it, a higher one's overtakes it.
#[tokio::test]
async fn a_shutdown_meets_a_restoration_under_way() {
    let world = on(World::empty().await).await;
    for (by, obeyed) in [(CITY, false), (PROVINCE, true)] {
        let mine = shut(&world, Shut { by: PROVINCE, ..Shut::default() }).await;
        answer_all(&world).await;
        later(&world);
        let back = restore(&world, &mine, &[1], Cause::Appeal, "police/province/officer-1").await;
        later(&world);
        let again = shut(&world, Shut { by, ..Shut::default() }).await;
        let (at, code, winner) = place(&world, &again, 1).await;
        if obeyed {
            assert_eq!(at, NumberState::Released, "{by}");
            assert_eq!(place(&world, &back.id, 1).await.2, Some(again.clone()));
        } else {
            assert_eq!((at, code.as_deref()), (NumberState::Refused, Some("OVERRULED")), "{by}");
            assert_eq!(winner, Some(back.id.clone()));
        }
        answer_all(&world).await;
        assert_eq!(state(&world, &again, 1).await == NumberState::Verified, obeyed);
        assert_eq!(state(&world, &mine, 1).await, NumberState::Restored);
        later(&world);
    }
    // Only where two authorities differ is it a conflict.
    assert_eq!(conflicts(&world).await, 1);
}

/// What is let back by time alone wins against nobody, and says so.
#[tokio::test]
async fn nothing_is_let_back_silently_against_another_order() {
    let world = on(World::empty().await).await;
    let mine = shut(&world, Shut { by: PROVINCE, ..Shut::default() }).await;
    later(&world);
    let below = shut(&world, Shut { by: CITY, ..Shut::default() }).await;
    answer_all(&world).await;
    later(&world);
    let back = restore(&world, &mine, &[1], Cause::Expired, "greenlane").await;
    assert_eq!(back.state, Some(OrderState::Partial));
    assert_eq!(place(&world, &back.id, 1).await.2, Some(below.clone()));
    assert_eq!((state(&world, &below, 1).await, conflicts(&world).await), (NumberState::Verified, 1));
    assert_eq!(world.number("SELECT COUNT(*) FROM command WHERE kind = 'RESTORE'").await, 0);
}

/// An appeal upheld against an order that another one backs: the subscriber is not told that the number is back.
#[tokio::test]
async fn an_upheld_appeal_does_not_promise_what_another_order_keeps() {
    let world = on(World::empty().await).await;
    let mine = shut(&world, Shut { by: CITY, ..Shut::default() }).await;
    later(&world);
    shut(&world, Shut { by: PROVINCE, ..Shut::default() }).await;
    answer_all(&world).await;
    let portal = context_of(caller("portal/web"));
    let code = code(&world, &mine, 1);
    let filed =
        world.gateway.file_appeal(portal, code.as_str().into(), "not me".into()).await.expect("filed");
    let officer = context_of(caller("police/city/officer-1"));
    let decided = world
        .gateway
        .decide_appeal(officer, filed.answer.appeal.id, Some(AppealOutcome::Upheld))
        .await
        .expect("decided");
    let appeal = decided.answer.appeal;
    assert_eq!((appeal.outcome, appeal.restoration.as_deref()), (Some(AppealOutcome::Upheld), None));
    assert!(appeal.text().en.contains("another order"));
    assert_eq!(orders::state(&world, &mine, 1).await, NumberState::Verified);
}
