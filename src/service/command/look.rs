//! When an order has to be looked at again: for its release, its approval, or its end; and whether it is over.

use crate::{
    domain::{
        shutdown::{CommandKind, OrderState},
        time::Time,
    },
    store::sql::shutdown::OrderRow,
};

/// What ends an order by time: from then on nothing more of it goes out, and what it has cut is let back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// Its own end.
    Own(Time),
    /// The deadline by which nobody has confirmed what one officer did by break glass.
    Unconfirmed(Time),
}

/// What has ended an order by now.
pub fn end(order: &OrderRow, now: Time) -> Option<End> {
    let came = |due: &Time| *due <= now;
    let unconfirmed = deadline(order).filter(came).map(End::Unconfirmed);
    unconfirmed.or(own_end(order).filter(came).map(End::Own))
}

/// Whether it is one officer's alone so far, by break glass.
pub fn is_unconfirmed(order: &OrderRow) -> bool {
    order.break_glass && order.approved_by.is_none()
}

/// The next moment at which time alone changes something. `pending`: it has numbers that were not released. What is
/// overdue stays due until somebody has dealt with it.
pub fn next_time(order: &OrderRow, pending: bool, now: Time) -> Option<Time> {
    moments(order, pending, now).min()
}

/// The same for whoever has just dealt with all that was due.
pub fn next_time_after(order: &OrderRow, pending: bool, now: Time) -> Option<Time> {
    moments(order, pending, now).filter(|due| *due > now).min()
}

fn moments(order: &OrderRow, pending: bool, now: Time) -> impl Iterator<Item = Time> + use<> {
    let released = order.state == Some(OrderState::InProgress) && pending;
    // What waits for receivers, and not for its time, is looked at when they answer.
    let release = released.then_some(order.effective_time).flatten().filter(|due| *due > now);
    let waits = order.state == Some(OrderState::PendingApproval);
    let approve = waits.then_some(order.approve_by_time).flatten();
    let issued = order.state.is_some();
    let ends = [own_end(order), deadline(order)].map(|due| due.filter(|_| issued));
    [release, approve].into_iter().chain(ends).flatten()
}

fn own_end(order: &OrderRow) -> Option<Time> {
    (order.kind == CommandKind::Shutdown).then_some(order.expire_time).flatten()
}

fn deadline(order: &OrderRow) -> Option<Time> {
    is_unconfirmed(order).then_some(order.approve_by_time).flatten()
}
