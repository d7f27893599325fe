//! Whether a document is the one under which a live line of the caller's is registered: attribute by attribute, and
//! nothing of what is registered. A line that is not the caller's is answered as one that is not there.

use std::sync::Arc;

use super::holder;
use crate::{
    authority::Question,
    domain::{
        caller::Caller,
        day,
        document::{DocumentDraft, PersonName},
        identity::outcome::AuthorityMatch,
        number::Msisdn,
        personal::Personal,
        refusal::{Refusal, Violation},
    },
    service::{Gateway, floor::Floor, persons::Persons, refusal, register::seal},
    store::sql,
    vault::index::SubjectToken,
};

/// Whether they go together.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Matched {
    /// The document's number.
    pub number: AuthorityMatch,
    /// The name.
    pub name: AuthorityMatch,
}

const METHOD: &str = "MATCH_IDENTITY";

impl Gateway {
    /// Matches a document with a line.
    pub async fn match_identity(
        &self,
        caller: &Caller,
        msisdn: Personal,
        document: DocumentDraft,
    ) -> Result<Matched, Refusal> {
        let floor = Floor::begin(&self.clock);
        let answer = self.matched(caller, msisdn, document).await;
        floor.held(answer).await
    }

    async fn matched(
        &self,
        caller: &Caller,
        msisdn: Personal,
        draft: DocumentDraft,
    ) -> Result<Matched, Refusal> {
        let persons = self.persons()?;
        self.evidence.ready()?;
        let (now, mvno) = (self.clock.now(), caller.organisation.clone());
        let mut faults = Vec::new();
        let msisdn = Msisdn::parse(msisdn.reveal())
            .map_err(|bad| faults.push(Violation::new("msisdn", bad.code, bad.text)));
        let name = PersonName::read(draft.name.clone())
            .map_err(|fault| faults.push(Violation::new("document.name", fault.code.as_str(), fault.text)));
        let holder = holder(persons, draft, "document", day::of(now))
            .map_err(|found| faults.extend(found.into_iter().map(Violation::from)));
        let (Ok(msisdn), Ok(name), Ok(holder)) = (msisdn, name, holder) else {
            return Err(Refusal::fields(faults));
        };
        let e164 = msisdn.e164();
        let tried = Personal::new(format!("{}|{}|{}", holder.kind, holder.number.reveal(), name.reveal()));
        let question = Question::new(mvno.clone(), "LINE", &e164, tried.reveal());
        persons.authority.spend(&question).await.map_err(|suspected| suspected.refusal(now))?;
        let number = persons.vault.index().number(&e164).as_bytes().to_vec();
        let keeper: Arc<Persons> = persons.clone();
        let known = self.store.read(move |tx| {
            let (mvno, number, persons) = (mvno.clone(), number.clone(), keeper.clone());
            Box::pin(async move {
                let line = sql::line::live(tx, &number).await?.filter(|line| line.mvno == mvno);
                let Some(line) = line else { return Ok(None) };
                let Some(subject) = sql::subject::lookup(tx, &line.subject).await? else { return Ok(None) };
                let key = seal::unlock(&persons.vault, &subject)?;
                let name = seal::open_document(&key, &subject)?.name;
                Ok(Some((persons.token_of(&subject)?, name)))
            })
        });
        let token = persons.vault.index().subject_token(&caller.organisation, &holder.index);
        let matched = compare(known.await.map_err(refusal)?, &token, &name);
        self.count(caller, &caller.organisation, METHOD, matched.number.as_str(), now);
        Ok(matched)
    }
}

/// What is known of the line is the token of its holder, and the name.
fn compare(known: Option<(SubjectToken, Personal)>, token: &SubjectToken, name: &PersonName) -> Matched {
    let Some((registered, registered_name)) = known else {
        return Matched { number: AuthorityMatch::NotAvailable, name: AuthorityMatch::NotAvailable };
    };
    let said = |same| if same { AuthorityMatch::Match } else { AuthorityMatch::Mismatch };
    Matched { number: said(registered == *token), name: said(registered_name.reveal() == name.reveal()) }
}
