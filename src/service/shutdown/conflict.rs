//! Two authorities want the opposite of one number. The order that is obeyed is found before it is released, by level,
//! law and time; the loser is told which one won, number by number and by an alarm. Numbers that a higher order keeps off
//! are not let back by a lower one, and nothing is let back silently while anybody else's order keeps it off.
//!
//! What is off of a number is what all orders that stand keep off together. A restoration lets back what its order cut, and
//! all that those cut over which it wins, but for what the others keep: so nothing is ever off that no order answers for.

use std::collections::{BTreeMap, HashSet};

use super::{
    alarm::{self, Raised},
    header, order_name,
};
use crate::{
    domain::{
        command::fold::Step,
        name::ParticipantName,
        shutdown::{
            AlarmKind, ApprovalNeed, CommandKind, NumberState, Scopes,
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

/// Another order about some of the numbers.
struct Other {
    claim: Claim,
    order: OrderRow,
    numbers: Vec<Opposed>,
}

/// What others want of one number of a restoration.
#[derive(Default)]
struct Meeting {
    /// Those over which it wins, as places among the others, and where they have it.
    won: Vec<(usize, (i64, i64))>,
    /// What those had cut.
    freed: Scopes,
    /// Those to which it loses, the strongest first.
    lost: Vec<usize>,
    /// What the others keep off.
    kept: Scopes,
    /// What of it is executed.
    executed: Scopes,
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
    match order.kind {
        CommandKind::Shutdown if sql::opposed::any_restoration(tx).await? => cut(tx, order, asked, now).await,
        CommandKind::Restore => let_back(tx, order, asked, now).await,
        CommandKind::Shutdown | CommandKind::Verify => Ok(Vec::new()),
    }
}

/// A shutdown meets restorations under way: it is obeyed against each, or not at all.
async fn cut(tx: &mut dyn Tx, order: &OrderRow, asked: Asked, now: Time) -> Result<Vec<Raised>, Abort> {
    let mut opposed = sql::opposed::of_order(tx, order, CommandKind::Restore.as_str()).await?;
    opposed.retain(|opposed| opposed.scopes.meets(order.scopes));
    if opposed.is_empty() {
        return Ok(Vec::new());
    }
    let mine = claim(tx, order, now).await?;
    let mut raised = Vec::new();
    for Other { claim, order: other, numbers } in others(tx, opposed, now).await? {
        let (winner, loser) = if asked == Asked::ByPerson && mine.wins(&claim) {
            // What is out is overtaken when this is released; what is not would come after it.
            let waits = numbers.iter().filter(|opposed| opposed.state == NumberState::Planned);
            let theirs = grouped(waits.map(|opposed| (opposed.other_batch, opposed.other_n)));
            give_up(tx, &other, &theirs, &order.id, now).await?;
            (order, &other)
        } else {
            let own = grouped(numbers.iter().map(|opposed| (opposed.batch, opposed.n)));
            give_up(tx, order, &own, &other.id, now).await?;
            (&other, order)
        };
        raised.extend(tell(tx, winner, loser, numbers.len(), now).await?);
    }
    Ok(raised)
}

/// A restoration meets whatever else keeps its numbers off.
async fn let_back(tx: &mut dyn Tx, order: &OrderRow, asked: Asked, now: Time) -> Result<Vec<Raised>, Abort> {
    let opposed = sql::opposed::of_order(tx, order, CommandKind::Shutdown.as_str()).await?;
    if opposed.is_empty() {
        return Ok(Vec::new());
    }
    // Whoever only found a number off has no more to give back than a word.
    let found_off: HashSet<i64> = sql::opposed::found_off(tx, order).await?.into_iter().collect();
    let (mine, others) = (claim(tx, order, now).await?, others(tx, opposed, now).await?);
    let mut meetings: BTreeMap<(i64, i64), Meeting> = BTreeMap::new();
    for (at, Other { claim, order: other, numbers }) in others.iter().enumerate() {
        let obeyed = asked == Asked::ByPerson && mine.wins(claim) && may_undo(order, &mine, other, claim);
        for opposed in numbers {
            let meeting = meetings.entry((opposed.batch, opposed.n)).or_default();
            let meets = opposed.scopes.meets(order.scopes);
            if meets && obeyed && !found_off.contains(&opposed.n) {
                meeting.freed = meeting.freed.union(opposed.scopes);
                meeting.won.push((at, (opposed.other_batch, opposed.other_n)));
            } else if opposed.state != NumberState::Planned {
                // What is not released yet comes after this, and cuts it again.
                meeting.kept = meeting.kept.union(opposed.scopes);
                if matches!(opposed.state, NumberState::Executed | NumberState::Verified) {
                    meeting.executed = meeting.executed.union(opposed.scopes);
                }
                meeting.lost.extend(meets.then_some(at));
            }
        }
    }
    settle(tx, order, &others, meetings, now).await
}

/// Does with each number of a restoration what is left to do.
async fn settle(
    tx: &mut dyn Tx,
    order: &OrderRow,
    others: &[Other],
    meetings: BTreeMap<(i64, i64), Meeting>,
    now: Time,
) -> Result<Vec<Raised>, Abort> {
    let mut won: BTreeMap<usize, Vec<(i64, i64)>> = BTreeMap::new();
    let mut given_up: BTreeMap<usize, Vec<(i64, i64)>> = BTreeMap::new();
    let mut apart: BTreeMap<(i64, i64), Vec<i64>> = BTreeMap::new();
    let mut lost: BTreeMap<usize, usize> = BTreeMap::new();
    for ((batch, n), meeting) in meetings {
        let goes = order.scopes.union(meeting.freed).without(meeting.kept);
        meeting.lost.iter().for_each(|at| *lost.entry(*at).or_default() += 1);
        match meeting.lost.first() {
            // Nothing of it comes back, and those over which it would win stand as before.
            Some(winner) if goes == Scopes::default() => {
                // Where all of it stands elsewhere, its own order has no say any more.
                if meeting.executed.covers(order.scopes) {
                    sql::opposed::yield_to(tx, order, (batch, n), &others[*winner].order.id).await?;
                }
                given_up.entry(*winner).or_default().push((batch, n));
                continue;
            }
            _ if goes != order.scopes => apart.entry((batch, goes.bits())).or_default().push(n),
            _ => {}
        }
        meeting.won.into_iter().for_each(|(at, place)| won.entry(at).or_default().push(place));
    }
    for (winner, numbers) in given_up {
        give_up(tx, order, &grouped(numbers.into_iter()), &others[winner].order.id, now).await?;
    }
    for ((batch, goes), ns) in apart {
        sql::opposed::set_apart(tx, &order.id, batch, &ns, Scopes::from_bits(goes)).await?;
    }
    let mut raised = Vec::new();
    for (at, numbers) in lost {
        raised.extend(tell(tx, &others[at].order, order, numbers, now).await?);
    }
    let left = Left { code: Some(OVERRULED), overruled_by: Some(&order.id), now };
    for (at, numbers) in won {
        let (other, many) = (&others[at].order, numbers.len());
        mirror::shift(tx, other, &grouped(numbers.into_iter()), Step::Restoring, left).await?;
        raised.extend(tell(tx, order, other, many, now).await?);
    }
    Ok(raised)
}

/// The orders that numbers are in too, the strongest first: that is the one which a number is told it lost to.
async fn others(tx: &mut dyn Tx, opposed: Vec<Opposed>, now: Time) -> Result<Vec<Other>, StoreError> {
    let mut by_order: BTreeMap<String, Vec<Opposed>> = BTreeMap::new();
    for opposed in opposed {
        by_order.entry(opposed.order_id.clone()).or_default().push(opposed);
    }
    let mut others = Vec::new();
    // The youngest is locked first, as everywhere.
    for (id, numbers) in by_order.into_iter().rev() {
        let Some(order) = sql::shutdown::lookup_locked(tx, &id).await? else { continue };
        others.push(Other { claim: claim(tx, &order, now).await?, order, numbers });
    }
    others.sort_by(|a, b| b.claim.cmp(&a.claim));
    Ok(others)
}

/// One officer alone does not undo what two officers of another authority decided, unless his is above.
fn may_undo(order: &OrderRow, mine: &Claim, other: &OrderRow, theirs: &Claim) -> bool {
    other.approved_by.is_none()
        || order.approval == ApprovalNeed::SecondOfficer
        || authority(order) == authority(other)
        || mine.is_above(theirs)
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

/// An order does nothing about these numbers: another one is obeyed.
async fn give_up(
    tx: &mut dyn Tx,
    order: &OrderRow,
    numbers: &[(i64, Vec<i64>)],
    winner: &str,
    now: Time,
) -> Result<(), StoreError> {
    let left = Left { code: Some(OVERRULED), overruled_by: Some(winner), now };
    mirror::shift(tx, order, numbers, Step::Overtaken, left).await
}

fn grouped(places: impl Iterator<Item = (i64, i64)>) -> Vec<(i64, Vec<i64>)> {
    let mut batches: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for (batch, n) in places {
        batches.entry(batch).or_default().push(n);
    }
    batches.into_iter().collect()
}

/// Tells the loser, where that is another authority.
async fn tell(
    tx: &mut dyn Tx,
    winner: &OrderRow,
    loser: &OrderRow,
    numbers: usize,
    now: Time,
) -> Result<Option<Raised>, Abort> {
    if authority(winner) == authority(loser) {
        return Ok(None);
    }
    let text = format!(
        "{numbers} numbers of {} are overruled by {} of {}.",
        order_name(&loser.id),
        order_name(&winner.id),
        authority(winner)
    );
    let count = i64::try_from(numbers).unwrap_or(i64::MAX);
    alarm::raise(tx, AlarmKind::Conflict, loser, None, count, &text, now).await.map(Some)
}
