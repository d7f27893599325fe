//! How soon an upheld appeal is at the streams of those who let the number back.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::Arc,
    time::Duration,
};

use greenlane::{
    domain::time::Clock,
    rpc::pb::{self, appeal_service_client::AppealServiceClient},
};

use crate::{
    blocks,
    cores::Cores,
    officers::Wish,
    receivers::{Receivers, identities},
    site::{MVNOS, Site},
};

/// From each decision, as it is sent, to the later of its two receivers; sorted.
pub async fn run(dir: &Path, count: usize, cores: Cores, clock: &Arc<dyn Clock>) -> Vec<Duration> {
    let site = Site::start(dir, MVNOS, cores);
    let mut receivers = Receivers::start(&site, &identities(1..=MVNOS), clock).await;
    let mut officers = site.officers().await;
    let msisdns: Vec<String> =
        (0..count).map(|n| blocks::number(n % 3, n % MVNOS + 1, n / MVNOS + 1)).collect();
    let order = officers.shut_down(&Wish { order_number: "BENCH-2".to_owned(), msisdns }).await;
    let mut codes: HashMap<String, String> = HashMap::new();
    {
        let mut ended = std::pin::pin!(officers.ended(&order.name));
        loop {
            tokio::select! {
                _ = &mut ended => break,
                arrival = receivers.next() => {
                    let coded = arrival.command.notices.into_iter().filter(|notice| !notice.appeal_code.is_empty());
                    codes.extend(coded.map(|notice| (notice.appeal_code, notice.msisdn)));
                }
            }
        }
    }
    assert_eq!(codes.len(), count, "each number has a code");
    let mut portal = AppealServiceClient::new(site.connect("portal").await);
    let mut judge = AppealServiceClient::new(site.connect("regulator-miit").await);
    let mut took = Vec::new();
    for (code, msisdn) in codes {
        let filed = portal.file_appeal(pb::FileAppealRequest {
            appeal_code: code,
            statement: "this number is mine since last week".to_owned(),
            ..Default::default()
        });
        let appeal = filed.await.expect("filed").into_inner().appeal.expect("an appeal").name;
        let said = clock.monotonic();
        let decided = judge.decide_appeal(pb::DecideAppealRequest {
            appeal,
            outcome: pb::AppealOutcome::Upheld.into(),
            reason: "the holder came later".to_owned(),
            ..Default::default()
        });
        decided.await.expect("decided");
        let mut got = HashSet::new();
        let mut last = said;
        while got.len() < 2 {
            let arrival = receivers.next().await;
            let restores = arrival.command.kind() == pb::CommandKind::Restore;
            if restores && arrival.command.msisdns.contains(&msisdn) {
                got.insert(arrival.receiver);
                last = last.max(arrival.at);
            }
        }
        took.push(last - said);
    }
    took.sort_unstable();
    took
}
