//! Values on their way to the database and back.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::{
    Row as Read,
    types::{FromSql, IsNull, ToSql, Type, to_sql_checked},
};

use crate::store::{Row, StoreError, Value};

/// A value as a parameter. The driver prints parameters where somebody turns its log up; this one prints nothing.
pub(super) struct Bound(pub(super) Value);

/// A value as it was read.
struct Column(Value);

// === impl Bound ===

impl std::fmt::Debug for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("_")
    }
}

impl ToSql for Bound {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match &self.0 {
            Value::Null => Ok(IsNull::Yes),
            Value::Int(n) if *ty == Type::INT8 => n.to_sql(ty, out),
            Value::Int(n) if *ty == Type::INT4 => i32::try_from(*n)?.to_sql(ty, out),
            Value::Text(text) if <&str as ToSql>::accepts(ty) => text.as_str().to_sql(ty, out),
            Value::Blob(bytes) if *ty == Type::BYTEA => bytes.as_slice().to_sql(ty, out),
            Value::Int(_) | Value::Text(_) | Value::Blob(_) => {
                Err(format!("a value of another type than {ty}").into())
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

// === impl Column ===

impl<'r> FromSql<'r> for Column {
    fn from_sql(ty: &Type, raw: &'r [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(match *ty {
            Type::INT8 => Value::Int(i64::from_sql(ty, raw)?),
            Type::INT4 => Value::Int(i64::from(i32::from_sql(ty, raw)?)),
            Type::BYTEA => Value::Blob(<Vec<u8>>::from_sql(ty, raw)?),
            _ => Value::Text(String::from_sql(ty, raw)?),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Value::Null))
    }

    fn accepts(ty: &Type) -> bool {
        [Type::INT8, Type::INT4, Type::BYTEA].contains(ty) || <String as FromSql<'_>>::accepts(ty)
    }
}

/// A row in the house's own types.
pub(super) fn row(read: &Read) -> Result<Row, StoreError> {
    let column = |at| {
        let value: Result<Column, _> = read.try_get(at);
        value.map(|Column(value)| value).map_err(|_| StoreError::inconsistent("row", &format!("{at}"), ""))
    };
    (0..read.len()).map(column).collect::<Result<_, _>>().map(Row)
}
