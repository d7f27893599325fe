//! The database out of reach for longer than the bound: nobody is allowed anything new, and those who are served are
//! served on; then it is back, and nobody has to do anything.

use std::time::Duration;

use greenlane::rpc::pb::{self, compliance_service_client::ComplianceServiceClient};
use prost_types::Timestamp;
use tonic::{Code, Request, transport::Channel};

use super::{
    asked,
    nodes::{MVNO, Nodes},
};
use crate::support::{
    postgres::Cluster,
    proxy::{Mode, Proxy},
};

async fn ask(
    client: &mut ComplianceServiceClient<Channel>,
    action: pb::Action,
) -> Result<pb::CheckStatusResponse, Code> {
    let mut request = Request::new(pb::CheckStatusRequest {
        mvno: MVNO.to_owned(),
        action: action.into(),
        ..Default::default()
    });
    request.set_timeout(Duration::from_secs(10));
    client.check_status(request).await.map(tonic::Response::into_inner).map_err(|status| status.code())
}

fn actions() -> impl Iterator<Item = pb::Action> {
    (1..=10).map(|number| pb::Action::try_from(number).expect("ten actions"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_truth_nobody_is_allowed_anything_new() {
    let cluster = Cluster::shared();
    let proxy = Proxy::start(&cluster.host());
    let nodes = Nodes::start(&proxy.through(&cluster.fresh_database(), &cluster.host()), None);
    let mut clients: Vec<_> =
        nodes.all.iter().map(|node| ComplianceServiceClient::new(node.lazy("carrier-unicom"))).collect();
    for mode in [Mode::Stall, Mode::BlackHole, Mode::Refuse] {
        for client in &mut clients {
            // On a machine that is busy a node may find itself late for a moment, and says so.
            while ask(client, pb::Action::AllocateNumbers).await.is_err() {
                tokio::task::yield_now().await;
            }
        }
        proxy.set(mode);
        if matches!(mode, Mode::Refuse) {
            proxy.cut();
        }
        // From the first refusal on, each node is beyond its bound, and so are all of its answers.
        for client in &mut clients {
            while ask(client, pb::Action::AllocateNumbers).await != Err(Code::Unavailable) {
                tokio::task::yield_now().await;
            }
        }
        let (mut refused, mut served) = (0, 0);
        for _ in 0..asked("FAULTS", 1) {
            for client in &mut clients {
                for action in actions() {
                    match (action, ask(client, action).await) {
                        (pb::Action::ServeExistingUsers, Ok(answer)) => {
                            assert_eq!(answer.decision(), pb::Decision::Allow);
                            let (seen, decided) = (answer.facts_as_of_time, answer.decide_time);
                            let micros =
                                |time: Option<Timestamp>| time.map(|time| (time.seconds, time.nanos));
                            assert!(micros(seen) < micros(decided), "it says how old it is");
                            served += 1;
                        }
                        (pb::Action::ServeExistingUsers, Err(code)) => panic!("not served: {code:?}"),
                        (_, Err(Code::Unavailable)) => refused += 1,
                        (action, answer) => panic!("{action:?}: {answer:?}"),
                    }
                }
            }
        }
        println!(
            "database {mode:?}: {refused} UNAVAILABLE of {refused}, {served} SERVE_EXISTING_USERS allowed"
        );
        proxy.set(Mode::Pass);
        for client in &mut clients {
            // It heals by itself.
            while ask(client, pb::Action::AllocateNumbers).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}
