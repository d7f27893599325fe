//! Plans and orders over the wire: bad input told in full and nothing written, lists in many messages, and who may take
//! which step by the certificate that it holds.

use greenlane::rpc::pb::{self, shutdown_service_client::ShutdownServiceClient};
use prost_types::Timestamp;
use tonic::{Code, Status, transport::Channel};

use super::refusal::{self, Refused};
use crate::support::node::Node;

const EVIDENCE: Timestamp = Timestamp { seconds: 1_700_000_000, nanos: 0 };
const FUTURE: Timestamp = Timestamp { seconds: 4_000_000_000, nanos: 0 };

type Client = ShutdownServiceClient<Channel>;

fn client(channel: &Channel) -> Client {
    ShutdownServiceClient::new(channel.clone())
}

/// The n-th number of a block of m01.
fn number(world: &Node, n: usize) -> String {
    let sql = "SELECT prefix FROM allocation WHERE mvno = 'mvnos/m01' AND return_time IS NULL ORDER BY prefix LIMIT 1";
    let prefix: String = world.database().query_row(sql, [], |row| row.get(0)).expect("a block");
    format!("{prefix}{n:04}")
}

fn header(order_number: &str, msisdns: Vec<String>) -> pb::PlanShutdownRequest {
    pb::PlanShutdownRequest {
        order_number: order_number.to_owned(),
        reason: "named in a case of fraud".to_owned(),
        legal_basis: vec!["反电信网络诈骗法§32".to_owned()],
        case_number: "A-2026-1".to_owned(),
        evidence_time: Some(EVIDENCE),
        scopes: vec![pb::Scope::VoiceOut.into()],
        urgency: pb::Urgency::Urgent.into(),
        msisdns,
        ..Default::default()
    }
}

fn more(msisdns: Vec<String>) -> pb::PlanShutdownRequest {
    pb::PlanShutdownRequest { msisdns, ..Default::default() }
}

fn refused<T: std::fmt::Debug>(answer: Result<T, Status>) -> Refused {
    refusal::read(&answer.expect_err("refused"))
}

async fn plan(
    client: &mut Client,
    messages: Vec<pb::PlanShutdownRequest>,
) -> Result<pb::PlanShutdownResponse, Status> {
    client.plan_shutdown(tokio_stream::iter(messages)).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn what_is_wrong_with_a_plan_is_told_and_nothing_is_written() {
    let world = Node::start();
    let mut police = client(&world.connect("police-mps").await);
    let before = world.written();
    let one = || vec!["17000000001".to_owned()];
    let with = |change: &dyn Fn(&mut pb::PlanShutdownRequest)| {
        let mut message = header("N-1", one());
        change(&mut message);
        vec![message]
    };
    let many = |n: usize| vec!["17000000001".to_owned(); n];
    let cases: Vec<(Vec<pb::PlanShutdownRequest>, &[&str])> = vec![
        (with(&|message| message.msisdns.clear()), &["msisdns: REQUIRED"]),
        (vec![header("N-1", many(10_001))], &["msisdns: TOO_MANY"]),
        (
            std::iter::once(header("N-1", many(10_000)))
                .chain((0..9).map(|_| more(many(10_000))))
                .chain([more(one())])
                .collect(),
            &["msisdns: TOO_MANY"],
        ),
        (with(&|message| message.case_number.clear()), &["case_number: BAD_LENGTH"]),
        (with(&|message| message.evidence_time = Some(FUTURE)), &["evidence_time: IN_FUTURE"]),
        (with(&|message| message.evidence_time = None), &["evidence_time: REQUIRED"]),
        (with(&|message| message.scopes.clear()), &["scopes: REQUIRED"]),
        (with(&|message| message.scopes = vec![110]), &["scopes[0]: UNKNOWN_VALUE", "scopes: REQUIRED"]),
        (with(&|message| message.urgency = 9), &["urgency: UNKNOWN_VALUE"]),
        (with(&|message| message.expire_time = Some(EVIDENCE)), &["expire_time: OUT_OF_RANGE"]),
        (with(&|message| message.msisdns[0] = "110".to_owned()), &["msisdns[0]: BAD_LENGTH"]),
        (with(&|message| message.request_id = "x".repeat(65)), &["request_id: BAD_LENGTH"]),
        (vec![header("N-1", one()), header("N-2", one())], &["order_number: NOT_TOGETHER"]),
        (
            vec![],
            &[
                "order_number: BAD_LENGTH",
                "reason: BAD_LENGTH",
                "case_number: BAD_LENGTH",
                "legal_basis: REQUIRED",
                "scopes: REQUIRED",
                "msisdns: REQUIRED",
            ],
        ),
    ];
    for (messages, expected) in cases {
        let refused = refused(plan(&mut police, messages).await);
        assert_eq!((refused.code, refused.reason.as_str()), (Code::InvalidArgument, "INVALID_FIELDS"));
        assert_eq!(refused.violations, expected);
    }
    let long = header("N-1", vec!["12".to_owned(); 60]);
    let refused = refused(plan(&mut police, vec![long]).await);
    assert_eq!((refused.violations.len() <= 20, refused.total), (true, Some(60)));
    assert_eq!(world.written(), before, "a refused call wrote something");
    let said = world.database();
    let plans: i64 =
        said.query_row("SELECT COUNT(*) FROM shutdown_order", [], |row| row.get(0)).expect("a count");
    assert_eq!(plans, 0);
}

/// What a violation says is enough to go on: the limit, what was sent, and how to send more.
#[tokio::test]
async fn a_list_too_long_is_told_how_to_go_on() {
    let world = Node::start();
    let mut police = client(&world.connect("police-mps").await);
    let status = plan(&mut police, vec![header("N-1", vec!["17000000001".to_owned(); 10_001])]).await;
    let told = format!("{:?}", tonic_types::StatusExt::get_error_details(&status.expect_err("refused")));
    for wanted in ["10001", "10000", "further messages", "grpcurl -d @"] {
        assert!(told.contains(wanted), "{wanted} in {told}");
    }
}

/// A text that is no number by its length ends the stream as it is read: nothing waits for a sender who goes on.
#[tokio::test]
async fn what_is_too_long_is_refused_before_the_stream_ends() {
    let world = Node::start();
    let mut police = client(&world.connect("police-mps").await);
    let before = world.written();
    let (sends, sent) = tokio::sync::mpsc::unbounded_channel();
    sends.send(header("N-1", vec!["17000000001".to_owned()])).expect("open");
    sends.send(more(vec!["1".repeat(100_000); 10])).expect("open");
    let sent = tokio_stream::wrappers::UnboundedReceiverStream::new(sent);
    let told = refused(police.plan_shutdown(sent).await);
    assert_eq!((told.code, told.reason.as_str()), (Code::InvalidArgument, "INVALID_FIELDS"));
    let places: Vec<String> = (1..=10).map(|at| format!("msisdns[{at}]: TOO_LONG")).collect();
    assert_eq!(told.violations, places);
    drop(sends);
    assert_eq!(world.written(), before);
}

#[tokio::test]
async fn a_list_in_many_messages_is_one_order_and_two_officers_release_it() {
    let world = Node::start();
    let mut first = client(&world.connect("regulator-miit").await);
    let mut second = client(&world.connect("regulator-miit-2").await);
    let listed: Vec<String> = (0..120).map(|n| number(&world, n)).collect();
    let mut messages = vec![header("N-1", listed[..50].to_vec())];
    messages.extend(listed[50..].chunks(40).map(|part| more(part.to_vec())));
    let planned = plan(&mut first, messages.clone()).await.expect("planned");
    assert_eq!((planned.number_count, planned.impacts.len()), (120, 120));
    assert_eq!(planned.approval(), pb::ApprovalNeed::SecondOfficer);
    assert!(planned.next_step.starts_with("gl ShutdownService/IssueShutdown -d '{\"plan\":\"shutdownPlans/"));
    let mut turned = listed.clone();
    turned.reverse();
    let again = plan(&mut first, vec![header("N-1", turned)]).await.expect("planned");
    assert!(again.replayed && again.plan == planned.plan && again.plan_sha256 == planned.plan_sha256);
    let other = refused(plan(&mut first, vec![header("N-1", listed[..9].to_vec())]).await);
    assert_eq!((other.code, other.reason.as_str()), (Code::AlreadyExists, "ORDER_NUMBER_REUSED"));
    assert!(other.message.contains(&planned.plan), "the first one is named");

    let issue = |code: &str| pb::IssueShutdownRequest {
        plan: planned.plan.clone(),
        confirm_code: code.to_owned(),
        reason: "as planned".to_owned(),
        ..Default::default()
    };
    let wrong = refused(first.issue_shutdown(issue("0000-000")).await);
    assert_eq!((wrong.code, wrong.reason.as_str()), (Code::FailedPrecondition, "CONFIRM_CODE_MISMATCH"));
    let mut police = client(&world.connect("police-mps").await);
    let theirs = refused(police.issue_shutdown(issue(&planned.confirm_code)).await);
    assert_eq!((theirs.code, theirs.reason.as_str()), (Code::NotFound, "PLAN_NOT_FOUND"));
    let issued = first.issue_shutdown(issue(&planned.confirm_code)).await.expect("issued").into_inner();
    let order = issued.order.expect("an order");
    assert_eq!(order.state(), pb::OrderState::PendingApproval);
    assert!(issued.next_step.contains(&order.plan_sha256), "{}", issued.next_step);
    let get = pb::GetShutdownOrderRequest { order: order.name.clone() };
    let hidden = refused(police.get_shutdown_order(get.clone()).await);
    assert_eq!((hidden.code, hidden.reason.as_str()), (Code::NotFound, "ORDER_NOT_FOUND"));
    let approve = |hash: &str| pb::ApproveShutdownRequest {
        order: order.name.clone(),
        plan_sha256: hash.to_owned(),
        reason: "read and agreed".to_owned(),
        ..Default::default()
    };
    let own = refused(first.approve_shutdown(approve(&order.plan_sha256)).await);
    assert_eq!(own.reason, "APPROVER_IS_PROPOSER");
    let wrong = refused(second.approve_shutdown(approve(&"0".repeat(64))).await);
    assert_eq!(wrong.reason, "PLAN_HASH_MISMATCH");
    let approved = second.approve_shutdown(approve(&order.plan_sha256)).await.expect("approved").into_inner();
    let approved = approved.order.expect("an order");
    assert_eq!((approved.state(), approved.wave), (pb::OrderState::InProgress, 1));
    let counts = approved.counts.expect("counts");
    assert_eq!((counts.released, counts.planned), (2, 118));
    let halt = pb::HaltShutdownRequest {
        order: order.name.clone(),
        reason: "an error was found".to_owned(),
        ..Default::default()
    };
    let halted = second.halt_shutdown(halt).await.expect("halted").into_inner();
    assert_eq!(halted.order.expect("an order").state(), pb::OrderState::Halted);
    assert!(halted.next_step.contains("CancelShutdown"));
    let alarms =
        first.list_alarms(pb::ListAlarmsRequest::default()).await.expect("alarms").into_inner().alarms;
    assert_eq!(
        (alarms.len(), alarms[0].kind(), alarms[0].order.as_str()),
        (1, pb::AlarmKind::Limit, order.name.as_str())
    );
    let ask = pb::ListNumberActionsRequest { msisdn: listed[0].clone(), ..Default::default() };
    let actions = first.list_number_actions(ask).await.expect("actions").into_inner().number_actions;
    assert_eq!((actions.len(), actions[0].state()), (1, pb::NumberState::Released));
    let mut watched = first
        .watch_shutdown_order(pb::WatchShutdownOrderRequest { order: order.name.clone() })
        .await
        .expect("a watch")
        .into_inner();
    let seen = watched.message().await.expect("at once").expect("an order").order.expect("an order");
    assert_eq!(seen.state(), pb::OrderState::Halted);
    let metrics = super::commands::get(&world.ops, "/metrics");
    assert!(metrics.contains("greenlane_alarms_total{kind=\"LIMIT\"} 1"), "{metrics}");
}

/// Names that are none, and steps of nothing, are told so in the same way as everywhere.
#[tokio::test]
async fn names_that_are_none() {
    let world = Node::start();
    let mut first = client(&world.connect("regulator-miit").await);
    let halt = |order: &str| pb::HaltShutdownRequest {
        order: order.to_owned(),
        reason: "an error was found".to_owned(),
        ..Default::default()
    };
    for (name, expected) in
        [("", "order: REQUIRED"), ("shutdownPlans/x", "order: BAD_NAME"), ("x", "order: BAD_NAME")]
    {
        assert_eq!(refused(first.halt_shutdown(halt(name)).await).violations, [expected]);
    }
    assert_eq!(refused(first.halt_shutdown(halt("shutdownOrders/none")).await).reason, "ORDER_NOT_FOUND");
    let decide =
        pb::DecideHeldNumbersRequest { order: "shutdownOrders/none".to_owned(), ..Default::default() };
    assert_eq!(
        refused(first.decide_held_numbers(decide).await).violations,
        ["decision: REQUIRED", "reason: BAD_LENGTH"]
    );
    let list = pb::ListNumberActionsRequest::default();
    assert_eq!(refused(first.list_number_actions(list).await).violations, ["order: REQUIRED"]);
    let list = pb::ListShutdownOrdersRequest { page_token: "x".to_owned(), ..Default::default() };
    assert_eq!(refused(first.list_shutdown_orders(list).await).reason, "PAGE_TOKEN_MISMATCH");
}
