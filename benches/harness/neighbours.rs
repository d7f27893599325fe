//! What else the two cores did meanwhile. A server and a client that must wait for others' slices have a p99 that is
//! made of those: a run says so of itself.

use std::{fs, time::Duration};

use nix::time::ClockId;

use super::{child::Server, cores::Cores};

/// A look at the cores and at our own processes.
pub struct Look {
    busy: f64,
    all: f64,
    own: Duration,
}

// === impl Look ===

impl Look {
    /// As of now.
    pub fn now<'s>(cores: Cores, servers: impl Iterator<Item = &'s Server>) -> Self {
        let stat = fs::read_to_string("/proc/stat").expect("the kernel counts");
        let (mut busy, mut all) = (0.0, 0.0);
        for core in [cores.server, cores.client] {
            let name = format!("cpu{core} ");
            let line = stat.lines().find_map(|line| line.strip_prefix(&name)).expect("a core that is there");
            // user nice system idle iowait irq softirq steal; guests are in user already.
            let ticks: Vec<f64> =
                line.split_whitespace().take(8).map(|ticks| ticks.parse().expect("ticks")).collect();
            all += ticks.iter().sum::<f64>();
            busy += ticks.iter().sum::<f64>() - ticks[3] - ticks[4];
        }
        let client: Duration = ClockId::CLOCK_PROCESS_CPUTIME_ID.now().expect("our own clock").into();
        let own = servers.map(Server::cpu).sum::<Duration>() + client;
        Self { busy, all, own }
    }

    /// The part of the two cores that was neither ours nor idle since that look, `took` ago.
    pub fn others_since(&self, before: &Self, took: Duration) -> f64 {
        let busy = (self.busy - before.busy) / (self.all - before.all);
        let own = (self.own - before.own).as_secs_f64() / (took.as_secs_f64() * 2.0);
        (busy - own).max(0.0)
    }
}
