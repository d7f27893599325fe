//! The late cold load: somebody reads an old value from the database, is held up, and keeps it after a write. 10,000
//! rounds with 50 ms between read and fill; not one may be left. The control does the same with plain SET and DEL.

use std::time::Duration;

use redis::Commands;

use crate::{
    fixture::{Pair, value, version},
    server::Server,
};

const ROUNDS: usize = 10_000;
/// Rounds at once.
const LANE: usize = 250;
const GAP: Duration = Duration::from_millis(50);

fn key(round: usize) -> String {
    format!("standing/mvnos/m{round}")
}

pub async fn no_late_fill_is_left(pair: &Pair) {
    let rounds: Vec<usize> = (0..ROUNDS).collect();
    for lane in rounds.chunks(LANE * 8) {
        let held_up = lane.chunks(LANE).map(|lane| async move {
            // Read at revision 1, written in the gap, filled after it.
            let old = lane.iter().map(|round| value(&key(*round), 1, "OLD")).collect();
            let written = lane.iter().map(|round| version(&key(*round), 2)).collect();
            let gap = async {
                pair.a.announce(written).await;
                tokio::time::sleep(GAP).await;
            };
            gap.await;
            pair.b.keep(old).await;
        });
        futures_util::future::join_all(held_up).await;
    }
    let at = async |revision| {
        let wanted = rounds.iter().map(|round| version(&key(*round), revision)).collect();
        pair.a.load(wanted).await.into_iter().flatten().count()
    };
    assert_eq!(at(1).await, 0, "older values left");
    // The new ones find their place.
    for lane in rounds.chunks(LANE) {
        pair.b.keep(lane.iter().map(|round| value(&key(*round), 2, "NEW")).collect()).await;
    }
    assert_eq!(at(2).await, ROUNDS);
}

#[test]
fn plain_set_and_del_leave_late_fills() {
    let server = Server::start();
    let mut raw = server.raw();
    for round in 0..100 {
        let (): () = raw.set(key(round), "1").expect("the value read before");
        let (): () = raw.del(key(round)).expect("the write in the gap");
        let (): () = raw.set(key(round), "1").expect("the late fill");
    }
    let left = (0..100).filter(|round| raw.get::<_, String>(key(*round)).is_ok_and(|held| held == "1"));
    assert_eq!(left.count(), 100, "the control must fail");
}
