//! An appeal over the wire, by the certificates of all who take part: police cut a number, its MVNO and carrier execute
//! it, the subscriber appeals by the code of the notice, and the restoration is in both outboxes at the decision.

use greenlane::rpc::pb::{
    self, appeal_service_client::AppealServiceClient, command_service_client::CommandServiceClient,
    shutdown_service_client::ShutdownServiceClient,
};
use prost_types::Timestamp;
use tonic::{Code, transport::Channel};

use super::refusal;
use crate::support::node::Node;

const EVIDENCE: Timestamp = Timestamp { seconds: 1_700_000_000, nanos: 0 };

/// A number of m01 that nobody has a line on.
fn number(world: &Node) -> String {
    let sql = "SELECT prefix FROM allocation WHERE mvno = 'mvnos/m01' AND return_time IS NULL ORDER BY prefix LIMIT 1";
    let prefix: String = world.database().query_row(sql, [], |row| row.get(0)).expect("a block");
    format!("{prefix}0001")
}

/// Plans and issues a shutdown of one number. The order, and the identity of its carrier.
async fn shut(police: &Channel, msisdn: &str) -> (String, String) {
    let mut client = ShutdownServiceClient::new(police.clone());
    let plan = pb::PlanShutdownRequest {
        order_number: "公停〔2026〕1号".to_owned(),
        reason: "named in a case of fraud".to_owned(),
        legal_basis: vec!["反电信网络诈骗法§32".to_owned()],
        case_number: "A-2026-1".to_owned(),
        evidence_time: Some(EVIDENCE),
        scopes: vec![pb::Scope::VoiceOut.into(), pb::Scope::VoiceIn.into()],
        urgency: pb::Urgency::Urgent.into(),
        msisdns: vec![msisdn.to_owned()],
        ..Default::default()
    };
    let planned = client.plan_shutdown(tokio_stream::once(plan)).await.expect("planned").into_inner();
    let carrier = planned.impacts[0].carrier.replace("carriers/", "carrier-");
    let issue = pb::IssueShutdownRequest {
        plan: planned.plan,
        confirm_code: planned.confirm_code,
        reason: "as planned".to_owned(),
        ..Default::default()
    };
    let issued = client.issue_shutdown(issue).await.expect("issued").into_inner();
    (issued.order.expect("an order").name, carrier)
}

/// Takes what is new of a receiver's commands, and answers all of it.
async fn execute(receiver: &Channel, after_sequence: i64) -> Vec<pb::Command> {
    let mut client = CommandServiceClient::new(receiver.clone());
    let pull = pb::PullCommandsRequest { after_sequence, ..Default::default() };
    let pulled = client.pull_commands(pull).await.expect("pulled").into_inner();
    let acks = pulled.commands.iter().map(|command| {
        let outcome = match command.kind() {
            pb::CommandKind::Verify => pb::ResultOutcome::Verified,
            _ => pb::ResultOutcome::Executed,
        };
        pb::CommandAck { sequence: command.sequence, results: Vec::new(), outcome: outcome.into() }
    });
    let request = pb::AckCommandsRequest { session: pulled.session, acks: acks.collect() };
    if !request.acks.is_empty() {
        let acked = client.ack_commands(request).await.expect("acknowledged").into_inner();
        assert!(acked.acks.iter().all(|acked| acked.error.is_none()), "{acked:?}");
    }
    pulled.commands
}

#[tokio::test]
async fn from_the_notice_to_the_restoration() {
    let world = Node::start();
    let (police, mvno) = (world.connect("police-mps").await, world.connect("mvno-m01").await);
    let msisdn = number(&world);
    let (order, carrier) = shut(&police, &msisdn).await;
    let carrier = world.connect(&carrier).await;
    let commands = execute(&mvno, 0).await;
    let notice = commands[0].notices[0].clone();
    assert_eq!(notice.msisdn, format!("+86{msisdn}"));
    let text = notice.text.expect("a text");
    assert!(text.zh.contains(&notice.appeal_code) && text.en.contains(&notice.appeal_code));
    execute(&carrier, 0).await;
    let read = execute(&carrier, 1).await;
    assert_eq!(read[0].kind(), pb::CommandKind::Verify);

    let mut portal = AppealServiceClient::new(world.connect("portal").await);
    let typed = notice.appeal_code.to_lowercase().replace('-', " ");
    let file = pb::FileAppealRequest {
        appeal_code: typed.clone(),
        statement: "这个号码上周才归我使用".to_owned(),
        request_id: "a-1".to_owned(),
        ..Default::default()
    };
    let filed = portal.file_appeal(file.clone()).await.expect("filed").into_inner();
    let appeal = filed.appeal.expect("an appeal");
    assert_eq!((appeal.state(), filed.replayed), (pb::AppealState::Open, false));
    assert_eq!([&appeal.order, &appeal.msisdn, &appeal.mvno, &appeal.statement], ["", "", "", ""]);
    let again = portal.file_appeal(file).await.expect("again").into_inner();
    assert_eq!((again.appeal.as_ref(), again.replayed), (Some(&appeal), true));
    let by_code = pb::GetAppealRequest { appeal_code: typed, ..Default::default() };
    let shown = portal.get_appeal(by_code.clone()).await.expect("shown").into_inner();
    assert_eq!(shown.appeal.as_ref(), Some(&appeal));

    let mut officers = AppealServiceClient::new(police);
    let list = pb::ListAppealsRequest { state: pb::AppealState::Open.into(), ..Default::default() };
    let listed = officers.list_appeals(list).await.expect("listed").into_inner().appeals;
    assert_eq!((listed.len(), listed[0].name.as_str()), (1, appeal.name.as_str()));
    assert_eq!(
        (listed[0].order.as_str(), listed[0].statement.as_str()),
        (order.as_str(), "这个号码上周才归我使用")
    );
    let decide = pb::DecideAppealRequest {
        appeal: appeal.name.clone(),
        outcome: pb::AppealOutcome::Upheld.into(),
        reason: "the holder came after the case".to_owned(),
        ..Default::default()
    };
    let decided = officers.decide_appeal(decide.clone()).await.expect("decided").into_inner();
    assert!(decided.restoration.starts_with("shutdownOrders/") && !decided.replayed);
    for receiver in [(&mvno, 1), (&carrier, 2)] {
        let commands = execute(receiver.0, receiver.1).await;
        assert_eq!((commands.len(), commands[0].kind()), (1, pb::CommandKind::Restore));
        assert_eq!((&commands[0].order, &commands[0].msisdns[0]), (&decided.restoration, &notice.msisdn));
    }
    let again = officers.decide_appeal(decide.clone()).await.expect("so already").into_inner();
    assert_eq!((again.replayed, &again.restoration), (true, &decided.restoration));
    let other = pb::DecideAppealRequest { outcome: pb::AppealOutcome::Rejected.into(), ..decide };
    let refused = refusal::read(&officers.decide_appeal(other).await.expect_err("decided"));
    assert_eq!((refused.code, refused.reason.as_str()), (Code::FailedPrecondition, "APPEAL_DECIDED"));
    let told = portal.get_appeal(by_code).await.expect("told").into_inner().appeal.expect("an appeal");
    assert_eq!(
        (told.outcome(), told.reason.as_str()),
        (pb::AppealOutcome::Upheld, "the holder came after the case")
    );
}

#[tokio::test]
async fn a_code_that_is_none_and_fields_that_are_faulty() {
    let world = Node::start();
    let mut portal = AppealServiceClient::new(world.connect("portal").await);
    let mut police = AppealServiceClient::new(world.connect("police-mps").await);
    let before = world.written();
    let wrong = "2222-2222-2222";
    let file = |code: &str, statement: &str| pb::FileAppealRequest {
        appeal_code: code.to_owned(),
        statement: statement.to_owned(),
        ..Default::default()
    };
    let get = |code: &str, name: &str| pb::GetAppealRequest {
        appeal_code: code.to_owned(),
        appeal: name.to_owned(),
    };
    let none = "appeals/0190b5c0-0000-7000-8000-000000000000";
    for status in [
        portal.file_appeal(file(wrong, "that is mine")).await.expect_err("none"),
        portal.get_appeal(get(wrong, "")).await.expect_err("none"),
        police.get_appeal(get("", none)).await.expect_err("none"),
    ] {
        let refused = refusal::read(&status);
        assert_eq!((refused.code, refused.reason.as_str()), (Code::NotFound, "APPEAL_NOT_FOUND"));
        assert!(!format!("{status:?}").contains(wrong), "a code is not said again");
    }
    for (status, violations) in [
        (
            portal.file_appeal(file("2222", "x")).await.err(),
            &["appeal_code: BAD_LENGTH", "statement: BAD_LENGTH"][..],
        ),
        (portal.file_appeal(file("", "that is mine")).await.err(), &["appeal_code: REQUIRED"]),
        (portal.get_appeal(get("", "")).await.err(), &["appeal_code: REQUIRED"]),
        (portal.get_appeal(get(wrong, none)).await.err(), &["appeal_code: NOT_TOGETHER"]),
        (portal.get_appeal(get("", none)).await.err(), &["appeal_code: REQUIRED"]),
        (police.get_appeal(get(wrong, "")).await.err(), &["appeal: REQUIRED"]),
        (police.get_appeal(get("", "appeals/../x")).await.err(), &["appeal: BAD_NAME"]),
    ] {
        let refused = refusal::read(&status.expect("refused"));
        assert_eq!(
            (refused.code, refused.violations.as_slice()),
            (Code::InvalidArgument, &violations.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>()[..])
        );
    }
    let all =
        pb::DecideAppealRequest { appeal: "x".to_owned(), reason: "no".to_owned(), ..Default::default() };
    let refused = refusal::read(&police.decide_appeal(all).await.expect_err("faulty"));
    assert_eq!(refused.violations, ["appeal: BAD_NAME", "outcome: REQUIRED", "reason: BAD_LENGTH"]);
    let list = pb::ListAppealsRequest {
        mvno: "m01".to_owned(),
        order: "x".to_owned(),
        state: 9,
        page_size: -1,
        page_token: String::new(),
    };
    let refused = refusal::read(&police.list_appeals(list).await.expect_err("faulty"));
    assert_eq!(refused.violations.len(), 4, "{:?}", refused.violations);
    assert_eq!(world.written(), before, "a refused call wrote something");
}
