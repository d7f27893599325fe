//! Who runs where: a server on one core, its client on another, so that neither takes time from the other.

use nix::{
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    unistd::Pid,
};

/// The two cores of a contest.
#[derive(Clone, Copy)]
pub struct Cores {
    /// Every server's.
    pub server: usize,
    /// The client's.
    pub client: usize,
}

const SELF: Pid = Pid::from_raw(0);

// === impl Cores ===

impl Cores {
    /// The first two cores that this process may use, the client (whoever asks) pinned to the second.
    pub fn take() -> Self {
        let allowed = sched_getaffinity(SELF).expect("the kernel says which cores may be used");
        let mut cores = (0..CpuSet::count()).filter(|core| allowed.is_set(*core).unwrap_or(false));
        let server = cores.next().expect("there is one");
        let client = cores.next().expect("a contest needs two cores: one for the server, one for the client");
        let cores = Self { server, client };
        pin(cores.client);
        cores
    }

    /// Runs `start` pinned to the server's core: what it spawns stays there with all of its threads.
    pub fn on_server<T>(self, start: impl FnOnce() -> T) -> T {
        pin(self.server);
        let started = start();
        pin(self.client);
        started
    }
}

/// Pins this thread, and whatever it starts from here on.
fn pin(core: usize) {
    let mut set = CpuSet::new();
    set.set(core).expect("a core that was allowed");
    sched_setaffinity(SELF, &set).expect("a process may narrow its own cores");
}
