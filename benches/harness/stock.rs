//! The yardstick: a stock tonic server, `Server::builder()` with tonic's own TLS and client certificates required, that
//! gives every call the same answer, one that greenlane gave. It looks at nothing and keeps nothing. A bench, run again
//! by itself as a child.

use std::{env, fs, path::Path, process::Command};

use tokio::runtime;
use tonic::{
    service::Routes,
    transport::{Certificate, Identity, Server, ServerTlsConfig, server::TcpIncoming},
};

/// The argument that makes a bench the yardstick.
const FLAG: &str = "--stock";

/// On which of tokio's runtimes.
#[derive(Clone, Copy)]
pub enum Runtime {
    /// The default one, with two workers.
    Default,
    /// One thread.
    CurrentThread,
}

/// The command that starts one on the certificates of that folder, for callers of that class, with that answer.
pub fn command(runtime: Runtime, dir: &Path, class: &str, answer: &Path) -> Command {
    let mut command = Command::new(env::current_exe().expect("this binary has a place"));
    let word = match runtime {
        Runtime::Default => "default",
        Runtime::CurrentThread => "current_thread",
    };
    command.args([FLAG, word, class]).arg(dir).arg(answer);
    command
}

/// Serves until it is ended, if this process was started to. `service` makes the service that gives an answer.
pub fn serve_if_asked(service: impl FnOnce(&[u8]) -> Routes) -> bool {
    let mut args = env::args_os().skip_while(|arg| arg != FLAG).skip(1);
    let mut next = || args.next();
    let (Some(word), Some(class), Some(dir), Some(answer)) = (next(), next(), next(), next()) else {
        return false;
    };
    let runtime = match word.to_str() {
        Some("default") => runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build(),
        _ => runtime::Builder::new_current_thread().enable_all().build(),
    };
    let anchor = Path::new(&dir).join("pki").join(class).join("ca.pem");
    let service = service(&fs::read(answer).expect("written by the bench"));
    runtime.expect("a runtime").block_on(serve(Path::new(&dir), &anchor, service));
    true
}

async fn serve(dir: &Path, anchor: &Path, service: Routes) {
    let read = |path: &Path| fs::read(path).expect("made by dev");
    let own = |file: &str| read(&dir.join("certs/server").join(file));
    let tls = ServerTlsConfig::new()
        .identity(Identity::from_pem(own("cert.pem"), own("key.pem")))
        .client_ca_root(Certificate::from_pem(read(anchor)));
    let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into()).expect("a port").with_nodelay(Some(true));
    println!("stock is up: {}", incoming.local_addr().expect("its address"));
    Server::builder()
        .tls_config(tls)
        .expect("TLS")
        .add_routes(service)
        .serve_with_incoming(incoming)
        .await
        .expect("it serves");
}
