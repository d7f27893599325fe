//! The yardstick: a stock tonic server, `Server::builder()` with tonic's own TLS and client certificates required,
//! that answers every check with the same message, one that greenlane gave. It looks at nothing and keeps nothing.
//! This bench, run again by itself as a child.

use std::{env, fs, path::Path, pin::Pin, process::Command};

use greenlane::rpc::pb::{
    self,
    compliance_service_server::{ComplianceService, ComplianceServiceServer},
};
use prost::Message;
use tokio::runtime;
use tokio_stream::Stream;
use tonic::{
    Request, Response, Status,
    transport::{Certificate, Identity, Server, ServerTlsConfig, server::TcpIncoming},
};

/// The argument that makes this binary the yardstick.
const FLAG: &str = "--stock";

/// On which of tokio's runtimes.
#[derive(Clone, Copy)]
pub enum Runtime {
    /// The default one, with two workers.
    Default,
    /// One thread.
    CurrentThread,
}

/// The command that starts one on the certificates of that folder, with that answer.
pub fn command(runtime: Runtime, dir: &Path, answer: &Path) -> Command {
    let mut command = Command::new(env::current_exe().expect("this binary has a place"));
    let word = match runtime {
        Runtime::Default => "default",
        Runtime::CurrentThread => "current_thread",
    };
    command.args([FLAG, word]).arg(dir).arg(answer);
    command
}

/// Serves until it is ended, if this process was started to.
pub fn serve_if_asked() -> bool {
    let mut args = env::args_os().skip_while(|arg| arg != FLAG).skip(1);
    let (Some(word), Some(dir), Some(answer)) = (args.next(), args.next(), args.next()) else { return false };
    let runtime = match word.to_str() {
        Some("default") => runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build(),
        _ => runtime::Builder::new_current_thread().enable_all().build(),
    };
    runtime.expect("a runtime").block_on(serve(Path::new(&dir), Path::new(&answer)));
    true
}

async fn serve(dir: &Path, answer: &Path) {
    let read = |path: &str| fs::read(dir.join(path)).expect("made by dev");
    let tls = ServerTlsConfig::new()
        .identity(Identity::from_pem(read("certs/server/cert.pem"), read("certs/server/key.pem")))
        .client_ca_root(Certificate::from_pem(read("pki/carrier/ca.pem")));
    let answer = fs::read(answer).expect("written by the bench");
    let answer = pb::CheckStatusResponse::decode(&*answer).expect("an answer");
    let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into()).expect("a port").with_nodelay(Some(true));
    println!("stock is up: {}", incoming.local_addr().expect("its address"));
    Server::builder()
        .tls_config(tls)
        .expect("TLS")
        .add_service(ComplianceServiceServer::new(Fixed { answer }))
        .serve_with_incoming(incoming)
        .await
        .expect("it serves");
}

struct Fixed {
    answer: pb::CheckStatusResponse,
}

fn checks_only<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("the yardstick answers checks and nothing else"))
}

#[tonic::async_trait]
impl ComplianceService for Fixed {
    async fn check_status(
        &self,
        _: Request<pb::CheckStatusRequest>,
    ) -> Result<Response<pb::CheckStatusResponse>, Status> {
        Ok(Response::new(self.answer.clone()))
    }

    async fn batch_check_status(
        &self,
        _: Request<pb::BatchCheckStatusRequest>,
    ) -> Result<Response<pb::BatchCheckStatusResponse>, Status> {
        checks_only()
    }

    async fn get_standing(
        &self,
        _: Request<pb::GetStandingRequest>,
    ) -> Result<Response<pb::GetStandingResponse>, Status> {
        checks_only()
    }

    async fn list_standings(
        &self,
        _: Request<pb::ListStandingsRequest>,
    ) -> Result<Response<pb::ListStandingsResponse>, Status> {
        checks_only()
    }

    type WatchStandingsStream =
        Pin<Box<dyn Stream<Item = Result<pb::WatchStandingsResponse, Status>> + Send>>;

    async fn watch_standings(
        &self,
        _: Request<pb::WatchStandingsRequest>,
    ) -> Result<Response<Self::WatchStandingsStream>, Status> {
        checks_only()
    }
}
