//! The rounds. Every server runs from the first round to the last; in each round each of them is loaded in turn by
//! the same client, in another order each time, so that what the machine does meanwhile falls on all alike.

use std::{
    env,
    io::{self, IsTerminal},
    sync::Arc,
    time::Duration,
};

use greenlane::domain::time::Clock;
use rustls::ClientConfig;

use crate::{
    child::Server,
    client::{Client, Question},
    figures::{median, micros, percentile},
    load::{self, Found, Span},
};

/// Connections of each contest, where `CONNECTIONS` of the environment does not narrow it for a profiler's sake.
const CONNECTIONS: &str = "1,8,64";
/// Calls under way at saturation, over all connections.
pub const IN_FLIGHT: usize = 64;

/// Who takes part: the gateway, then the yardsticks.
pub const NAMES: [&str; 3] = ["greenlane", "stock, default runtime", "stock, current_thread"];
/// How many take part.
pub const SERVERS: usize = NAMES.len();

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Size {
    /// Rounds of each kind.
    pub rounds: usize,
    /// Of each load in each round.
    pub span: Span,
}

/// What everybody is asked, and by whom.
pub struct Course {
    /// The servers, in the order of [`NAMES`].
    pub servers: [Server; SERVERS],
    /// The client's identity.
    pub tls: Arc<ClientConfig>,
    /// The call.
    pub question: Question,
    /// The clock of the measurements.
    pub clock: Arc<dyn Clock>,
    /// How much is measured.
    pub size: Size,
}

/// The medians of one server at one number of connections.
#[derive(Clone, Copy, Default)]
pub struct Medians {
    /// Microseconds of the server's time for a call, at saturation.
    pub cpu_saturated: f64,
    /// Calls a second at saturation.
    pub rate: f64,
    /// How much of its core the server used at saturation.
    pub busy: f64,
    /// Microseconds of the server's time for a call, at equal load.
    pub cpu_steady: f64,
    /// Microseconds, at equal load.
    pub p50: f64,
    /// Microseconds, at equal load.
    pub p99: f64,
    /// Resident bytes with the connections open, after load.
    pub memory: f64,
}

/// The equal load and what came of it, for one number of connections.
pub struct Outcome {
    /// How many connections.
    pub connections: usize,
    /// Calls a second at equal load.
    pub rate: f64,
    /// In the order of [`NAMES`].
    pub servers: [Medians; SERVERS],
}

// === impl Size ===

impl Size {
    /// `ROUNDS` and `SPAN_MS` of the environment; a glance where this is no benchmark run.
    pub fn asked(bench: bool) -> Self {
        let (rounds, measured) = if bench { (7, 1000) } else { (1, 100) };
        let asked = |name: &str, default: u64| {
            env::var(name)
                .map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
        };
        let rounds = usize::try_from(asked("ROUNDS", rounds).max(1)).expect("a few");
        let measured = Duration::from_millis(asked("SPAN_MS", measured).max(1));
        Self { rounds, span: Span { warm: measured / 4, measured } }
    }
}

/// The contests to run.
pub fn connections() -> Vec<usize> {
    let asked = env::var("CONNECTIONS").unwrap_or_else(|_| CONNECTIONS.to_owned());
    asked.split(',').map(|text| text.trim().parse().expect("CONNECTIONS is numbers with commas")).collect()
}

// === impl Course ===

impl Course {
    /// Both kinds of load at that many connections: saturation first, then half of what the slowest could do.
    pub async fn run(&self, connections: usize) -> Outcome {
        let mut saturated = [const { Vec::new() }; SERVERS];
        for (round, server) in self.turns() {
            told(&format!(
                "{connections} connections, saturated, round {} of {}",
                round + 1,
                self.size.rounds
            ));
            let client = self.client(server, connections).await;
            let (child, clock) = (&self.servers[server], self.clock.as_ref());
            let found = load::saturate(&client, child, clock, IN_FLIGHT, self.size.span).await;
            client.close().await;
            saturated[server].push(found);
        }
        let mut servers = saturated.each_ref().map(|found| Medians {
            cpu_saturated: median(found.iter().map(cpu_per_call)),
            rate: median(found.iter().map(|found| calls(found) / found.took.as_secs_f64())),
            busy: median(found.iter().map(|found| found.cpu.as_secs_f64() / found.took.as_secs_f64())),
            ..Medians::default()
        });
        let rate = servers.iter().map(|server| server.rate).fold(f64::INFINITY, f64::min) / 2.0;
        let mut steady = [const { Vec::new() }; SERVERS];
        for (round, server) in self.turns() {
            eprint!(
                "\r{connections} connections, equal load, round {} of {}   ",
                round + 1,
                self.size.rounds
            );
            let client = self.client(server, connections).await;
            let found = load::steady(&client, &self.servers[server], &self.clock, rate, self.size.span).await;
            client.close().await;
            steady[server].push(found);
        }
        for (medians, found) in servers.iter_mut().zip(&steady) {
            medians.cpu_steady = median(found.iter().map(cpu_per_call));
            medians.p50 = median(found.iter().map(|found| micros(percentile(&found.latencies, 50))));
            medians.p99 = median(found.iter().map(|found| micros(percentile(&found.latencies, 99))));
            medians.memory = median(found.iter().map(|found| found.memory as f64));
        }
        told("");
        Outcome { connections, rate, servers }
    }

    /// Every round's servers, each round beginning with another.
    fn turns(&self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.size.rounds)
            .flat_map(|round| (0..SERVERS).map(move |turn| (round, (round + turn) % SERVERS)))
    }

    async fn client(&self, server: usize, connections: usize) -> Client {
        let address = self.servers[server].address;
        Client::connect(address, &self.tls, connections, &self.question).await.expect("let in")
    }
}

/// Where the run is, for whoever watches it.
fn told(place: &str) {
    if io::stderr().is_terminal() {
        eprint!("\r{place:60}\r");
    }
}

fn calls(found: &Found) -> f64 {
    found.calls as f64
}

fn cpu_per_call(found: &Found) -> f64 {
    micros(found.cpu) / calls(found)
}
