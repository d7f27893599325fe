//! A transaction on a SQLite connection. Its futures are always ready: the work runs on the connection's own thread.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::{Context, Poll, Waker},
};

use rusqlite::{CachedStatement, Connection, ErrorCode, ToSql, ffi, types::ToSqlOutput, types::ValueRef};

use super::super::{Abort, Answer, BoxFuture, Row, StoreError, Tx, Value, Work};

/// A transaction under way.
pub(super) struct SqliteTx<'c> {
    connection: &'c mut Connection,
    may_write: bool,
    /// The work marked a change.
    pub(super) changed: bool,
}

// === impl SqliteTx ===

impl<'c> SqliteTx<'c> {
    pub(super) fn new(connection: &'c mut Connection, may_write: bool) -> Self {
        Self { connection, may_write, changed: false }
    }

    /// Runs work to its end. A panic in it fails this work and nothing else.
    pub(super) fn run(&mut self, work: &Work) -> Answer {
        let working = AssertUnwindSafe(|| finish(work(self)));
        match catch_unwind(working) {
            Ok(Some(answer)) => answer,
            Ok(None) => {
                Err(Abort::Store(StoreError::Unavailable("work waited inside its transaction".to_owned())))
            }
            Err(_) => Err(Abort::Store(StoreError::Unavailable("work panicked".to_owned()))),
        }
    }

    /// The statement, with its values in place.
    fn bound(&self, sql: &str, values: &[Value]) -> Result<CachedStatement<'_>, StoreError> {
        if self.connection.is_autocommit() {
            // The engine gave the transaction up, for want of room most likely: nothing may be written outside of one.
            return Err(StoreError::Unavailable("the transaction was given up".to_owned()));
        }
        // Who writes is alone: rows need no lock, and SQLite has no word for it.
        let sql = sql.strip_suffix(" FOR UPDATE").or_else(|| sql.strip_suffix(" FOR SHARE")).unwrap_or(sql);
        let mut statement = self.connection.prepare_cached(sql).map_err(error)?;
        if statement.parameter_count() != values.len() {
            // SQLite would take NULL for what is missing.
            return Err(StoreError::Unavailable("a statement has other parameters than values".to_owned()));
        }
        for (at, value) in values.iter().enumerate() {
            statement.raw_bind_parameter(at + 1, value).map_err(error)?;
        }
        Ok(statement)
    }

    fn execute_now(&mut self, sql: &'static str, values: &[Value]) -> Result<u64, StoreError> {
        if !self.may_write {
            return Err(StoreError::Unavailable("a read must not write".to_owned()));
        }
        self.bound(sql, values)?.raw_execute().map(|rows| rows as u64).map_err(error)
    }

    fn query_now(&mut self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let mut statement = self.bound(sql, values)?;
        let columns = statement.column_count();
        let mut rows = statement.raw_query();
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(error)? {
            let values = (0..columns).map(|at| row.get_ref(at).map_err(error).and_then(value));
            found.push(Row(values.collect::<Result<_, _>>()?));
        }
        Ok(found)
    }
}

impl Tx for SqliteTx<'_> {
    fn execute<'a>(
        &'a mut self,
        sql: &'static str,
        values: &'a [Value],
    ) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(std::future::ready(self.execute_now(sql, values)))
    }

    fn send<'a>(
        &'a mut self,
        sql: &'static str,
        values: &'a [Value],
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(std::future::ready(self.execute_now(sql, values).map(drop)))
    }

    fn query<'a>(
        &'a mut self,
        sql: &'static str,
        values: &'a [Value],
    ) -> BoxFuture<'a, Result<Vec<Row>, StoreError>> {
        Box::pin(std::future::ready(self.query_now(sql, values)))
    }

    fn mark_changed(&mut self) {
        self.changed = true;
    }
}

/// The result of a future that never waits; `None` if it does.
pub(super) fn finish<T>(future: BoxFuture<'_, T>) -> Option<T> {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    }
}

fn value(value: ValueRef<'_>) -> Result<Value, StoreError> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(n) => Value::Int(n),
        ValueRef::Text(text) => Value::Text(
            String::from_utf8(text.to_vec())
                .map_err(|_| StoreError::Unavailable("text is not UTF-8".to_owned()))?,
        ),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
        ValueRef::Real(_) => return Err(StoreError::Unavailable("a column has a REAL".to_owned())),
    })
}

/// The driver's error in our words; its text goes to the log and nowhere else.
pub(super) fn error(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error() {
        Some(failure) if matches!(failure.code, ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StoreError::Retry
        }
        Some(failure)
            if failure.code == ErrorCode::ConstraintViolation
                && matches!(
                    failure.extended_code,
                    ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
                ) =>
        {
            StoreError::Duplicate
        }
        _ => StoreError::Unavailable(error.to_string()),
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(n) => ValueRef::Integer(*n),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}
