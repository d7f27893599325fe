//! A transaction on a PostgreSQL session. Statements whose outcome nobody waits for are pipelined: they are on the wire
//! at once, and a failure of theirs is found at the latest before the commit.

use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use futures_util::TryStreamExt;
use tokio_postgres::{Error, error::SqlState};

use super::{
    connection::{CHANNEL, Connection, told},
    value::{Bound, row},
};
use crate::store::{BoxFuture, Row, StoreError, Tx, Value};

/// A statement that takes longer is given up, and its session with it: a database that accepts bytes and answers
/// nothing is as good as gone.
const PATIENCE: Duration = Duration::from_secs(10);
/// A commit is waited for much longer, and never cancelled: without an answer nobody knows what became of it.
const COMMIT: Duration = Duration::from_secs(60);
/// Statements on the wire without an answer, at most: neither side may wait for the other to read.
const PIPELINED: usize = 256;

/// How a transaction begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Mode {
    /// Sees one snapshot and cannot write.
    Read,
    /// Sees what is committed when each statement begins; rows are locked by whoever writes them.
    Write,
}

/// A transaction under way.
pub(super) struct PgTx {
    connection: Arc<Connection>,
    mode: Mode,
    /// On the wire, in order: what came of each is asked later.
    sent: Vec<Sent>,
    /// A statement failed: the server takes no more of them, and the transaction must not be taken for done.
    failed: bool,
    warnings: u64,
    /// Rows that were written.
    written: u64,
    /// The work marked a change.
    pub(super) changed: bool,
}

/// A statement on the wire: what will come of it.
type Sent = BoxFuture<'static, Result<u64, Error>>;

// === impl Mode ===

impl Mode {
    fn begin(self) -> &'static str {
        match self {
            Self::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Self::Write => "BEGIN",
        }
    }
}

// === impl PgTx ===

impl PgTx {
    /// Begins; the server hears of it with the first statement.
    pub(super) fn begin(connection: Arc<Connection>, mode: Mode) -> Self {
        connection.set_open(true);
        let warnings = connection.warnings();
        let mut tx =
            Self { connection, mode, sent: Vec::new(), failed: false, warnings, written: 0, changed: false };
        let session = tx.connection.clone();
        tx.put(Box::pin(async move { session.client.batch_execute(mode.begin()).await.map(|()| 0) }));
        tx
    }

    /// Commits; returns how many rows were written. Whoever calls this awaits it to its end: a commit in flight is never
    /// given up. Everything before it is answered first: a session that ends until then has done nothing, and the work
    /// may be done on another.
    pub(super) async fn commit(mut self) -> Result<u64, StoreError> {
        self.settle().await?;
        let commit = match self.mode {
            Mode::Read => {
                self.end_reading();
                return Ok(0);
            }
            Mode::Write if self.changed => format!("NOTIFY {CHANNEL}; COMMIT"),
            Mode::Write => "COMMIT".to_owned(),
        };
        match tokio::time::timeout(COMMIT, self.connection.client.batch_execute(&commit)).await {
            Ok(Ok(())) => self.connection.set_open(false),
            Ok(Err(error)) if is_no(&error) => return Err(told_apart(&error)),
            // It may have been committed or not: it must not be done again here.
            Ok(Err(error)) => return Err(unknown(&told(&error))),
            Err(_) => return Err(unknown("no answer")),
        }
        if self.connection.warnings() != self.warnings {
            // A wait for the synchronous standby that was cancelled comes as a warning with a commit that holds
            // here and perhaps nowhere else.
            return Err(StoreError::Unavailable("the commit came with a warning".to_owned()));
        }
        Ok(self.written)
    }

    /// What was read was read: nobody waits for the word that it is over. Whatever comes next on this session comes
    /// after it.
    fn end_reading(&mut self) {
        let session = self.connection.clone();
        drop(sent(Box::pin(async move { session.client.batch_execute("COMMIT").await.map(|()| 0) })));
        self.connection.set_open(false);
    }

    /// Rolls back. A session on which that fails is given to nobody else.
    pub(super) async fn roll_back(mut self) {
        for sent in self.sent.drain(..) {
            let _ = tokio::time::timeout(PATIENCE, sent).await; // it is undone all the same
        }
        let done = tokio::time::timeout(PATIENCE, self.connection.client.batch_execute("ROLLBACK")).await;
        if matches!(done, Ok(Ok(()))) {
            self.connection.set_open(false);
        }
    }

    /// Puts a statement on the wire.
    fn put(&mut self, statement: BoxFuture<'static, Result<u64, Error>>) {
        self.sent.push(sent(statement));
    }

    /// Waits for everything on the wire; the first failure counts. Returns what the last statement changed.
    async fn settle(&mut self) -> Result<u64, StoreError> {
        match tokio::time::timeout(PATIENCE, self.drain()).await {
            Ok(Ok(_)) if self.failed => Err(given_up()),
            Ok(Ok(rows)) => Ok(rows),
            Ok(Err(error)) => Err(self.fail(told_apart(&error))),
            Err(_) => Err(self.fail(silent())),
        }
    }

    async fn drain(&mut self) -> Result<u64, Error> {
        let mut last = 0;
        for sent in std::mem::take(&mut self.sent) {
            last = sent.await?;
            self.written += last;
        }
        Ok(last)
    }

    fn fail(&mut self, error: StoreError) -> StoreError {
        self.failed = true;
        error
    }

    async fn send_now(&mut self, sql: &'static str, values: &[Value]) -> Result<(), StoreError> {
        if self.failed {
            return Err(given_up());
        }
        let prepared = tokio::time::timeout(PATIENCE, self.connection.statement(sql)).await;
        let statement = match prepared {
            Ok(Ok(statement)) => statement,
            Ok(Err(error)) => {
                // What went wrong before it on the wire is why the server would not prepare it.
                self.settle().await?;
                return Err(self.fail(told_apart(&error)));
            }
            Err(_) => return Err(self.fail(silent())),
        };
        let session = self.connection.clone();
        let bound = bound(values);
        self.put(Box::pin(async move { session.client.execute_raw(&statement, bound).await }));
        if self.sent.len() >= PIPELINED { self.settle().await.map(drop) } else { Ok(()) }
    }

    /// Each is on the wire before the first is answered.
    async fn query_all_now(
        &mut self,
        queries: &[(&'static str, Vec<Value>)],
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        if self.failed {
            return Err(given_up());
        }
        let session = self.connection.clone();
        let read = tokio::time::timeout(PATIENCE, async {
            let mut prepared = Vec::with_capacity(queries.len());
            for (sql, _) in queries {
                prepared.push(session.statement(sql).await?);
            }
            let asked = prepared.into_iter().zip(queries).map(|(statement, (_, values))| {
                let (session, bound) = (session.clone(), bound(values));
                sent(Box::pin(async move {
                    session.client.query_raw(&statement, bound).await?.try_collect::<Vec<_>>().await
                }))
            });
            let asked: Vec<_> = asked.collect();
            let mut answers = Vec::with_capacity(asked.len());
            for answer in asked {
                answers.push(answer.await?);
            }
            Ok(answers)
        });
        let read = read.await;
        self.settle().await?;
        match read {
            Ok(Ok(answers)) => answers.iter().map(|rows| rows.iter().map(row).collect()).collect(),
            Ok(Err(error)) => Err(self.fail(told_apart(&error))),
            Err(_) => Err(self.fail(silent())),
        }
    }

    async fn query_now(&mut self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        if self.failed {
            return Err(given_up());
        }
        let session = self.connection.clone();
        let read = tokio::time::timeout(PATIENCE, async {
            let statement = session.statement(sql).await?;
            session.client.query_raw(&statement, bound(values)).await?.try_collect::<Vec<_>>().await
        });
        let read = read.await;
        // Answers come in order: those before this one are there.
        self.settle().await?;
        match read {
            Ok(Ok(rows)) => rows.iter().map(row).collect(),
            Ok(Err(error)) => Err(self.fail(told_apart(&error))),
            Err(_) => Err(self.fail(silent())),
        }
    }
}

impl Tx for PgTx {
    fn execute<'a>(
        &'a mut self,
        sql: &'static str,
        values: &'a [Value],
    ) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(async move {
            self.send_now(sql, values).await?;
            self.settle().await
        })
    }

    fn send<'a>(
        &'a mut self,
        sql: &'static str,
        values: &'a [Value],
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.send_now(sql, values))
    }

    fn query<'a>(
        &'a mut self,
        sql: &'static str,
        values: &'a [Value],
    ) -> BoxFuture<'a, Result<Vec<Row>, StoreError>> {
        Box::pin(self.query_now(sql, values))
    }

    fn query_all<'a>(
        &'a mut self,
        queries: &'a [(&'static str, Vec<Value>)],
    ) -> BoxFuture<'a, Result<Vec<Vec<Row>>, StoreError>> {
        Box::pin(self.query_all_now(queries))
    }

    fn mark_changed(&mut self) {
        self.changed = true;
    }
}

/// A statement on the wire. The driver sends when it is first asked; nobody has to be woken for the answer yet.
fn sent<T: Send + 'static>(
    mut statement: BoxFuture<'static, Result<T, Error>>,
) -> BoxFuture<'static, Result<T, Error>> {
    match statement.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Box::pin(std::future::ready(answer)),
        Poll::Pending => statement,
    }
}

fn bound(values: &[Value]) -> Vec<Bound> {
    values.iter().cloned().map(Bound).collect()
}

fn given_up() -> StoreError {
    StoreError::Unavailable("the transaction was given up".to_owned())
}

fn silent() -> StoreError {
    StoreError::Unavailable("the database accepts statements and answers nothing".to_owned())
}

fn unknown(why: &str) -> StoreError {
    StoreError::Unavailable(format!("whether the commit was done is not known: {why}"))
}

/// The session is over, or the server stops taking writes: before a commit, the same work may be done elsewhere.
fn is_gone(error: &Error) -> bool {
    const GONE: [SqlState; 5] = [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        SqlState::READ_ONLY_SQL_TRANSACTION,
    ];
    match error.code() {
        Some(code) => GONE.contains(code),
        None => {
            error.is_closed()
                || std::error::Error::source(error).is_some_and(|cause| cause.is::<std::io::Error>())
        }
    }
}

/// The server said that it did not do it.
fn is_no(error: &Error) -> bool {
    error.as_db_error().is_some() && !is_gone(error)
}

/// The driver's error in our words; its text goes to the log and nowhere else.
fn told_apart(error: &Error) -> StoreError {
    match error.code() {
        Some(code) if *code == SqlState::UNIQUE_VIOLATION => StoreError::Duplicate,
        Some(code)
            if [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code) =>
        {
            StoreError::Retry
        }
        _ if is_gone(error) => StoreError::Retry,
        _ => StoreError::Unavailable(told(error)),
    }
}
