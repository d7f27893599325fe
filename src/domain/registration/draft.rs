//! A registration as it came: every field is read, the first failure of each decides it, and all are told at once.

use jiff::civil::Date;

use super::{Policy, Registration, RegistrationEvent, Subject, Taken, Unit, UnitLine, Way};
use crate::domain::{
    capture::CaptureMethod,
    channel::reader::ReaderSerial,
    day,
    document::{Document, DocumentDraft},
    fault::{At, Code, Fault, Faults},
    industry::{self, Functions, imei::Imei},
    line,
    personal::Personal,
    time::{DAY, Time},
    unit::{UnitCode, UnitName},
};

/// A registration, nothing judged.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The line's number.
    pub msisdn: Personal,
    /// What happens to it.
    pub event: Option<RegistrationEvent>,
    /// The person who has it; one of this and the unit.
    pub individual: Option<DocumentDraft>,
    /// The unit that has it.
    pub unit: Option<UnitDraft>,
    /// A minor's guardian.
    pub guardian: Option<DocumentDraft>,
    /// Who acts for a unit.
    pub handler: Option<DocumentDraft>,
    /// Who acts for a person.
    pub proxy: Option<DocumentDraft>,
    /// How it was taken in.
    pub capture: TakenDraft,
    /// When; unset means now.
    pub register_time: Option<Time>,
}

/// A unit, nothing judged.
#[derive(Clone, Debug, Default)]
pub struct UnitDraft {
    /// Its name.
    pub name: Personal,
    /// Its code.
    pub uscc: Personal,
    /// Somebody compared the code with the certificate, though it does not check.
    pub uscc_compared: bool,
    /// SHA-256 of its letter of authorisation.
    pub authorisation_sha256: String,
    /// The last day of the letter; empty for no end.
    pub authorisation_valid_to: String,
    /// Who uses an ordinary line.
    pub actual_user: Option<DocumentDraft>,
    /// Who is responsible for an industry line.
    pub responsible_person: Option<DocumentDraft>,
    /// The assessment of an industry line; empty for an ordinary one.
    pub assessment: String,
    /// What an industry line can do.
    pub functions: Option<Functions>,
    /// The IMEI of the device that an industry line is bound to; empty for none.
    pub imei: Personal,
}

/// A capture, nothing judged.
#[derive(Clone, Debug, Default)]
pub struct TakenDraft {
    /// How.
    pub method: Option<CaptureMethod>,
    /// The reader's serial number.
    pub reader_serial: String,
    /// The outlet's name.
    pub channel: String,
    /// Who did it.
    pub operator_id: String,
    /// SHA-256 of the photo.
    pub photo_sha256: String,
}

/// How far back a registration may lie when it is not imported.
const FURTHEST_BACK: std::time::Duration = DAY;

// === impl Draft ===

impl Draft {
    /// Reads it; `prefix` is the path of the message, like `registration`.
    pub fn read(self, prefix: &str, way: Way, policy: &Policy, now: Time) -> Result<Registration, Vec<At>> {
        let mut found = Vec::new();
        let register_time = moment(self.register_time, way, now, &mut Faults::beneath(&mut found, prefix));
        let on = day::of(register_time);
        let mut reader = Reader { found: &mut found, prefix, on, way };
        let msisdn = reader.here().keep("msisdn", line::msisdn::read(self.msisdn));
        let event = self.event.ok_or(Fault::new(Code::Required, "what happens to the line"));
        let event = reader.here().keep("event", event);
        let guardian = self.guardian.map(|draft| reader.document("guardian.document", draft));
        let handler = self.handler.map(|draft| reader.document("handler.document", draft));
        let proxy = self.proxy.map(|draft| reader.document("proxy.document", draft));
        let subject = match (self.individual, self.unit) {
            (Some(draft), None) => {
                let person = reader.document("individual.document", draft);
                person.map(|person| Subject::Individual(Box::new(person)))
            }
            (None, Some(draft)) => {
                reader.here().require(
                    handler.is_some(),
                    "handler",
                    Code::HandlerRequired,
                    "who acts for the unit",
                );
                reader.unit(draft).map(|unit| Subject::Unit(Box::new(unit)))
            }
            (Some(_), Some(_)) => {
                reader.here().add("unit", Fault::new(Code::NotTogether, "a person or a unit, not both"));
                None
            }
            (None, None) => {
                reader.here().add(
                    "individual",
                    Fault::new(Code::Required, "the person or the unit that has the line"),
                );
                None
            }
        };
        let taken = reader.taken(self.capture);
        let persons = Persons {
            subject: subject.as_ref(),
            guardian: guardian.as_ref().and_then(Option::as_ref),
            has_guardian: guardian.is_some(),
            handler: handler.as_ref().and_then(Option::as_ref),
            proxy: proxy.as_ref().and_then(Option::as_ref),
        };
        persons.judge(policy, on, &mut reader.here());
        if !found.is_empty() {
            return Err(found);
        }
        let all = msisdn.zip(event).zip(subject).zip(taken);
        let read = all.map(|(((msisdn, event), subject), taken)| Registration {
            msisdn,
            event,
            subject,
            guardian: guardian.flatten(),
            handler: handler.flatten(),
            proxy: proxy.flatten(),
            taken,
            register_time,
        });
        read.ok_or(found)
    }
}

// === impl TakenDraft ===

impl TakenDraft {
    /// Reads a capture that stands alone: by an outlet, as Register asks for it.
    pub fn read_alone(self) -> Result<Taken, Vec<At>> {
        let mut found = Vec::new();
        let mut reader = Reader { found: &mut found, prefix: "", on: Date::MIN, way: Way::Registered };
        reader.taken(self).ok_or(found)
    }
}

/// When it is judged: a day back at most, but for what is imported; never ahead.
fn moment(time: Option<Time>, way: Way, now: Time, faults: &mut Faults<'_>) -> Time {
    let time = time.unwrap_or(now);
    faults.require(time <= now, "register_time", Code::InFuture, "not later than now");
    let back = way == Way::Imported || now.since(time) <= FURTHEST_BACK;
    faults.require(back, "register_time", Code::TooOld, "at most 24 hours back; older ones are imported");
    time
}

/// Reads the parts of one message.
struct Reader<'r> {
    found: &'r mut Vec<At>,
    prefix: &'r str,
    on: Date,
    way: Way,
}

// === impl Reader ===

impl Reader<'_> {
    fn here(&mut self) -> Faults<'_> {
        Faults::beneath(self.found, self.prefix)
    }

    fn document(&mut self, field: &str, draft: DocumentDraft) -> Option<Document> {
        // The path is put together for faults alone.
        let before = self.found.len();
        let document = Document::read(draft, self.on, &mut Faults::beneath(self.found, field));
        if !self.prefix.is_empty() {
            for at in &mut self.found[before..] {
                at.field = format!("{}.{}", self.prefix, at.field);
            }
        }
        document
    }

    fn unit(&mut self, draft: UnitDraft) -> Option<Unit> {
        let name = self.here().keep("unit.name", UnitName::read(draft.name));
        let code = self.here().keep("unit.uscc", UnitCode::read(draft.uscc));
        let letter = self.authorisation(&draft.authorisation_sha256, &draft.authorisation_valid_to);
        let line = if draft.assessment.is_empty() && draft.functions.is_none() {
            self.ordinary(draft.actual_user)
        } else {
            let functions = draft.functions.unwrap_or_default();
            self.industry(draft.responsible_person, draft.assessment, functions, draft.imei)
        };
        letter?;
        Some(Unit {
            name: name?,
            code: code?,
            code_compared: draft.uscc_compared,
            authorisation_sha256: draft.authorisation_sha256,
            line: line?,
        })
    }

    fn authorisation(&mut self, sha256: &str, valid_to: &str) -> Option<()> {
        const LETTER: Fault =
            Fault::new(Code::AuthorisationRequired, "SHA-256 of the letter, 64 lower-case hex digits");
        const ENDED: Fault = Fault::new(Code::AuthorisationExpired, "a letter whose last day has not passed");
        let letter = if is_sha256(sha256) { Ok(()) } else { Err(LETTER) };
        let letter = self.here().keep("unit.authorisation_sha256", letter);
        let on = self.on;
        let term = match valid_to {
            "" => Ok(()),
            text => day::parse(text).and_then(|end| if end < on { Err(ENDED) } else { Ok(()) }),
        };
        letter.and(self.here().keep("unit.authorisation_valid_to_date", term))
    }

    fn ordinary(&mut self, actual_user: Option<DocumentDraft>) -> Option<UnitLine> {
        const USER: Fault = Fault::new(Code::ActualUserRequired, "who uses the line, with a document");
        let Some(draft) = actual_user else {
            self.here().add("unit.actual_user", USER);
            return None;
        };
        let actual_user = self.document("unit.actual_user.document", draft)?;
        Some(UnitLine::Ordinary { actual_user })
    }

    fn industry(
        &mut self,
        responsible_person: Option<DocumentDraft>,
        assessment: String,
        functions: Functions,
        imei: Personal,
    ) -> Option<UnitLine> {
        const PERSON: Fault =
            Fault::new(Code::ResponsiblePersonRequired, "who is responsible for the line, with a document");
        const ASSESSMENT: Fault = Fault::new(Code::AssessmentRequired, "the assessment of the industry user");
        let named = if assessment.is_empty() { Err(ASSESSMENT) } else { Ok(()) };
        let named = self.here().keep("unit.industry.assessment", named);
        industry::limits(
            functions,
            &mut Faults::beneath(self.found, &format!("{}.unit.industry", self.prefix)),
        );
        let imei = self.here().keep("unit.industry.imei", Imei::read(imei));
        let Some(draft) = responsible_person else {
            self.here().add("unit.responsible_person", PERSON);
            return None;
        };
        let responsible_person = self.document("unit.responsible_person.document", draft)?;
        named?;
        Some(UnitLine::Industry { responsible_person, assessment, functions, imei: imei? })
    }

    fn taken(&mut self, draft: TakenDraft) -> Option<Taken> {
        const METHOD: Fault = Fault::new(Code::Required, "how the document was taken in");
        const CHANNEL: Fault = Fault::new(Code::Required, "the outlet's name, like mvnos/m07/channels/<id>");
        const PHOTO: Fault = Fault::new(Code::BadChar, "SHA-256 of the photo, 64 lower-case hex digits");
        const OPERATOR: Fault =
            Fault::new(Code::BadLength, "the outlet's own id of who did it, at most 64 characters");
        let method = self.here().keep("capture.method", draft.method.ok_or(METHOD));
        // Of a line that was there before nobody may know the outlet any more.
        let known = !draft.channel.is_empty() || self.way == Way::Imported;
        let channel = known.then_some(()).ok_or(CHANNEL);
        let channel = self.here().keep("capture.channel", channel);
        let needs_reader = method.is_some_and(CaptureMethod::needs_reader);
        let reader = match draft.reader_serial.as_str() {
            "" if !needs_reader || self.way == Way::Imported => Some(None),
            text => self.here().keep("capture.reader_serial", ReaderSerial::read(text)).map(Some),
        };
        let photo = draft.photo_sha256.is_empty() || is_sha256(&draft.photo_sha256);
        let photo = self.here().keep("capture.photo_sha256", photo.then_some(()).ok_or(PHOTO));
        let id =
            (draft.operator_id.len() <= 64 && !draft.operator_id.chars().any(char::is_control)).then_some(());
        let id = self.here().keep("capture.operator_id", id.ok_or(OPERATOR));
        channel.and(photo).and(id)?;
        Some(Taken {
            method: method?,
            reader: reader?,
            channel: draft.channel,
            operator_id: draft.operator_id,
            photo_sha256: draft.photo_sha256,
        })
    }
}

/// Who stands beside whom.
struct Persons<'p> {
    subject: Option<&'p Subject>,
    guardian: Option<&'p Document>,
    has_guardian: bool,
    handler: Option<&'p Document>,
    proxy: Option<&'p Document>,
}

// === impl Persons ===

impl Persons<'_> {
    fn judge(&self, policy: &Policy, on: Date, faults: &mut Faults<'_>) {
        let ages = &policy.ages;
        match self.subject {
            Some(Subject::Individual(person)) => {
                faults.keep("guardian", ages.holder(person, self.has_guardian, on));
                if let Some(guardian) = self.guardian {
                    faults.keep("guardian.document", ages.guardian(guardian, person, on));
                }
                if let Some(proxy) = self.proxy {
                    faults.keep("proxy.document", ages.agent(proxy, Some(person), on));
                }
            }
            Some(subject @ Subject::Unit(_)) => {
                let field =
                    if subject.is_industry() { "unit.responsible_person" } else { "unit.actual_user" };
                faults.keep(field, ages.holder(subject.person(), false, on));
            }
            None => {}
        }
        if let Some(handler) = self.handler {
            faults.keep("handler.document", ages.agent(handler, None, on));
        }
    }
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[cfg(test)]
pub(super) mod tests;
