//! An HTTP hook: the command in the body of a POST, how it went in the body of the answer. Plain HTTP, and so only to this
//! machine: what a command says of subscribers crosses no network in clear.

use std::{
    net::{IpAddr, SocketAddr},
    pin::pin,
};

use bytes::Bytes;
use http::{Request, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::hook::{Fault, Slip};

/// More than this is no list of results.
const LONGEST: usize = 1024 * 1024;

/// Where a hook listens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Address {
    socket: SocketAddr,
    uri: Uri,
}

// === impl Address ===

impl std::str::FromStr for Address {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const LIKE: &str =
            "a hook is of this machine and speaks plain HTTP, like http://127.0.0.1:9000/commands";
        let uri: Uri = text.parse().map_err(|_| LIKE)?;
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let ip = if host == "localhost" { Ok(IpAddr::from([127, 0, 0, 1])) } else { host.parse() };
        match ip {
            Ok(ip) if ip.is_loopback() && uri.scheme_str() == Some("http") => {
                Ok(Self { socket: SocketAddr::new(ip, uri.port_u16().unwrap_or(80)), uri })
            }
            Ok(_) | Err(_) => Err(LIKE),
        }
    }
}

/// Posts it and waits for the answer.
pub(super) async fn post(to: &Address, json: &[u8], slip: Slip<'_>) -> Result<Vec<u8>, Fault> {
    let away = |error: &dyn std::fmt::Display| Fault::new("HOOK_NOT_THERE", error.to_string());
    let stream = TcpStream::connect(to.socket).await.map_err(|error| away(&error))?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| away(&error))?;
    let request = Request::post(to.uri.path_and_query().map_or("/", |path| path.as_str()))
        .header(header::HOST, to.uri.authority().map_or("", |authority| authority.as_str()))
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", slip.command_id)
        .header("greenlane-kind", slip.kind)
        .header("greenlane-drill", if slip.drill { "yes" } else { "no" })
        .header("greenlane-times", slip.times)
        .body(Full::new(Bytes::copy_from_slice(json)))
        .map_err(|error| away(&error))?;
    let answer = async {
        let answer = sender.send_request(request).await.map_err(|error| away(&error))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), LONGEST).collect().await;
        let body = body.map_err(|error| away(&error))?.to_bytes();
        if status.is_success() {
            return Ok(body.to_vec());
        }
        Err(Fault::new(format!("HTTP_{}", status.as_u16()), format!("it answered {}", status.as_u16())))
    };
    let mut answer = pin!(answer);
    tokio::select! {
        answer = &mut answer => answer,
        // What there is of an answer was handed over before the connection ended.
        _ = connection => answer.await,
    }
}
