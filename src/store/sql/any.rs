//! Many keys in one query: a list of a fixed length, so that every engine prepares it once. Places that are not needed
//! hold NULL, which equals nothing.

use crate::store::{Row, StoreError, Tx, Value};

/// Keys in a query at most.
pub const MOST: usize = 500;

/// A statement with such a list between two texts, after so many parameters of its own. Made once and kept for good.
pub fn text(before: &str, own: usize, after: &str) -> &'static str {
    let places: Vec<String> = (own + 1..=own + MOST).map(|at| format!("?{at}")).collect();
    Box::leak(format!("{before}({}){after}", places.join(", ")).into_boxed_str())
}

/// Runs one, for as many keys as there are.
pub async fn query<K: AsRef<[u8]>>(
    tx: &mut dyn Tx,
    sql: &'static str,
    own: &[Value],
    keys: &[K],
) -> Result<Vec<Row>, StoreError> {
    let mut rows = Vec::new();
    for keys in keys.chunks(MOST) {
        let mut values = own.to_vec();
        values.extend(keys.iter().map(|key| Value::Blob(key.as_ref().to_vec())));
        values.resize(own.len() + MOST, Value::Null);
        rows.extend(tx.query(sql, &values).await?);
    }
    Ok(rows)
}

/// The same for keys that are texts.
pub async fn query_texts(tx: &mut dyn Tx, sql: &'static str, keys: &[&str]) -> Result<Vec<Row>, StoreError> {
    let mut rows = Vec::new();
    for keys in keys.chunks(MOST) {
        let mut values: Vec<Value> = keys.iter().map(|key| Value::from(*key)).collect();
        values.resize(MOST, Value::Null);
        rows.extend(tx.query(sql, &values).await?);
    }
    Ok(rows)
}

/// The same for keys that are numbers.
pub async fn query_ints(
    tx: &mut dyn Tx,
    sql: &'static str,
    own: &[Value],
    keys: &[i64],
) -> Result<Vec<Row>, StoreError> {
    let mut rows = Vec::new();
    for keys in keys.chunks(MOST) {
        rows.extend(tx.query(sql, &padded(own, keys)).await?);
    }
    Ok(rows)
}

/// A statement for as many keys as there are, whose outcome nobody waits for.
pub async fn send_ints(
    tx: &mut dyn Tx,
    sql: &'static str,
    own: &[Value],
    keys: &[i64],
) -> Result<(), StoreError> {
    for keys in keys.chunks(MOST) {
        tx.send(sql, &padded(own, keys)).await?;
    }
    Ok(())
}

fn padded(own: &[Value], keys: &[i64]) -> Vec<Value> {
    let mut values = own.to_vec();
    values.extend(keys.iter().map(|key| Value::Int(*key)));
    values.resize(own.len() + MOST, Value::Null);
    values
}
