//! What the database's planner knows of our tables. The server's own housekeeping comes round once a minute: until then
//! a table that fills, by an import above all, is planned for as if it were small and its lines mostly past, and every
//! look for the live line of a number reads all live lines. So whoever has written much looks for tables that have
//! outgrown what is known of them, and has them analysed; statements that were planned before are planned again.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::Semaphore;

use super::{connection::told, pool::Pool};

/// Rows written between two looks, at least: so few are read as fast by any plan.
const ROWS: u64 = 2_500;

/// Tables of four times the size for which they were last analysed, as a list for the statement that does it; NULL for
/// none. Of some pages even the first time: what is smaller is read as fast either way.
const OUTGROWN: &str = "SELECT string_agg(format('%I', relname), ', ') FROM pg_class
 WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
   AND pg_relation_size(oid) >= 4 * GREATEST(relpages, 4) * current_setting('block_size')::BIGINT";

/// How much was written, and who sees to it that the planner knows.
pub(super) struct Statistics {
    written: AtomicU64,
    turn: Arc<Semaphore>,
}

// === impl Statistics ===

impl Statistics {
    /// Of a node that has written nothing yet.
    pub(super) fn start() -> Self {
        Self { written: AtomicU64::new(0), turn: Arc::new(Semaphore::new(1)) }
    }

    /// Rows are durable. Looks, where it is time, beside whatever else is done: nobody waits for it.
    pub(super) fn count(&self, rows: u64, pool: &Pool) {
        let before = self.written.fetch_add(rows, Ordering::Relaxed);
        if before / ROWS == before.wrapping_add(rows) / ROWS {
            return;
        }
        let Ok(turn) = self.turn.clone().try_acquire_owned() else { return };
        let pool = pool.clone();
        tokio::spawn(async move {
            let _turn = turn;
            renew(&pool).await;
        });
    }
}

/// Has tables analysed that have outgrown what is known of them. A database that does not let us has its own
/// housekeeping still.
async fn renew(pool: &Pool) {
    let Ok(session) = pool.get().await else { return }; // whoever writes is told
    let renewed = async {
        let outgrown = session.client.query_one(&session.statement(OUTGROWN).await?, &[]).await?;
        let tables: Option<String> = outgrown.try_get(0)?;
        match tables {
            // What another node, or the server itself, is at is passed over.
            Some(tables) => session.client.batch_execute(&format!("ANALYZE (SKIP_LOCKED) {tables}")).await,
            None => Ok(()),
        }
    };
    if let Err(error) = renewed.await {
        tracing::debug!(error = %told(&error), "the planner's statistics were left as they are");
    }
}
