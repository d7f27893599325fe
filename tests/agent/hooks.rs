//! Hooks that do some of it, by HTTP and by a program, and what the order shows of it; and an agent that is stopped.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    path::Path,
    thread,
};

use greenlane::rpc::pb::OrderState;
use nix::sys::signal::Signal;

use crate::world::World;

/// An HTTP hook that answers every command with that body.
fn hook(body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/commands", listener.local_addr().expect("its address"));
    thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.expect("loopback");
            let mut reader = BufReader::new(socket.try_clone().expect("a socket"));
            let mut length = 0;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).expect("a head");
                if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = text.trim().parse().expect("a number");
                }
                if line.trim().is_empty() {
                    break;
                }
            }
            reader.read_exact(&mut vec![0; length]).expect("a body");
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            socket.write_all(answer.as_bytes()).expect("answered");
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_hook_says_of_a_number_is_what_the_order_shows() {
    let world = World::start();
    let carrier = world.script("carrier", "cat >/dev/null");
    let url = hook(r#"[{"msisdn": "+8617000000002", "outcome": "FAILED", "code": "HLR_BUSY"}]"#);
    let carrier = world.agent("carrier-telecom", "--exec", &carrier);
    let mvno = world.agent("mvno-m01", "--http", Path::new(&url));
    let mut officers = world.officers();
    let order = officers.shut_down(&world.wish("HOOK", 3)).await;
    let order = officers.ended(&order.name).await;
    assert_eq!(order.state(), OrderState::Partial);
    let counts = order.counts.expect("counts");
    assert_eq!((counts.failed, counts.verified), (1, 2), "{counts:?}");
    for agent in [carrier, mvno] {
        agent.says(|line| line.contains("done")).expect("it says so");
        agent.signal(Signal::SIGTERM);
        agent.says(|line| line.contains("stopped")).expect("it says so");
        let said = agent.said();
        assert!(!said.contains("170000"), "no number is in a log: {said}");
        assert!(agent.ended().success());
    }
}
