//! What happened to the numbers of an order, or to one number in every order.

use super::{get::seen, key};
use crate::{
    domain::{
        caller::{Caller, Class},
        name::ParticipantName,
        number::Msisdn,
        personal::Personal,
        refusal::Refusal,
        shutdown::{CommandKind, NumberState, list::List},
        time::Time,
    },
    service::{Gateway, refusal},
    store::{
        Abort,
        sql::{
            self,
            shutdown::OrderRow,
            shutdown_number::{Found, NumberRow},
        },
    },
    vault::SubjectKey,
};

/// Which numbers.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Of this order.
    pub order: Option<String>,
    /// This number.
    pub msisdn: Option<Personal>,
    /// Only in this state.
    pub state: Option<NumberState>,
    /// Only of this MVNO.
    pub mvno: Option<ParticipantName>,
    /// Rows at most; 0 for the default.
    pub page_size: i32,
    /// Where an earlier page ended; empty for the first.
    pub page_token: String,
}

/// What happened to a number in an order.
#[derive(Clone, Debug)]
pub struct NumberAction {
    /// The number; `None` once erased.
    pub msisdn: Option<Msisdn>,
    /// Where it is.
    pub row: NumberRow,
    /// What the order does.
    pub kind: CommandKind,
    /// The number of the order's document.
    pub order_number: String,
    /// When it was put into the outboxes.
    pub release_time: Option<Time>,
}

impl Gateway {
    /// A page of what happened, and the token of the next, empty at the end.
    pub async fn list_number_actions(
        &self,
        caller: &Caller,
        filter: Filter,
    ) -> Result<(Vec<NumberAction>, String), Refusal> {
        let persons = self.persons()?.clone();
        let list = List::read(filter.msisdn.into_iter().collect());
        let msisdn = list.map_err(|faults| {
            let faults = faults
                .into_iter()
                .map(|fault| crate::domain::refusal::Violation { field: "msisdn".to_owned(), ..fault });
            Refusal::fields(faults.collect())
        })?;
        let index = persons.vault.index();
        let number_index =
            msisdn.iter().next().map(|listed| index.number(&listed.msisdn.e164()).as_bytes().to_vec());
        if filter.order.is_none() && number_index.is_none() {
            return Err(Refusal::field("order", "REQUIRED", "an order, a number, or both"));
        }
        // The token's list is known by the number's pseudonym: a token goes through many hands.
        let number = msisdn.iter().next().map(|listed| index.ledger("MSISDN", &listed.msisdn.e164()));
        let name = format!(
            "number_actions|{}|{:?}|{number:?}|{:?}|{:?}",
            caller.organisation, filter.order, filter.state, filter.mvno
        );
        let ask = self.pages.ask(&name, filter.page_size, &filter.page_token)?;
        let (after, size) = (ask.after.unwrap_or_default(), ask.size);
        let wanted = sql::shutdown_number::Filter {
            order_id: filter.order,
            number_index,
            state: filter.state,
            mvno: filter.mvno,
            organisation: (caller.class() == Class::Police).then(|| caller.organisation.clone()),
        };
        let caller = caller.clone();
        let read = self.store.read(move |tx| {
            let (persons, caller) = (persons.clone(), caller.clone());
            let (wanted, after) = (wanted.clone(), after.clone());
            Box::pin(async move {
                if let Some(id) = &wanted.order_id {
                    seen(tx, &caller, id).await?;
                }
                let mut found = sql::shutdown_number::list(tx, &wanted, &after, size + 1).await?;
                let more = i64::try_from(found.len()).unwrap_or(i64::MAX) > size;
                found.truncate(usize::try_from(size).unwrap_or(usize::MAX));
                let mut actions = Vec::with_capacity(found.len());
                let mut opened: Option<(OrderRow, Option<SubjectKey>)> = None;
                for Found { row, release_time } in found {
                    if opened.as_ref().is_none_or(|(order, _)| order.id != row.order_id) {
                        let order = seen(tx, &caller, &row.order_id).await?;
                        let key = (!order.is_erased()).then(|| key::unlock(&persons, &order)).transpose()?;
                        opened = Some((order, key));
                    }
                    let Some((order, key)) = &opened else { continue };
                    actions.push(NumberAction {
                        msisdn: key.as_ref().map(|key| key::open(key, &row)).transpose()?,
                        row,
                        kind: order.kind,
                        order_number: order.order_number.clone(),
                        release_time,
                    });
                }
                Ok::<_, Abort>((actions, more))
            })
        });
        let (actions, more) = read.await.map_err(refusal)?;
        let last = actions.last().filter(|_| more);
        let token = last.map_or_else(String::new, |last| {
            self.pages.token(&name, &sql::shutdown_number::after(&last.row))
        });
        Ok((actions, token))
    }
}
