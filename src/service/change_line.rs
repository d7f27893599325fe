//! A line's operator stops it, frees it, or ends it. What a duty that is not done has stopped stays stopped; nothing
//! keeps anybody from ending a line.

use super::{
    Gateway,
    act::{Answered, Done},
    context::Context,
    register,
    registrations::{own_id, unknown},
    shutdown::follow,
    supervise::Faults,
};
use crate::{
    domain::{
        line::{LineState, state::NoChange},
        name::ParticipantName,
        refusal::{Reason, Refusal},
        time::Time,
    },
    store::{
        Abort, Tx,
        sql::{self, line::LineRow},
    },
};

/// What is done to a line.
#[derive(Clone, Copy, Debug)]
enum Change {
    To(LineState),
    Close,
}

/// What keeps a line stopped.
#[derive(Clone, Copy, Debug)]
enum Holder {
    Ladder,
    Order,
}

impl Gateway {
    /// Moves a line to a state. Answers the registration's name: what else there is to show is read again, masked.
    pub async fn change_line_state(
        &self,
        context: Context,
        registration: &str,
        state: Option<LineState>,
    ) -> Result<Answered<String>, Refusal> {
        let mut faults = Faults::of(&context);
        faults.optional_reason(&context.reason);
        let fine = state != Some(LineState::Closed);
        faults.require(fine, "state", "NOT_TOGETHER", "CloseLine ends a line");
        faults.done()?;
        let state = state.unwrap_or(LineState::Active); // a missing one is a fault of the message
        self.change(context, registration, Change::To(state)).await
    }

    /// Ends a line.
    pub async fn close_line(
        &self,
        context: Context,
        registration: &str,
    ) -> Result<Answered<String>, Refusal> {
        let mut faults = Faults::of(&context);
        faults.optional_reason(&context.reason);
        faults.done()?;
        self.change(context, registration, Change::Close).await
    }

    async fn change(
        &self,
        context: Context,
        registration: &str,
        change: Change,
    ) -> Result<Answered<String>, Refusal> {
        self.persons()?;
        let mvno = context.caller.organisation.clone();
        let id = own_id(&mvno, registration)?;
        self.act(context, move |tx, now| {
            let (mvno, id) = (mvno.clone(), id.clone());
            Box::pin(async move { run(tx, &mvno, &id, change, now).await })
        })
        .await
    }
}

async fn run(
    tx: &mut dyn Tx,
    mvno: &ParticipantName,
    id: &str,
    change: Change,
    now: Time,
) -> Result<Done<String>, Abort> {
    let name = format!("{mvno}/registrations/{id}");
    let line = sql::line::lookup_locked(tx, mvno, id).await?.ok_or_else(|| unknown(&name))?;
    let before = line.state;
    let after = match change {
        Change::To(to) => {
            let ladder = line.ladder.map_or(LineState::Active, |ladder| ladder.holds());
            let ordered = follow::held(tx, &line.number_index).await?;
            let by = if ordered > ladder { Holder::Order } else { Holder::Ladder };
            let held = ladder.stricter(ordered);
            let state = before.change(to, held).map_err(|why| unchanged(&name, before, why, by))?;
            let line = LineRow { state, ..line };
            sql::line::save(tx, &line).await?;
            if ordered != LineState::Active {
                sql::number_hold::set_own(tx, &line.number_index, state).await?;
            }
            line.state
        }
        Change::Close => {
            before.close().map_err(|why| unchanged(&name, before, why, Holder::Ladder))?;
            register::end(tx, line, now).await?.state
        }
    };
    let detail = serde_json::json!({ "before": before.as_str(), "after": after.as_str() });
    Ok(Done { answer: name.clone(), subject: name, detail, revision: None })
}

fn unchanged(name: &str, state: LineState, why: NoChange, by: Holder) -> Refusal {
    let message = match why {
        NoChange::Closed => "The line is closed; register its number anew.".to_owned(),
        NoChange::Already => format!("The line is {state} already."),
        NoChange::CloseLine => "CloseLine ends a line.".to_owned(),
        NoChange::Held(held) if matches!(by, Holder::Order) => {
            format!("An order holds the line at {held} until it is restored; whoever issued it restores it.")
        }
        NoChange::Held(held) => {
            format!("A duty that is not done holds the line at {held}; supplement the registration first.")
        }
    };
    Refusal::new(Reason::LineStateUnchanged, message).with("registration", name).with("line_state", state)
}
