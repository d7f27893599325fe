//! How many lines a person has at one MVNO, and of all others together only the bucket.

use super::holder_alone;
use crate::{
    domain::{
        caller::{Caller, Class},
        day,
        document::DocumentDraft,
        name::ParticipantName,
        quota::{self, Count, LIMIT, Quota, QuotaBucket, Slots},
        refusal::Refusal,
        time::Time,
    },
    service::{
        Gateway, check_status::may_see, floor::Floor, persons::Persons, record::unknown_mvno, refusal,
    },
    store::sql,
    vault::index::{BlindIndex, SubjectToken},
};

/// Whose lines to count.
#[derive(Clone, Debug)]
pub enum Of {
    /// By type and number of a document.
    Document(DocumentDraft),
    /// By the token that the MVNO was given.
    Token(String),
}

/// The count.
#[derive(Clone, Debug)]
pub struct Counted {
    /// Here.
    pub quota: Quota,
    /// At all others together.
    pub elsewhere: QuotaBucket,
    /// Why none can be opened; empty where some can.
    pub code: &'static str,
    /// Stands for the person; to an MVNO about itself.
    pub token: Option<SubjectToken>,
}

const METHOD: &str = "CHECK_CARD_QUOTA";

impl Gateway {
    /// Counts a person's lines.
    pub async fn check_card_quota(
        &self,
        caller: &Caller,
        mvno: Option<ParticipantName>,
        of: Of,
    ) -> Result<Counted, Refusal> {
        let floor = Floor::begin(&self.clock);
        let answer = self.quota_of(caller, mvno, of).await;
        floor.held(answer).await
    }

    async fn quota_of(
        &self,
        caller: &Caller,
        mvno: Option<ParticipantName>,
        of: Of,
    ) -> Result<Counted, Refusal> {
        let persons = self.persons()?;
        self.evidence.ready()?;
        let now = self.clock.now();
        let is_own = caller.class() == Class::Mvno;
        let mvno = mvno
            .or_else(|| is_own.then(|| caller.organisation.clone()))
            .ok_or_else(|| Refusal::field("mvno", "REQUIRED", "the MVNO's name, like mvnos/m07"))?;
        may_see(caller, &mvno)?;
        let (person, token) = match of {
            Of::Document(draft) => {
                let name = draft.name.clone();
                let holder = holder_alone(persons, draft, day::of(now))?;
                self.spend(persons, caller, &holder, name.reveal(), now).await?;
                let token = match is_own {
                    true => Some(self.token(persons, &mvno, &holder.index, now).await?),
                    false => None,
                };
                (holder.index, token)
            }
            Of::Token(text) => {
                let token = SubjectToken::parse(&text).ok_or_else(unknown_token)?;
                let person = self.stands_for(persons, &mvno, &token).await?.ok_or_else(unknown_token)?;
                let token = persons.vault.index().subject_token(&mvno, &person);
                (person, Some(token).filter(|_| is_own))
            }
        };
        let counted = self.counted(&mvno, &person, now).await?;
        self.count(caller, &mvno, METHOD, if counted.code.is_empty() { "SOME" } else { "NONE" }, now);
        Ok(Counted { token, ..counted })
    }

    /// Whom a token stands for. It is of use to the MVNO that it was given to, and about nobody else.
    async fn stands_for(
        &self,
        persons: &Persons,
        mvno: &ParticipantName,
        token: &SubjectToken,
    ) -> Result<Option<BlindIndex>, Refusal> {
        let index = persons.vault.index();
        let (text, mvno_too, opened) =
            (token.as_str().to_owned(), mvno.clone(), index.subject_of(mvno, token));
        let is_former = token.is_former();
        let found = self.store.read(move |tx| {
            let (token, mvno) = (text.clone(), mvno_too.clone());
            Box::pin(async move {
                match opened {
                    Some(person) => {
                        let is_good = sql::card::is_good(tx, &token, &mvno, person.as_bytes()).await?;
                        Ok(is_good.then_some(person))
                    }
                    None if is_former => {
                        let bytes = sql::card::document_of_former(tx, &token).await?;
                        Ok(bytes.and_then(|bytes| BlindIndex::from_bytes(&bytes)))
                    }
                    None => Ok(None),
                }
            })
        });
        let found = found.await.map_err(refusal)?;
        Ok(found.filter(|person| !is_former || index.former_token(mvno, person) == *token))
    }

    async fn counted(
        &self,
        mvno: &ParticipantName,
        person: &BlindIndex,
        now: Time,
    ) -> Result<Counted, Refusal> {
        let (mvno, index) = (mvno.clone(), person.as_bytes().to_vec());
        self.store
            .read(move |tx| {
                let (mvno, index) = (mvno.clone(), index.clone());
                Box::pin(async move {
                    if sql::standing::lookup(tx, &mvno).await?.is_none() {
                        return Err(unknown_mvno(&mvno).into());
                    }
                    let cards = sql::card::counts(tx, &index, Slots::Ordinary).await?;
                    let restricted = sql::restriction::in_force(tx, &index, now).await?;
                    let (mut here, mut elsewhere) = (0, 0);
                    for card in &cards {
                        let lines = u32::try_from(card.lines).unwrap_or(u32::MAX);
                        if card.mvno == mvno { here = lines } else { elsewhere += u64::from(lines) }
                    }
                    let count = Count {
                        in_use: here,
                        fresh: true,
                        restricted_until: restricted.map(|restriction| restriction.until),
                    };
                    let code = match count.judge(LIMIT, now) {
                        quota::Verdict::Allow => "",
                        quota::Verdict::Deny(fault) | quota::Verdict::Review(fault) => fault.code.as_str(),
                    };
                    let quota = count.quota(LIMIT, now);
                    Ok(Counted { quota, elsewhere: QuotaBucket::of(elsewhere), code, token: None })
                })
            })
            .await
            .map_err(refusal)
    }
}

fn unknown_token() -> Refusal {
    let text = "a token that you were given about somebody at that MVNO, or the document";
    Refusal::field("subject_token", "UNKNOWN", text)
}
