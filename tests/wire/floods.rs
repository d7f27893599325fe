//! One organisation's crowd, and everybody else.

use greenlane::rpc::pb::{self, compliance_service_client::ComplianceServiceClient};
use tonic::Code;

use super::refusal;
use crate::support::node::Node;

/// Every act wakes every watch, so nobody may have any number of them.
#[tokio::test]
async fn watches_of_one_organisation_have_an_end() {
    let world = Node::start();
    let mut open = Vec::new();
    let refused = 'full: loop {
        let mut client = ComplianceServiceClient::new(world.connect("mvno-m07").await);
        for _ in 0..60 {
            match client.watch_standings(pb::WatchStandingsRequest::default()).await {
                Ok(watch) => open.push(watch),
                Err(status) => break 'full refusal::read(&status),
            }
            assert!(open.len() <= 100, "there is no end");
        }
    };
    assert_eq!((refused.code, refused.reason.as_str()), (Code::ResourceExhausted, "OVERLOADED"));
    assert_eq!(open.len(), 100);
    let mut other = ComplianceServiceClient::new(world.connect("mvno-m08").await);
    other.watch_standings(pb::WatchStandingsRequest::default()).await.expect("nobody else's matter");
}
