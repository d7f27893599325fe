//! Pairs: what is acknowledged survives the primary, again and again, and writes wait while the standby is away.
//! `FAILOVERS=20` for more of them.

use tokio_postgres::NoTls;

use crate::support::pair::Pair;

/// Inserts a number by way of both hosts; how many there are then.
async fn insert(pair: &Pair, n: usize) -> usize {
    let (client, connection) = tokio_postgres::connect(&pair.url("kept"), NoTls).await.expect("a primary");
    tokio::spawn(connection);
    client.batch_execute(&format!("INSERT INTO kept VALUES ({n})")).await.expect("acknowledged");
    let row = client.query_one("SELECT count(*) FROM kept", &[]).await.expect("a row");
    usize::try_from(row.get::<_, i64>(0)).expect("not negative")
}

fn start() -> Pair {
    let pair = Pair::start();
    pair.create_database("kept");
    pair.primary().sql("kept", "CREATE TABLE kept (n INT)");
    pair
}

#[tokio::test]
async fn a_pair_fails_over_and_comes_back() {
    let turns = std::env::var("FAILOVERS").ok().and_then(|text| text.parse().ok()).unwrap_or(2);
    let mut pair = start();
    let hosts = [pair.primary().host(), pair.standby().host()];
    for turn in 1..=turns {
        assert_eq!(insert(&pair, turn).await, turn * 2 - 1, "before, all there");
        pair.kill_primary();
        pair.promote_standby();
        assert_eq!(pair.primary().host(), hosts[turn % 2]);
        assert_eq!(insert(&pair, turn).await, turn * 2, "the new primary has what the old one acknowledged");
        pair.rebuild();
    }
    let refused = pair.standby().try_sql("kept", "INSERT INTO kept VALUES (0)").expect_err("a standby");
    assert!(refused.contains("read-only transaction"), "{refused}");
}

/// The control: a primary that waits for nobody acknowledges what dies with it.
#[tokio::test]
async fn without_waiting_an_acknowledged_write_is_lost() {
    let mut pair = start();
    insert(&pair, 1).await;
    pair.stop_waiting();
    pair.kill_standby();
    assert_eq!(insert(&pair, 2).await, 2);
    pair.kill_primary();
    pair.start_standby_again();
    pair.promote_standby();
    assert_eq!(insert(&pair, 3).await, 2);
}

#[test]
fn a_write_waits_for_the_standby() {
    let mut pair = start();
    pair.kill_standby();
    let mut write = pair.primary().psql("kept", "INSERT INTO kept VALUES (1)").spawn().expect("psql");
    pair.primary().waits("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'", "1");
    assert!(write.try_wait().expect("ours").is_none(), "not acknowledged");
    assert_eq!(pair.primary().sql("kept", "SELECT count(*) FROM kept"), "0", "nor seen");
    pair.start_standby_again();
    assert!(write.wait().expect("ours").success());
    assert_eq!(pair.primary().sql("kept", "SELECT count(*) FROM kept"), "1");
}
