//! How fast receivers acknowledge, execute and are verified.

use std::time::Duration;

use crate::{
    domain::{
        caller::{Caller, Class},
        name::ParticipantName,
        refusal::{Reason, Refusal},
        shutdown::CommandKind,
    },
    service::{Gateway, refusal, shutdown::get::seen},
    store::{Abort, StoreError, Tx, sql},
};

pub use crate::store::sql::receiver_figures::Filter;

/// The figures of one receiver. A time is `None` where nothing was done yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// Whose.
    pub receiver: ParticipantName,
    /// Commands released.
    pub commands: i64,
    /// Acknowledged.
    pub acked: i64,
    /// Executed to the last number.
    pub executed: i64,
    /// Late.
    pub overdue: i64,
    /// Times to acknowledge.
    pub ack: Quantiles,
    /// Times to execute.
    pub execute: Quantiles,
    /// Times to verify, of numbers.
    pub verify: Quantiles,
    /// Appeals upheld.
    pub upheld: i64,
}

/// Half, and 95 %, are within.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Quantiles {
    /// Half.
    pub p50: Option<Duration>,
    /// 95 %.
    pub p95: Option<Duration>,
}

impl Gateway {
    /// The figures of one receiver, or of all that the caller may see, in the order of names.
    pub async fn list_figures(
        &self,
        caller: &Caller,
        receiver: Option<ParticipantName>,
        filter: Filter,
    ) -> Result<Vec<Figures>, Refusal> {
        let own = matches!(caller.class(), Class::Carrier | Class::Mvno);
        if own && receiver.as_ref().is_some_and(|receiver| *receiver != caller.organisation) {
            return Err(Refusal::new(Reason::NotYours, "A receiver sees its own figures."));
        }
        let receiver = if own { Some(caller.organisation.clone()) } else { receiver };
        let caller = caller.clone();
        let read = self.store.read(move |tx| {
            let (caller, receiver, filter) = (caller.clone(), receiver.clone(), filter.clone());
            Box::pin(async move {
                // A receiver has what it was sent of any order.
                if let Some(id) = filter.order_id.as_ref().filter(|_| !own) {
                    seen(tx, &caller, id).await?;
                }
                let receivers = match receiver {
                    Some(receiver) => vec![receiver],
                    None => sql::receiver::names(tx).await?,
                };
                let mut all = Vec::with_capacity(receivers.len());
                for receiver in receivers {
                    all.push(figures(tx, receiver, &filter).await?);
                }
                Ok::<_, Abort>(all)
            })
        });
        let mut all = read.await.map_err(refusal)?;
        all.retain(|figures| figures.commands > 0);
        all.sort_by_key(|figures| figures.receiver.to_string());
        Ok(all)
    }
}

async fn figures(tx: &mut dyn Tx, receiver: ParticipantName, filter: &Filter) -> Result<Figures, StoreError> {
    let times = sql::receiver_figures::times(tx, &receiver, filter).await?;
    let count = |of: usize| i64::try_from(of).unwrap_or(i64::MAX);
    let acks = times.iter().filter_map(|command| Some((command.ack?.since(command.release), 1)));
    let done = times.iter().filter(|command| command.kind != CommandKind::Verify);
    let done = done.filter_map(|command| Some((command.done?.since(command.release), 1)));
    let readings = sql::receiver_figures::readings(tx, &receiver, filter).await?;
    let read = readings.iter().map(|(released, read, numbers)| (read.since(*released), *numbers));
    Ok(Figures {
        commands: count(times.len()),
        acked: count(times.iter().filter(|command| command.ack.is_some()).count()),
        executed: count(times.iter().filter(|command| command.done.is_some()).count()),
        overdue: count(times.iter().filter(|command| command.late).count()),
        ack: Quantiles::of(acks.collect()),
        execute: Quantiles::of(done.collect()),
        verify: Quantiles::of(read.collect()),
        upheld: sql::receiver_figures::upheld(tx, &receiver, filter).await?,
        receiver,
    })
}

// === impl Quantiles ===

impl Quantiles {
    /// Of values, each with how often it counts.
    fn of(mut values: Vec<(Duration, i64)>) -> Self {
        values.sort_unstable();
        let total: i64 = values.iter().map(|(_, weight)| weight).sum();
        let within = |percent: i64| {
            let mut so_far = 0;
            let found = values.iter().find(|(_, weight)| {
                so_far += weight;
                so_far * 100 >= total * percent
            });
            found.map(|(value, _)| *value)
        };
        Self { p50: within(50), p95: within(95) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_count_numbers_not_commands() {
        let at = |seconds, numbers| (Duration::from_secs(seconds), numbers);
        let of = |values| Quantiles::of(values);
        assert_eq!(of(vec![]), Quantiles::default());
        let one = of(vec![at(3, 1)]);
        assert_eq!((one.p50, one.p95), (Some(Duration::from_secs(3)), Some(Duration::from_secs(3))));
        let many = of(vec![at(60, 4), at(1, 90), at(30, 6)]);
        assert_eq!((many.p50, many.p95), (Some(Duration::from_secs(1)), Some(Duration::from_secs(30))));
    }
}
