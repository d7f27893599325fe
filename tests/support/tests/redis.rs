//! Redis servers: they die, stop, forget and remember as they are told.

use std::time::Duration;

use crate::support::{
    redis::{Options, Redis},
    tls::Certificate,
};

#[test]
fn what_was_saved_comes_back_and_no_more() {
    let mut redis = Redis::start();
    redis.command(&["SET", "old", "1"]);
    redis.save();
    redis.command(&["SET", "old", "2"]);
    redis.kill();
    assert!(!redis.answers());
    redis.start_again();
    assert_eq!(redis.command(&["GET", "old"]), "1", "of the dump");
    let copy = Redis::start_with(Options { dump: Some(&redis.dump()), ..Options::default() });
    assert_eq!(copy.command(&["GET", "old"]), "1");
    redis.flushall();
    assert_eq!(redis.command(&["DBSIZE"]), "0");
    assert_eq!(copy.command(&["DBSIZE"]), "1", "another server");
}

#[test]
fn a_paused_one_is_silent() {
    let redis = Redis::start();
    let client = ::redis::Client::open(redis.url()).expect("a URL");
    let mut link = client.get_connection().expect("it runs");
    link.set_read_timeout(Some(Duration::from_millis(100))).expect("a socket");
    redis.pause();
    assert!(::redis::cmd("PING").query::<()>(&mut link).expect_err("silent").is_timeout());
    redis.resume();
    assert!(redis.answers());
}

#[test]
fn it_wants_what_it_was_told_to_want() {
    let open = Redis::start();
    assert!(!open.url().contains('@'));
    let password = Redis::start_with(Options { password: true, ..Options::default() });
    assert!(password.answers());
    let acl = Redis::start_with(Options {
        acl: Some("user default off\nuser greenlane on >narrow ~gl:* &gl:* +@all -@dangerous"),
        ..Options::default()
    });
    assert_eq!(acl.command(&["ACL", "USERS"]), "default\ngreenlane\ntests");
    let tls = Redis::start_with(Options { tls: Some(Certificate::make()), ..Options::default() });
    assert!(tls.answers() && tls.url().starts_with("rediss://"));
    let nobody =
        |redis: &Redis| ::redis::Client::open(redis.url_of_nobody()).expect("a URL").get_connection();
    assert!(nobody(&open).is_ok(), "the control");
    for redis in [&password, &acl] {
        let refused = nobody(redis).and_then(|mut link| ::redis::cmd("PING").query::<String>(&mut link));
        assert!(refused.is_err());
    }
    let old = Redis::start_with(Options { settings: &["rename-command HELLO \"\""], ..Options::default() });
    assert!(old.answers());
    let mut link = nobody(&old).expect("RESP2");
    assert!(::redis::cmd("HELLO").arg(3).query::<()>(&mut link).is_err(), "as one that knows RESP2 only");
}
