//! Keeps the board at the record: after a commit that changed a standing or a participant, and before that commit
//! is answered, what changed is read and the snapshot swapped. Where other nodes write too, every look that finds
//! nothing new says that the snapshot still holds.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tokio::sync::broadcast;

use super::{
    board::{Board, Held, View},
    shelf::Shelf,
};
use crate::{
    domain::{
        fact::Fact,
        name::ParticipantName,
        rules::RuleBook,
        time::{Clock, Time},
    },
    store::{BoxFuture, Follower, StoreError, Tx, sql, sql::change::Change, sql::standing::StandingRow},
};

/// Changes read at a time; a longer backlog is read in as many turns as it takes.
const CHUNK: i64 = 1000;
/// MVNOs read on one trip.
const TOGETHER: usize = 100;

/// The follower of the change log.
pub struct Feed {
    board: Arc<Board>,
    rules: Arc<RuleBook>,
    clock: Arc<dyn Clock>,
    changes: broadcast::Sender<Change>,
    shelf: Shelf,
}

// === impl Feed ===

impl Feed {
    /// A feed for that board, which holds nothing yet.
    pub fn new(board: Arc<Board>, rules: Arc<RuleBook>, clock: Arc<dyn Clock>, shelf: Shelf) -> Self {
        // A watcher that falls further behind than this reads the change log again.
        Self { board, rules, clock, changes: broadcast::Sender::new(4096), shelf }
    }

    /// Changes from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    async fn catch_up(&self, tx: &mut dyn Tx) -> Result<(), StoreError> {
        let (look, now) = (self.board.look(), self.clock.now());
        let held = self.board.last_known();
        // A board that was never filled takes everything; so does one whose record was put back to an earlier day. One
        // that holds no MVNO yet is not cold: somebody may be watching for the first.
        let empty = *self.board.revisions().borrow() < 0;
        let (marks, changes) = if empty {
            (sql::change::marks(tx).await?, Vec::new())
        } else {
            sql::change::marks_and_after(tx, held.revision, CHUNK).await?
        };
        let cold = empty || marks.revision < held.revision;
        if !cold && (marks.revision, marks.participants) == (held.revision, held.participants) {
            self.board.confirm(look);
            return Ok(());
        }
        let (mut view, changes) = if cold {
            metrics::counter!("greenlane_feed_cold_loads_total").increment(1);
            (self.load_all(tx, now).await?, Vec::new())
        } else {
            let changes = all_after(tx, changes).await?;
            (self.load_changed(tx, &held, &changes, now).await?, changes)
        };
        view.revision = marks.revision;
        view.participants = marks.participants;
        if cold || marks.participants != held.participants {
            view.suspended = sql::participant::list_suspended(tx).await?.into_iter().collect();
        }
        self.board.swap(view, look);
        for change in changes {
            // Nobody watching is no fault.
            let _ = self.changes.send(change);
        }
        Ok(())
    }

    /// What is held, with every MVNO that changed read again.
    async fn load_changed(
        &self,
        tx: &mut dyn Tx,
        held: &View,
        changes: &[Change],
        now: Time,
    ) -> Result<View, StoreError> {
        let mut view = View::clone(held);
        let names: BTreeSet<&ParticipantName> = changes.iter().map(|change| &change.mvno).collect();
        let names: Vec<_> = names.into_iter().collect();
        let mut fresh = Vec::new();
        for names in names.chunks(TOGETHER) {
            for (row, facts) in sql::history::list(tx, names).await? {
                fresh.push((row.revision, facts.clone()));
                let held = self.hold(&row, facts, now)?;
                view.mvnos.insert(row.mvno, Arc::new(held));
            }
        }
        self.shelf.keep(fresh);
        Ok(view)
    }

    /// Every MVNO, in as many statements whatever their number: what each stands at from the record, and its history
    /// from the shelf where that has exactly the revision that the record names.
    async fn load_all(&self, tx: &mut dyn Tx, now: Time) -> Result<View, StoreError> {
        let rows = sql::standing::list(tx).await?;
        let mut histories = self.shelf.load(&rows).await;
        if rows.iter().any(|row| !histories.contains_key(&row.mvno)) {
            histories.clear();
            for fact in sql::fact::list_all(tx).await? {
                histories.entry(fact.mvno.clone()).or_default().push(fact);
            }
            let held =
                |row: &StandingRow| histories.get(&row.mvno).map(|facts| (row.revision, facts.clone()));
            self.shelf.keep(rows.iter().filter_map(held).collect());
        }
        let mut view = View::default();
        for row in rows {
            let facts = histories.remove(&row.mvno).unwrap_or_default();
            let held = self.hold(&row, facts, now)?;
            view.mvnos.insert(row.mvno, Arc::new(held));
        }
        Ok(view)
    }

    fn hold(&self, row: &StandingRow, facts: Vec<Fact>, now: Time) -> Result<Held, StoreError> {
        // A turn that came while nobody looked is still to be recorded: what the record holds is held until the
        // ticker has written it, and computed again for every answer meanwhile.
        let last = row.next_turn.map(|turn| turn.minus(Duration::from_micros(1)));
        let moment = last.map_or(now, |last| last.min(now));
        Held::compute(facts, row.revision, row.since_time, &self.rules, moment)
            .map_err(|_| StoreError::inconsistent("standing", "mvno", &row.mvno.to_string()))
    }
}

/// Those changes and every later one, in order.
async fn all_after(tx: &mut dyn Tx, mut changes: Vec<Change>) -> Result<Vec<Change>, StoreError> {
    let mut chunk = changes.len();
    while i64::try_from(chunk).unwrap_or(CHUNK) == CHUNK {
        let from = changes.last().map_or(0, |change| change.revision);
        let more = sql::change::list_after(tx, from, CHUNK).await?;
        chunk = more.len();
        changes.extend(more);
    }
    Ok(changes)
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
