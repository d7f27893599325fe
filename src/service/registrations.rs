//! Registrations as their own MVNO sees them: masked, and of a closed line no more than the law keeps it for.

use std::sync::Arc;

use super::{
    Gateway,
    persons::Persons,
    refusal,
    register::seal::{self, Known},
};
use crate::{
    domain::{
        caller::Caller,
        document::{DocumentType, mask},
        line::LineState,
        name::ParticipantName,
        refusal::{Reason, Refusal},
        registration::RegistrationState,
    },
    store::{
        Abort, StoreError, Tx,
        sql::{self, line::LineRow},
    },
    vault::Column,
};

/// A registration as it is shown.
pub struct Shown {
    /// The line.
    pub line: LineRow,
    /// Its number in E.164; empty once erased.
    pub msisdn: String,
    /// The IMEI of the device that an industry line is bound to; empty for none, and once closed.
    pub imei: String,
    /// The type of the document that it is counted by; `None` once erased.
    pub kind: Option<DocumentType>,
    /// Its number, masked; empty once closed.
    pub masked_number: String,
    /// The name on it, masked; empty once closed.
    pub masked_name: String,
    /// What stands for the subject; empty once erased.
    pub subject_token: String,
    /// Whether it is beyond what one may have.
    pub legacy: bool,
}

/// Which registrations.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Only of this MVNO: nobody but the caller.
    pub mvno: Option<ParticipantName>,
    /// Only of this subject.
    pub subject_token: String,
    /// Only what this outlet took in, by its name.
    pub channel: String,
    /// Only in this state.
    pub state: Option<RegistrationState>,
    /// Only with a line in this state.
    pub line_state: Option<LineState>,
    /// Rows at most; 0 for the default.
    pub page_size: i32,
    /// Where an earlier page ended; empty for the first.
    pub page_token: String,
}

impl Gateway {
    /// One registration of the caller's own.
    pub async fn get_registration(&self, caller: &Caller, name: &str) -> Result<Shown, Refusal> {
        let persons = self.persons()?.clone();
        let (mvno, id) = (caller.organisation.clone(), own_id(&caller.organisation, name)?);
        let found = self.store.read(move |tx| {
            let (mvno, id, persons) = (mvno.clone(), id.clone(), persons.clone());
            Box::pin(async move {
                let line = sql::line::lookup(tx, &mvno, &id).await?;
                let line = line.ok_or_else(|| unknown(&format!("{mvno}/registrations/{id}")))?;
                Ok(shown(tx, &persons, line).await?)
            })
        });
        found.await.map_err(refusal)
    }

    /// A page of the caller's own registrations, and the token of the next, empty at the end.
    pub async fn list_registrations(
        &self,
        caller: &Caller,
        filter: Filter,
    ) -> Result<(Vec<Shown>, String), Refusal> {
        let persons = self.persons()?.clone();
        if let Some(mvno) = &filter.mvno {
            super::check_status::may_see(caller, mvno)?;
        }
        let mvno = caller.organisation.clone();
        let list = format!(
            "registrations|{mvno}|{}|{}|{:?}|{:?}",
            filter.subject_token, filter.channel, filter.state, filter.line_state
        );
        let ask = self.pages.ask(&list, filter.page_size, &filter.page_token)?;
        let (size, after) = (ask.size, ask.after.unwrap_or_default());
        let found = self.store.read(move |tx| {
            let (mvno, persons, filter, after) =
                (mvno.clone(), persons.clone(), filter.clone(), after.clone());
            Box::pin(async move { page(tx, &persons, &mvno, &filter, &after, size + 1).await })
        });
        let mut found: Vec<Shown> = found.await.map_err(refusal)?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = found.len() > size;
        found.truncate(size);
        let last = found.last().filter(|_| more);
        let token = last.map_or_else(String::new, |shown| self.pages.token(&list, &shown.line.id));
        Ok((found, token))
    }
}

async fn page(
    tx: &mut dyn Tx,
    persons: &Arc<Persons>,
    mvno: &ParticipantName,
    filter: &Filter,
    after: &str,
    limit: i64,
) -> Result<Vec<Shown>, Abort> {
    let subject = match filter.subject_token.as_str() {
        "" => None,
        // A token of another's, or of nobody, has no lines here.
        token => match persons.subject_of(tx, mvno, token).await? {
            None => return Ok(Vec::new()),
            Some(row) => Some(row.id),
        },
    };
    let channel = match filter.channel.as_str() {
        "" => None,
        name => match name.strip_prefix(&format!("{mvno}/channels/")) {
            None => return Ok(Vec::new()),
            Some(id) => Some(id.to_owned()),
        },
    };
    let filter = sql::line::Filter { subject, channel, registration: filter.state, state: filter.line_state };
    let mut all = Vec::new();
    for line in sql::line::list(tx, mvno, &filter, after, limit).await? {
        all.push(shown(tx, persons, line).await?);
    }
    Ok(all)
}

/// What of a line is shown.
pub(super) async fn shown(tx: &mut dyn Tx, persons: &Persons, line: LineRow) -> Result<Shown, StoreError> {
    let legacy = line.end_time.is_none() && line.slot.is_legacy(line.slots.limit());
    let Some(subject) = sql::subject::lookup(tx, &line.subject).await? else {
        let empty = String::new;
        return Ok(Shown {
            line,
            msisdn: empty(),
            imei: empty(),
            kind: None,
            masked_number: empty(),
            masked_name: empty(),
            subject_token: empty(),
            legacy,
        });
    };
    let key = seal::unlock(&persons.vault, &subject)?;
    let opened = |column: Column, sealed: Option<&Vec<u8>>| match sealed {
        None => Ok(String::new()),
        Some(sealed) => {
            let opened = key.open(column.at(&line.id), sealed);
            let text = opened.and_then(|opened| opened.expose_text().map(str::to_owned));
            text.map_err(|error| seal::closed(&line.id, error))
        }
    };
    let msisdn = opened(sql::line::NUMBER, line.number.as_ref())?;
    let imei = opened(sql::line::IMEI, line.imei.as_ref().filter(|_| line.registration.is_open()))?;
    let known = line.registration.is_open().then(|| seal::open_document(&key, &subject)).transpose()?;
    let masked = |part: fn(&Known) -> String| known.as_ref().map(part).unwrap_or_default();
    let erased = line.registration == RegistrationState::Erased;
    Ok(Shown {
        masked_number: masked(|known| mask::number(known.number.reveal())),
        masked_name: masked(|known| mask::name(known.name.reveal())),
        kind: (!erased).then_some(subject.kind),
        subject_token: if erased { String::new() } else { persons.token_of(&subject)?.as_str().to_owned() },
        msisdn,
        imei,
        line,
        legacy,
    })
}

/// The id of a registration of that MVNO; another's is not found, as if it were not there.
pub(super) fn own_id(mvno: &ParticipantName, name: &str) -> Result<String, Refusal> {
    let id = name.strip_prefix(&format!("{mvno}/registrations/"));
    id.map(str::to_owned).ok_or_else(|| unknown(name))
}

pub(super) fn unknown(name: &str) -> Refusal {
    Refusal::new(Reason::RegistrationNotFound, "You have no registration of that name; list yours.")
        .with("registration", name)
}
