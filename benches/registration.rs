//! `cargo bench --bench registration`: registrations, imports and identity checks of the release binary beside their
//! yardsticks, turn by turn in one run. Prints the tables of the README. `-- --full` imports 1,000,000 rows and goes up to
//! 30,000,000 subscribers; `ROWS=1000000`, `SUBSCRIBERS=300000,3000000`, `ROUNDS` and `SPAN_MS` choose;
//! `PARTS=register,import,postgres,verify,growth` runs some of it. Without `--bench` it is a glance that shows that it
//! runs.

#[path = "harness/all.rs"]
pub mod harness;
#[path = "../tests/support/all.rs"]
pub mod support;

#[path = "registration/bare.rs"]
mod bare;
#[path = "registration/bare_postgres.rs"]
mod bare_postgres;
#[path = "registration/crowd.rs"]
mod crowd;
#[path = "registration/fixed.rs"]
mod fixed;
#[path = "registration/growth.rs"]
mod growth;
#[path = "registration/import.rs"]
mod import;
#[path = "registration/intake.rs"]
mod intake;
#[path = "registration/people.rs"]
mod people;
#[path = "registration/register.rs"]
mod register;
#[path = "registration/site.rs"]
mod site;
#[path = "registration/targets.rs"]
mod targets;
#[path = "registration/verify.rs"]
mod verify;

use std::{env, fs, path::Path, sync::Arc};

use greenlane::{domain::time::Clock, host::SystemClock};

use harness::{contest::Medians, cores::Cores, neighbours::Look, stock};
use targets::{Bound, Target};

/// The gateway's allocator, for the yardsticks too: what it saves is no merit of ours.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is run, and how much of it.
struct Size {
    bench: bool,
    rows: u64,
    subscribers: Vec<u64>,
    parts: Vec<String>,
}

fn main() {
    if stock::serve_if_asked(fixed::answering) {
        return;
    }
    let size = Size::asked();
    let cores = Cores::take();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(run(&size, cores));
}

async fn run(size: &Size, cores: Cores) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let folder = tempfile::tempdir().expect("a folder");
    let (begun, before) = (clock.monotonic(), Look::now(cores, std::iter::empty()));
    let mut targets = Vec::new();
    if size.has("register") {
        let found = register::run(&fresh(folder.path(), "1"), size.bench, cores, &clock).await;
        targets.extend(of_register(&found));
    }
    if size.has("import") {
        let found = intake::sqlite(&fresh(folder.path(), "2"), size.rows, cores, &clock).await;
        println!("{}", intake::figures([("SQLite", &found)]));
        targets.extend(of_import("SQLite", &found));
    }
    if size.has("postgres") {
        let found = intake::postgres(&fresh(folder.path(), "3"), size.rows, cores, &clock).await;
        println!("{}", intake::figures([("PostgreSQL", &found)]));
        targets.extend(of_import("PostgreSQL", &found));
    }
    if size.has("verify") {
        let outcome = verify::run(&fresh(folder.path(), "4"), size.bench, cores, &clock).await;
        let [verify, check] = [verify::VERIFY, verify::CHECK].map(|place| outcome.medians[place]);
        targets.push(Target {
            what: "VerifyIdentity, answer kept: CPU/call, saturated, to CheckStatus's".to_owned(),
            allowed: Bound::AtMost(2.0),
            found: verify.cpu_saturated / check.cpu_saturated,
            unit: "x",
        });
        targets.push(Target {
            what: "VerifyIdentity, answer kept: CPU/call, equal load, to CheckStatus's".to_owned(),
            allowed: Bound::AtMost(2.0),
            found: verify.cpu_steady / check.cpu_steady,
            unit: "x",
        });
    }
    if size.has("growth") {
        let at = fresh(folder.path(), "5");
        let outcome = growth::run(&at, &size.subscribers, size.bench, cores, &clock).await;
        let ratio =
            |of: fn(&Medians) -> f64, place: usize| of(&outcome.medians[place]) / of(&outcome.medians[0]);
        for (place, subscribers) in size.subscribers.iter().enumerate().skip(1) {
            targets.push(Target {
                what: format!("Register, {subscribers} subscribers: CPU/call, to {}", size.subscribers[0]),
                allowed: Bound::AtMost(1.5),
                found: ratio(|of| of.cpu_saturated, place),
                unit: "x",
            });
            targets.push(Target {
                what: format!("Register, {subscribers} subscribers: time/call, to {}", size.subscribers[0]),
                allowed: Bound::AtMost(1.5),
                found: ratio(|of| 1.0 / of.rate, place),
                unit: "x",
            });
        }
    }
    println!("{}", targets::table(&targets));
    let others = Look::now(cores, std::iter::empty()).others_since(&before, clock.monotonic() - begun);
    println!("Servers and other processes used {:.0} % of the two cores.", others * 100.0);
}

/// A folder for one part of the run; those of the parts before are gone, for they are large.
fn fresh(folder: &Path, name: &str) -> std::path::PathBuf {
    for old in fs::read_dir(folder).expect("a folder") {
        fs::remove_dir_all(old.expect("an entry").path()).expect("ours");
    }
    let place = folder.join(name);
    fs::create_dir(&place).expect("room");
    place
}

fn of_register(found: &register::Found) -> Vec<Target> {
    let medians = &found.outcome.medians;
    let against = |what: &str, place: usize, of: fn(&Medians) -> f64| Target {
        what: format!("Register, {what}, to the default stock server's"),
        allowed: Bound::AtMost(4.0),
        found: of(&medians[place]) / of(&medians[register::DEFAULT]),
        unit: "x",
    };
    vec![
        against("verified before: CPU/call, saturated", register::KEPT, |of| of.cpu_saturated),
        against("verified before: CPU/call, equal load", register::KEPT, |of| of.cpu_steady),
        against("asks the authority: CPU/call, saturated", register::ASKS, |of| of.cpu_saturated),
        against("asks the authority: CPU/call, equal load", register::ASKS, |of| of.cpu_steady),
        Target {
            what: "Register, verified before: registrations/s, to a bare durable loop's".to_owned(),
            allowed: Bound::AtLeast(0.5),
            found: found.to_bare(),
            unit: "x",
        },
    ]
}

fn of_import(engine: &str, found: &intake::Found) -> Vec<Target> {
    vec![
        Target {
            what: format!("ImportRegistrations on {engine}: rows/s, to a bare loop's"),
            allowed: Bound::AtLeast(0.5),
            found: found.to_bare(),
            unit: "x",
        },
        Target {
            what: format!("ImportRegistrations on {engine}: more memory than before"),
            allowed: Bound::AtMost(128.0),
            found: found.more,
            unit: " MiB",
        },
    ]
}

// === impl Size ===

impl Size {
    fn asked() -> Self {
        let given = |flag: &str| env::args().any(|arg| arg == flag);
        let (bench, full) = (given("--bench"), given("--full"));
        let (rows, subscribers) = match (full, bench) {
            (true, _) => ("1000000", "300000,3000000,30000000"),
            (false, true) => ("100000", "300000,3000000"),
            (false, false) => ("10000", "1000,2000"),
        };
        let asked = |name: &str, otherwise: &str| env::var(name).unwrap_or_else(|_| otherwise.to_owned());
        let number = |text: &str| text.trim().parse().unwrap_or_else(|_| panic!("{text} is no number"));
        let list = |text: String| text.split(',').map(|part| part.trim().to_owned()).collect::<Vec<_>>();
        Self {
            bench,
            rows: number(&asked("ROWS", rows)),
            subscribers: list(asked("SUBSCRIBERS", subscribers)).iter().map(|text| number(text)).collect(),
            parts: list(asked("PARTS", "register,import,postgres,verify,growth")),
        }
    }

    fn has(&self, part: &str) -> bool {
        self.parts.iter().any(|asked| asked == part)
    }
}
