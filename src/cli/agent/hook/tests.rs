//! Programs and HTTP hooks that do well, badly, and nothing at all.

use std::{fs, io::Read, net::SocketAddr, os::unix::fs::OpenOptionsExt, path::Path};

use nix::fcntl::OFlag;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;

const PATIENCE: Duration = Duration::from_secs(60);
const SLIP: Slip<'_> = Slip { kind: "SHUTDOWN", command_id: "id-1", drill: true, times: 2 };

/// A shell script as a program. Another process writes it: a fork of a test beside this one would hold it open for
/// writing for a moment, and what is open so cannot be run.
pub(in crate::cli::agent) fn program(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("hook");
    let write = r#"printf '#!/bin/sh\n%s\n' "$1" >"$0" && chmod 700 "$0""#;
    let written = std::process::Command::new("sh").args(["-c", write]).arg(&path).arg(text).status();
    assert!(written.expect("a shell").success());
    path
}

fn script(folder: &Path, text: &str) -> Hook {
    Hook::Program { path: program(folder, text), state: folder.to_owned() }
}

#[tokio::test]
async fn programs() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = r#"echo "$GREENLANE_KIND $GREENLANE_COMMAND_ID $GREENLANE_DRILL $GREENLANE_TIMES"; cat"#;
    let printed = script(folder.path(), told).hand(b"{}", SLIP, PATIENCE).await;
    assert_eq!(printed, Ok(b"SHUTDOWN id-1 yes 2\n{}".to_vec()));
    // More than a pipe holds, and a program that does not read it.
    let long = vec![b' '; 1 << 20];
    assert_eq!(script(folder.path(), "exit 0").hand(&long, SLIP, PATIENCE).await, Ok(Vec::new()));
    let code = async |text: &str, patience| {
        let handed = script(folder.path(), text).hand(b"{}", SLIP, patience).await;
        handed.expect_err("it fails").code
    };
    assert_eq!(code("exit 3", PATIENCE).await, "EXIT_3");
    assert_eq!(code("kill -9 $$", PATIENCE).await, "SIGNAL_9");
    assert_eq!(code("sleep 60 & wait", Duration::from_millis(50)).await, "HOOK_TIMEOUT");
    let gone = Hook::Program { path: folder.path().join("gone"), state: folder.path().to_owned() };
    let gone = gone.hand(b"{}", SLIP, PATIENCE).await;
    assert_eq!(gone.expect_err("it is not there").code, "HOOK_NOT_RUN");
}

/// Whatever a program started that took too long goes with it.
#[tokio::test]
async fn what_takes_too_long_is_ended_with_all_that_it_began() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("held");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    let hook =
        script(folder.path(), &format!("exec 3<>'{0}'; echo up >'{0}'; sleep 600 3>'{0}'", pipe.display()));
    let hung = hook.hand(b"{}", SLIP, Duration::from_millis(500)).await;
    assert_eq!(hung.expect_err("it hangs").code, "HOOK_TIMEOUT");
    // The pipe ends once nobody holds it for writing. Neither opening it nor reading it waits for anybody, for whoever
    // held it may be gone already.
    let mut held = fs::OpenOptions::new();
    let mut held = held.read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(pipe).expect("a pipe");
    let ended = async {
        while !matches!(held.read(&mut [0; 64]), Ok(0)) {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, ended).await.expect("let go");
}

/// Answers one call with this, and gives what came.
async fn answering(answer: &'static str) -> (SocketAddr, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    let heard = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("called");
        let mut heard = Vec::new();
        while !heard.ends_with(b"{\"a\":1}") {
            assert_ne!(socket.read_buf(&mut heard).await.expect("sent"), 0);
        }
        socket.write_all(answer.as_bytes()).await.expect("answered");
        String::from_utf8(heard).expect("text")
    });
    (address, heard)
}

#[tokio::test]
async fn http_hooks() {
    let post = async |answer| {
        let (address, heard) = answering(answer).await;
        let hook = Hook::Http(format!("http://{address}/commands?a=b").parse().expect("an address"));
        let answer = hook.hand(b"{\"a\":1}", SLIP, PATIENCE).await;
        (answer, heard.await.expect("called"))
    };
    let (answer, heard) = post("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]").await;
    assert_eq!(answer, Ok(b"[]".to_vec()));
    assert!(heard.starts_with("POST /commands?a=b HTTP/1.1\r\n"), "{heard}");
    for header in
        ["idempotency-key: id-1", "greenlane-kind: SHUTDOWN", "greenlane-drill: yes", "greenlane-times: 2"]
    {
        assert!(heard.contains(header), "{heard}");
    }
    let (answer, _) = post("HTTP/1.1 204 No Content\r\n\r\n").await;
    assert_eq!(answer, Ok(Vec::new()));
    let (answer, _) = post("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(answer.expect_err("not done").code, "HTTP_503");
    let (answer, _) = post("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n[]").await;
    assert_eq!(answer.expect_err("half an answer").code, "HOOK_NOT_THERE");
    let (answer, _) = post("").await;
    assert_eq!(answer.expect_err("no answer").code, "HOOK_NOT_THERE");
}

#[test]
fn hooks_are_of_this_machine() {
    for good in
        ["http://127.0.0.1:9000/commands", "http://[::1]:1/", "http://localhost/x", "http://127.9.9.9"]
    {
        assert!(good.parse::<http::Address>().is_ok(), "{good}");
    }
    for bad in [
        "https://127.0.0.1/",
        "http://10.0.0.1/",
        "http://example.com/",
        "127.0.0.1:1",
        "http://0.0.0.0/",
        "",
    ] {
        assert!(bad.parse::<http::Address>().is_err(), "{bad}");
    }
}
