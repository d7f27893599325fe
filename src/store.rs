//! The system of record, as the rest of the house sees it: transactions of work in one SQL text, whichever engine is
//! beneath. Knows no rule and no message.
//!
//! To add an engine: implement [`Engine`] and [`Tx`] in a file of its own; nothing else changes.

mod migration;
pub mod postgres;
pub mod sql;
pub mod sqlite;

use std::{any::Any, pin::Pin, sync::Arc};

use thiserror::Error;

pub use self::migration::Schema;
use crate::domain::{name::ParticipantName, refusal::Refusal, time::Time};

/// What an engine's calls return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A column's value. Only these types: TEXT, BIGINT and BLOB columns are the same everywhere.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// NULL.
    Null,
    /// BIGINT; times are microseconds.
    Int(i64),
    /// TEXT.
    Text(String),
    /// BLOB, or BYTEA.
    Blob(Vec<u8>),
}

/// A row read.
#[derive(Clone, Debug)]
pub struct Row(pub Vec<Value>);

/// A transaction under way. Parameters are ?1 to ?n.
pub trait Tx: Send {
    /// Runs a statement; returns how many rows it changed.
    fn execute<'a>(
        &'a mut self,
        sql: &'static str,
        values: &'a [Value],
    ) -> BoxFuture<'a, Result<u64, StoreError>>;
    /// Puts a statement on its way whose outcome nobody needs to know before the commit: an engine across a network
    /// does not wait for it. Its failure comes with a later call, or fails the commit.
    fn send<'a>(
        &'a mut self,
        sql: &'static str,
        values: &'a [Value],
    ) -> BoxFuture<'a, Result<(), StoreError>>;
    /// Runs a query. One that ends in ` FOR UPDATE` keeps every other transaction off its rows until this one ends;
    /// with ` FOR SHARE`, off changing them.
    fn query<'a>(
        &'a mut self,
        sql: &'static str,
        values: &'a [Value],
    ) -> BoxFuture<'a, Result<Vec<Row>, StoreError>>;
    /// Several queries in that order, none of which needs another's answer: one trip where the engine is across a
    /// network.
    fn query_all<'a>(
        &'a mut self,
        queries: &'a [(&'static str, Vec<Value>)],
    ) -> BoxFuture<'a, Result<Vec<Vec<Row>>, StoreError>> {
        Box::pin(async move {
            let mut answers = Vec::with_capacity(queries.len());
            for (sql, values) in queries {
                answers.push(self.query(sql, values).await?);
            }
            Ok(answers)
        })
    }
    /// Says that followers have something to follow once this is committed.
    fn mark_changed(&mut self);
}

/// The store failed.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum StoreError {
    /// Out of reach, out of room or out of order; the text is for the log only.
    #[error("the database failed: {0}")]
    Unavailable(String),
    /// A unique key is taken.
    #[error("the key is taken")]
    Duplicate,
    /// A value that was read makes no sense.
    #[error("{table}.{column} of {id} makes no sense")]
    Inconsistent {
        /// In which table.
        table: &'static str,
        /// In which column.
        column: String,
        /// Of which row.
        id: String,
    },
    /// Another transaction was in the way. Work hands it on: the engine runs the work again, and says `Unavailable`
    /// once it gives up.
    #[error("another transaction was in the way")]
    Retry,
}

/// Why a transaction was rolled back.
#[derive(Clone, Debug)]
pub enum Abort {
    /// The work said no.
    Refused(Refusal),
    /// The store failed.
    Store(StoreError),
}

/// Follows commits. Runs after a commit that marked a change is durable, and before that commit is answered.
pub trait Follower: Send + Sync {
    /// Reads what changed.
    fn follow<'t>(&'t self, tx: &'t mut dyn Tx) -> BoxFuture<'t, Result<(), StoreError>>;
    /// What this follower holds may be older than the record, until the next `follow` succeeds.
    fn lost(&self);
}

/// An answer of any type, on its way through an engine.
pub type Answer = Result<Box<dyn Any + Send>, Abort>;
/// Work of any type. Called again where an engine has to retry.
pub type Work = Arc<dyn for<'t> Fn(&'t mut dyn Tx) -> BoxFuture<'t, Answer> + Send + Sync>;

/// A database.
pub trait Engine: Send + Sync {
    /// Runs work in a transaction of its own; returns once its commit is durable and followed. Work that was handed
    /// over is done even when nobody waits for it any more.
    fn write(&self, work: Work) -> BoxFuture<'static, Answer>;
    /// Runs work on one consistent snapshot.
    fn read(&self, work: Work) -> BoxFuture<'static, Answer>;
    /// Adds a follower.
    fn follow(&self, follower: Arc<dyn Follower>);
    /// Runs the followers now: in a round that begins after this call, shared by all who ask meanwhile.
    fn refresh(&self) -> BoxFuture<'static, Result<(), StoreError>>;
    /// Hears from outside that there may be something to follow.
    fn wake(&self) {}
}

/// A handle on the database.
#[derive(Clone)]
pub struct Store(Arc<dyn Engine>);

// === impl Store ===

impl Store {
    /// A store on that engine.
    pub fn new(engine: impl Engine + 'static) -> Self {
        Self(Arc::new(engine))
    }

    /// See [`Engine::write`].
    pub async fn write<T, W>(&self, work: W) -> Result<T, Abort>
    where
        T: Send + 'static,
        W: for<'t> Fn(&'t mut dyn Tx) -> BoxFuture<'t, Result<T, Abort>> + Send + Sync + 'static,
    {
        self.0.write(erase(work)).await.map(typed)
    }

    /// See [`Engine::read`].
    pub async fn read<T, W>(&self, work: W) -> Result<T, Abort>
    where
        T: Send + 'static,
        W: for<'t> Fn(&'t mut dyn Tx) -> BoxFuture<'t, Result<T, Abort>> + Send + Sync + 'static,
    {
        self.0.read(erase(work)).await.map(typed)
    }

    /// See [`Engine::follow`].
    pub fn follow(&self, follower: Arc<dyn Follower>) {
        self.0.follow(follower);
    }

    /// See [`Engine::refresh`].
    pub async fn refresh(&self) -> Result<(), StoreError> {
        self.0.refresh().await
    }

    /// See [`Engine::wake`].
    pub fn wake(&self) {
        self.0.wake();
    }

    /// Whether the database answers at all.
    pub async fn health(&self) -> Result<(), Abort> {
        self.read(|tx| Box::pin(async move { Ok(sql::change::latest(tx).await.map(drop)?) })).await
    }
}

fn erase<T, W>(work: W) -> Work
where
    T: Send + 'static,
    W: for<'t> Fn(&'t mut dyn Tx) -> BoxFuture<'t, Result<T, Abort>> + Send + Sync + 'static,
{
    fn shaped<F: for<'t> Fn(&'t mut dyn Tx) -> BoxFuture<'t, Answer>>(work: F) -> F {
        work
    }
    Arc::new(shaped(move |tx| {
        let working = work(tx);
        Box::pin(async move { working.await.map(|answer| Box::new(answer) as Box<dyn Any + Send>) })
    }))
}

fn typed<T: 'static>(answer: Box<dyn Any + Send>) -> T {
    *answer.downcast().expect("an engine hands back the answer of the work it was given")
}

// === impl Row ===

impl Row {
    /// A BIGINT.
    pub fn int(&self, at: usize) -> Result<i64, StoreError> {
        self.opt_int(at)?.ok_or_else(|| odd(at))
    }

    /// A BIGINT or NULL.
    pub fn opt_int(&self, at: usize) -> Result<Option<i64>, StoreError> {
        match self.0.get(at) {
            Some(Value::Int(n)) => Ok(Some(*n)),
            Some(Value::Null) => Ok(None),
            Some(Value::Text(_) | Value::Blob(_)) | None => Err(odd(at)),
        }
    }

    /// A TEXT.
    pub fn text(&self, at: usize) -> Result<&str, StoreError> {
        self.opt_text(at)?.ok_or_else(|| odd(at))
    }

    /// A TEXT or NULL.
    pub fn opt_text(&self, at: usize) -> Result<Option<&str>, StoreError> {
        match self.0.get(at) {
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(Value::Null) => Ok(None),
            Some(Value::Int(_) | Value::Blob(_)) | None => Err(odd(at)),
        }
    }

    /// A BLOB.
    pub fn blob(&self, at: usize) -> Result<&[u8], StoreError> {
        match self.0.get(at) {
            Some(Value::Blob(bytes)) => Ok(bytes),
            Some(Value::Int(_) | Value::Text(_) | Value::Null) | None => Err(odd(at)),
        }
    }

    /// A moment.
    pub fn time(&self, at: usize) -> Result<Time, StoreError> {
        self.int(at).map(Time::from_micros)
    }

    /// A moment or NULL.
    pub fn opt_time(&self, at: usize) -> Result<Option<Time>, StoreError> {
        Ok(self.opt_int(at)?.map(Time::from_micros))
    }

    /// A participant's name.
    pub fn participant(&self, at: usize) -> Result<ParticipantName, StoreError> {
        ParticipantName::parse(self.text(at)?).map_err(|_| odd(at))
    }

    /// A word of a closed set.
    pub fn word<T>(&self, at: usize, parse: impl Fn(&str) -> Option<T>) -> Result<T, StoreError> {
        parse(self.text(at)?).ok_or_else(|| odd(at))
    }
}

/// Stands for the table until one who knows it names it.
const ROW: &str = "row";

fn odd(at: usize) -> StoreError {
    StoreError::inconsistent(ROW, &at.to_string(), "")
}

// === impl StoreError ===

impl StoreError {
    /// A value that makes no sense.
    pub fn inconsistent(table: &'static str, column: &str, id: &str) -> Self {
        Self::Inconsistent { table, column: column.to_owned(), id: id.to_owned() }
    }

    /// The same error, where a row knew only the place of a column: with the names of table, column and row.
    /// `columns` is the list that was selected.
    fn named(self, table: &'static str, columns: &str, id: &str) -> Self {
        match self {
            Self::Inconsistent { table: ROW, column, .. } => {
                let at = column.parse().ok();
                let name = at.and_then(|at| columns.split(',').nth(at)).unwrap_or(&column).trim();
                Self::inconsistent(table, name, id)
            }
            Self::Inconsistent { .. } | Self::Unavailable(_) | Self::Duplicate | Self::Retry => self,
        }
    }
}

// === impl Abort ===

impl From<Refusal> for Abort {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for Abort {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

// === impl Value ===

impl From<i64> for Value {
    fn from(n: i64) -> Self {
        Self::Int(n)
    }
}

impl From<Time> for Value {
    fn from(time: Time) -> Self {
        Self::Int(time.micros())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&ParticipantName> for Value {
    fn from(name: &ParticipantName) -> Self {
        Self::Text(name.to_string())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Blob(bytes)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
