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
    service::{Gateway, check_status::may_see, floor::Floor, record::unknown_mvno, refusal},
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
                let person = self.stands_for(&token).await?.ok_or_else(unknown_token)?;
                // A token is of use to the MVNO that it was given to, and about nobody else.
                if persons.vault.index().subject_token(&mvno, &person) != token {
                    return Err(unknown_token());
                }
                (person, Some(token).filter(|_| is_own))
            }
        };
        let counted = self.counted(&mvno, &person, now).await?;
        self.count(caller, &mvno, METHOD, if counted.code.is_empty() { "SOME" } else { "NONE" }, now);
        Ok(Counted { token, ..counted })
    }

    async fn stands_for(&self, token: &SubjectToken) -> Result<Option<BlindIndex>, Refusal> {
        let token = token.as_str().to_owned();
        let found = self.store.read(move |tx| {
            let token = token.clone();
            Box::pin(async move { Ok(sql::card::document_of(tx, &token).await?) })
        });
        Ok(found.await.map_err(refusal)?.and_then(|bytes| BlindIndex::from_bytes(&bytes)))
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
