//! Pairs: what is acknowledged survives the primary, again and again, and writes wait while the standby is away.

use crate::support::pair::Pair;

#[test]
fn a_pair_fails_over_and_comes_back() {
    let mut pair = Pair::start();
    pair.create_database("kept");
    pair.primary().sql("kept", "CREATE TABLE kept (n INT)");
    let first = pair.primary().host();
    for turn in 1..=2 {
        pair.primary().sql("kept", &format!("INSERT INTO kept VALUES ({turn})"));
        pair.kill_primary();
        pair.promote_standby();
        assert_eq!(pair.primary().sql("kept", "SELECT count(*) FROM kept"), turn.to_string());
        pair.primary().sql("kept", "CREATE TABLE writes (n INT); DROP TABLE writes");
        pair.rebuild();
        assert_eq!(pair.standby().sql("kept", "SELECT count(*) FROM kept"), turn.to_string());
    }
    assert_eq!(pair.primary().host(), first, "each had its turn");
    assert!(pair.standby().try_sql("kept", "INSERT INTO kept VALUES (3)").is_err(), "a standby only reads");
}

/// The control: a primary that waited for nobody would acknowledge what dies with it.
#[test]
fn a_write_waits_for_the_standby() {
    let mut pair = Pair::start();
    pair.primary().sql("postgres", "CREATE TABLE kept (n INT)");
    pair.kill_standby();
    let mut write = pair.primary().psql("postgres", "INSERT INTO kept VALUES (1)").spawn().expect("psql");
    pair.primary().waits("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'", "1");
    assert!(write.try_wait().expect("ours").is_none(), "not acknowledged");
    assert_eq!(pair.primary().sql("postgres", "SELECT count(*) FROM kept"), "0", "nor seen");
    pair.start_standby_again();
    assert!(write.wait().expect("ours").success());
    assert_eq!(pair.standby().sql("postgres", "SELECT count(*) FROM kept"), "1");
}
