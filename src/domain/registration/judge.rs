//! Weighs a registration against what is known around it. Every check is made, so that a clerk sees all of them; the first
//! that fails decides, then the first that somebody has to look at.

use serde::{Deserialize, Serialize};

use super::{Registration, RegistrationEvent, Subject, UnitLine};
use crate::domain::{
    capture::{Capture, Demands},
    channel::{
        Channel, ChannelKind,
        blacklist::{self, Listing},
        reader::Ownership,
    },
    decision::Decision,
    fault::{Code, Fault},
    identity::outcome::{self, AuthorityMatch, CheckOutcome},
    industry::Assessment,
    line::LineState,
    quota::{self, Count},
    time::Time,
    unit,
    word::words,
};

words! {
    /// What is checked, in the order in which it decides.
    Check {
        /// The form of the documents and of everything else in the request.
        Documents "DOCUMENTS";
        /// The unit's code.
        UnitCode "UNIT_CODE";
        /// The number is the operator's, and free or in use as the event needs.
        Number "NUMBER";
        /// The outlet may sell, and the person works there.
        Channel "CHANNEL";
        /// The reader is the outlet's.
        Reader "READER";
        /// The documents were taken in as they may be.
        Capture "CAPTURE";
        /// The assessment of an industry user.
        Assessment "ASSESSMENT";
        /// The operator's standing allows new lines.
        Standing "STANDING";
        /// The person may hold one line more.
        Quota "QUOTA";
        /// The authority knows the persons.
        Authority "AUTHORITY";
    }
}

/// One check and how it ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Checked {
    /// What was checked.
    pub check: Check,
    /// How it ended.
    pub outcome: CheckOutcome,
    /// Why it did not pass.
    pub fault: Option<Fault>,
}

/// What is known of the number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NumberFact {
    /// Whether its block is in the caller's hands.
    pub allocated: bool,
    /// The state of its line, where the caller has one under it.
    pub line: Option<LineState>,
    /// Whether that line is of this registration's subject.
    pub same_holder: bool,
}

/// What is known around a registration.
#[derive(Clone, Debug)]
pub struct Facts<'f> {
    /// The number.
    pub number: NumberFact,
    /// The outlet; `None` where the caller has none of that name.
    pub channel: Option<&'f Channel>,
    /// Whether the outlet names persons, and the one who took it in is none of them.
    pub is_stranger: bool,
    /// What the blacklist has of the outlet and the person.
    pub listings: &'f [Listing],
    /// Whose the reader is.
    pub reader: Ownership,
    /// The assessment, where it is an industry line and the caller has that one.
    pub assessment: Option<&'f Assessment>,
    /// The decision on NEW_ACTIVATIONS at the caller's standing.
    pub activations: Decision,
    /// The subject's lines at the caller.
    pub count: Count,
    /// What the authority said, person by person as `Registration::persons` has them; missing ones were not asked.
    pub answers: &'f [Option<AuthorityMatch>],
}

/// What it comes to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It is registered.
    Accept,
    /// It is refused by this check.
    Refuse(Check, Fault),
    /// Somebody looks first, because of this check.
    Review(Check, Fault),
}

/// Checks and verdict.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// Every check, in order.
    pub checks: Vec<Checked>,
    /// What they come to.
    pub verdict: Verdict,
}

/// How one check ended.
enum End {
    Pass,
    Fail(Fault),
    Review(Fault),
    NotNeeded(Option<Fault>),
}

/// Judges it.
pub fn judge(registration: &Registration, facts: &Facts<'_>, now: Time) -> Judged {
    let mut judged = Judged { checks: Vec::with_capacity(Check::ALL.len()), verdict: Verdict::Accept };
    for check in Check::ALL {
        judged.add(*check, end(*check, registration, facts, now));
    }
    judged
}

/// Judges one that is imported: the line is there, so that neither standing nor quota stop it, and the authority is not
/// asked row by row. What was allowed on its day is. `channel` is the outlet's kind, where it is known.
pub fn judge_imported(
    registration: &Registration,
    fact: NumberFact,
    channel: Option<ChannelKind>,
) -> Result<(), (Check, Fault)> {
    number(registration.event, fact).map_err(|fault| (Check::Number, fault))?;
    let capture = Capture {
        method: registration.taken.method,
        has_photo: !registration.taken.photo_sha256.is_empty(),
        // Units were registered at own halls, and an outlet that is no more had a door.
        channel: channel.unwrap_or(match registration.subject {
            Subject::Unit(_) => ChannelKind::OwnHall,
            Subject::Individual(_) => ChannelKind::PhysicalAgent,
        }),
    };
    taken(registration, &capture).map_err(|fault| (Check::Capture, fault))
}

fn end(check: Check, registration: &Registration, facts: &Facts<'_>, now: Time) -> End {
    match check {
        Check::Documents => End::Pass,
        Check::UnitCode => unit_code(&registration.subject),
        Check::Number => number(registration.event, facts.number).into(),
        Check::Channel => channel(registration, facts).into(),
        Check::Reader if registration.taken.reader.is_none() => End::NotNeeded(None),
        Check::Reader => facts.reader.judge().into(),
        Check::Capture => taken(registration, &capture(registration, facts)).into(),
        Check::Assessment => assessment(registration, facts),
        Check::Standing if !registration.event.is_activation() => End::NotNeeded(None),
        Check::Standing => standing(facts.activations, &capture(registration, facts)),
        Check::Quota if !registration.event.is_activation() => End::NotNeeded(None),
        Check::Quota => match facts.count.judge(registration.subject.limit(), now) {
            quota::Verdict::Allow => End::Pass,
            quota::Verdict::Deny(fault) => End::Fail(fault),
            quota::Verdict::Review(fault) => End::Review(fault),
        },
        Check::Authority => authority(registration, facts),
    }
}

fn unit_code(subject: &Subject) -> End {
    match subject {
        Subject::Individual(_) => End::NotNeeded(None),
        Subject::Unit(unit) if unit.code.checks() => End::Pass,
        Subject::Unit(unit) if unit.code_compared => End::NotNeeded(Some(unit::UNCHECKED)),
        Subject::Unit(_) => End::Review(unit::UNCHECKED),
    }
}

/// A new line needs a free number; what changes a line needs a live one, and but for a transfer of the same holder.
fn number(event: RegistrationEvent, fact: NumberFact) -> Result<(), Fault> {
    if !fact.allocated {
        return Err(Fault::new(Code::NumberNotAllocated, "a number of a block that you hold"));
    }
    let live = fact.line.is_some_and(LineState::holds_slot);
    match event {
        RegistrationEvent::Open if live => Err(Fault::new(Code::NumberInUse, "a number without a live line")),
        RegistrationEvent::Open => Ok(()),
        _ if !live => Err(Fault::new(Code::NumberNotInUse, "a number with a live line")),
        RegistrationEvent::Transfer => Ok(()),
        RegistrationEvent::SimChange | RegistrationEvent::Supplement if fact.same_holder => Ok(()),
        RegistrationEvent::SimChange | RegistrationEvent::Supplement => {
            Err(Fault::new(Code::HolderMismatch, "the holder of the line; another takes it over by TRANSFER"))
        }
    }
}

fn channel(registration: &Registration, facts: &Facts<'_>) -> Result<(), Fault> {
    let channel =
        facts.channel.ok_or(Fault::new(Code::ChannelUnknown, "an outlet that you have authorised"))?;
    blacklist::judge(facts.listings, registration.register_time)?;
    channel.may_sell(registration.register_time)?;
    if facts.is_stranger {
        return Err(Fault::new(Code::PersonNotOfChannel, "a person whom the outlet has named"));
    }
    Ok(())
}

fn capture(registration: &Registration, facts: &Facts<'_>) -> Capture {
    Capture {
        method: registration.taken.method,
        has_photo: !registration.taken.photo_sha256.is_empty(),
        channel: facts.channel.map_or(ChannelKind::PhysicalAgent, |channel| channel.kind),
    }
}

/// The documents of all its persons are taken in at once, in the one way. A minor's register has no chip; then the
/// guardian's card is the one that is read.
fn taken(registration: &Registration, capture: &Capture) -> Result<(), Fault> {
    let demands = Demands {
        unit: matches!(registration.subject, Subject::Unit(_)),
        industry: registration.subject.is_industry(),
    };
    let kind = match (registration.subject.person().kind, registration.guardian.as_ref()) {
        (kind, Some(guardian)) if !kind.has_chip() => guardian.kind,
        (kind, _) => kind,
    };
    capture.judge(kind, demands, registration.day())
}

fn assessment(registration: &Registration, facts: &Facts<'_>) -> End {
    let Subject::Unit(unit) = &registration.subject else { return End::NotNeeded(None) };
    let UnitLine::Industry { functions, imei, .. } = &unit.line else { return End::NotNeeded(None) };
    match facts.assessment {
        None => {
            End::Fail(Fault::new(Code::AssessmentRequired, "an assessment of yours of this industry user"))
        }
        Some(assessment) => {
            // Of a line that goes on the device is known, or was not asked for when it began.
            let is_unbound = imei.is_none() && registration.event.is_activation();
            assessment.covers(*functions, registration.register_time, is_unbound).into()
        }
    }
}

fn standing(decision: Decision, capture: &Capture) -> End {
    match decision {
        Decision::Allow => End::Pass,
        Decision::Conditional => capture.meets_condition().into(),
        Decision::Review => {
            End::Review(Fault::new(Code::StandingReview, "the regulator's review comes first"))
        }
        Decision::Deny => End::Fail(Fault::new(Code::StandingDenies, "a standing that allows new lines")),
    }
}

fn authority(registration: &Registration, facts: &Facts<'_>) -> End {
    let answers = facts.answers.iter().copied().chain(std::iter::repeat(None));
    let verdicts =
        registration.persons().zip(answers).map(|(person, answer)| outcome::judge(person.kind, answer));
    match outcome::gravest(verdicts) {
        outcome::Verdict::Pass => End::Pass,
        outcome::Verdict::Fail(fault) => End::Fail(fault),
        outcome::Verdict::Review(fault) => End::Review(fault),
        outcome::Verdict::NotAsked => End::NotNeeded(None),
    }
}

// === impl Judged ===

impl Judged {
    fn add(&mut self, check: Check, end: End) {
        let (outcome, fault) = match end {
            End::Pass => (CheckOutcome::Pass, None),
            End::Fail(fault) => {
                if !matches!(self.verdict, Verdict::Refuse(..)) {
                    self.verdict = Verdict::Refuse(check, fault);
                }
                (CheckOutcome::Fail, Some(fault))
            }
            End::Review(fault) => {
                if self.verdict == Verdict::Accept {
                    self.verdict = Verdict::Review(check, fault);
                }
                (CheckOutcome::NotChecked, Some(fault))
            }
            End::NotNeeded(fault) => (CheckOutcome::NotChecked, fault),
        };
        self.checks.push(Checked { check, outcome, fault });
    }
}

impl From<Result<(), Fault>> for End {
    fn from(result: Result<(), Fault>) -> Self {
        match result {
            Ok(()) => Self::Pass,
            Err(fault) => Self::Fail(fault),
        }
    }
}

#[cfg(test)]
mod tests;
