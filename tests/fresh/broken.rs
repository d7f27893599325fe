//! The control: a node whose snapshot has no bound, and that nobody wakes, answers as of long ago. The same measure
//! that finds nothing at our nodes finds it here.

use std::{sync::Arc, time::Duration};

use greenlane::{
    cache::NoCache,
    domain::{name::ParticipantName, rules::RuleBook, time::Clock},
    host::SystemClock,
    service::{
        board::{Board, HOLDS},
        feed::Feed,
        shelf::Shelf,
    },
    store::{
        Store,
        postgres::{self, Options},
    },
};

use super::nodes::{MVNO, Nodes, now};
use crate::support::{
    postgres::Cluster,
    proxy::{Mode, Proxy},
};

/// A board on that store that follows it.
async fn follow(store: &Store, bound: Option<Duration>) -> Arc<Board> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let board = Arc::new(Board::new(bound, clock.clone()));
    let shelf = Shelf::new(Arc::new(NoCache::new()));
    let feed = Feed::new(board.clone(), Arc::new(RuleBook::shipped()), clock, shelf);
    store.follow(Arc::new(feed));
    store.refresh().await.expect("followed");
    board
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_board_without_a_bound_answers_as_of_long_ago() {
    let cluster = Cluster::shared();
    let url = cluster.fresh_database();
    let mut nodes = Nodes::start(&url, None);
    let proxy = Proxy::start(&cluster.host());
    let options = Options::new(&proxy.through(&url, &cluster.host()), None, None).expect("a URL");
    let store = postgres::open(options, SystemClock::start().now()).await.expect("opened");
    let (broken, ours) = (follow(&store, None).await, follow(&store, Some(HOLDS)).await);
    let before = broken.last_known().revision;

    proxy.set(Mode::Stall);
    let write = nodes.write().await;
    assert!(write.revision > before);
    // Beyond every bound that is promised.
    while now() - write.at < 1_100_000 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mvno = ParticipantName::parse(MVNO).expect("a name");
    let stale = broken.fresh().expect("it thinks that it knows");
    assert!(stale.revision < write.revision && stale.mvnos.contains_key(&mvno), "the control must be stale");
    assert!(ours.fresh().is_err(), "ours knows that it does not know");
}
