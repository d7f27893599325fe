//! Two authorities want the opposite of one number. The order that is obeyed is found before it is released, by level,
//! law and time; the loser is told which one won, number by number and by an alarm. Numbers that a higher order keeps off
//! are not let back by a lower one, and nothing is let back silently while anybody else's order keeps it off.

use std::collections::BTreeMap;

use super::{
    alarm::{self, Raised},
    header, order_name,
};
use crate::{
    domain::{
        command::fold::Step,
        name::ParticipantName,
        shutdown::{
            AlarmKind, CommandKind,
            precedence::{Basis, Claim},
        },
        time::Time,
    },
    service::command::mirror,
    store::{
        Abort, StoreError, Tx,
        sql::{self, opposed::Opposed, shutdown::OrderRow, shutdown_place::Left},
    },
};

/// The code of a number that another order won.
pub const OVERRULED: &str = "OVERRULED";

/// Whether somebody asks for what is to be released, or time alone does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Asked {
    /// A person has issued it, or decided an appeal.
    ByPerson,
    /// The order's own end, or a confirmation that did not come: it wins against nobody.
    ByTime,
}

/// Settles every conflict that the numbers of an order have, before its release. The caller has locked the order, and has
/// given it its issue time. Numbers that it loses are REFUSED; those that it wins are the other order's loss. Sound
/// the alarms after the commit.
pub async fn resolve(
    tx: &mut dyn Tx,
    order: &OrderRow,
    asked: Asked,
    now: Time,
) -> Result<Vec<Raised>, Abort> {
    let opposite = match order.kind {
        CommandKind::Shutdown if !sql::opposed::any_restoration(tx).await? => return Ok(Vec::new()),
        CommandKind::Shutdown => CommandKind::Restore,
        CommandKind::Restore => CommandKind::Shutdown,
        CommandKind::Verify => return Ok(Vec::new()),
    };
    let mut by_order: BTreeMap<String, Vec<Opposed>> = BTreeMap::new();
    for opposed in sql::opposed::of_order(tx, order, opposite.as_str()).await? {
        by_order.entry(opposed.order_id.clone()).or_default().push(opposed);
    }
    if by_order.is_empty() {
        return Ok(Vec::new());
    }
    let mine = claim(tx, order, now).await?;
    let mut others = Vec::new();
    // The youngest is locked first, as everywhere.
    for (id, numbers) in by_order.into_iter().rev() {
        let Some(other) = sql::shutdown::lookup_locked(tx, &id).await? else { continue };
        others.push((claim(tx, &other, now).await?, other, numbers));
    }
    // The strongest first: that is the one which a number is told it lost to.
    others.sort_by(|(a, ..), (b, ..)| b.cmp(a));
    let mut raised = Vec::new();
    for (claim, other, numbers) in others {
        let won = asked == Asked::ByPerson && mine.wins(&claim);
        let (winner, loser) = if won { (order, &other) } else { (&other, order) };
        if won {
            win(tx, order, &other, &numbers, now).await?;
        } else {
            lose(tx, order, &other, &numbers, now).await?;
        }
        if authority(winner) != authority(loser) {
            raised.push(tell(tx, winner, loser, numbers.len(), now).await?);
        }
    }
    Ok(raised)
}

/// What an order stands on: who issued it, and by what. A restoration stands on the law of what it restores.
async fn claim(tx: &mut dyn Tx, order: &OrderRow, now: Time) -> Result<Claim, StoreError> {
    let issuer = sql::participant::lookup(tx, &authority(order)).await?;
    Ok(Claim {
        level: issuer.and_then(|issuer| issuer.level),
        basis: Basis::of(&header(order)?.legal_basis),
        issue_time: order.issue_time.unwrap_or(now),
        id: order.id.clone(),
    })
}

/// Whose act it is: a higher authority's restoration of a lower one's order is the higher one's.
fn authority(order: &OrderRow) -> ParticipantName {
    let issued_by = order.issued_by.as_deref().unwrap_or_default();
    let organisation = issued_by.rsplit_once('/').and_then(|(name, _)| ParticipantName::parse(name).ok());
    organisation.unwrap_or_else(|| order.organisation.clone())
}

/// The order is obeyed. A shutdown overtakes the restoration when it is released; what a restoration wins is being let
/// back from now on, and is not released any more where it was not.
async fn win(
    tx: &mut dyn Tx,
    order: &OrderRow,
    other: &OrderRow,
    numbers: &[Opposed],
    now: Time,
) -> Result<(), StoreError> {
    if order.kind == CommandKind::Shutdown {
        return Ok(());
    }
    let theirs = grouped(numbers.iter().map(|opposed| (opposed.other_batch, opposed.other_n)));
    let left = Left { code: Some(OVERRULED), overruled_by: Some(&order.id), now };
    mirror::shift(tx, other, &theirs, Step::Restoring, left).await
}

/// The other is obeyed: the order does nothing about these numbers.
async fn lose(
    tx: &mut dyn Tx,
    order: &OrderRow,
    other: &OrderRow,
    numbers: &[Opposed],
    now: Time,
) -> Result<(), StoreError> {
    let mine = grouped(numbers.iter().map(|opposed| (opposed.batch, opposed.n)));
    let left = Left { code: Some(OVERRULED), overruled_by: Some(&other.id), now };
    mirror::shift(tx, order, &mine, Step::Overtaken, left).await?;
    if order.kind == CommandKind::Restore {
        for opposed in numbers {
            sql::opposed::yield_to(tx, order, (opposed.batch, opposed.n), &other.id).await?;
        }
    }
    Ok(())
}

fn grouped(places: impl Iterator<Item = (i64, i64)>) -> Vec<(i64, Vec<i64>)> {
    let mut batches: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for (batch, n) in places {
        batches.entry(batch).or_default().push(n);
    }
    batches.into_iter().collect()
}

async fn tell(
    tx: &mut dyn Tx,
    winner: &OrderRow,
    loser: &OrderRow,
    numbers: usize,
    now: Time,
) -> Result<Raised, Abort> {
    let text = format!(
        "{numbers} numbers of {} are overruled by {} of {}.",
        order_name(&loser.id),
        order_name(&winner.id),
        authority(winner)
    );
    let count = i64::try_from(numbers).unwrap_or(i64::MAX);
    alarm::raise(tx, AlarmKind::Conflict, loser, None, count, &text, now).await
}
