//! `greenlane healthcheck`: asks a node's `/readyz`, for containers that have no shell.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use super::Failure;

/// A node that has not answered by then is not healthy.
const PATIENCE: Duration = Duration::from_secs(3);
/// More than this is not an answer of ours.
const LONGEST: u64 = 64 * 1024;

/// Ask a node on this machine whether it is ready. Exit code 0: yes.
#[derive(clap::Args)]
pub struct Args {
    /// Its ops address.
    #[arg(long, default_value = "127.0.0.1:9480", value_name = "ADDRESS")]
    address: SocketAddr,
}

/// Runs it.
pub fn run(args: &Args) -> Result<(), Failure> {
    let answer = ask(args.address).map_err(|error| format!("{} does not answer: {error}", args.address))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    if head.starts_with("HTTP/1.1 200") {
        print!("{body}");
        return Ok(());
    }
    Err(Failure::from(format!("{}: {}", args.address, body.trim())))
}

fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut socket = TcpStream::connect_timeout(&address, PATIENCE)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    socket.write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    socket.take(LONGEST).read_to_string(&mut answer)?;
    Ok(answer)
}
