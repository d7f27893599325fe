//! What is wrong at the start: one line that names the key and what to do, exit code 64; and a line of the doctor's
//! that says the same before anybody starts anything.

use greenlane::store::{postgres, sqlite};

use crate::{
    room::Room,
    support::{
        postgres::{Cluster, Options, PASSWORD, USER},
        redis::{self, Redis},
        tls::Certificate,
    },
};

const FILE: &str = "[store]\nurl = \"sqlite://greenlane.db\"";

fn store(url: &str) -> String {
    format!("[store]\nurl = \"{url}\"")
}

fn cache(redis: &Redis, scheme: &str, more: &str) -> String {
    let host = redis.host();
    format!("{FILE}\n[cache]\nurl = \"{scheme}://{host}\"\nseal_key_file = \"seal.key\"\n{more}")
}

/// Each wrong setting is refused with that line, and the doctor has a BAD line of that key with the same words.
#[track_caller]
fn both(room: &Room, sections: &str, key: &str, words: &str) {
    let line = room.refuses(sections);
    assert!(line.starts_with(&format!("{key}: ")) && line.contains(words), "{line}");
    let (code, told) = room.doctor();
    assert_eq!(code, Some(1), "{told}");
    let bad = told.lines().find(|line| line.starts_with("BAD") && line.contains(words));
    assert!(bad.is_some_and(|line| line.split_whitespace().nth(1) == Some(key)), "{told}");
}

/// What is wrong with the text itself is told by all three commands alike.
#[track_caller]
fn unreadable(room: &Room, sections: &str, key: &str, words: &str) {
    let line = room.refuses(sections);
    assert!(line.starts_with(&format!("{key}: ")) && line.contains(words), "{line}");
    let (code, told) = room.doctor();
    assert_eq!((code, told.trim_end()), (Some(64), &*format!("greenlane: {line}")));
}

#[test]
fn a_wrong_database_url() {
    let room = Room::make();
    unreadable(&room, &store("mysql://somewhere"), "store.url", "a database like");
    unreadable(&room, &store("postgresql://127.0.0.1/greenlane"), "store.url", "a user is needed");
    unreadable(
        &room,
        &store("postgresql://gateway@127.0.0.1:x/greenlane"),
        "store.url",
        "write postgresql://",
    );
    both(&room, &store("postgresql://gateway@127.0.0.1:1/greenlane"), "store.url", "is it up");
    let cluster = Cluster::shared();
    let host = cluster.host();
    both(&room, &store(&cluster.url("nothing")), "store.url", "\"nothing\" does not exist");
    both(&room, &store(&format!("postgresql://{USER}@{host}/postgres")), "store.password_file", "this user");
    let wrong = format!("postgresql://{USER}:hunter2@{host}/postgres");
    both(&room, &store(&wrong), "store.password_file", "password authentication failed");
    assert!(!room.doctor().1.contains("hunter2"), "a password is never told");
    let folder = "[store]\nurl = \"sqlite://nowhere/greenlane.db\"";
    let line = room.refuses(folder);
    assert!(
        line.starts_with("store.url: ") && line.ends_with("nowhere is no folder; make it, or name another")
    );
}

#[test]
fn files_that_store_and_cache_name() {
    let room = Room::make();
    let url = format!("postgresql://{USER}@127.0.0.1/greenlane");
    room.configure(&format!("{}\nca_file = \"no.pem\"\npassword_file = \"no.password\"", store(&url)));
    let check = || crate::node::greenlane(room.path(), &["config", "check", "greenlane.toml"]).output();
    let told = crate::readme::said(&check().expect("it runs"));
    for key in ["store.ca_file: ", "store.password_file: "] {
        assert!(told.contains(&format!("greenlane: {key}")), "{told}");
    }
    let cache = "[cache]\nurl = \"rediss://127.0.0.1\"\nseal_key_file = \"no.key\"\nca_file = \"no.pem\"";
    room.configure(&format!("{FILE}\n{cache}\nprefix = \"Of Many Words\""));
    let told = crate::readme::said(&check().expect("it runs"));
    for key in ["cache.prefix: ", "cache.seal_key_file: ", "cache.ca_file: "] {
        assert!(told.contains(&format!("greenlane: {key}")), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_of_a_newer_version() {
    let (room, cluster) = (Room::make(), Cluster::shared());
    let url = cluster.fresh_database();
    let now = greenlane::domain::time::Time::of_date(2026, 1, 1);
    let options = postgres::Options::new(&url, None, None).expect("a URL");
    drop(postgres::open(options, now).await.expect("it opens"));
    const NEWER: &str = "INSERT INTO schema_migration VALUES (99, 'later', '', 0)";
    cluster.sql(url.rsplit('/').next().expect("a name"), NEWER);
    both(&room, &store(&url), "store.url", "the schema is at 99, newer than this program's");

    let path = room.path().join("greenlane.db");
    drop(sqlite::open(&path, sqlite::Options::default(), now).expect("it opens"));
    rusqlite::Connection::open(&path).expect("SQLite").execute_batch(NEWER).expect("a row");
    both(&room, FILE, "store.url", "the schema is at 99, newer than this program's");
}

#[test]
fn a_database_of_an_older_version_is_only_looked_at() {
    let (room, cluster) = (Room::make(), Cluster::shared());
    let url = cluster.fresh_database();
    room.configure(&store(&url));
    let (code, told) = room.doctor();
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("empty; the first start makes the schema"), "{told}");
    let name = url.rsplit('/').next().expect("a name");
    let tables = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'public'";
    assert_eq!(cluster.sql(name, tables), "0", "the doctor makes nothing");
}

#[test]
fn a_database_that_loses_writes_is_not_safe() {
    let settings = &[("fsync", "off"), ("synchronous_standby_names", "nobody")];
    let cluster = Cluster::start_with(Options { settings, ..Default::default() });
    let room = Room::make();
    both(&room, &store(&cluster.url("postgres")), "store.url", "fsync is off");
    let (_, told) = room.doctor();
    assert!(told.contains("commits wait for nobody, which is not attached"), "{told}");
    assert!(told.contains("ok    store.url            full_page_writes is on"), "{told}");
}

/// After a fail-over without a fence. The control: each of them alone is fine.
#[test]
fn two_databases_that_both_take_writes() {
    let (room, one, other) = (Room::make(), Cluster::shared(), Cluster::start());
    let url = |hosts: &str| store(&format!("postgresql://{USER}:{PASSWORD}@{hosts}/postgres"));
    let (first, second) = (one.host(), other.host());
    for (hosts, code) in [(first.clone(), 0), (second.clone(), 0), (format!("{first},{second}"), 1)] {
        room.configure(&url(&hosts));
        let (found, told) = room.doctor();
        assert_eq!(found, Some(code), "{told}");
        assert_eq!(told.contains(&format!("{first} and {second} all take writes: ")), code == 1, "{told}");
    }
}

#[test]
fn a_database_that_nobody_trusts() {
    let (room, other) = (Room::make(), Certificate::make());
    room.keep("other.pem", &other.anchor);
    let cluster = Cluster::start_with(Options { tls: Some(Certificate::make()), ..Default::default() });
    let url = cluster.url("postgres").replace("?sslmode=require", "");
    let sections = format!("{}\nca_file = \"other.pem\"", store(&url));
    both(&room, &sections, "store.ca_file", "a certificate that nobody here trusts");
    both(&room, &store(&url), "store.ca_file", "lets nobody in without TLS");
    let plain = format!("{}\nca_file = \"other.pem\"", store(&Cluster::shared().url("postgres")));
    both(&room, &plain, "store.ca_file", "does not speak TLS");
}

#[test]
fn a_redis_that_needs_a_password() {
    let (room, redis) =
        (Room::make(), Redis::start_with(redis::Options { password: true, ..Default::default() }));
    both(&room, &cache(&redis, "redis", ""), "cache.password_file", "Redis needs a password");
    room.keep("wrong", "another");
    let wrong = cache(&redis, "redis", "password_file = \"wrong\"");
    both(&room, &wrong, "cache.password_file", "does not take this user and password");
    room.keep("right", PASSWORD);
    room.configure(&cache(&redis, "redis", "password_file = \"right\""));
    let (code, told) = room.doctor();
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("RESP3") && told.contains("the default user may do everything"), "{told}");
    assert_eq!(redis.command(&["DBSIZE"]), "0", "the doctor leaves nothing behind");
}

#[test]
fn a_redis_of_the_old_protocol() {
    let settings = &["rename-command HELLO \"\""];
    let (room, redis) = (Room::make(), Redis::start_with(redis::Options { settings, ..Default::default() }));
    both(&room, &cache(&redis, "redis", ""), "cache.url", "speaks RESP2 only");
}

#[test]
fn a_redis_that_nobody_trusts() {
    let (room, other) = (Room::make(), Certificate::make());
    room.keep("other.pem", &other.anchor);
    let tls = Some(Certificate::make());
    let redis = Redis::start_with(redis::Options { tls, ..Default::default() });
    let sections = cache(&redis, "rediss", "ca_file = \"other.pem\"");
    both(&room, &sections, "cache.ca_file", "a certificate that nobody here trusts");
}

#[test]
fn a_misspelt_key() {
    let room = Room::make();
    unreadable(&room, &format!("{FILE}\nconections = 4"), "store.conections", "did you mean connections?");
    unreadable(&room, &format!("{FILE}\n[cahce]"), "cahce", "did you mean cache?");
    unreadable(&room, &format!("{FILE}\nshoe_size = 43"), "store.shoe_size", "`greenlane config example`");
}

#[test]
fn papers_that_ended() {
    let room = Room::make();
    room.configure(FILE);
    std::fs::remove_file(room.path().join("pki/carrier/crl.pem")).expect("it was there");
    std::fs::remove_file(room.path().join("receipt.key")).expect("it was there");
    let (code, told) = room.doctor();
    assert_eq!(code, Some(1), "{told}");
    for (key, words) in [
        ("tls.anchors.carrier", "tls.crls has no list of it"),
        ("tls.crls", "cannot be read"),
        ("receipts.key", "greenlane cert receipt-key"),
    ] {
        let bad = |line: &str| line.starts_with("BAD") && line.contains(key) && line.contains(words);
        assert!(told.lines().any(bad), "{key}: {told}");
    }
    assert!(told.ends_with("greenlane: 3 things are BAD\n"), "{told}");
}

#[test]
fn an_address_that_another_process_has() {
    let room = Room::make();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    room.keep("greenlane.toml", "");
    room.configure(FILE);
    let text = std::fs::read_to_string(room.path().join("greenlane.toml")).expect("written");
    room.keep("greenlane.toml", &text.replacen("127.0.0.1:0", &address, 1));
    let (code, told) = room.doctor();
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains(&format!("BAD   server.listen        {address}: another process")), "{told}");
}
