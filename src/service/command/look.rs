//! When an order has to be looked at again: for its release, its approval, or its end.

use crate::{
    domain::{
        shutdown::{CommandKind, OrderState},
        time::Time,
    },
    store::sql::shutdown::OrderRow,
};

/// The next moment at which time alone changes something. `pending`: it has numbers that were not released. What was due
/// before and not dealt with stays due; whoever deals with it sets `next_time` to `None` first.
pub fn next_time(order: &OrderRow, pending: bool, now: Time) -> Option<Time> {
    let still =
        |due: Option<Time>| due.filter(|due| *due > now || order.next_time.is_some_and(|next| next <= *due));
    let state = order.state?;
    let release = (state == OrderState::InProgress && pending).then_some(order.effective_time).flatten();
    let unconfirmed = order.break_glass && order.approved_by.is_none() && state != OrderState::Cancelled;
    let approve =
        (state == OrderState::PendingApproval || unconfirmed).then_some(order.approve_by_time).flatten();
    let ended = matches!(state, OrderState::Expired | OrderState::PendingApproval);
    let expire = (order.kind == CommandKind::Shutdown && !ended).then_some(order.expire_time).flatten();
    [release.filter(|due| *due > now), still(approve), still(expire)].into_iter().flatten().min()
}
