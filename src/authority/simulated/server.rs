//! Serves the simulated authority: mutual TLS on loopback, for whoever has a certificate of its CA.

use std::{io, sync::Arc, time::Duration};

use hyper::server::conn::http2;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use rustls::ServerConfig;
use tokio::{
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tonic::{Request, Response, Status};

use super::{Reaction, reaction};
use crate::{
    authority::pb::{
        DocumentType, MatchRequest, MatchResponse, Outcome,
        authority_service_server::{AuthorityService, AuthorityServiceServer},
    },
    domain::time::{Clock, Time},
};

/// Whoever has not shown a certificate by then is let go.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// The service.
#[derive(Clone)]
struct Simulated {
    clock: Arc<dyn Clock>,
}

/// Serves until it is dropped.
pub async fn serve(listener: TcpListener, tls: ServerConfig, clock: Arc<dyn Clock>) {
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let service = AuthorityServiceServer::new(Simulated { clock });
    loop {
        match listener.accept().await {
            Ok((tcp, _)) => {
                tokio::spawn(connection(acceptor.clone(), tcp, service.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn connection(acceptor: TlsAcceptor, tcp: TcpStream, service: AuthorityServiceServer<Simulated>) {
    let tls = match timeout(HANDSHAKE, acceptor.accept(tcp)).await {
        Ok(Ok(tls)) => tls,
        Ok(Err(error)) => return tracing::info!(%error, "not let in"),
        Err(_) => return tracing::info!("not let in: no handshake in time"),
    };
    let served = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(tls), TowerToHyperService::new(service))
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended");
    }
}

#[tonic::async_trait]
impl AuthorityService for Simulated {
    async fn r#match(&self, request: Request<MatchRequest>) -> Result<Response<MatchResponse>, Status> {
        let asked = request.into_inner();
        if asked.document_type() == DocumentType::Unspecified
            || asked.number.is_empty()
            || asked.name.is_empty()
        {
            return Err(failed(
                io::ErrorKind::InvalidInput,
                "a document type, a number and a name are needed",
            ));
        }
        let answer = |request_id, outcome: Outcome| {
            let answer_time = Some(stamp(self.clock.now()));
            Ok(Response::new(MatchResponse { request_id, outcome: outcome.into(), answer_time }))
        };
        match reaction(&asked.number, &asked.name, asked.photo_sha256()) {
            Reaction::Match => answer(asked.request_id, Outcome::Match),
            Reaction::Mismatch => answer(asked.request_id, Outcome::Mismatch),
            Reaction::NotAvailable => answer(asked.request_id, Outcome::NotAvailable),
            Reaction::OutOfReach => Err(failed(io::ErrorKind::NotConnected, "the record is out of reach")),
            Reaction::Silent => std::future::pending().await,
            Reaction::Odd => answer("another".to_owned(), Outcome::Match),
        }
    }
}

/// Its own failures are no refusals of the gateway, and have no reason of the gateway's.
fn failed(kind: io::ErrorKind, text: &'static str) -> Status {
    io::Error::new(kind, text).into()
}

fn stamp(time: Time) -> prost_types::Timestamp {
    let (seconds, micros) = (time.micros().div_euclid(1_000_000), time.micros().rem_euclid(1_000_000));
    prost_types::Timestamp { seconds, nanos: i32::try_from(micros * 1000).unwrap_or(0) }
}
