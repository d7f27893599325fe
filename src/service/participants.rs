//! Who takes part. An operator proposes, a regulator approves; suspending acts at once, resuming is proposed again.

use super::{
    Gateway,
    act::{Answered, Done},
    context::Context,
    record::{Turn, turn},
    refusal,
    supervise::Faults,
};
use crate::{
    domain::{
        caller::{Caller, Class},
        name::ParticipantName,
        participant::{Level, Participant, ParticipantState},
        refusal::{Reason, Refusal},
        time::Time,
    },
    store::{Abort, BoxFuture, StoreError, Tx, sql},
};

/// A participant to be.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// Its name; fixes its class.
    pub name: ParticipantName,
    /// What people call it.
    pub display_name: String,
    /// The level of an authority.
    pub level: Option<Level>,
    /// The area of an authority.
    pub area: String,
}

/// Which participants.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Only of this class.
    pub class: Option<Class>,
    /// Rows at most; 0 for the default.
    pub page_size: i32,
    /// Where an earlier page ended; empty for the first.
    pub page_token: String,
}

impl Gateway {
    /// Proposes a participant.
    pub async fn create_participant(
        &self,
        context: Context,
        proposal: Proposal,
    ) -> Result<Answered<Participant>, Refusal> {
        let mut faults = Faults::of(&context);
        faults.text("participant.display_name", &proposal.display_name, 1, 100);
        faults.text("participant.area", &proposal.area, 0, 100);
        let authority = matches!(proposal.name.class, Class::Regulator | Class::Police);
        let fits = authority || proposal.level.is_none();
        faults.require(
            fits,
            "participant.level",
            "NOT_OF_CLASS",
            "only authorities have a level; leave unset",
        );
        faults.require(
            !authority || proposal.level.is_some(),
            "participant.level",
            "REQUIRED",
            "MINISTRY, PROVINCE or CITY",
        );
        faults.optional_reason(&context.reason);
        faults.done()?;
        let caller = context.caller.clone();
        self.act(context, move |tx, now| {
            let participant = Participant {
                name: proposal.name.clone(),
                display_name: proposal.display_name.clone(),
                level: proposal.level,
                area: proposal.area.clone(),
                state: ParticipantState::Proposed,
                proposed_by: caller.to_string(),
                approved_by: None,
                create_time: now,
                update_time: now,
            };
            Box::pin(async move {
                match sql::participant::add(tx, &participant).await {
                    Err(StoreError::Duplicate) => {
                        let message =
                            format!("{} exists already; GetParticipant shows it.", participant.name);
                        return Err(Refusal::new(Reason::ParticipantExists, message)
                            .with("participant", &participant.name)
                            .into());
                    }
                    added => added?,
                }
                // From here on its calls are refused until it is approved.
                sql::change::mark_participants(tx).await?;
                Ok(done(participant))
            })
        })
        .await
    }

    /// Approves a proposed participant, or a proposed resumption.
    pub async fn approve_participant(
        &self,
        context: Context,
        name: ParticipantName,
    ) -> Result<Answered<Participant>, Refusal> {
        let (rules, caller) = (self.rules.clone(), context.caller.clone());
        let mut faults = Faults::of(&context);
        faults.optional_reason(&context.reason);
        faults.done()?;
        self.act(context, move |tx, now| {
            let (rules, caller, name) = (rules.clone(), caller.clone(), name.clone());
            Box::pin(async move {
                sql::participant::lock(tx, &name).await?;
                let mut participant = lookup(tx, &name).await?;
                match participant.state {
                    ParticipantState::Proposed | ParticipantState::ResumeProposed => {}
                    ParticipantState::Active | ParticipantState::Suspended => {
                        return Err(wrong_state(&participant).into());
                    }
                }
                if participant.proposed_by == caller.to_string() {
                    let message = "You proposed this yourself; another person must approve it.";
                    return Err(Refusal::new(Reason::ApproverIsProposer, message)
                        .with("participant", &name)
                        .into());
                }
                participant.state = ParticipantState::Active;
                participant.approved_by = Some(caller.to_string());
                save(tx, &mut participant, now).await?;
                let mut revision = None;
                if name.class == Class::Mvno && sql::standing::lookup(tx, &name).await?.is_none() {
                    // From here on the MVNO has a standing, UNKNOWN, and carriers can ask about it.
                    let begins = Turn { mvno: &name, facts: &[], cause: "participant", now };
                    revision = Some(turn(tx, &rules, begins).await?.0);
                }
                Ok(Done { revision, ..done(participant) })
            })
        })
        .await
    }

    /// Suspends a participant: its calls are refused from the answer on.
    pub async fn suspend_participant(
        &self,
        context: Context,
        name: ParticipantName,
    ) -> Result<Answered<Participant>, Refusal> {
        if context.caller.organisation == name {
            let text = "another organisation's; nobody locks itself out";
            return Err(Refusal::field("name", "OWN_ORGANISATION", text));
        }
        if name.class == Class::Regulator && context.caller.class() != Class::Regulator {
            let message = format!("You are {}; only a regulator suspends a regulator.", context.caller);
            return Err(Refusal::new(Reason::NotYours, message).with("caller", &context.caller));
        }
        self.move_participant(context, name, ParticipantState::Active, ParticipantState::Suspended).await
    }

    /// Proposes that a suspended participant be let in again.
    pub async fn resume_participant(
        &self,
        context: Context,
        name: ParticipantName,
    ) -> Result<Answered<Participant>, Refusal> {
        self.move_participant(context, name, ParticipantState::Suspended, ParticipantState::ResumeProposed)
            .await
    }

    async fn move_participant(
        &self,
        context: Context,
        name: ParticipantName,
        from: ParticipantState,
        to: ParticipantState,
    ) -> Result<Answered<Participant>, Refusal> {
        let mut faults = Faults::of(&context);
        faults.reason(&context.reason);
        faults.done()?;
        let caller = context.caller.clone();
        self.act(context, move |tx, now| -> BoxFuture<'_, _> {
            let (caller, name) = (caller.clone(), name.clone());
            Box::pin(async move {
                sql::participant::lock(tx, &name).await?;
                let mut participant = lookup(tx, &name).await?;
                if participant.state != from {
                    return Err(wrong_state(&participant).into());
                }
                participant.state = to;
                participant.proposed_by = caller.to_string();
                save(tx, &mut participant, now).await?;
                Ok(done(participant))
            })
        })
        .await
    }

    /// One participant.
    pub async fn participant(&self, caller: &Caller, name: ParticipantName) -> Result<Participant, Refusal> {
        super::check_status::may_see(caller, &name)?;
        self.store
            .read(move |tx| {
                let name = name.clone();
                Box::pin(async move { lookup(tx, &name).await })
            })
            .await
            .map_err(refusal)
    }

    /// A page of participants and the token of the next, empty at the end.
    pub async fn list_participants(
        &self,
        caller: &Caller,
        filter: Filter,
    ) -> Result<(Vec<Participant>, String), Refusal> {
        let list = format!("participants|{}|{:?}", caller.organisation, filter.class);
        let ask = self.pages.ask(&list, filter.page_size, &filter.page_token)?;
        if caller.class() == Class::Mvno {
            let own = self.participant(caller, caller.organisation.clone()).await?;
            let wanted = filter.class.is_none_or(|class| class == Class::Mvno);
            return Ok((Vec::from_iter(Some(own).filter(|_| wanted)), String::new()));
        }
        let (after, size, class) = (ask.after, ask.size, filter.class);
        let mut found = self
            .store
            .read(move |tx| {
                let after = after.clone();
                Box::pin(async move {
                    let after = after.as_deref().unwrap_or("");
                    sql::participant::list(tx, class, after, size + 1).await.map_err(Abort::from)
                })
            })
            .await
            .map_err(refusal)?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = found.len() > size;
        found.truncate(size);
        let last = found.last().filter(|_| more);
        let token = last.map_or_else(String::new, |last| self.pages.token(&list, &last.name.to_string()));
        Ok((found, token))
    }
}

async fn lookup(tx: &mut dyn Tx, name: &ParticipantName) -> Result<Participant, Abort> {
    let found = sql::participant::lookup(tx, name).await?;
    found.ok_or_else(|| {
        let message = format!("{name} does not take part here; ListParticipants shows who does.");
        Refusal::new(Reason::ParticipantNotFound, message).with("participant", name).into()
    })
}

async fn save(tx: &mut dyn Tx, participant: &mut Participant, now: Time) -> Result<(), Abort> {
    participant.update_time = now;
    sql::participant::save(tx, participant).await?;
    Ok(sql::change::mark_participants(tx).await?)
}

fn wrong_state(participant: &Participant) -> Refusal {
    let state = participant.state.as_str();
    let message = format!("{} is {state}; this step does not go on from there.", participant.name);
    Refusal::new(Reason::ParticipantState, message)
        .with("participant", &participant.name)
        .with("state", state)
}

fn done(participant: Participant) -> Done<Participant> {
    let detail = serde_json::json!({ "state": participant.state.as_str() });
    Done { subject: participant.name.to_string(), answer: participant, detail, revision: None }
}
