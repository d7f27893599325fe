//! Where the numbers of batches are while acknowledgements about them are settled. Most move a whole batch, and several
//! do within one transaction: it has come, it is done, at both its receivers. What became of it is written once.

use std::collections::HashMap;

use crate::{
    domain::{
        command::{
            fold::Place,
            tally::{self, Tally},
        },
        time::Time,
    },
    store::{
        StoreError, Tx,
        sql::shutdown_place::{self, Chosen, Left},
    },
};

/// The batches looked at in a transaction. Whoever moves numbers past it has it written first.
#[derive(Default)]
pub(super) struct Places(HashMap<(String, i64), Batch>);

struct Batch {
    /// Where its numbers are.
    tally: Tally,
    /// At which places any are in the record.
    kept: Vec<Place>,
    /// From where they are in the record to where they are.
    moved: Vec<(Place, Place)>,
}

// === impl Places ===

impl Places {
    /// How many of them are at each place.
    pub(super) async fn tally(
        &mut self,
        tx: &mut dyn Tx,
        chosen: Chosen<'_>,
        now: Time,
    ) -> Result<Tally, StoreError> {
        if chosen.ns.is_none() {
            return Ok(self.batch(tx, chosen).await?.tally.clone());
        }
        self.write(tx, chosen, now).await?;
        shutdown_place::tally(tx, chosen).await
    }

    /// Moves those of them that are at one place to another.
    pub(super) async fn shift(
        &mut self,
        tx: &mut dyn Tx,
        chosen: Chosen<'_>,
        from: Place,
        to: Place,
        left: Left<'_>,
    ) -> Result<(), StoreError> {
        if chosen.ns.is_none() && left.code.is_none() && left.overruled_by.is_none() {
            self.batch(tx, chosen).await?.shift(from, to);
            return Ok(());
        }
        self.write(tx, chosen, left.now).await?;
        self.0.remove(&(chosen.order_id.to_owned(), chosen.batch));
        shutdown_place::shift(tx, chosen, from, to, left).await
    }

    /// Writes where the numbers of their batch are, where that is not in the record.
    pub(super) async fn write(
        &mut self,
        tx: &mut dyn Tx,
        chosen: Chosen<'_>,
        now: Time,
    ) -> Result<(), StoreError> {
        let of = Chosen { ns: None, ..chosen };
        match self.0.get_mut(&(chosen.order_id.to_owned(), chosen.batch)) {
            Some(batch) => batch.write(tx, of, now).await,
            None => Ok(()),
        }
    }

    /// Writes where all of them are.
    pub(super) async fn write_all(&mut self, tx: &mut dyn Tx, now: Time) -> Result<(), StoreError> {
        for ((order_id, batch), of) in &mut self.0 {
            of.write(tx, Chosen::all(order_id, *batch), now).await?;
        }
        Ok(())
    }

    async fn batch(&mut self, tx: &mut dyn Tx, chosen: Chosen<'_>) -> Result<&mut Batch, StoreError> {
        let key = (chosen.order_id.to_owned(), chosen.batch);
        if !self.0.contains_key(&key) {
            let tally = shutdown_place::tally(tx, chosen).await?;
            let kept = tally.iter().map(|(place, _)| *place).collect();
            self.0.insert(key.clone(), Batch { tally, kept, moved: Vec::new() });
        }
        self.0.get_mut(&key).ok_or_else(|| StoreError::inconsistent("shutdown_batch", "batch", &key.0))
    }
}

// === impl Batch ===

impl Batch {
    fn shift(&mut self, from: Place, to: Place) {
        tally::shift(&mut self.tally, from, to);
        let gone = self.moved.iter().any(|(kept, _)| *kept == from);
        self.moved.iter_mut().filter(|(_, at)| *at == from).for_each(|(_, at)| *at = to);
        if !gone && self.kept.contains(&from) {
            self.moved.push((from, to));
        }
    }

    async fn write(&mut self, tx: &mut dyn Tx, chosen: Chosen<'_>, now: Time) -> Result<(), StoreError> {
        if self.moved.is_empty() {
            return Ok(());
        }
        while !self.moved.is_empty() {
            // Whatever is to arrive at a place comes after what is to leave it. No step goes back, so one is always next.
            let leaves = |place: &Place| self.moved.iter().any(|(from, to)| from == place && from != to);
            let next = self.moved.iter().position(|(_, to)| !leaves(to)).unwrap_or(0);
            let (from, to) = self.moved.swap_remove(next);
            if from != to {
                shutdown_place::shift_uncounted(tx, chosen, from, to, Left::at(now)).await?;
            }
        }
        self.kept = self.tally.iter().map(|(place, _)| *place).collect();
        shutdown_place::keep(tx, chosen.order_id, chosen.batch, &self.tally).await
    }
}
