//! ImportRegistrations over the wire, as an MVNO's program calls it: the next messages are on their way while one is
//! made durable.

use std::{path::Path, time::Duration};

use greenlane::{
    domain::time::Clock,
    rpc::pb::{self, registration_service_client::RegistrationServiceClient},
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

use super::people::{self, MVNO, Place};
use crate::harness::child::Server;

/// Rows of a message: as many as it may have.
pub const CHUNK: u64 = 500;
/// Messages that wait to be sent.
const READY: usize = 4;

/// Rows to take in.
#[derive(Clone, Copy)]
pub struct Part {
    /// The first block of the numbers.
    pub first_block: u64,
    /// The first of the persons, and of the numbers.
    pub first: u64,
    /// How many.
    pub rows: u64,
}

/// A connection of the MVNO.
pub async fn connect(dir: &Path, server: &Server) -> Channel {
    let read = |file: &str| {
        let place = dir.join(format!("certs/mvno-{MVNO}")).join(file);
        std::fs::read(place).expect("made by dev")
    };
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(read("ca.pem")))
        .domain_name("localhost")
        .identity(Identity::from_pem(read("cert.pem"), read("key.pem")));
    let endpoint = Endpoint::from_shared(format!("https://{}", server.address)).expect("an address");
    endpoint.tls_config(tls).expect("TLS").connect().await.expect("let in")
}

/// Takes a part in as an import of its own. How long that took, from its header to the last row's durability.
pub async fn run(channel: Channel, part: Part, clock: &dyn Clock) -> Duration {
    let begun = clock.monotonic();
    let (sender, receiver) = mpsc::channel(READY);
    let header = pb::ImportHeader { import_id: format!("from {}", part.first), ..Default::default() };
    let first = pb::ImportRegistrationsRequest { header: Some(header), rows: Vec::new() };
    sender.send(first).await.expect("a receiver");
    tokio::spawn(async move {
        for from in (1..=part.rows).step_by(usize::try_from(CHUNK).expect("few")) {
            let rows = (from..(from + CHUNK).min(part.rows + 1)).map(|number| part.row(number)).collect();
            if sender.send(pb::ImportRegistrationsRequest { header: None, rows }).await.is_err() {
                return; // the answers say why
            }
        }
    });
    let mut client = RegistrationServiceClient::new(channel);
    let answers = client.import_registrations(ReceiverStream::new(receiver)).await;
    let mut answers = answers.expect("begun").into_inner();
    let mut last = pb::ImportRegistrationsResponse::default();
    while let Some(answer) = answers.message().await.expect("an answer") {
        assert!(answer.rejected.is_empty(), "{:?}", answer.rejected.first());
        last = answer;
    }
    assert_eq!(u64::try_from(last.accepted), Ok(part.rows), "every row is taken in");
    clock.monotonic() - begun
}

// === impl Part ===

impl Part {
    fn row(&self, number: u64) -> pb::ImportRow {
        let n = self.first + number - 1;
        let place = Place { person: n, line: n };
        pb::ImportRow {
            row_number: i64::try_from(number).expect("not so many"),
            registration: Some(people::registration(self.first_block, place, people::before())),
        }
    }
}
