//! What is to be off at a receiver now: where one starts again whose cursor is lost or too old.

use std::sync::Arc;

use super::sign::OrderOf;
use crate::{
    domain::{
        caller::{Caller, Class},
        name::ParticipantName,
        refusal::Refusal,
        shutdown::{Scopes, Side},
    },
    service::{
        Gateway,
        persons::Persons,
        refusal,
        shutdown::{key, order_name},
    },
    store::{StoreError, Tx, sql},
};

/// Numbers of a page where none is asked for.
const DEFAULT: i32 = 500;
/// Batches looked at for a page at most: one of them has 500 numbers, or none that is still off.
const BATCHES: i64 = 64;

/// A number that is to be off.
#[derive(Clone)]
pub struct Off {
    /// In E.164.
    pub msisdn: String,
    /// What is to be off.
    pub scopes: Scopes,
    /// The name of the order.
    pub order: String,
}

/// A page of them.
pub struct Page {
    /// The numbers.
    pub numbers: Vec<Off>,
    /// For the next page; empty on the last.
    pub next: String,
    /// From where to take commands once every page is taken: as it was before the first page.
    pub after_sequence: i64,
}

/// Where a page begins: after that number, and where the receiver was before the first page.
#[derive(Clone, Debug, Default, PartialEq)]
struct Place {
    after_sequence: i64,
    order_id: String,
    batch: i64,
    n: i64,
}

impl Gateway {
    /// A page of what is to be off at the caller.
    pub async fn list_commanded(&self, caller: &Caller, size: i32, token: &str) -> Result<Page, Refusal> {
        let persons = self.persons()?.clone();
        let receiver = caller.organisation.clone();
        let list = format!("commanded|{receiver}");
        let ask = self.pages.ask(&list, if size == 0 { DEFAULT } else { size }, token)?;
        let from = ask.after.as_deref().and_then(Place::read);
        let most = usize::try_from(ask.size).unwrap_or(usize::MAX);
        let read = self.store.read(move |tx| {
            let (persons, receiver, from) = (persons.clone(), receiver.clone(), from.clone());
            Box::pin(async move { Ok(page(tx, &persons, &receiver, from, most).await?) })
        });
        let (numbers, next, after_sequence) = read.await.map_err(refusal)?;
        let next = next.map_or_else(String::new, |place| self.pages.token(&list, &place.to_string()));
        Ok(Page { numbers, next, after_sequence })
    }
}

async fn page(
    tx: &mut dyn Tx,
    persons: &Persons,
    receiver: &ParticipantName,
    from: Option<Place>,
    most: usize,
) -> Result<(Vec<Off>, Option<Place>, i64), StoreError> {
    let mut at = match from {
        Some(place) => place,
        None => Place { after_sequence: sql::receiver::mark(tx, receiver).await?.last, ..Place::default() },
    };
    let side = if receiver.class == Class::Mvno { Side::Mvno } else { Side::Carrier };
    let (mut numbers, mut kept): (Vec<Off>, Option<Arc<OrderOf>>) = (Vec::new(), None);
    // The batch that the page before ended in goes on where it ended.
    let before = (at.order_id.clone(), at.batch - i64::from(at.n > 0));
    let batches = sql::shutdown_place::released_to(tx, receiver, (&before.0, before.1), BATCHES).await?;
    let looked = i64::try_from(batches.len()).unwrap_or(i64::MAX);
    for (order_id, batch, scopes) in batches {
        let after = if (at.order_id.as_str(), at.batch) == (order_id.as_str(), batch) { at.n } else { 0 };
        let sealed = sql::shutdown_place::kept_off(tx, &order_id, batch, side, after).await?;
        if !sealed.is_empty() {
            let of = match kept.take().filter(|of| of.row.id == order_id) {
                Some(of) => of,
                None => Arc::new(super::sign::order_of(tx, persons, &order_id).await?),
            };
            for (n, sealed) in sealed {
                if numbers.len() == most {
                    let after_sequence = at.after_sequence;
                    return Ok((numbers, Some(at), after_sequence));
                }
                let msisdn = key::open_at(of.key(), &order_id, n, &sealed)?.e164();
                numbers.push(Off { msisdn, scopes, order: order_name(&order_id) });
                at = Place { order_id: order_id.clone(), batch, n, ..at };
            }
            kept = Some(of);
        }
        at = Place { order_id, batch, n: 0, ..at };
    }
    let after_sequence = at.after_sequence;
    Ok((numbers, (looked == BATCHES).then_some(at), after_sequence))
}

// === impl Place ===

impl Place {
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('|');
        Some(Self {
            after_sequence: parts.next()?.parse().ok()?,
            order_id: parts.next()?.to_owned(),
            batch: parts.next()?.parse().ok()?,
            n: parts.next()?.parse().ok()?,
        })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}|{}|{}|{}", self.after_sequence, self.order_id, self.batch, self.n)
    }
}
