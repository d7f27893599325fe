//! What dies after the start: `/readyz`, the metrics and the log tell it, the doctor too, and it heals by itself.

use crate::{
    node::{Node, until},
    room::Room,
    support::{
        postgres::{Cluster, Mode},
        redis::Redis,
    },
};

fn sections(cluster: &Cluster, redis: &Redis) -> String {
    let (url, host) = (cluster.url("postgres"), redis.host());
    format!("[store]\nurl = \"{url}\"\n[cache]\nurl = \"redis://{host}\"\nseal_key_file = \"seal.key\"")
}

#[test]
fn what_dies_is_told_and_heals() {
    let (mut cluster, mut redis, room) = (Cluster::start(), Redis::start(), Room::make());
    room.configure(&sections(&cluster, &redis));
    let node = Node::start(room.path(), "greenlane.toml");
    until("nothing is degraded", || node.get("/readyz").1 == "ready");
    assert!(node.measures("greenlane_ready 1") && node.measures("greenlane_degraded 0"));

    redis.kill();
    let told = node.is(200, "ready, degraded: the cache is out of reach since ");
    assert!(told.contains("listens there") || told.contains("ended the connection"), "{told}");
    until("the metrics tell it", || node.measures("greenlane_cache_connected 0"));
    assert!(node.measures("greenlane_ready 1") && node.measures("greenlane_degraded 1"));
    assert!(
        node.log().contains("the cache is out of reach; answers come from the database"),
        "{}",
        node.log()
    );
    let (code, told) = room.doctor();
    assert_eq!(code, Some(0), "a node is as right without it: {told}");
    assert!(
        told.contains("warn  cache.url            Redis is out of reach: nobody listens there"),
        "{told}"
    );
    redis.start_again();
    until("it heals", || node.get("/readyz").1 == "ready");
    assert!(node.measures("greenlane_cache_connected 1") && node.measures("greenlane_degraded 0"));

    cluster.stop(Mode::Immediate);
    let told = node.is(503, "not ready: the record is out of reach, or the feed behind it; last seen at ");
    assert!(told.ends_with('Z'), "{told}");
    assert!(node.measures("greenlane_ready 0"));
    until("the log tells it", || node.log().contains("the record was not followed"));
    until("the log tells the turn", || node.log().contains("health turned"));
    assert_eq!(room.doctor().0, Some(1));
    cluster.start_again();
    node.is(200, "ready");
    assert!(node.measures("greenlane_ready 1"));
    node.stop();
}
