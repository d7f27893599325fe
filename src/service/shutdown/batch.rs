//! Puts the numbers of an order into batches: those of one wave, MVNO, carrier and kind together, at most 500.

use std::collections::BTreeMap;

use crate::{
    domain::{
        command::{
            fold::Place,
            tally::{self, Tally},
        },
        name::ParticipantName,
        shutdown::CommandKind,
    },
    store::{
        StoreError, Tx,
        sql::{self, shutdown::BatchRow, shutdown_new::NewNumber, shutdown_number::NumberRow},
    },
};

/// Numbers of a batch at most.
const MOST: usize = 500;

/// Where a number goes; `None`: to nobody.
pub type Way = Option<(i64, CommandKind)>;

/// Whose a number is, and on whose network.
pub type With = (Option<ParticipantName>, Option<ParticipantName>);

/// A number that is drawn up: where it goes, with whom as a place among those there are, and what is new of it.
#[derive(Debug)]
pub struct Drawn {
    /// Where.
    pub way: Way,
    /// With whom.
    pub with: usize,
    /// The rest.
    pub row: NewNumber,
}

/// Batches and their numbers, ready to be written.
#[derive(Debug)]
pub struct Batches {
    /// The batches, the first of which goes to nobody.
    pub batches: Vec<BatchRow>,
    /// Whose numbers there are, and on whose network.
    pub withs: Vec<With>,
    /// The numbers, batch by batch.
    pub numbers: Vec<Drawn>,
}

/// Of numbers whose batch is not known yet. `nobody` is the kind that batch 0 has.
pub fn of(order_id: &str, nobody: CommandKind, first: i64, numbers: Vec<(Way, NumberRow)>) -> Batches {
    let (mut withs, mut known) = (Vec::new(), BTreeMap::new());
    let mut drawn = Vec::with_capacity(numbers.len());
    for (way, row) in numbers {
        let with = (row.mvno.clone(), row.carrier.clone());
        let at = *known.entry(with.clone()).or_insert_with(|| {
            withs.push(with);
            withs.len() - 1
        });
        drawn.push(Drawn { way, with: at, row: new(row) });
    }
    group(order_id, nobody, first, withs, drawn)
}

/// What is new of a number that goes into another batch.
fn new(row: NumberRow) -> NewNumber {
    let index = |bytes: Vec<u8>| <[u8; 32]>::try_from(bytes).unwrap_or_default();
    NewNumber {
        n: row.n,
        number_index: index(row.number_index),
        number: row.number.unwrap_or_default().into(),
        appeal_index: row.appeal_index.map(index),
        line: row.line.map(Into::into),
        // Whatever goes has none.
        code: None,
        flags: row.flags,
        state: row.state,
    }
}

/// The same of numbers as they are drawn up, each in the order of the list.
pub(super) fn group(
    order_id: &str,
    nobody: CommandKind,
    first: i64,
    withs: Vec<With>,
    mut numbers: Vec<Drawn>,
) -> Batches {
    let mut by_name: Vec<usize> = (0..withs.len()).collect();
    by_name.sort_unstable_by_key(|at| &withs[*at]);
    let mut rank = vec![0; withs.len()];
    by_name.into_iter().enumerate().for_each(|(place, at)| rank[at] = place);
    let group = |drawn: &Drawn| drawn.way.map(|(wave, kind)| (wave, kind.as_str(), rank[drawn.with]));
    numbers.sort_by_cached_key(|drawn| (group(drawn), drawn.row.n));
    let (mut batches, mut next) = (Vec::new(), first);
    for same in numbers.chunk_by(|one, other| group(one) == group(other)) {
        let way = same[0].way;
        for part in same.chunks(if way.is_none() { usize::MAX } else { MOST }) {
            let (wave, kind) = way.unwrap_or((0, nobody));
            let (mvno, carrier) = way.map_or((None, None), |_| withs[part[0].with].clone());
            batches.push(BatchRow {
                order_id: order_id.to_owned(),
                batch: if way.is_none() { 0 } else { next },
                wave,
                kind,
                mvno,
                carrier,
                number_count: i64::try_from(part.len()).unwrap_or(i64::MAX),
                release_time: None,
                scopes: None,
            });
            next += i64::from(way.is_some());
        }
    }
    Batches { batches, withs, numbers }
}

/// Writes them.
pub async fn write(tx: &mut dyn Tx, of: &Batches) -> Result<(), StoreError> {
    let text = |name: &Option<ParticipantName>| name.as_ref().map(ToString::to_string);
    let withs: Vec<_> = of.withs.iter().map(|(mvno, carrier)| (text(mvno), text(carrier))).collect();
    let mut numbers = of.numbers.as_slice();
    for batch in &of.batches {
        let (own, rest) = numbers.split_at(usize::try_from(batch.number_count).unwrap_or_default());
        numbers = rest;
        sql::shutdown::add_batch(tx, batch).await?;
        let mut tally = Tally::new();
        for Drawn { with, row, .. } in own {
            let (mvno, carrier) = &withs[*with];
            sql::shutdown_new::send(tx, batch, (mvno.as_deref(), carrier.as_deref()), row).await?;
            tally::add(&mut tally, Place { state: row.state, ..Place::PLANNED }, 1);
        }
        sql::shutdown_place::keep(tx, &batch.order_id, batch.batch, &tally).await?;
    }
    Ok(())
}
