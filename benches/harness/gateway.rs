//! The gateway as it is shipped: the release binary on a folder of sample data, with every layer, its SQLite store
//! and its defaults. What a carrier asks it, and how long it takes from its start to the first answer.

use std::{fs, path::Path, process::Command, sync::Arc, time::Duration};

use bytes::Bytes;
use greenlane::{domain::time::Clock, rpc::pb};
use rustls::ClientConfig;

use super::{
    child::Server,
    client::{self, Client, Question},
    cores::Cores,
};

/// Starts it on that port, or on any for 0. A folder that is kept from an earlier start is used as it is.
pub fn start(dir: &Path, port: u16, cores: Cores) -> Server {
    start_with(dir, port, cores, &[])
}

/// The same with more arguments of `dev`.
pub fn start_with(dir: &Path, port: u16, cores: Cores, more: &[&str]) -> Server {
    let mut command = Command::new(env!("CARGO_BIN_EXE_greenlane"));
    command.args(["dev", "--ops-port", "0", "--port", &port.to_string(), "--dir"]).arg(dir).args(more);
    Server::start(command.env("GREENLANE_LOG", "error"), cores)
}

/// The same on that PostgreSQL.
pub fn start_on(dir: &Path, url: &str, cores: Cores) -> Server {
    let mut command = Command::new(env!("CARGO_BIN_EXE_greenlane"));
    command.args(["dev", "--ops-port", "0", "--port", "0", "--postgres", url, "--dir"]).arg(dir);
    Server::start(command.env("GREENLANE_LOG", "error"), cores)
}

/// The base carriers, as `dev` made them.
pub fn carriers(dir: &Path) -> Vec<Arc<ClientConfig>> {
    ["carrier-unicom", "carrier-mobile", "carrier-telecom"].map(|name| identity(dir, name)).into()
}

/// Somebody for whom `dev` made a certificate.
pub fn identity(dir: &Path, name: &str) -> Arc<ClientConfig> {
    let read = |file: &str| fs::read(dir.join("certs").join(name).join(file)).expect("made by dev");
    client::identity(&read("cert.pem"), &read("key.pem"), &read("ca.pem"))
}

/// "May I hand numbers to m01?" It is green: the answer is ALLOW.
pub fn question() -> Question {
    let message = pb::CheckStatusRequest {
        mvno: "mvnos/m01".to_owned(),
        action: pb::Action::AllocateNumbers.into(),
        ..Default::default()
    };
    Question::new("/greenlane.v1.ComplianceService/CheckStatus", &message)
}

/// One call on a connection of its own.
pub async fn ask_once(server: &Server, identities: &[Arc<ClientConfig>]) -> Bytes {
    let client = Client::connect(server.address, identities, 1, &question()).await.expect("let in");
    let message = client.ask(0).await.expect("answered OK");
    client.close().await;
    message
}

/// For a carrier that asks more than one organisation may: on one connection a core answers more than that.
pub fn start_unlimited(dir: &Path, port: u16, cores: Cores) -> Server {
    start_with(dir, port, cores, &["--calls-per-second", "10000000"])
}

/// From the start of the process to the first answered check, on a kept folder and the port that it had before.
pub async fn start_to_answer(
    dir: &Path,
    port: u16,
    cores: Cores,
    identities: &[Arc<ClientConfig>],
    clock: &dyn Clock,
) -> Duration {
    let begun = clock.monotonic();
    let server = start(dir, port, cores);
    ask_once(&server, identities).await;
    clock.monotonic() - begun
}
