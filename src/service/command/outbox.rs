//! Puts commands into the outboxes of their receivers.

use std::collections::BTreeMap;

use crate::{
    domain::{
        command::schedule::Due,
        name::ParticipantName,
        shutdown::{CommandKind, Side, Urgency},
        time::Time,
    },
    host,
    store::{
        StoreError, Tx,
        sql::{self, command::CommandRow},
    },
};

/// A command to be, without its place in a sequence.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Whose.
    pub receiver: ParticipantName,
    /// Which of the numbers' receivers that is.
    pub side: Side,
    /// About which batch.
    pub batch: i64,
    /// What to do.
    pub kind: CommandKind,
    /// The numbers meant; `None` for the whole batch.
    pub members: Option<Vec<i64>>,
    /// How many.
    pub number_count: i64,
}

/// Puts drafts of one order into the outboxes, in their order for each receiver. Receivers are taken in the order of
/// their names, so that two orders never wait for each other.
pub async fn put(
    tx: &mut dyn Tx,
    order_id: &str,
    urgency: Urgency,
    drafts: Vec<Draft>,
    now: Time,
) -> Result<(), StoreError> {
    if drafts.is_empty() {
        return Ok(());
    }
    let mut by_receiver: BTreeMap<ParticipantName, Vec<Draft>> = BTreeMap::new();
    for draft in drafts {
        by_receiver.entry(draft.receiver.clone()).or_default().push(draft);
    }
    let due = Due::of(urgency, now);
    for (receiver, drafts) in by_receiver {
        let many = i64::try_from(drafts.len()).unwrap_or(i64::MAX);
        let last = sql::receiver::take(tx, &receiver, many).await?;
        for (sequence, draft) in (last - many + 1..).zip(drafts) {
            let row = CommandRow {
                receiver: receiver.clone(),
                sequence,
                command_id: host::new_id(now),
                order_id: order_id.to_owned(),
                batch: draft.batch,
                side: draft.side,
                kind: draft.kind,
                members: draft.members,
                number_count: draft.number_count,
                open_count: draft.number_count,
                due,
                deliver_time: None,
                ack_time: None,
                done_time: None,
                tries: 0,
                resend: None,
                late: 0,
                next_time: Some(due.next(false, 0, now)),
            };
            sql::command::send(tx, &row).await?;
        }
    }
    tx.mark_changed();
    Ok(())
}
