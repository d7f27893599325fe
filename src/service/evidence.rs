//! Status checks and identity checks are evidence: each is counted per asker, MVNO, action, decision, revision, bulletin and minute, and
//! the counts are written every second. While they cannot be written, checks are not answered.

use std::{
    collections::HashMap,
    mem,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{
    domain::{
        name::ParticipantName,
        refusal::{Reason, Refusal},
        time::{Clock, Time},
    },
    store::{Store, sql},
};

/// Counts that could not be kept for this long make checks UNAVAILABLE.
const PATIENCE: Duration = Duration::from_secs(5);
/// Different counts held at most between two writes; more is as if they could not be kept.
const MOST: usize = 1_000_000;
const MINUTE: i64 = 60_000_000;

/// What is counted together.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Check {
    /// Who asked.
    pub asker: ParticipantName,
    /// About whom.
    pub mvno: ParticipantName,
    /// About what: the action's word, or the method's where persons are checked.
    pub action: &'static str,
    /// What was answered: the decision's word, or the match's.
    pub decision: &'static str,
    /// From which revision; 0 where it is of no standing.
    pub revision: i64,
    /// Under which bulletin; 0 while there are none.
    pub bulletin: i64,
    /// In which minute: its first microsecond.
    pub minute: Time,
}

/// The counts not yet written.
pub struct Evidence {
    /// One shard per few threads: the hot path takes a lock that nobody else holds.
    shards: Vec<Mutex<HashMap<Check, i64>>>,
    /// Monotonic milliseconds of the last time everything was written.
    kept: AtomicU64,
    clock: Arc<dyn Clock>,
}

/// The minute of a moment.
pub fn minute(now: Time) -> Time {
    Time::from_micros(now.micros().div_euclid(MINUTE) * MINUTE)
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

// === impl Evidence ===

impl Evidence {
    /// No counts yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let shards = (0..16).map(|_| Mutex::default()).collect();
        Self { shards, kept: AtomicU64::new(millis(clock.monotonic())), clock }
    }

    /// Whether a check may be answered: its count will be kept.
    pub fn ready(&self) -> Result<(), Refusal> {
        let waited = millis(self.clock.monotonic()).saturating_sub(self.kept.load(Ordering::Relaxed));
        if waited <= millis(PATIENCE) {
            return Ok(());
        }
        let message = "The evidence of checks cannot be written right now, so no check is answered; retry.";
        Err(Refusal::new(Reason::EvidenceUnavailable, message).retry(Duration::from_secs(1)))
    }

    /// Counts one answer.
    pub fn count(&self, check: Check) {
        let mut shard = self.shard().lock().expect("nobody panics holding it");
        *shard.entry(check).or_insert(0) += 1;
    }

    fn shard(&self) -> &Mutex<HashMap<Check, i64>> {
        use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(std::thread::current().id());
        &self.shards[usize::try_from(hash % 16).unwrap_or(0)]
    }

    /// Writes what was counted. What could not be written is counted on.
    pub async fn flush(&self, store: &Store) -> Result<(), Refusal> {
        let started = self.clock.monotonic();
        let mut counts: Vec<(Check, i64)> = self
            .shards
            .iter()
            .flat_map(|shard| mem::take(&mut *shard.lock().expect("nobody panics holding it")))
            .collect();
        // Nodes write the same rows: in one order they wait for each other, in two they would deadlock.
        counts.sort_by_cached_key(|(check, _)| key(check));
        let counts = Arc::new(counts);
        if !counts.is_empty() {
            let writing = counts.clone();
            let written = store
                .write(move |tx| {
                    let counts = writing.clone();
                    Box::pin(async move { Ok(sql::check_count::add(tx, &rows(&counts)).await?) })
                })
                .await;
            if let Err(abort) = written {
                self.put_back(&counts);
                return Err(super::refusal(abort));
            }
        }
        self.kept.store(millis(started), Ordering::Relaxed);
        Ok(())
    }

    fn put_back(&self, counts: &[(Check, i64)]) {
        let mut shard = self.shards[0].lock().expect("nobody panics holding it");
        for (check, n) in counts.iter().take(MOST) {
            *shard.entry(check.clone()).or_insert(0) += n;
        }
    }
}

/// The place of a count in the order of the table's key.
fn key(check: &Check) -> (String, String, &'static str, &'static str, i64, i64, Time) {
    let (asker, mvno) = (check.asker.to_string(), check.mvno.to_string());
    (asker, mvno, check.action, check.decision, check.revision, check.bulletin, check.minute)
}

fn rows(counts: &[(Check, i64)]) -> Vec<sql::check_count::CheckCount> {
    counts
        .iter()
        .map(|(check, n)| sql::check_count::CheckCount {
            asker: check.asker.clone(),
            mvno: check.mvno.clone(),
            action: check.action.to_owned(),
            decision: check.decision.to_owned(),
            revision: check.revision,
            bulletin: check.bulletin,
            minute: check.minute,
            n: *n,
        })
        .collect()
}
