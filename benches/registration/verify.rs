//! VerifyIdentity with the authority's answer kept, beside CheckStatus of the same gateway.

use std::{path::Path, sync::Arc};

use greenlane::domain::time::Clock;

use super::{
    people::{self, MVNO},
    register,
    site::Site,
};
use crate::harness::{
    client::Question,
    contest::{Contestant, Course, Outcome, Size},
    cores::Cores,
    gateway, report,
};

/// Persons who are asked about, in turn.
const PERSONS: u64 = 1_000;
/// Calls under way: no answer about a person comes before 5 ms are over, so fewer would leave the core idle.
const IN_FLIGHT: usize = 1_024;

/// The places of the contestants.
pub const VERIFY: usize = 0;
pub const CHECK: usize = 1;

/// Runs the contest, and prints its figures.
pub async fn run(folder: &Path, bench: bool, cores: Cores, clock: &Arc<dyn Clock>) -> Outcome {
    let size = Size { in_flight: IN_FLIGHT, ..Size::asked(bench) };
    let site = Site::make(&folder.join("verify"), cores);
    let node = site.start();
    register::verify(&node, site.dir(), PERSONS).await;
    let verify =
        Question::each("/greenlane.v1.IdentityService/VerifyIdentity", |n| people::verify(n % PERSONS));
    let contestants = vec![
        Contestant {
            name: "VerifyIdentity, answer kept".to_owned(),
            server: &node,
            identities: vec![gateway::identity(site.dir(), &format!("mvno-{MVNO}"))],
            question: verify,
        },
        Contestant {
            name: "CheckStatus".to_owned(),
            server: &node,
            identities: gateway::carriers(site.dir()),
            question: gateway::question(),
        },
    ];
    let idle = vec![node.memory(); contestants.len()];
    let course = Course { contestants, clock: clock.clone(), size };
    let outcome = course.contest(register::CONNECTIONS).await;
    println!("{}", report::figures(&course.contestants, std::slice::from_ref(&outcome), &idle));
    outcome
}
