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
use tokio::time::timeout;

use super::{
    child::Server,
    client::{Client, Question},
    figures::{median, micros, percentile},
    load::{self, Found, Span},
};

/// Connections of each contest, where `CONNECTIONS` of the environment does not narrow it for a profiler's sake.
const CONNECTIONS: &str = "1,8,64";
/// Calls under way at saturation, over all connections, where a bench says nothing else.
pub const IN_FLIGHT: usize = 64;
/// A load that takes so much longer than it should hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who takes part: one server may do so with several questions.
pub struct Contestant<'s> {
    /// As the table has it.
    pub name: String,
    /// Up and waiting.
    pub server: &'s Server,
    /// The client's identities, taken in turn by its connections: one organisation alone may not ask all that a core can
    /// answer.
    pub identities: Vec<Arc<ClientConfig>>,
    /// The call.
    pub question: Question,
}

/// How much is measured.
#[derive(Clone)]
pub struct Size {
    /// The contests, by their number of connections.
    pub connections: Vec<usize>,
    /// Rounds of each kind of load.
    pub rounds: usize,
    /// Of each load in each round.
    pub span: Span,
    /// Calls under way at saturation.
    pub in_flight: usize,
}

/// Who takes part, and in what.
pub struct Course<'s> {
    /// Who takes part.
    pub contestants: Vec<Contestant<'s>>,
    /// The clock of the measurements.
    pub clock: Arc<dyn Clock>,
    /// How much is measured.
    pub size: Size,
}

/// The medians of one server at one number of connections.
#[derive(Clone, Copy)]
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
    /// Resident bytes with the connections open, after the loads.
    pub memory: f64,
}

/// What came of one number of connections.
pub struct Outcome {
    /// How many.
    pub connections: usize,
    /// Calls a second at equal load.
    pub rate: f64,
    /// In the order of the contestants.
    pub medians: Vec<Medians>,
}

// === impl Size ===

impl Size {
    /// As `ROUNDS`, `SPAN_MS` and `CONNECTIONS` of the environment say; a glance where this is no benchmark run.
    pub fn asked(bench: bool) -> Self {
        Self::asked_at(bench, CONNECTIONS)
    }

    /// The same with other numbers of connections where `CONNECTIONS` is not set.
    pub fn asked_at(bench: bool, connections: &str) -> Self {
        let (rounds, millis) = if bench { (7, 1000) } else { (1, 100) };
        let number =
            |text: &str| text.trim().parse::<u64>().unwrap_or_else(|_| panic!("{text} is no number"));
        let asked = |name: &str, default: u64| env::var(name).map_or(default, |text| number(&text).max(1));
        let count = |number: u64| usize::try_from(number.max(1)).expect("a few");
        let connections = env::var("CONNECTIONS").unwrap_or_else(|_| connections.to_owned());
        let measured = Duration::from_millis(asked("SPAN_MS", millis));
        Self {
            connections: connections.split(',').map(|text| count(number(text))).collect(),
            rounds: count(asked("ROUNDS", rounds)),
            span: Span { warm: measured / 4, measured },
            in_flight: IN_FLIGHT,
        }
    }
}

// === impl Course ===

impl Course<'_> {
    /// Every contest.
    pub async fn run(&self) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for connections in &self.size.connections {
            outcomes.push(self.contest(*connections).await);
        }
        outcomes
    }

    /// Both kinds of load at that many connections: saturation first, then half of what the slowest could do.
    pub async fn contest(&self, connections: usize) -> Outcome {
        let saturated = self.rounds(connections, None).await;
        let rates: Vec<f64> = saturated.iter().map(|found| median(found.iter().map(rate))).collect();
        let equal = rates.iter().copied().fold(f64::INFINITY, f64::min) / 2.0;
        let steady = self.rounds(connections, Some(equal)).await;
        let medians = saturated.iter().zip(&steady).zip(rates).map(|((saturated, steady), rate)| Medians {
            cpu_saturated: median(saturated.iter().map(cpu_per_call)),
            rate,
            busy: median(saturated.iter().map(|found| found.cpu.as_secs_f64() / found.took.as_secs_f64())),
            cpu_steady: median(steady.iter().map(cpu_per_call)),
            p50: median(steady.iter().map(|found| micros(percentile(&found.latencies, 50)))),
            p99: median(steady.iter().map(|found| micros(percentile(&found.latencies, 99)))),
            memory: median(steady.iter().map(|found| found.memory as f64)),
        });
        Outcome { connections, rate: equal, medians: medians.collect() }
    }

    /// All rounds of one kind of load, each beginning with another contestant; what was found of each of them.
    pub async fn rounds(&self, connections: usize, rate: Option<f64>) -> Vec<Vec<Found>> {
        let mut all: Vec<Vec<Found>> = self.contestants.iter().map(|_| Vec::new()).collect();
        for round in 0..self.size.rounds {
            told(&format!("{connections} connections, round {} of {}", round + 1, self.size.rounds));
            for turn in 0..self.contestants.len() {
                let place = (round + turn) % self.contestants.len();
                let most = self.size.span.warm + self.size.span.measured + PATIENCE;
                let found = timeout(most, self.load(place, connections, rate)).await;
                all[place].push(found.expect("a server that answers"));
            }
        }
        told("");
        all
    }

    async fn load(&self, place: usize, connections: usize, rate: Option<f64>) -> Found {
        let Contestant { server, identities, question, .. } = &self.contestants[place];
        let span = self.size.span;
        let client =
            Client::connect(server.address, identities, connections, question).await.expect("let in");
        let found = match rate {
            None => load::saturate(&client, server, self.clock.as_ref(), self.size.in_flight, span).await,
            Some(rate) => load::steady(&client, server, &self.clock, rate, span).await,
        };
        client.close().await;
        found
    }
}

/// Where the run is, for whoever watches it.
fn told(place: &str) {
    if io::stderr().is_terminal() {
        eprint!("\r{place:40}\r");
    }
}

fn rate(found: &Found) -> f64 {
    found.calls as f64 / found.took.as_secs_f64()
}

/// Microseconds of the server's time for a call.
pub fn cpu_per_call(found: &Found) -> f64 {
    micros(found.cpu) / found.calls as f64
}
