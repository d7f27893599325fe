//! Partners by the certificates that the README makes: an operator and a regulator who bring an MVNO in, and a carrier
//! who asks.

use std::{fs, path::Path};

use greenlane::rpc::pb::{
    self, compliance_service_client::ComplianceServiceClient,
    participant_service_client::ParticipantServiceClient,
    supervision_service_client::SupervisionServiceClient,
};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

const MVNO: &str = "mvnos/m01";

/// Runs it on this thread, which may be on a network of its own.
pub fn block_on(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work);
}

/// A connection with that identity's certificate, to a gateway that must be `gw.example`.
pub async fn connect(folder: &Path, identity: &str, address: &str) -> Channel {
    let pem = |file: &str| fs::read_to_string(folder.join("certs").join(identity).join(file)).expect("made");
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(pem("ca.pem")))
        .identity(Identity::from_pem(pem("cert.pem"), pem("key.pem")))
        .domain_name("gw.example");
    let endpoint = Endpoint::from_shared(format!("https://{address}")).expect("an address");
    endpoint.tls_config(tls).expect("TLS").connect().await.expect("let in")
}

/// Brings an MVNO in and suspends it; the revision that this made.
pub async fn bring_in(folder: &Path, address: &str) -> i64 {
    let operator = connect(folder, "operator", address).await;
    let regulator = connect(folder, "regulator", address).await;
    let participant = pb::Participant {
        name: MVNO.to_owned(),
        class: pb::ParticipantClass::Mvno.into(),
        display_name: "an MVNO of a test".to_owned(),
        ..Default::default()
    };
    let proposal = pb::CreateParticipantRequest { participant: Some(participant), ..Default::default() };
    ParticipantServiceClient::new(operator).create_participant(proposal).await.expect("proposed");
    let approval = pb::ApproveParticipantRequest { name: MVNO.to_owned(), ..Default::default() };
    ParticipantServiceClient::new(regulator.clone()).approve_participant(approval).await.expect("approved");
    let suspension = pb::SuspendMvnoRequest {
        mvno: MVNO.to_owned(),
        reason: "a test of the deployment".to_owned(),
        ..Default::default()
    };
    let done = SupervisionServiceClient::new(regulator).suspend_mvno(suspension).await.expect("suspended");
    done.into_inner().revision
}

/// The carrier asks a node about it: the answer is of that revision or later, and a refusal of new numbers.
pub async fn is_denied(folder: &Path, address: &str, revision: i64) {
    let mut carrier = ComplianceServiceClient::new(connect(folder, "carrier", address).await);
    let question = pb::CheckStatusRequest {
        mvno: MVNO.to_owned(),
        action: pb::Action::AllocateNumbers.into(),
        min_revision: revision,
        ..Default::default()
    };
    let answer = carrier.check_status(question).await.expect("answered").into_inner();
    assert_eq!((answer.decision(), answer.standing()), (pb::Decision::Deny, pb::Standing::Suspended));
    assert!(answer.revision >= revision);
}
