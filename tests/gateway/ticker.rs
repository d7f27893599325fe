//! Time turns standings: the ticker records each turn as a revision of its own with one entry, also those that came
//! while the node was down.

use std::time::Duration;

use greenlane::{
    domain::{
        decision::Action,
        fact::FindingSeverity,
        rules::RuleBook,
        standing::{self, Standing},
        time::{DAY, Time},
    },
    service::tick,
    store::{sql, sql::change::Change, sql::standing::StandingRow},
};

use crate::world::{World, context, finding, name, outlets, working};

const M: &str = "mvnos/m01";

async fn changes(world: &World, after: i64) -> Vec<Change> {
    let read = world.store().read(working(move |tx| {
        Box::pin(async move { Ok(sql::change::list_after(tx, after, i64::MAX).await?) })
    }));
    read.await.expect("read")
}

async fn row(world: &World) -> StandingRow {
    let read = world.store().read(working(|tx| {
        Box::pin(async move { Ok(sql::standing::lookup(tx, &name(M)).await?.expect("a row")) })
    }));
    read.await.expect("read")
}

async fn with_deadline(world: &World) -> (i64, Time) {
    let cure_by = world.now().plus(DAY * 10);
    let opened = world.gateway.open_finding(context(), finding(M, FindingSeverity::Severe, cure_by)).await;
    let revision = opened.expect("opened").answer.revision;
    (revision, row(world).await.next_turn.expect("a deadline"))
}

#[tokio::test]
async fn a_turn_by_time_is_a_revision_with_one_entry() {
    let world = World::of(&[M, "mvnos/m02"]).await;
    world.make_compliant(M).await;
    let (revision, turn) = with_deadline(&world).await;
    let entries = world.number("SELECT COUNT(*) FROM entry").await;
    let mut heard = world.feed.subscribe();

    world.pass(turn.since(world.now()).saturating_sub(Duration::from_micros(1))).await;
    assert_eq!(world.gateway.tick().await.expect("ticked"), 0, "not yet");
    assert_eq!(world.gateway.quiet(), Duration::from_micros(1));
    world.pass(Duration::from_micros(1)).await;
    assert_eq!(world.gateway.quiet(), Duration::ZERO);
    assert_eq!(world.gateway.tick().await.expect("ticked"), 1);

    let turned = changes(&world, revision).await;
    let [change] = &turned[..] else { panic!("one change: {turned:?}") };
    assert_eq!((change.standing, change.previous), (Standing::Suspended, Standing::Rectifying));
    assert_eq!((change.revision, change.cause.as_str()), (revision + 1, tick::CAUSE));
    assert_eq!(change.change_time, turn);
    assert_eq!(heard.try_recv().expect("watchers hear it"), *change);
    assert_eq!(world.number("SELECT COUNT(*) FROM entry").await, entries + 1);
    let entry = world.number("SELECT COUNT(*) FROM entry WHERE kind = 'ACT' AND method = 'turn'").await;
    assert_eq!(entry, 1);
    assert_eq!(row(&world).await.standing, Standing::Suspended);
    let found = world.check(M, Action::SignAgreement).await.expect("answered");
    assert_eq!((found.revision, found.decided().standing), (revision + 1, Standing::Suspended));
    assert_eq!(world.gateway.tick().await.expect("ticked"), 0, "once");
    assert!(world.gateway.quiet() > Duration::ZERO);
}

/// Two tickers at once, as two nodes would: one turn.
#[tokio::test]
async fn a_turn_is_recorded_once() {
    let world = World::compliant().await;
    let (revision, turn) = with_deadline(&world).await;
    world.pass(turn.since(world.now())).await;
    let ticks = futures_util::future::join_all((0..5).map(|_| world.gateway.tick())).await;
    assert_eq!(ticks.into_iter().map(|tick| tick.expect("ticked")).sum::<usize>(), 1);
    assert_eq!(changes(&world, revision).await.len(), 1);
}

/// The node was down when it happened: the record shows it all the same, once it is up.
#[tokio::test]
async fn a_turn_while_the_node_was_down_is_recorded() {
    let world = World::compliant().await;
    let (revision, turn) = with_deadline(&world).await;
    let world = world.restart_after(DAY * 20).await;
    let found = world.check(M, Action::SignAgreement).await.expect("answered before any tick");
    assert_eq!((found.decided().standing, found.revision), (Standing::Suspended, revision));
    assert_eq!(found.held.since_time, turn);
    assert!(found.expire_time.is_none_or(|end| end > world.now()));
    assert_eq!(world.gateway.tick().await.expect("ticked"), 1);
    let turned = changes(&world, revision).await;
    assert_eq!(turned.iter().map(|change| change.standing).collect::<Vec<_>>(), [Standing::Suspended]);
    assert_eq!(row(&world).await.standing, Standing::Suspended);
    assert_eq!(world.gateway.tick().await.expect("ticked"), 0);
}

/// Many months, ticked at every turn: the record says at every moment what the rules say.
#[tokio::test]
async fn the_record_follows_the_rules() {
    let world = World::of(&[M]).await;
    world.make_green(M).await;
    with_deadline(&world).await;
    let book = RuleBook::shipped();
    let end = world.now().plus(DAY * 250);
    loop {
        let recorded = row(&world).await;
        let view = world.gateway.board.fresh().expect("held");
        let now = world.now();
        let said = standing::evaluate(&view.mvnos[&name(M)].facts, &book, now, now).expect("rules");
        assert_eq!(recorded.standing, said.standing);
        assert_eq!(recorded.next_turn, said.next_turn);
        let Some(turn) = recorded.next_turn.filter(|turn| *turn < end) else { break };
        world.pass(turn.since(now)).await;
        assert_eq!(world.gateway.tick().await.expect("ticked"), 1);
    }
    // Time alone closes no finding.
    assert_eq!(world.standing(M).await, Standing::Suspended);
}

/// A fact that comes when a turn is due is one revision, and the turn needs no other.
#[tokio::test]
async fn a_fact_takes_a_due_turn_along() {
    let world = World::compliant().await;
    let (revision, turn) = with_deadline(&world).await;
    world.pass(turn.since(world.now())).await;
    let recorded = world.inspect(outlets(M, 40, 0, world.now())).await;
    assert_eq!((recorded.standing, recorded.revision), (Standing::Suspended, revision + 1));
    assert_eq!(world.gateway.tick().await.expect("ticked"), 0);
}
