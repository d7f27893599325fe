//! What a plan found, and whether it still is so. A step of an order is refused where the world has changed since its
//! plan; but to look at a hundred thousand numbers takes longer than the whole step. So one asks first whether anything
//! has changed that their fate rests on: who holds blocks and acts where, lines that began or ended, and other orders.
//! Only where something did that concerns this order, or too much did to tell, is every number looked at again.

use std::collections::HashMap;

use aws_lc_rs::digest;

use super::{
    judge::{Asked, Depth, Impact, Look},
    key, plan_name,
    step::terms,
};
use crate::{
    domain::{
        name::ParticipantName,
        refusal::{Reason, Refusal},
        shutdown::{Flags, impact::Fate},
        time::Time,
    },
    host,
    service::{persons::Persons, receipt::hex},
    store::{
        Abort, StoreError, Tx,
        sql::{self, shutdown::OrderRow, shutdown_since},
    },
};

/// What happened so long before a plan may not have been in what it saw: another node's clock may be behind, and a
/// transaction under way.
const DOUBT: std::time::Duration = std::time::Duration::from_secs(10 * 60);
/// Lines, and numbers of other orders, that are gone through at most before every number is looked at instead.
const MOST: i64 = 5_000;

/// What was found of a plan's numbers.
#[derive(Debug, Default)]
pub(super) struct World {
    /// Who has any of them.
    pub(super) mvnos: Vec<ParticipantName>,
    /// What was found, number by number.
    pub(super) seen: Vec<Seen>,
    known: HashMap<ParticipantName, usize>,
}

/// What was found of one number.
#[derive(Debug)]
pub(super) struct Seen {
    /// Its place in the list.
    pub(super) n: i64,
    /// All that is to be said of it.
    pub(super) flags: Flags,
    /// What becomes of it.
    pub(super) fate: Fate,
    /// Whose it is, as a place among those who have any.
    pub(super) mvno: Option<usize>,
    /// The line on it.
    pub(super) line: Option<Box<str>>,
}

/// What the fate of numbers rests on beside their lines and other orders, as one digest.
pub(super) async fn ground(tx: &mut dyn Tx) -> Result<String, StoreError> {
    let (ever, active) = sql::allocation::counts(tx).await?;
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(format!("{ever} {active}\n").as_bytes());
    for one in sql::participant::list_all(tx).await? {
        let level = one.level.map_or("", |level| level.as_str());
        context.update(format!("{} {level} {}\n", one.name, one.area).as_bytes());
    }
    Ok(hex(context.finish().as_ref()))
}

/// Refuses an order whose numbers are no more what its plan found.
pub(super) async fn is_as_planned(
    tx: &mut dyn Tx,
    persons: &Persons,
    order: &OrderRow,
    now: Time,
) -> Result<(), Abort> {
    let same = match &order.restores {
        Some(original) => {
            // Nobody lets a number back between this look and the release.
            sql::shutdown::lookup_locked(tx, original).await?.is_some()
                && sql::shutdown_since::all_off(tx, &order.id, original).await?
        }
        None => is_untouched(tx, order).await? || is_found_again(tx, persons, order, now).await?,
    };
    if same {
        return Ok(());
    }
    let message = "What the plan said of its numbers is no longer so; make another plan.";
    Err(Abort::Refused(Refusal::new(Reason::PlanStale, message).with("plan", plan_name(&order.id))))
}

/// Whether nothing happened since the plan that its numbers' fate rests on.
async fn is_untouched(tx: &mut dyn Tx, order: &OrderRow) -> Result<bool, StoreError> {
    if order.ground_sha256 != Some(ground(tx).await?) {
        return Ok(false);
    }
    let since = order.plan_time.minus(DOUBT);
    let (first, erased_from) = (host::least_id(since), crate::domain::line::retention::erase_from(since));
    for looked in [
        shutdown_since::begun(tx, &order.id, &first, MOST).await?,
        shutdown_since::ended(tx, &order.id, erased_from, MOST).await?,
    ] {
        if looked.met > 0 || looked.lines >= MOST {
            return Ok(false);
        }
    }
    let others = shutdown_since::others(tx, &order.id, since).await?;
    if others.iter().map(|(_, numbers)| numbers).sum::<i64>() > MOST {
        return Ok(false);
    }
    for (other, _) in others {
        if shutdown_since::meet(tx, &other, &order.id).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether every number, looked at again, is what the plan found.
async fn is_found_again(
    tx: &mut dyn Tx,
    persons: &Persons,
    order: &OrderRow,
    now: Time,
) -> Result<bool, StoreError> {
    let (terms, key) = (terms(order)?, key::unlock(persons, order)?);
    let mut look = Look::new(tx, persons, &terms, &order.id, Depth::Fate, now).await?;
    let mut world = World::default();
    let mut after = (-1, 0);
    loop {
        let page = sql::shutdown_number::list_after(tx, &order.id, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = (last.batch, last.n);
        let asked: Vec<Asked> =
            page.iter().map(|listed| super::step::open(&key, order, listed)).collect::<Result<_, _>>()?;
        let impacts = look.at(tx, &asked).await?;
        world.add(page.iter().map(|listed| listed.n).zip(impacts));
    }
    Ok(world.sha256() == order.world_sha256)
}

/// Numbers looked at together.
pub(super) const PAGE: i64 = 500;

// === impl World ===

impl World {
    /// What was found of some more.
    pub(super) fn add(&mut self, impacts: impl Iterator<Item = (i64, Impact)>) {
        for (n, Impact { flags, fate, mvno, line }) in impacts {
            let mvno = mvno.map(|mvno| match self.known.get(&mvno) {
                Some(at) => *at,
                None => {
                    self.known.insert(mvno.clone(), self.mvnos.len());
                    self.mvnos.push(mvno);
                    self.mvnos.len() - 1
                }
            });
            self.seen.push(Seen { n, flags, fate, mvno, line });
        }
    }

    /// All of it as one digest: it says nothing of the numbers themselves.
    pub(super) fn sha256(&mut self) -> String {
        self.seen.sort_unstable_by_key(|seen| seen.n);
        let mvnos: Vec<String> = self.mvnos.iter().map(ToString::to_string).collect();
        let mut context = digest::Context::new(&digest::SHA256);
        for Seen { fate, mvno, line, .. } in &self.seen {
            let fate = match fate {
                Fate::Goes(kind) => kind.as_str(),
                Fate::Refused(_) | Fate::Held => fate.code().unwrap_or_default(),
            };
            let mvno = mvno.map_or("", |at| mvnos[at].as_str());
            for part in [fate, mvno, line.as_deref().unwrap_or_default()] {
                context.update(part.as_bytes());
                context.update(b"\n");
            }
        }
        hex(context.finish().as_ref())
    }
}
