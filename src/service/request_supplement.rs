//! Asks the holder of a line for what is missing in its registration: from then on the line is on the ladder of stops,
//! which is climbed by itself until the registration is supplemented.

use serde::{Deserialize, Serialize};

use super::{
    Gateway,
    act::{Answered, Done},
    context::Context,
    register,
    registrations::unknown,
    supervise::Faults,
};
use crate::{
    domain::{
        caller::{Caller, Class},
        line::{
            LineState,
            ladder::{Ask, Days, Ladder, NoAsk, Pace},
            retention::Event,
        },
        name::ParticipantName,
        number::Msisdn,
        refusal::{Reason, Refusal},
        time::Time,
    },
    store::{
        Abort, Tx,
        sql::{self, line::LineRow},
    },
};

/// Which line.
#[derive(Clone)]
pub enum Which {
    /// By its registration's name.
    Registration(String),
    /// By its number.
    Number(Msisdn),
}

/// A line on the ladder.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Asked {
    /// Its registration's name.
    pub registration: String,
    /// Where it is.
    pub ladder: Ladder,
}

/// A line as it is looked for.
#[derive(Clone)]
enum Key {
    Registration { mvno: ParticipantName, id: String },
    Number([u8; 32]),
}

impl Gateway {
    /// Asks for a supplement. An MVNO asks of its own lines.
    pub async fn request_supplement(
        &self,
        context: Context,
        which: Option<Which>,
        ask: Ask,
    ) -> Result<Answered<Asked>, Refusal> {
        let persons = self.persons()?;
        let context = persons.veil(context);
        let caller = context.caller.clone();
        let mut faults = Faults::of(&context);
        faults.reason(&context.reason);
        let may_flag = caller.class() != Class::Mvno || !ask.flagged;
        faults.require(may_flag, "flagged", "NOT_ALLOWED", "a regulator or public security flags lines");
        faults.done()?;
        let key = match which {
            Some(Which::Registration(name)) => {
                let (mvno, id) = parts(&name).ok_or_else(|| unknown(&name))?;
                Key::Registration { mvno, id }
            }
            Some(Which::Number(msisdn)) => {
                Key::Number(*persons.vault.index().number(&msisdn.e164()).as_bytes())
            }
            None => {
                return Err(Refusal::field("registration", "REQUIRED", "the registration, or the number"));
            }
        };
        self.act(context, move |tx, now| {
            let (caller, key) = (caller.clone(), key.clone());
            Box::pin(async move { run(tx, &caller, key, ask, now).await })
        })
        .await
    }
}

async fn run(tx: &mut dyn Tx, caller: &Caller, key: Key, ask: Ask, now: Time) -> Result<Done<Asked>, Abort> {
    let is_seen = |line: &LineRow| caller.class() != Class::Mvno || line.mvno == caller.organisation;
    let line = match key {
        Key::Registration { mvno, id } => {
            let found = sql::line::lookup_locked(tx, &mvno, &id).await?;
            found.filter(is_seen).ok_or_else(|| unknown(&format!("{mvno}/registrations/{id}")))?
        }
        Key::Number(index) => {
            let found = sql::line::live_locked(tx, &index).await?;
            found.filter(is_seen).ok_or_else(no_line)?
        }
    };
    let name = register::name(&line);
    if line.state == LineState::Closed {
        return Err(unchanged(&name, &line, "The line is closed; its number is registered anew.").into());
    }
    let is_flagged = line.ladder.is_some_and(|ladder| ladder.pace == Pace::Flagged);
    if is_flagged && ask.hardship && caller.class() == Class::Mvno {
        let message = "The line is flagged: whoever flagged it gives more time.";
        return Err(unchanged(&name, &line, message).into());
    }
    let ladder = Ladder::ask(line.ladder, ask, now).map_err(|why| {
        let message = match why {
            NoAsk::Already => "A supplement is due already; GetRegistration shows what comes when.",
            NoAsk::Stopped => "The line is stopped already: hardship gives more time before the first stop.",
        };
        unchanged(&name, &line, message)
    })?;
    let registration =
        line.registration.after(Event::SupplementAsked, None, now).unwrap_or(line.registration);
    let next_step_time = ladder.next(&Days::default()).map(|(_, time)| time);
    let line = LineRow { registration, ladder: Some(ladder), next_step_time, ..line };
    sql::line::save(tx, &line).await?;
    let detail = serde_json::json!({
        "step": ladder.step.as_str(),
        "pace": ladder.pace.as_str(),
        "hardship": ladder.hardship,
    });
    Ok(Done { answer: Asked { registration: name.clone(), ladder }, subject: name, detail, revision: None })
}

/// Whose registration, and its id.
fn parts(name: &str) -> Option<(ParticipantName, String)> {
    let (mvno, id) = name.split_once("/registrations/")?;
    Some((ParticipantName::parse_mvno(mvno).ok()?, id.to_owned()))
}

fn no_line() -> Refusal {
    Refusal::new(Reason::NumberNotInUse, "The number has no live line that you may see; look it up first.")
}

fn unchanged(name: &str, line: &LineRow, message: &str) -> Refusal {
    Refusal::new(Reason::LineStateUnchanged, message)
        .with("registration", name)
        .with("line_state", line.state)
}
