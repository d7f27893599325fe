//! Watching: every revision once and in order, from wherever the watcher was, and a clear word where that is too old.

use greenlane::{
    domain::{caller::Caller, fact::FindingSeverity, refusal::Reason, standing::Standing},
    service::watch_standings::{Event, Watch},
    store::sql::change::Change,
};
use tokio::sync::mpsc::Receiver;

use crate::world::{World, caller, carrier, context, name, outlets, working};

const M: &str = "mvnos/m01";

type Events = Receiver<Result<Event, greenlane::domain::refusal::Refusal>>;

async fn watch(world: &World, caller: &Caller, mvnos: &[&str], after_revision: i64) -> Events {
    let watch = Watch { mvnos: mvnos.iter().map(|mvno| name(mvno)).collect(), after_revision };
    world.gateway.watch_standings(caller, watch, world.feed.subscribe()).await.expect("watching")
}

/// The changes up to the next bookmark, and its revision.
async fn to_bookmark(events: &mut Events) -> (Vec<Change>, i64) {
    let mut changes = Vec::new();
    loop {
        match events.recv().await.expect("it goes on").expect("no refusal") {
            Event::Change(change) => changes.push(change),
            Event::Bookmark(revision) => return (changes, revision),
        }
    }
}

async fn next_change(events: &mut Events) -> Change {
    loop {
        if let Event::Change(change) = events.recv().await.expect("it goes on").expect("no refusal") {
            return change;
        }
    }
}

fn revisions(changes: &[Change]) -> Vec<i64> {
    changes.iter().map(|change| change.revision).collect()
}

#[tokio::test]
async fn a_watcher_hears_what_was_and_what_comes() {
    let world = World::compliant().await;
    let latest = world.gateway.board.last_known().revision;
    let mut events = watch(&world, &carrier(), &[], 0).await;
    let (past, at) = to_bookmark(&mut events).await;
    assert_eq!((revisions(&past), at), ((1..=latest).collect(), latest));
    let opened = world.open(M, FindingSeverity::Severe).await;
    let turn = next_change(&mut events).await;
    assert_eq!((turn.revision, turn.cause), (opened.revision, opened.fact.name));
    assert_eq!((turn.previous, turn.standing), (Standing::Compliant, Standing::Rectifying));
}

#[tokio::test]
async fn a_watcher_goes_on_where_it_was() {
    let world = World::compliant().await;
    let latest = world.gateway.board.last_known().revision;
    for seen in 1..=latest {
        let (rest, at) = to_bookmark(&mut watch(&world, &carrier(), &[], seen).await).await;
        assert_eq!((revisions(&rest), at), ((seen + 1..=latest).collect(), latest), "after {seen}");
    }
}

/// Who watches an empty gateway hears of its first MVNO.
#[tokio::test]
async fn the_first_of_all_changes_is_heard() {
    let world = World::empty().await;
    let mut events = watch(&world, &carrier(), &[], 0).await;
    assert_eq!(to_bookmark(&mut events).await, (Vec::new(), 0));
    world.join(M).await;
    world.join("mvnos/m02").await;
    for revision in 1..=2 {
        assert_eq!(next_change(&mut events).await.revision, revision);
    }
}

/// A watcher that begins while changes come misses none and hears none twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_falls_between_what_is_read_and_what_is_heard() {
    let world = std::sync::Arc::new(World::compliant().await);
    let first = world.gateway.board.last_known().revision;
    let writing = tokio::spawn({
        let world = world.clone();
        async move {
            for _ in 0..300 {
                world.inspect(outlets(M, 40, 0, world.now())).await;
            }
        }
    });
    let mut watching = Vec::new();
    for _ in 0..5 {
        let mut events = watch(&world, &carrier(), &[], first).await;
        watching.push(tokio::spawn(async move {
            let mut seen = Vec::new();
            while seen.last().is_none_or(|last| *last < first + 300) {
                seen.push(next_change(&mut events).await.revision);
            }
            seen
        }));
    }
    for watcher in watching {
        assert_eq!(watcher.await.expect("no panic"), (first + 1..=first + 300).collect::<Vec<_>>());
    }
    writing.await.expect("no panic");
}

#[tokio::test]
async fn a_watcher_hears_of_those_it_asked_for() {
    let world = World::of(&[M, "mvnos/m02", "mvnos/m03"]).await;
    let mut both = watch(&world, &carrier(), &[M, "mvnos/m03"], 0).await;
    let mut own = watch(&world, &caller("mvno/m02"), &[], 0).await;
    for mvno in [M, "mvnos/m02", "mvnos/m03"] {
        world.inspect(outlets(mvno, 40, 0, world.now())).await;
    }
    let mut heard = Vec::new();
    for _ in 0..4 {
        heard.push(next_change(&mut both).await.mvno.to_string());
    }
    assert_eq!(heard, [M, "mvnos/m03", M, "mvnos/m03"]);
    for _ in 0..2 {
        assert_eq!(next_change(&mut own).await.mvno, name("mvnos/m02"));
    }
    let theirs = Watch { mvnos: vec![name(M)], after_revision: 0 };
    let refused = world.gateway.watch_standings(&caller("mvno/m02"), theirs, world.feed.subscribe()).await;
    assert_eq!(refused.expect_err("not its own").reason, Reason::NotYours);
}

/// The first bookmark comes at once, the next after a silence, and what is not asked for moves it: nobody has to read
/// that again.
#[tokio::test]
async fn silence_has_bookmarks() {
    let world = World::compliant().await;
    let latest = world.gateway.board.last_known().revision;
    let mut events = watch(&world, &carrier(), &["mvnos/m09"], latest).await;
    let (changes, at) = to_bookmark(&mut events).await;
    assert_eq!((changes.len(), at), (0, latest));
    let recorded = world.inspect(outlets(M, 40, 0, world.now())).await;
    loop {
        let (changes, at) = to_bookmark(&mut events).await;
        assert!(changes.is_empty());
        if at == recorded.revision {
            break;
        }
    }
}

#[tokio::test]
async fn a_start_too_old_or_ahead_is_refused() {
    let world = World::compliant().await;
    let latest = world.gateway.board.last_known().revision;
    let start = async |after_revision: i64| {
        let watch = Watch { mvnos: Vec::new(), after_revision };
        world.gateway.watch_standings(&carrier(), watch, world.feed.subscribe()).await.map(drop)
    };
    for wrong in [-1, latest + 1] {
        let refused = start(wrong).await.expect_err("no such revision");
        assert_eq!(refused.violations[0].field, "after_revision");
    }
    start(latest).await.expect("the latest is fine");
    let forgotten = world.store().write(working(|tx| {
        Box::pin(async move { Ok(tx.execute("DELETE FROM change_log WHERE revision <= 2", &[]).await?) })
    }));
    assert_eq!(forgotten.await.expect("forgotten"), 2);
    let refused = start(1).await.expect_err("revision 2 is forgotten");
    assert_eq!(refused.reason, Reason::WatchTooOld);
    assert!(refused.metadata.contains(&("oldest_revision", "3".to_owned())));
    start(2).await.expect("from the oldest kept");
    start(0).await.expect("whatever is kept");
}

/// A watcher too slow for the feed's memory reads the record again, and misses nothing.
#[tokio::test]
async fn a_slow_watcher_misses_nothing() {
    let world = World::compliant().await;
    let first = world.gateway.board.last_known().revision;
    let mut events = watch(&world, &carrier(), &[], first).await;
    let many: i64 = 5000;
    let wrote = world.store().write(working(move |tx| {
        Box::pin(async move {
            for _ in 0..many {
                let revision = greenlane::store::sql::change::next_revision(tx).await?;
                let change = Change {
                    revision,
                    mvno: name(M),
                    standing: Standing::Compliant,
                    previous: Standing::Compliant,
                    change_time: crate::world::start(),
                    cause: "test".to_owned(),
                };
                greenlane::store::sql::change::append(tx, &change).await?;
            }
            tx.mark_changed();
            Ok(())
        })
    }));
    wrote.await.expect("written");
    for revision in first + 1..=first + many {
        assert_eq!(next_change(&mut events).await.revision, revision);
    }
}

#[tokio::test]
async fn a_watch_ends_when_the_node_stops() {
    let world = World::compliant().await;
    let latest = world.gateway.board.last_known().revision;
    let mut events = watch(&world, &carrier(), &[], latest).await;
    to_bookmark(&mut events).await;
    world.gateway.closing.cancel();
    assert!(matches!(events.recv().await, Some(Ok(Event::Bookmark(at))) if at == latest), "where to go on");
    assert!(events.recv().await.is_none());
}

#[tokio::test]
async fn a_watch_ends_with_its_callers_suspension() {
    let world = World::of(&[M, "carriers/unicom"]).await;
    let mut events = watch(&world, &carrier(), &[], 0).await;
    to_bookmark(&mut events).await;
    world.gateway.suspend_participant(context(), name("carriers/unicom")).await.expect("suspended");
    let refused = events.recv().await.expect("a word").expect_err("no more");
    assert_eq!(refused.reason, Reason::ParticipantSuspended);
    assert!(events.recv().await.is_none());
}
