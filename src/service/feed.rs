//! Keeps the board at the record: after a commit that changed a standing or a participant, and before that commit
//! is answered, what changed is read and the snapshot swapped.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tokio::sync::broadcast;

use super::board::{Board, Held, View};
use crate::{
    domain::{
        name::ParticipantName,
        rules::RuleBook,
        time::{Clock, Time},
    },
    store::{BoxFuture, Follower, StoreError, Tx, sql, sql::change::Change},
};

/// Changes read at a time; a longer backlog is read in as many turns as it takes.
const CHUNK: i64 = 1000;

/// The follower of the change log.
pub struct Feed {
    board: Arc<Board>,
    rules: Arc<RuleBook>,
    clock: Arc<dyn Clock>,
    changes: broadcast::Sender<Change>,
}

// === impl Feed ===

impl Feed {
    /// A feed for that board, which holds nothing yet.
    pub fn new(board: Arc<Board>, rules: Arc<RuleBook>, clock: Arc<dyn Clock>) -> Self {
        // A watcher that falls further behind than this reads the change log again.
        Self { board, rules, clock, changes: broadcast::Sender::new(4096) }
    }

    /// Changes from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    async fn catch_up(&self, tx: &mut dyn Tx) -> Result<(), StoreError> {
        let now = self.clock.now();
        let held = self.board.last_known();
        // A board that was never filled takes everything; the log of how it came about is not needed for that. One
        // that holds no MVNO yet is not cold: somebody may be watching for the first.
        let cold = *self.board.revisions().borrow() < 0;
        let mut view = View::clone(&held);
        let changes = if cold { Vec::new() } else { changes_after(tx, view.revision).await? };
        let names: BTreeSet<ParticipantName> = if cold {
            sql::standing::list_names(tx).await?.into_iter().collect()
        } else {
            changes.iter().map(|change| change.mvno.clone()).collect()
        };
        for name in names {
            if let Some(held) = self.load(tx, &name, now).await? {
                view.mvnos.insert(name, Arc::new(held));
            }
        }
        view.revision = sql::change::latest(tx).await?.unwrap_or(0);
        view.suspended = sql::participant::list_suspended(tx).await?.into_iter().collect();
        self.board.swap(view);
        for change in changes {
            // Nobody watching is no fault.
            let _ = self.changes.send(change);
        }
        Ok(())
    }

    async fn load(
        &self,
        tx: &mut dyn Tx,
        name: &ParticipantName,
        now: Time,
    ) -> Result<Option<Held>, StoreError> {
        let Some(row) = sql::standing::lookup(tx, name).await? else { return Ok(None) };
        let facts = sql::fact::list_of(tx, name).await?;
        // A turn that came while nobody looked is still to be recorded: what the record holds is held until the
        // ticker has written it, and computed again for every answer meanwhile.
        let last = row.next_turn.map(|turn| turn.minus(Duration::from_micros(1)));
        let moment = last.map_or(now, |last| last.min(now));
        Held::compute(facts, row.revision, row.since_time, &self.rules, moment)
            .map(Some)
            .map_err(|_| StoreError::inconsistent("standing", "mvno", &name.to_string()))
    }
}

/// Every change after a revision, in order.
async fn changes_after(tx: &mut dyn Tx, revision: i64) -> Result<Vec<Change>, StoreError> {
    let mut changes: Vec<Change> = Vec::new();
    loop {
        let from = changes.last().map_or(revision, |change| change.revision);
        let chunk = sql::change::list_after(tx, from, CHUNK).await?;
        let last = i64::try_from(chunk.len()).unwrap_or(CHUNK) < CHUNK;
        changes.extend(chunk);
        if last {
            return Ok(changes);
        }
    }
}

impl Follower for Feed {
    fn follow<'t>(&'t self, tx: &'t mut dyn Tx) -> BoxFuture<'t, Result<(), StoreError>> {
        Box::pin(self.catch_up(tx))
    }

    fn lost(&self) {
        tracing::error!("the feed lost the record; answers wait until it is back");
        self.board.lose();
    }
}

/// Every MVNO with its standing, as one map: for the lists.
pub(super) fn all(view: &View) -> &BTreeMap<ParticipantName, Arc<Held>> {
    &view.mvnos
}
