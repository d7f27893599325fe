//! Registers a line: its form is read first, the authority is asked before the transaction, and everything else is
//! weighed and written in one, under the locks that let no other registration of the same number or person by.

mod gather;
mod record;
pub mod seal;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use self::gather::Gathered;
pub(super) use self::{
    gather::channel_id,
    record::{bound, end, industry, name},
};
use super::{
    Gateway,
    act::{Answered, Done},
    context::Context,
    gate,
    persons::Persons,
};
use crate::{
    domain::{
        decision::{Action, Decision},
        fault::Code,
        identity::outcome::{AuthorityMatch, CheckOutcome},
        name::ParticipantName,
        personal::Personal,
        quota::Quota,
        refusal::{Refusal, Violation},
        registration::{
            Policy, Registration, RegistrationState, Way,
            draft::Draft,
            judge::{self, Check, Judged, Verdict},
            refuse,
        },
        rules::RuleBook,
        time::Time,
    },
    store::{Abort, Tx},
    vault::index::BlindIndex,
};

/// A registration made.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Registered {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub state: RegistrationState,
    /// Every check and how it ended.
    pub checks: Vec<Checked>,
    /// The holder's lines, this one among them.
    pub quota: Quota,
    /// Stands for the subject in later calls.
    pub subject_token: String,
}

/// One check and how it ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Checked {
    /// What was checked.
    pub check: Check,
    /// How it ended.
    pub outcome: CheckOutcome,
    /// Why it did not pass.
    pub code: Option<Code>,
}

/// What one registration is worked on with, in every try of its transaction. What can be made before is, so that the
/// transaction has less to do.
struct Work {
    persons: Arc<Persons>,
    rules: Arc<RuleBook>,
    mvno: ParticipantName,
    registration: Registration,
    answers: Vec<Option<AuthorityMatch>>,
    /// The number in E.164.
    e164: Personal,
    number_index: BlindIndex,
    /// Of the person by whom the line is counted.
    document_index: BlindIndex,
    /// Number and document, as the ledger has them.
    pseudonyms: (String, String),
}

/// The path of the message in its request.
const FIELD: &str = "registration";

impl Gateway {
    /// Registers a line of the caller's own.
    pub async fn register(&self, context: Context, draft: Draft) -> Result<Answered<Registered>, Refusal> {
        let persons = self.persons()?.clone();
        let context = persons.veil(context);
        // What was done is answered before it is looked at again: a day later the same words may be faulty.
        if let Some(answer) = self.replayed(&context).await? {
            return Ok(answer);
        }
        let now = self.clock.now();
        let registration = match draft.read(FIELD, Way::Registered, &Policy::default(), now) {
            Ok(registration) if context.violations().is_empty() => registration,
            read => {
                let found = read.err().unwrap_or_default();
                let violations =
                    context.violations().into_iter().chain(found.into_iter().map(Violation::from));
                return Err(Refusal::fields(violations.collect()));
            }
        };
        let mvno = context.caller.organisation.clone();
        let mut answers = Vec::new();
        for person in registration.persons() {
            let photo = match std::ptr::eq(person, registration.photographed()) {
                true => registration.taken.photo_sha256.as_str(),
                false => "",
            };
            answers.push(persons.ask(&mvno, person, photo, now).await?);
        }
        let work = Arc::new(Work::new(persons, self.rules.clone(), mvno, registration, answers));
        self.act(context, move |tx, now| {
            let work = work.clone();
            Box::pin(async move { work.run(tx, now).await })
        })
        .await
    }
}

// === impl Work ===

impl Work {
    fn new(
        persons: Arc<Persons>,
        rules: Arc<RuleBook>,
        mvno: ParticipantName,
        registration: Registration,
        answers: Vec<Option<AuthorityMatch>>,
    ) -> Self {
        let (index, person) = (persons.vault.index(), registration.subject.person());
        let (kind, number) = person.counted();
        let e164 = Personal::new(registration.msisdn.e164());
        Self {
            number_index: index.number(e164.reveal()),
            document_index: persons.index_of(person),
            pseudonyms: (index.ledger("MSISDN", e164.reveal()), index.ledger(kind.as_str(), number)),
            e164,
            persons,
            rules,
            mvno,
            registration,
            answers,
        }
    }

    async fn run(&self, tx: &mut dyn Tx, now: Time) -> Result<Done<Registered>, Abort> {
        let decision = match self.registration.event.is_activation() {
            true => gate::decide(tx, &self.rules, &self.mvno, Action::NewActivations, now).await?,
            false => Decision::Allow,
        };
        let gathered = gather::gather(tx, self, decision, now).await?;
        let judged = judge::judge(&self.registration, &gathered.facts(self), now);
        if let Some(refusal) = self.refusal(tx, &judged, now).await? {
            return Err(Abort::Refused(refusal));
        }
        let Gathered { line, subject, .. } = gathered;
        record::record(
            tx,
            self,
            record::Found { line, subject },
            judged.checks.iter().map(Checked::from).collect(),
            now,
        )
        .await
    }

    /// Why not. Where the standing decides, its reasons and remedies go along.
    async fn refusal(&self, tx: &mut dyn Tx, judged: &Judged, now: Time) -> Result<Option<Refusal>, Abort> {
        let refusal = match judged.verdict {
            Verdict::Accept => return Ok(None),
            Verdict::Refuse(Check::Standing, _) | Verdict::Review(Check::Standing, _) => {
                let decided = gate::grounds(tx, &self.rules, &self.mvno, Action::NewActivations, now).await?;
                Some(Refusal::standing_denies(&self.mvno, decided))
            }
            Verdict::Refuse(..) | Verdict::Review(..) => refuse::refusal(judged, FIELD),
        };
        let checks = judged.checks.clone().into_boxed_slice();
        Ok(refusal.map(|refusal| Refusal { checks, ..refusal }))
    }
}

// === impl Checked ===

impl From<&judge::Checked> for Checked {
    fn from(checked: &judge::Checked) -> Self {
        let code = checked.fault.map(|fault| fault.code);
        Self { check: checked.check, outcome: checked.outcome, code }
    }
}
