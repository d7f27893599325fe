//! Guesses by way of two nodes on one Redis: one budget while it answers, each node's own where it does not, and never
//! none. Nothing of a person is there.

use std::sync::Arc;

use greenlane::{
    authority::{
        Question,
        guesses::{Bounds, Guesses},
    },
    cache::Cache,
    domain::{
        budget::Tried,
        identity::guess::Verdict,
        name::ParticipantName,
        time::{Clock, DAY},
    },
    vault::{
        index::Index,
        keyfile::{KeyLine, Purpose},
    },
};
use redis::Commands;

use crate::{
    fixture::{clock, connected, until_connected, until_out_of_reach},
    server::Server,
};

fn question(name: u32) -> Question {
    let mvno = ParticipantName::parse_mvno("mvnos/m01").expect("a name");
    Question::new(mvno, "RESIDENT_ID", "119999199003070019", &format!("某{name}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_have_one_budget() {
    let mut server = Server::start();
    let index = Arc::new(Index::new(&KeyLine::fresh(Purpose::Index)));
    let caches = [Arc::new(connected(&server).await), Arc::new(connected(&server).await)];
    let node = |nth: usize| {
        let (shared, clock): (Arc<dyn Cache>, Arc<dyn Clock>) = (caches[nth].clone(), clock());
        Guesses::new(index.clone(), Bounds::default(), shared, clock)
    };
    let nodes = [node(0), node(1)];
    let within = async |node: &Guesses, name: u32| node.before(&question(name)).await == Verdict::Within;
    for name in 0..5 {
        assert!(within(&nodes[name as usize % 2], name).await, "{name}");
    }
    assert!(within(&nodes[1], 0).await, "a value that the other node let through");
    assert!(!within(&nodes[0], 5).await && !within(&nodes[1], 6).await);
    // A node that comes later, and one that has forgotten everything, begin where the others are.
    assert!(!within(&node(0), 7).await);

    let mut raw = server.raw();
    for key in raw.keys::<_, Vec<String>>("*").expect("keys") {
        let held: String = raw.get(&key).expect("text");
        let said = format!("{key} {held}");
        let digest = key.strip_prefix("greenlane:1:guess/").expect("a guess");
        assert!(digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key}");
        assert!(!said.contains("119999") && !said.contains('某') && !said.contains("m01"), "{said}");
        let left: i64 = raw.pttl(&key).expect("a time");
        assert!((1..=i64::try_from(DAY.as_millis()).expect("a day")).contains(&left), "{left}");
    }

    // Out of reach: what was tripped stays so, and a fresh node has its own budget.
    let late = node(1);
    server.kill();
    caches.iter().for_each(|cache| until_out_of_reach(&**cache));
    assert!(!within(&nodes[0], 5).await && !within(&nodes[1], 0).await);
    for name in 10..15 {
        assert!(within(&late, name).await, "{name}");
    }
    assert!(!within(&late, 15).await, "never no budget");
    server.restart();
    caches.iter().for_each(|cache| until_connected(&**cache));
    assert!(!within(&late, 16).await && !within(&nodes[0], 17).await);
}

/// What stands in Redis and was put there by somebody else is nothing, or blocks for a window at most.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn made_up_guesses() {
    let server = Server::start();
    let cache = connected(&server).await;
    let mut raw = server.raw();
    let tried = Tried { budget: "aa".to_owned(), value: Some(1), most: 2, window: DAY };
    for (lie, is_blocked) in [
        ("", false),
        ("x", false),
        ("T", false),
        ("Tx", false),
        ("T99999999999999999999999999", true),
        ("T0", false),
        ("1:9999999999999999999;zz:1;", false),
        ("0000000000000002:1;0000000000000003:2;", false),
    ] {
        let (): () = raw.set("greenlane:1:guess/aa", lie).expect("a lie");
        let told = cache.guess(vec![tried.clone()]).await.expect("in reach");
        assert_eq!(!told[0].is_zero(), is_blocked, "{lie}: {told:?}");
        assert!(told[0] <= DAY, "{lie}: {told:?}");
    }
    let (): () = raw.del("greenlane:1:guess/aa").expect("gone");
    let (): () = raw.lpush("greenlane:1:guess/aa", "another kind").expect("a lie");
    assert_eq!(cache.guess(vec![tried]).await.expect("in reach"), [std::time::Duration::ZERO]);
}
