//! Puts the numbers of an order into batches: those of one wave, MVNO, carrier and kind together, at most 500.

use std::collections::BTreeMap;

use crate::{
    domain::{name::ParticipantName, shutdown::CommandKind},
    store::{
        StoreError, Tx,
        sql::{self, shutdown::BatchRow, shutdown_number::NumberRow},
    },
};

/// Numbers of a batch at most.
const MOST: usize = 500;

/// Where a number goes; `None`: to nobody.
pub type Way = Option<(i64, CommandKind)>;

/// Batches and their numbers, ready to be written.
#[derive(Debug)]
pub struct Batches {
    /// The batches, the first of which goes to nobody.
    pub batches: Vec<BatchRow>,
    /// The numbers, each with its batch.
    pub numbers: Vec<NumberRow>,
}

/// Of numbers whose batch is not known yet. `nobody` is the kind that batch 0 has.
pub fn of(order_id: &str, nobody: CommandKind, first: i64, numbers: Vec<(Way, NumberRow)>) -> Batches {
    type Group = (i64, &'static str, Option<ParticipantName>, Option<ParticipantName>);
    let mut groups: BTreeMap<Option<Group>, (Way, Vec<NumberRow>)> = BTreeMap::new();
    for (way, row) in numbers {
        let group = way.map(|(wave, kind)| (wave, kind.as_str(), row.mvno.clone(), row.carrier.clone()));
        groups.entry(group).or_insert((way, Vec::new())).1.push(row);
    }
    let (mut batches, mut placed, mut next) = (Vec::new(), Vec::new(), first);
    for (group, (way, rows)) in groups {
        let most = if way.is_none() { usize::MAX } else { MOST };
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let batch = if way.is_none() { 0 } else { next };
            let (wave, kind) = way.unwrap_or((0, nobody));
            let before = placed.len();
            placed.extend(rows.by_ref().take(most).map(|row| NumberRow { batch, ..row }));
            let (mvno, carrier) =
                group.as_ref().map_or((None, None), |(_, _, mvno, carrier)| (mvno.clone(), carrier.clone()));
            batches.push(BatchRow {
                order_id: order_id.to_owned(),
                batch,
                wave,
                kind,
                mvno,
                carrier,
                number_count: i64::try_from(placed.len() - before).unwrap_or(i64::MAX),
                release_time: None,
            });
            next += i64::from(way.is_some());
        }
    }
    Batches { batches, numbers: placed }
}

/// Writes them.
pub async fn write(tx: &mut dyn Tx, of: &Batches) -> Result<(), StoreError> {
    for batch in &of.batches {
        sql::shutdown::add_batch(tx, batch).await?;
    }
    for number in &of.numbers {
        sql::shutdown_number::send(tx, number).await?;
    }
    Ok(())
}
