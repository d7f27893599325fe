//! Opens each number once more before it goes. What was approved was sealed at its place in its order, by a key that the
//! record does not have: what opens there is what the list said, whatever was done to the record since.

use crate::{
    domain::{
        shutdown::{AlarmKind, OrderState},
        time::Time,
    },
    service::{
        persons::Persons,
        shutdown::{
            alarm::{self, Raised},
            key, order_name,
        },
    },
    store::{
        Abort, StoreError, Tx,
        sql::{
            self,
            shutdown::{BatchRow, OrderRow},
        },
    },
};

/// Whether every number of batches that are about to go opens at its place, and none is missing.
pub(super) async fn hold(
    tx: &mut dyn Tx,
    persons: &Persons,
    order: &OrderRow,
    batches: &[BatchRow],
) -> Result<bool, StoreError> {
    let key = key::unlock(persons, order)?;
    for batch in batches {
        let sealed = sql::shutdown_number::sealed(tx, &order.id, batch.batch).await?;
        let opens = |(n, sealed): &(i64, Option<Vec<u8>>)| {
            sealed.as_deref().is_some_and(|sealed| key::open_at(&key, &order.id, *n, sealed).is_ok())
        };
        if i64::try_from(sealed.len()) != Ok(batch.number_count) || !sealed.iter().all(opens) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Stops an order whose list is not what was planned.
pub(super) async fn stop(
    tx: &mut dyn Tx,
    order: &mut OrderRow,
    wave: i64,
    now: Time,
) -> Result<Raised, Abort> {
    tracing::error!(order = %order_name(&order.id), wave, "numbers do not open at their places");
    order.state = Some(OrderState::Halted);
    order.update_time = now;
    let text =
        format!("Numbers of wave {wave} are not those of the plan: nothing more of the order goes out.");
    alarm::raise(tx, AlarmKind::Wave, order, None, order.number_count, &text, now).await
}
