//! What VerifyIdentity says about a document and how it was taken in, check by check. Every answer has every check, in
//! the same order: its shape tells nothing.

use serde::{Deserialize, Serialize};

use super::outcome::{self, AuthorityMatch, CheckOutcome};
use crate::domain::{
    capture::{Capture, Demands},
    channel::{
        Channel,
        blacklist::{self, Listing},
        reader::Ownership,
    },
    document::{DocumentType, Validity},
    fault::{At, Code, Fault},
    registration::Taken,
    time::Time,
    word::words,
};

words! {
    /// What is checked, in order.
    Check {
        /// Everything on the document has the form that it must have.
        Format "FORMAT";
        /// The check character of the number fits.
        Checksum "CHECKSUM";
        /// The document is in its term, and of a term that is issued.
        Validity "VALIDITY";
        /// The outlet may sell, and the person works there.
        Channel "CHANNEL";
        /// The reader is the outlet's.
        Reader "READER";
        /// The document was taken in as it may be.
        Capture "CAPTURE";
        /// The authority knows the person.
        Authority "AUTHORITY";
    }
}

/// One check and how it ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Examined {
    /// What was checked.
    pub check: Check,
    /// How it ended.
    pub outcome: CheckOutcome,
    /// Why it did not pass.
    pub fault: Option<Fault>,
}

/// What is known of where a document was taken in.
#[derive(Clone, Debug)]
pub struct Around<'a> {
    /// How it was.
    pub taken: &'a Taken,
    /// The outlet; `None` where the caller has none of that name.
    pub channel: Option<&'a Channel>,
    /// Whether the outlet names persons, and the one who took it in is none of them.
    pub is_stranger: bool,
    /// What the blacklist has of the outlet and the person.
    pub listings: &'a [Listing],
    /// Whose the reader is.
    pub reader: Ownership,
}

/// The checks of a document's form, from what it was read into: its term, or its faults.
pub fn document(kind: DocumentType, read: Result<Validity, &[At]>) -> [Examined; 3] {
    let faults = read.err().unwrap_or_default();
    let of = |check| faults.iter().find(|at| belongs(at) == check).map(|at| at.fault);
    let number_read = !faults.iter().any(|at| is_of(at, "number") && at.fault.code != Code::BadChecksum);
    let checksum = match of(Check::Checksum) {
        Some(fault) => Examined::fail(Check::Checksum, fault),
        None if kind.is_of_family() && number_read => Examined::pass(Check::Checksum),
        None => Examined::not_checked(Check::Checksum, None),
    };
    let validity = match (of(Check::Validity), read) {
        (Some(fault), _) => Examined::fail(Check::Validity, fault),
        (None, Ok(Validity::Until(_) | Validity::LongTerm)) => Examined::pass(Check::Validity),
        (None, Ok(Validity::NotStated) | Err(_)) => Examined::not_checked(Check::Validity, None),
    };
    let format = of(Check::Format).map_or(Ok(()), Err);
    [Examined::of(Check::Format, format), checksum, validity]
}

/// The checks of how it was taken in; none was made where nothing is known of that.
pub fn capture(kind: DocumentType, around: Option<&Around<'_>>, now: Time) -> [Examined; 3] {
    let Some(around) = around else {
        return [Check::Channel, Check::Reader, Check::Capture]
            .map(|check| Examined::not_checked(check, None));
    };
    let reader = match around.taken.reader {
        None => Examined::not_checked(Check::Reader, None),
        Some(_) => Examined::of(Check::Reader, around.reader.judge()),
    };
    let taken = match around.channel {
        // Without the outlet's kind nobody can say.
        None => Examined::not_checked(Check::Capture, None),
        Some(channel) => {
            let capture = Capture {
                method: around.taken.method,
                has_photo: !around.taken.photo_sha256.is_empty(),
                channel: channel.kind,
            };
            let judged = capture.judge(kind, Demands::default(), crate::domain::day::of(now));
            Examined::of(Check::Capture, judged)
        }
    };
    [Examined::of(Check::Channel, outlet(around, now)), reader, taken]
}

/// The check by the authority; `None` where it was not asked.
pub fn authority(kind: DocumentType, answer: Option<AuthorityMatch>) -> Examined {
    match outcome::judge(kind, answer) {
        outcome::Verdict::Pass => Examined::pass(Check::Authority),
        outcome::Verdict::Fail(fault) => Examined::fail(Check::Authority, fault),
        outcome::Verdict::Review(fault) => Examined::not_checked(Check::Authority, Some(fault)),
        outcome::Verdict::NotAsked => Examined::not_checked(Check::Authority, None),
    }
}

fn outlet(around: &Around<'_>, now: Time) -> Result<(), Fault> {
    let channel =
        around.channel.ok_or(Fault::new(Code::ChannelUnknown, "an outlet that you have authorised"))?;
    blacklist::judge(around.listings, now)?;
    channel.may_sell(now)?;
    if around.is_stranger {
        return Err(Fault::new(Code::PersonNotOfChannel, "a person whom the outlet has named"));
    }
    Ok(())
}

fn belongs(at: &At) -> Check {
    match at.fault.code {
        Code::BadChecksum => Check::Checksum,
        _ if is_of(at, "valid_to_date") || is_of(at, "valid_from_date") => Check::Validity,
        _ => Check::Format,
    }
}

fn is_of(at: &At, field: &str) -> bool {
    at.field.rsplit('.').next() == Some(field)
}

// === impl Examined ===

impl Examined {
    fn of(check: Check, judged: Result<(), Fault>) -> Self {
        judged.map_or_else(|fault| Self::fail(check, fault), |()| Self::pass(check))
    }

    fn pass(check: Check) -> Self {
        Self { check, outcome: CheckOutcome::Pass, fault: None }
    }

    fn fail(check: Check, fault: Fault) -> Self {
        Self { check, outcome: CheckOutcome::Fail, fault: Some(fault) }
    }

    fn not_checked(check: Check, fault: Option<Fault>) -> Self {
        Self { check, outcome: CheckOutcome::NotChecked, fault }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::{
        caller::Class,
        capture::CaptureMethod,
        channel::{ChannelKind, ChannelState, blacklist::Listed, reader::ReaderSerial},
        document::{Document, DocumentDraft},
        name::{ParticipantName, Slug},
        time::DAY,
    };

    const NOW: Time = Time::from_micros(1_767_225_600_000_000);

    fn ends(number: &str, valid_to: &str) -> Vec<(CheckOutcome, Option<Code>)> {
        let draft = DocumentDraft {
            kind: Some(DocumentType::ResidentId),
            number: number.into(),
            name: "测试".into(),
            valid_to: valid_to.to_owned(),
            ..DocumentDraft::default()
        };
        let read = Document::read_alone(draft, date(2026, 1, 1));
        let read = read.as_ref().map(|document| document.validity).map_err(Vec::as_slice);
        let examined = document(DocumentType::ResidentId, read);
        examined.map(|one| (one.outcome, one.fault.map(|fault| fault.code))).to_vec()
    }

    #[test]
    fn a_document_check_by_check() {
        use CheckOutcome::{Fail, NotChecked, Pass};
        let (pass, not) = ((Pass, None), (NotChecked, None));
        assert_eq!(ends("119999199003070019", "2036-01-01"), [pass, pass, pass]);
        assert_eq!(ends("119999199003070019", ""), [pass, pass, not]);
        assert_eq!(ends("119999199003070018", ""), [pass, (Fail, Some(Code::BadChecksum)), not]);
        assert_eq!(ends("11999919900307001", ""), [(Fail, Some(Code::BadLength)), not, not]);
        assert_eq!(ends("119999199003070019", "2025-12-31"), [pass, pass, (Fail, Some(Code::Expired))]);
        // Read well but for the term: of the number nothing is wrong.
        assert_eq!(ends("119999199003070018", "2025-12-31")[2], (Fail, Some(Code::Expired)));
    }

    #[test]
    fn a_capture_check_by_check() {
        let mvno = ParticipantName { class: Class::Mvno, id: Slug::parse("m07").expect("a slug") };
        let channel = Channel {
            mvno,
            kind: ChannelKind::PhysicalAgent,
            state: ChannelState::Authorised,
            trained_time: Some(NOW.minus(DAY)),
            agreement_end: Some(NOW.plus(DAY)),
        };
        let taken = Taken {
            method: CaptureMethod::Reader,
            reader: ReaderSerial::read("RD-0001").ok(),
            channel: "mvnos/m07/channels/1".to_owned(),
            operator_id: String::new(),
            photo_sha256: String::new(),
        };
        let codes = |around: Option<&Around<'_>>| {
            capture(DocumentType::ResidentId, around, NOW).map(|one| match one.outcome {
                CheckOutcome::Pass => "PASS",
                CheckOutcome::NotChecked => "-",
                CheckOutcome::Fail => one.fault.map_or("", |fault| fault.code.as_str()),
            })
        };
        let fine = Around {
            taken: &taken,
            channel: Some(&channel),
            is_stranger: false,
            listings: &[],
            reader: Ownership::Here,
        };
        assert_eq!(codes(None), ["-", "-", "-"]);
        assert_eq!(codes(Some(&fine)), ["PASS", "PASS", "PASS"]);
        let unknown = Around { channel: None, reader: Ownership::Nowhere, ..fine.clone() };
        assert_eq!(codes(Some(&unknown)), ["CHANNEL_UNKNOWN", "READER_NOT_BOUND", "-"]);
        let another = Around { reader: Ownership::Elsewhere, is_stranger: true, ..fine.clone() };
        assert_eq!(codes(Some(&another)), ["PERSON_NOT_OF_CHANNEL", "READER_OF_ANOTHER", "PASS"]);
        let listings = [Listing { listed: Listed::Person, from: NOW, until: None }];
        assert_eq!(codes(Some(&Around { listings: &listings, ..fine.clone() }))[0], "PERSON_BLACKLISTED");
        let typed = Taken { method: CaptureMethod::Manual, reader: None, ..taken.clone() };
        assert_eq!(codes(Some(&Around { taken: &typed, ..fine })), ["PASS", "-", "CAPTURE_FORBIDDEN"]);
    }
}
