//! Two officers who shut numbers down and let them back, whatever happens to the gateway meanwhile: each step is sent
//! again, by its request id, until it is answered.

use std::time::Duration;

use greenlane::rpc::pb::{self, shutdown_service_client::ShutdownServiceClient};
use prost_types::Timestamp;
use tonic::{Code, Request, Response, Status, transport::Channel};

/// Both of them.
#[derive(Clone)]
pub struct Officers {
    first: ShutdownServiceClient<Channel>,
    second: ShutdownServiceClient<Channel>,
}

/// What an order is made of.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The official number: another for each order.
    pub order_number: String,
    pub msisdns: Vec<String>,
}

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(20);
/// In one message.
const A_MESSAGE: usize = 10_000;
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends it until it is answered, or refused for good.
pub async fn steady<T, F>(mut call: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<Response<T>, Status>>,
{
    loop {
        match call().await {
            Ok(answer) => return answer.into_inner(),
            Err(status) if passes(&status) => tokio::time::sleep(PAUSE).await,
            Err(status) => panic!("refused: {status:?}"),
        }
    }
}

/// Whether what failed so is to be sent again.
pub fn passes(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown)
}

// === impl Officers ===

impl Officers {
    /// By connections of two persons of one authority.
    pub fn new(first: Channel, second: Channel) -> Self {
        Self { first: ShutdownServiceClient::new(first), second: ShutdownServiceClient::new(second) }
    }

    /// The plan of a shutdown.
    pub async fn plan(&mut self, wish: &Wish) -> pb::PlanShutdownResponse {
        let header = pb::PlanShutdownRequest {
            order_number: wish.order_number.clone(),
            reason: "used for fraud".to_owned(),
            legal_basis: vec!["反电信网络诈骗法§32".to_owned()],
            case_number: "TEST".to_owned(),
            evidence_time: Some(Timestamp { seconds: 1_700_000_000, nanos: 0 }),
            scopes: vec![pb::Scope::VoiceOut.into(), pb::Scope::SmsOut.into()],
            urgency: pb::Urgency::Urgent.into(),
            request_id: format!("plan-{}", wish.order_number),
            ..Default::default()
        };
        steady(|| {
            let message =
                |part: &[String]| pb::PlanShutdownRequest { msisdns: part.to_vec(), ..Default::default() };
            let mut messages: Vec<_> = wish.msisdns.chunks(A_MESSAGE).map(message).collect();
            messages[0] = pb::PlanShutdownRequest {
                msisdns: std::mem::take(&mut messages[0].msisdns),
                ..header.clone()
            };
            let mut request = Request::new(tokio_stream::iter(messages));
            request.set_timeout(PATIENCE);
            let mut client = self.first.clone();
            async move { client.plan_shutdown(request).await }
        })
        .await
    }

    /// The plan that lets all numbers of an order back: its name, confirm code and hash.
    pub async fn plan_back(&mut self, order: &str, order_number: &str) -> (String, String, String) {
        let ask = pb::PlanRestorationRequest {
            order: order.to_owned(),
            order_number: order_number.to_owned(),
            reason: "shut down in error".to_owned(),
            request_id: format!("plan-{order_number}"),
            ..Default::default()
        };
        let plan = steady(|| {
            let (mut client, ask) = (self.first.clone(), ask.clone());
            async move { client.plan_restoration(patient(ask)).await }
        })
        .await;
        (plan.plan, plan.confirm_code, plan.plan_sha256)
    }

    /// The order of a plan, and whether it waits for the other officer.
    pub async fn issue(&mut self, plan: &str, confirm_code: &str) -> pb::ShutdownOrder {
        let ask = pb::IssueShutdownRequest {
            plan: plan.to_owned(),
            confirm_code: confirm_code.to_owned(),
            reason: "as planned".to_owned(),
            request_id: format!("issue-{}", plan.rsplit('/').next().unwrap_or_default()),
            ..Default::default()
        };
        let answer = steady(|| {
            let (mut client, ask) = (self.first.clone(), ask.clone());
            async move { client.issue_shutdown(patient(ask)).await }
        })
        .await;
        answer.order.expect("an order")
    }

    /// The other officer's yes, where it is needed.
    pub async fn approve(&mut self, order: pb::ShutdownOrder) -> pb::ShutdownOrder {
        if order.state() != pb::OrderState::PendingApproval {
            return order;
        }
        let ask = pb::ApproveShutdownRequest {
            order: order.name.clone(),
            plan_sha256: order.plan_sha256.clone(),
            reason: "read and approved".to_owned(),
            request_id: format!("approve-{}", order.name.rsplit('/').next().unwrap_or_default()),
            ..Default::default()
        };
        let answer = steady(|| {
            let (mut client, ask) = (self.second.clone(), ask.clone());
            async move { client.approve_shutdown(patient(ask)).await }
        })
        .await;
        answer.order.expect("an order")
    }

    /// From the plan to the order that is on its way.
    pub async fn shut_down(&mut self, wish: &Wish) -> pb::ShutdownOrder {
        let plan = self.plan(wish).await;
        let order = self.issue(&plan.plan, &plan.confirm_code).await;
        self.approve(order).await
    }

    /// The same, to let them all back.
    pub async fn let_back(&mut self, order: &str, order_number: &str) -> pb::ShutdownOrder {
        let (plan, confirm_code, _) = self.plan_back(order, order_number).await;
        let order = self.issue(&plan, &confirm_code).await;
        self.approve(order).await
    }

    /// An order as it is now.
    pub async fn order(&mut self, order: &str) -> pb::ShutdownOrder {
        let ask = pb::GetShutdownOrderRequest { order: order.to_owned() };
        let answer = steady(|| {
            let (mut client, ask) = (self.second.clone(), ask.clone());
            async move { client.get_shutdown_order(patient(ask)).await }
        })
        .await;
        answer.order.expect("an order")
    }

    /// An order once it has ended. Its counts sum to its numbers whenever it is looked at.
    pub async fn ended(&mut self, order: &str) -> pb::ShutdownOrder {
        loop {
            let ask = pb::WatchShutdownOrderRequest { order: order.to_owned() };
            let watch = self.second.watch_shutdown_order(Request::new(ask)).await;
            let mut watch = match watch {
                Ok(watch) => watch.into_inner(),
                Err(status) => {
                    assert!(passes(&status), "refused: {status:?}");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            while let Ok(Some(seen)) = watch.message().await {
                let order = seen.order.expect("an order");
                sums(&order);
                if has_ended(&order) {
                    return order;
                }
            }
        }
    }
}

/// Whether nothing more comes of an order.
pub fn has_ended(order: &pb::ShutdownOrder) -> bool {
    use pb::OrderState::{Cancelled, Completed, Expired, Partial};
    matches!(order.state(), Cancelled | Completed | Expired | Partial)
}

/// Holds an order's counts to its numbers.
#[track_caller]
pub fn sums(order: &pb::ShutdownOrder) {
    let of = order.counts.unwrap_or_default();
    let sum = [
        of.planned,
        of.released,
        of.delivered,
        of.acked,
        of.executed,
        of.verified,
        of.diverged,
        of.refused,
        of.failed,
        of.held,
        of.overdue,
        of.restoring,
        of.restored,
    ];
    assert_eq!(sum.iter().sum::<i32>(), order.number_count, "{order:?}");
}

fn patient<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(PATIENCE);
    request
}
