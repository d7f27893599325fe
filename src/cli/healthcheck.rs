//! `greenlane healthcheck`: asks a node's `/readyz`, for containers that have no shell. Plain HTTP and nothing else.

use std::{
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    time::Duration,
};

use super::Failure;
use crate::{domain::time::Clock, host::SystemClock};

/// A node that has not answered by then is not healthy.
const PATIENCE: Duration = Duration::from_secs(3);
/// More than this is not an answer of ours.
const LONGEST: usize = 1024 * 1024;

/// Ask a node whether it is ready. Exit code 0: yes.
#[derive(clap::Args)]
pub struct Args {
    /// Its ops address, and what to ask there.
    #[arg(long, default_value = "http://127.0.0.1:9480/readyz", value_name = "URL")]
    url: String,
}

/// Runs it.
pub fn run(args: &Args) -> Result<(), Failure> {
    let (host, path) = parse(&args.url).ok_or_else(|| Failure {
        lines: vec![
            "the URL is one like http://127.0.0.1:9480/readyz; the ops address has no TLS".to_owned(),
        ],
        code: 64,
    })?;
    let answer = ask(&host, path).map_err(|error| {
        format!("{host} does not answer: {error}; is the node up, and is this its ops address?")
    })?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).unwrap_or_default();
    if head.starts_with("HTTP/1.") && status == "200" {
        print!("{body}");
        return Ok(());
    }
    Err(Failure::from(format!("{host} answers {status}: {}", body.trim())))
}

/// `host:port` and the path.
fn parse(url: &str) -> Option<(String, &str)> {
    let rest = url.strip_prefix("http://")?;
    let (host, path) = rest.find('/').map_or((rest, "/readyz"), |at| rest.split_at(at));
    let sound = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@');
    if host.is_empty() || !sound(host) || !sound(path) {
        return None;
    }
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    Some((if has_port { host.to_owned() } else { format!("{host}:80") }, path))
}

/// The whole answer, within [`PATIENCE`] in all.
pub(super) fn ask(host: &str, path: &str) -> io::Result<String> {
    let clock = SystemClock::start();
    let left = || match PATIENCE.checked_sub(clock.monotonic()) {
        Some(left) if !left.is_zero() => Ok(left),
        Some(_) | None => Err(io::Error::from(io::ErrorKind::TimedOut)),
    };
    let mut found = Err(io::Error::from(io::ErrorKind::NotFound));
    for address in host.to_socket_addrs()? {
        found = TcpStream::connect_timeout(&address, left()?);
        if found.is_ok() {
            break;
        }
    }
    let mut socket = found?;
    socket.set_write_timeout(Some(left()?))?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    loop {
        socket.set_read_timeout(Some(left()?))?;
        match socket.read(&mut part)? {
            0 => break,
            length => answer.extend_from_slice(&part[..length]),
        }
        if answer.len() > LONGEST {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use super::*;

    /// What a node that says this makes of it.
    fn told(answer: &'static str) -> Result<(), Vec<String>> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/readyz", listener.local_addr().expect("its address"));
        let node = thread::spawn(move || {
            let (mut socket, _) = listener.accept().expect("asked");
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") {
                socket.read_exact(&mut byte).expect("a request");
                request.push(byte[0]);
            }
            assert!(request.starts_with(b"GET /readyz HTTP/1.1\r\nhost: 127.0.0.1:"));
            socket.write_all(answer.as_bytes()).expect("answered");
        });
        let done = run(&Args { url }).map_err(|failure| failure.lines);
        node.join().expect("answered");
        done
    }

    #[test]
    fn only_200_is_healthy() {
        assert_eq!(told("HTTP/1.1 200 OK\r\n\r\nready\n"), Ok(()));
        let not =
            told("HTTP/1.1 503 Service Unavailable\r\n\r\nnot ready: feed lost\n").expect_err("not ready");
        assert!(not[0].ends_with("answers 503: not ready: feed lost"), "{not:?}");
        assert!(told("HTTP/1.1 2000\r\n\r\n").is_err());
        assert!(told("+PONG 200 \r\n\r\n").is_err());
        assert!(told("").is_err());
        let gone = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address");
        assert!(run(&Args { url: format!("http://{gone}/readyz") }).is_err());
    }

    #[test]
    fn urls() {
        assert_eq!(parse("http://127.0.0.1:9480/readyz"), Some(("127.0.0.1:9480".to_owned(), "/readyz")));
        assert_eq!(parse("http://node"), Some(("node:80".to_owned(), "/readyz")));
        assert_eq!(parse("http://[::1]:1/livez"), Some(("[::1]:1".to_owned(), "/livez")));
        for bad in ["https://a:1/", "http://", "a:1", "http://a:1/x\r\ny: z", "http://b@a:1/"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
