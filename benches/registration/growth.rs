//! Register by how many subscribers there are: a gateway for each size, asked in turn.

use std::{path::Path, sync::Arc};

use greenlane::domain::time::Clock;

use super::{
    crowd,
    people::MVNO,
    register::{self, BLOCKS, CONNECTIONS, FIRST_BLOCK},
    site::Site,
};
use crate::harness::{
    child::Server,
    contest::{Contestant, Course, Outcome, Size},
    cores::Cores,
    gateway, report,
};

/// Runs the contest, the first size its yardstick, and prints its figures.
pub async fn run(folder: &Path, sizes: &[u64], bench: bool, cores: Cores, clock: &Arc<dyn Clock>) -> Outcome {
    let size = Size { connections: vec![CONNECTIONS], ..Size::asked(bench) };
    let sites: Vec<Site> = sizes
        .iter()
        .map(|subscribers| {
            let site = Site::make(&folder.join(format!("growth-{subscribers}")), cores);
            site.hand_out(FIRST_BLOCK, BLOCKS);
            crowd::write(site.dir(), *subscribers, clock.now());
            site
        })
        .collect();
    let nodes: Vec<Server> = sites.iter().map(Site::start).collect();
    let contestants: Vec<Contestant<'_>> = (sites.iter().zip(&nodes).zip(sizes))
        .map(|((site, server), subscribers)| Contestant {
            name: format!("{subscribers} subscribers"),
            server,
            identities: vec![gateway::identity(site.dir(), &format!("mvno-{MVNO}"))],
            question: register::question(0),
        })
        .collect();
    let idle: Vec<u64> = nodes.iter().map(Server::memory).collect();
    let course = Course { contestants, clock: clock.clone(), size };
    let outcome = course.contest(CONNECTIONS).await;
    println!("{}", report::figures(&course.contestants, std::slice::from_ref(&outcome), &idle));
    outcome
}
