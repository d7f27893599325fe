//! The same request at several nodes at once, as a client sends it again that had no answer: done once, and answered
//! by all of them as if each had done it.

use futures_util::future::join_all;
use greenlane::{domain::number::Prefix, service::supervise::suspend_mvno::Suspension};

use crate::{
    support::postgres::Cluster,
    world::{Nodes, block, context},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_request_is_done_once() {
    let nodes = Nodes::on(&Cluster::shared().fresh_database(), 3).await;
    let mvnos = nodes.compliant("same", 1).await;
    for round in 0..20 {
        // An allocation that is there already, a block that is gone, a suspension in force: each would be refused to
        // somebody else.
        let prefix = block();
        let mut request = context("/test/Allocate");
        request.request_id = Some(format!("allocate-{round}"));
        let allocate = nodes
            .each
            .iter()
            .map(|node| node.gateway.allocate_numbers(request.clone(), mvnos[0].clone(), prefix.clone()));
        let answers = join_all(allocate).await.into_iter().map(|answer| answer.expect("allocated"));
        let (ids, replayed): (Vec<_>, Vec<_>) =
            answers.map(|answer| (answer.answer.id, answer.replayed)).unzip();
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        assert_eq!(replayed.iter().filter(|replayed| **replayed).count(), 2);

        let mut request = context("/test/Return");
        request.request_id = Some(format!("return-{round}"));
        let give_back = nodes
            .each
            .iter()
            .map(|node| node.gateway.return_numbers(request.clone(), mvnos[0].clone(), prefix.clone()));
        for answer in join_all(give_back).await {
            assert_eq!(answer.expect("returned").answer.id, ids[0]);
        }
    }
    let mut request = context("/test/Suspend");
    request.request_id = Some("suspend".to_owned());
    let suspend = nodes.each.iter().map(|node| {
        let suspension = Suspension { mvno: mvnos[0].clone(), effective_time: None };
        node.gateway.suspend_mvno(request.clone(), suspension)
    });
    for answer in join_all(suspend).await {
        answer.expect("suspended");
    }
    // Under another id it is another request.
    let prefix = Prefix::parse("1700000").expect("a block");
    let mut request = context("/test/Allocate");
    request.request_id = Some("another".to_owned());
    assert!(nodes.node(0).gateway.allocate_numbers(request, mvnos[0].clone(), prefix).await.is_err());
}
