//! Bad input: each a specific code, one `ErrorInfo`, all violations at once, in Chinese too, and nothing written.

use bytes::Bytes;
use greenlane::rpc::pb::{
    self, compliance_service_client::ComplianceServiceClient,
    numbering_service_client::NumberingServiceClient, supervision_service_client::SupervisionServiceClient,
};
use prost::Message;
use prost_types::Timestamp;
use tonic::{Code, Status, transport::Channel};

use super::{
    raw,
    refusal::{self, Refused},
};
use crate::support::node::Node;

const FUTURE: Timestamp = Timestamp { seconds: 4_000_000_000, nanos: 0 };
const PAST: Timestamp = Timestamp { seconds: 1_469_000_000, nanos: 0 };

fn inspection() -> pb::Inspection {
    pb::Inspection {
        mvno: "mvnos/m01".to_owned(),
        method: pb::InspectionMethod::OutletCovert.into(),
        outlets_checked: 40,
        outlets_breach: 3,
        inspect_time: Some(PAST),
        ..Default::default()
    }
}

fn refused<T: std::fmt::Debug>(answer: Result<T, Status>) -> Refused {
    refusal::read(&answer.expect_err("refused"))
}

#[tokio::test]
async fn each_fault_has_its_code_and_nothing_is_written() {
    let world = Node::start();
    let regulator = world.connect("regulator-miit").await;
    let before = world.written();

    inspections(&regulator).await;
    findings(&regulator).await;
    checks(&regulator).await;
    numbers(&regulator).await;
    bodies(&regulator).await;

    assert_eq!(world.written(), before, "a refused call wrote something");
}

async fn inspections(regulator: &Channel) {
    let mut client = SupervisionServiceClient::new(regulator.clone());
    let mut record = async |change: &dyn Fn(&mut pb::Inspection)| {
        let mut inspection = inspection();
        change(&mut inspection);
        let request = pb::RecordInspectionRequest { inspection: Some(inspection), ..Default::default() };
        refused(client.record_inspection(request).await)
    };
    type Change = fn(&mut pb::Inspection);
    let rows: [(Change, &[&str]); 8] = [
        (|i| i.outlets_breach = 41, &["inspection.outlets_breach: MORE_THAN_CHECKED"]),
        (|i| i.outlets_breach = -1, &["inspection.outlets_breach: OUT_OF_RANGE"]),
        (
            |i| i.outlets_checked = 0,
            &["inspection.outlets_checked: OUT_OF_RANGE", "inspection.outlets_breach: MORE_THAN_CHECKED"],
        ),
        (|i| i.sample_size = 5, &["inspection.sample_size: NOT_OF_METHOD"]),
        (|i| i.method = 0, &["inspection.method: REQUIRED"]),
        (|i| i.method = 77, &["inspection.method: UNKNOWN_VALUE"]),
        (|i| i.inspect_time = Some(FUTURE), &["inspection.inspect_time: IN_FUTURE"]),
        (|i| i.evidence_hashes = vec!["AB".to_owned()], &["inspection.evidence_hashes[0]: BAD_HASH"]),
    ];
    for (change, expected) in rows {
        let refused = record(&change).await;
        assert_eq!((refused.code, refused.reason.as_str()), (Code::InvalidArgument, "INVALID_FIELDS"));
        assert_eq!(refused.violations, expected);
    }
    let everything = record(&|inspection| {
        *inspection = pb::Inspection {
            mvno: "../etc".to_owned(),
            outlets_checked: -1,
            inspect_time: Some(Timestamp { seconds: i64::MAX, nanos: -5 }),
            supersedes: "nothing".to_owned(),
            evidence_hashes: vec!["x".to_owned(); 60],
            ..Default::default()
        }
    })
    .await;
    assert_eq!(everything.total, Some(64), "{everything:?}");
    assert!(everything.violations.len() <= 20);
    let unknown = record(&|inspection| inspection.mvno = "mvnos/nobody".to_owned()).await;
    assert_eq!((unknown.code, unknown.reason.as_str()), (Code::NotFound, "MVNO_NOT_FOUND"));
    let missing = format!("mvnos/m01/inspections/{}", "0".repeat(36));
    let missing = record(&|inspection| inspection.supersedes.clone_from(&missing)).await;
    assert_eq!((missing.code, missing.reason.as_str()), (Code::NotFound, "FACT_NOT_FOUND"));
}

async fn findings(regulator: &Channel) {
    let mut client = SupervisionServiceClient::new(regulator.clone());
    let finding = |text: &str| pb::OpenFindingRequest {
        mvno: "mvnos/m01".to_owned(),
        severity: 2,
        text: text.to_owned(),
        cure_by_time: Some(FUTURE),
        ..Default::default()
    };
    let long = refused(client.open_finding(finding(&"字".repeat(2001))).await);
    assert_eq!(long.violations, ["text: BAD_LENGTH"]);
    let control = refused(client.open_finding(finding("a text with \u{7} in it")).await);
    assert_eq!(control.violations, ["text: BAD_CHAR"]);
    let past = pb::OpenFindingRequest { cure_by_time: Some(PAST), ..finding("a fine text") };
    assert_eq!(refused(client.open_finding(past).await).violations, ["cure_by_time: BEFORE_START"]);
    let id = pb::OpenFindingRequest { request_id: "i".repeat(65), ..finding("a fine text") };
    assert_eq!(refused(client.open_finding(id).await).violations, ["request_id: BAD_LENGTH"]);
    let lift = pb::LiftSuspensionRequest {
        mvno: "mvnos/m01".to_owned(),
        reason: "no need".to_owned(),
        ..Default::default()
    };
    let lift = refused(client.lift_suspension(lift).await);
    assert_eq!((lift.code, lift.reason.as_str()), (Code::FailedPrecondition, "NOT_SUSPENDED"));
    let bare = pb::SuspendMvnoRequest { mvno: "mvnos/m01".to_owned(), ..Default::default() };
    assert_eq!(refused(client.suspend_mvno(bare).await).violations, ["reason: BAD_LENGTH"]);
}

async fn checks(regulator: &Channel) {
    let mut client = ComplianceServiceClient::new(regulator.clone());
    let ask = |mvno: &str, action: i32| pb::CheckStatusRequest {
        mvno: mvno.to_owned(),
        action,
        ..Default::default()
    };
    let both = refused(client.check_status(ask("", 0)).await);
    assert_eq!(both.violations, ["mvno: REQUIRED", "action: REQUIRED"]);
    assert_eq!(
        refused(client.check_status(ask("carriers/unicom", 99)).await).violations,
        ["mvno: BAD_NAME", "action: UNKNOWN_VALUE"]
    );
    assert_eq!(refused(client.check_status(ask("mvnos/nobody", 1)).await).reason, "MVNO_NOT_FOUND");
    let ahead = pb::CheckStatusRequest { as_of_time: Some(FUTURE), ..ask("mvnos/m01", 1) };
    assert_eq!(refused(client.check_status(ahead).await).violations, ["as_of_time: IN_FUTURE"]);
    let mixed = pb::CheckStatusRequest { as_of_time: Some(PAST), min_revision: 1, ..ask("mvnos/m01", 1) };
    assert_eq!(refused(client.check_status(mixed).await).violations, ["min_revision: NOT_WITH_TIME"]);
    let all = pb::CheckStatusRequest { as_of_time: Some(FUTURE), min_revision: -1, ..ask("m01", 0) };
    assert_eq!(
        refused(client.check_status(all).await).violations,
        ["mvno: BAD_NAME", "action: REQUIRED", "min_revision: OUT_OF_RANGE", "as_of_time: IN_FUTURE"]
    );
    let list = pb::ListStandingsRequest { mvno: "m01".to_owned(), page_size: -1, ..Default::default() };
    assert_eq!(
        refused(client.list_standings(list).await).violations,
        ["mvno: BAD_NAME", "page_size: OUT_OF_RANGE"]
    );
    let early = pb::CheckStatusRequest {
        as_of_time: Some(Timestamp { seconds: 1_300_000_000, nanos: 0 }),
        ..ask("mvnos/m01", 1)
    };
    let early = refused(client.check_status(early).await);
    assert_eq!((early.code, early.reason.as_str()), (Code::FailedPrecondition, "NO_RULES_THEN"));
    let ahead = pb::CheckStatusRequest { min_revision: 1_000_000, ..ask("mvnos/m01", 1) };
    let ahead = refused(client.check_status(ahead).await);
    assert_eq!((ahead.code, ahead.reason.as_str()), (Code::Unavailable, "REVISION_NOT_REACHED"));
    for requests in [Vec::new(), vec![ask("mvnos/m01", 1); 501]] {
        let batch = pb::BatchCheckStatusRequest { requests };
        assert_eq!(refused(client.batch_check_status(batch).await).violations, ["requests: BAD_COUNT"]);
    }
    // Twenty that wait in vain wait together, and those among them that need not wait are answered.
    let mut requests = vec![pb::CheckStatusRequest { min_revision: 1_000_000, ..ask("mvnos/m01", 1) }; 20];
    requests.push(ask("mvnos/m01", 1));
    let batch = pb::BatchCheckStatusRequest { requests };
    let answers = client.batch_check_status(batch).await.expect("in time").into_inner().results;
    use pb::batch_check_status_result::Result as Outcome;
    assert!(answers[..20].iter().all(|answer| matches!(answer.result, Some(Outcome::Error(_)))));
    assert!(matches!(answers[20].result, Some(Outcome::Response(_))));
    let page = client.list_standings(pb::ListStandingsRequest { page_size: 3, ..Default::default() }).await;
    let token = page.expect("a page").into_inner().next_page_token;
    let other =
        pb::ListStandingsRequest { page_size: 3, page_token: token, standing: 2, ..Default::default() };
    let other = refused(client.list_standings(other).await);
    assert_eq!(
        (other.reason.as_str(), other.violations),
        ("PAGE_TOKEN_MISMATCH", vec!["page_token: MISMATCH".to_owned()])
    );
    let watch = pb::WatchStandingsRequest { after_revision: 999_999, ..Default::default() };
    assert_eq!(refused(client.watch_standings(watch).await).violations, ["after_revision: OUT_OF_RANGE"]);
}

async fn numbers(regulator: &Channel) {
    let mut client = NumberingServiceClient::new(regulator.clone());
    let allocate = |mvno: &str, prefix: &str| pb::AllocateNumbersRequest {
        mvno: mvno.to_owned(),
        prefix: prefix.to_owned(),
        reason: "a test of refusals".to_owned(),
        ..Default::default()
    };
    for (mvno, prefix, code, reason) in [
        ("mvnos/m01", "17", Code::InvalidArgument, "INVALID_FIELDS"),
        ("mvnos/m01", "1380000", Code::InvalidArgument, "INVALID_FIELDS"),
        ("mvnos/m07", "1700000", Code::AlreadyExists, "PREFIX_TAKEN"),
        ("mvnos/m25", "1700999", Code::FailedPrecondition, "STANDING_DENIES"),
        ("mvnos/m31", "1700999", Code::FailedPrecondition, "STANDING_DENIES"),
        ("mvnos/m37", "1700999", Code::FailedPrecondition, "STANDING_DENIES"),
        ("mvnos/m40", "1700999", Code::FailedPrecondition, "STANDING_DENIES"),
    ] {
        let refused = refused(client.allocate_numbers(allocate(mvno, prefix)).await);
        assert_eq!((refused.code, refused.reason.as_str()), (code, reason), "{mvno} {prefix}");
    }
    let lookup = |msisdn: &str| pb::LookupNumberRequest { msisdn: msisdn.to_owned() };
    for (msisdn, code) in [
        ("1700000001", "BAD_LENGTH"),
        ("12000000001", "BAD_PREFIX"),
        ("+85291234567", "NOT_MAINLAND"),
        ("17000000001#1", "BAD_CHAR"),
    ] {
        assert_eq!(
            refused(client.lookup_number(lookup(msisdn)).await).violations,
            [format!("msisdn: {code}")]
        );
    }
}

async fn bodies(regulator: &Channel) {
    const CHECK: &str = "/greenlane.v1.ComplianceService/CheckStatus";
    let garbage = refused(raw::call(regulator, CHECK, Bytes::from_static(&[0xff; 64])).await);
    assert_eq!((garbage.code, garbage.reason.as_str()), (Code::InvalidArgument, "MALFORMED_MESSAGE"));
    let large =
        pb::CheckStatusRequest { mvno: "m".repeat((1 << 20) + 1), ..Default::default() }.encode_to_vec();
    let large = refused(raw::call(regulator, CHECK, large.into()).await);
    assert_eq!((large.code, large.reason.as_str()), (Code::ResourceExhausted, "MESSAGE_TOO_LARGE"));
    assert!(large.message.contains("1048581 bytes"), "{}", large.message);
}

/// The same `request_id` twice is one act; with another payload an error; a rehearsal keeps nothing.
#[tokio::test]
async fn one_request_id_is_one_act() {
    let world = Node::start();
    let mut client = SupervisionServiceClient::new(world.connect("regulator-miit").await);
    let request = |breach: i32, id: &str, validate_only: bool| pb::RecordInspectionRequest {
        inspection: Some(pb::Inspection { outlets_breach: breach, ..inspection() }),
        request_id: id.to_owned(),
        validate_only,
        ..Default::default()
    };
    let before = world.written();
    let rehearsed = client.record_inspection(request(3, "a", true)).await.expect("fine").into_inner();
    assert!(rehearsed.revision > 0 && !rehearsed.replayed);
    assert_eq!(world.written(), before, "a rehearsal writes nothing");
    let first = client.record_inspection(request(3, "a", false)).await.expect("done").into_inner();
    let written = world.written();
    let again = client.record_inspection(request(3, "a", false)).await.expect("the same answer").into_inner();
    assert_eq!((again.revision, &again.inspection), (first.revision, &first.inspection));
    assert!(again.replayed && !first.replayed);
    let other = refused(client.record_inspection(request(4, "a", false)).await);
    assert_eq!((other.code, other.reason.as_str()), (Code::FailedPrecondition, "REQUEST_ID_REUSED"));
    assert_eq!(world.written(), written, "one act");
}
