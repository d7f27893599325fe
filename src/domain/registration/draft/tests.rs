use super::*;
use crate::domain::document::DocumentType;

/// 2026-01-01 in Shanghai, noon.
pub(crate) const NOW: Time = Time::from_micros(1_767_240_000_000_000);

pub(crate) fn person(number: &str) -> DocumentDraft {
    DocumentDraft {
        kind: Some(DocumentType::ResidentId),
        number: number.into(),
        name: "测试".into(),
        ..DocumentDraft::default()
    }
}

pub(crate) fn draft() -> Draft {
    Draft {
        msisdn: "17000000001".into(),
        event: Some(RegistrationEvent::Open),
        individual: Some(person("119999199003070019")),
        capture: TakenDraft {
            method: Some(CaptureMethod::Reader),
            reader_serial: "RD-000001".to_owned(),
            channel: "mvnos/m01/channels/1".to_owned(),
            operator_id: "clerk-1".to_owned(),
            photo_sha256: "a".repeat(64),
        },
        ..Draft::default()
    }
}

pub(crate) fn unit() -> UnitDraft {
    UnitDraft {
        name: "测试有限公司".into(),
        uscc: "91999999MA00TE5T09".into(),
        authorisation_sha256: "b".repeat(64),
        actual_user: Some(person("119999199003070027")),
        ..UnitDraft::default()
    }
}

pub(crate) fn of_unit(unit: UnitDraft) -> Draft {
    Draft { individual: None, unit: Some(unit), handler: Some(person("119999199003070019")), ..draft() }
}

pub(crate) fn industry() -> UnitDraft {
    UnitDraft {
        actual_user: None,
        responsible_person: Some(person("119999199003070027")),
        assessment: "mvnos/m01/industryAssessments/1".to_owned(),
        functions: Some(Functions { voice: false, sms: false, data_cap_mb: 30 }),
        ..unit()
    }
}

pub(crate) fn read(draft: Draft) -> Registration {
    draft.read("registration", Way::Registered, &Policy::default(), NOW).expect("in order")
}

fn codes(draft: Draft) -> Vec<(String, Code)> {
    let faults =
        draft.read("registration", Way::Registered, &Policy::default(), NOW).err().unwrap_or_default();
    let field = |at: At| at.field.strip_prefix("registration.").expect("the prefix").to_owned();
    faults.into_iter().map(|at| (field(at.clone()), at.fault.code)).collect()
}

#[track_caller]
fn only(draft: Draft, field: &str, code: Code) {
    assert_eq!(codes(draft), [(field.to_owned(), code)]);
}

#[test]
fn a_person() {
    let read = read(draft());
    assert_eq!(read.subject.person().counted(), (DocumentType::ResidentId, "119999199003070019"));
    assert_eq!((read.msisdn.e164().as_str(), read.register_time), ("+8617000000001", NOW));
    let printed = format!("{read:?}");
    for canary in ["119999", "17000000001", "测试", "1990"] {
        assert!(!printed.contains(canary), "{printed}");
    }
}

#[test]
fn all_faults_at_once_by_their_paths() {
    let faulty = Draft {
        msisdn: "13800000001".into(),
        individual: Some(DocumentDraft { name: "".into(), ..person("119999199003070018") }),
        capture: TakenDraft { reader_serial: String::new(), channel: String::new(), ..draft().capture },
        ..draft()
    };
    assert_eq!(
        codes(faulty),
        [
            ("msisdn".to_owned(), Code::NotMvno),
            ("individual.document.number".to_owned(), Code::BadChecksum),
            ("individual.document.name".to_owned(), Code::Required),
            ("capture.channel".to_owned(), Code::Required),
            ("capture.reader_serial".to_owned(), Code::Required),
        ]
    );
    assert_eq!(codes(Draft::default()).len(), 5);
}

/// Ruling 38.
#[test]
fn a_day_back_and_never_ahead() {
    let at = |time| Draft { register_time: Some(time), ..draft() };
    assert_eq!(codes(at(NOW.minus(DAY))), []);
    only(at(NOW.minus(DAY * 2)), "register_time", Code::TooOld);
    only(at(NOW.plus(DAY)), "register_time", Code::InFuture);
    let years_ago = at(NOW.minus(DAY * 3_000));
    assert!(years_ago.read("", Way::Imported, &Policy::default(), NOW).is_ok());
    // Judged on the day of the registration, in Shanghai: 2025-12-31 23:59 and a minute later.
    let evening = NOW.minus(std::time::Duration::from_secs(12 * 3600 + 60));
    let expiring = |time| {
        let document = DocumentDraft { valid_to: "2025-12-31".to_owned(), ..person("119999199003070019") };
        Draft { individual: Some(document), ..at(time) }
    };
    assert_eq!(codes(expiring(evening)), []);
    only(expiring(NOW), "individual.document.valid_to_date", Code::Expired);
}

#[test]
fn minors_come_with_a_guardian() {
    let minor = || Draft { individual: Some(person("519999201012310058")), ..draft() };
    only(minor(), "guardian", Code::GuardianRequired);
    let guarded = |number| Draft { guardian: Some(person(number)), ..minor() };
    assert_eq!(codes(guarded("119999199003070019")), []);
    only(guarded("339999201001010013"), "guardian.document", Code::GuardianNotAdult);
    only(guarded("519999201012310058"), "guardian.document", Code::SamePerson);
    only(guarded("119999199003070018"), "guardian.document.number", Code::BadChecksum);
    only(Draft { proxy: Some(person("119999199003070019")), ..draft() }, "proxy.document", Code::SamePerson);
}

#[test]
fn units() {
    assert_eq!(codes(of_unit(unit())), []);
    let read = read(of_unit(unit()));
    assert_eq!(read.subject.person().counted(), (DocumentType::ResidentId, "119999199003070027"));
    assert_eq!(read.persons().count(), 2);
    only(Draft { handler: None, ..of_unit(unit()) }, "handler", Code::HandlerRequired);
    let without = |unit| of_unit(unit);
    only(without(UnitDraft { actual_user: None, ..unit() }), "unit.actual_user", Code::ActualUserRequired);
    let unlettered = UnitDraft { authorisation_sha256: String::new(), ..unit() };
    only(without(unlettered), "unit.authorisation_sha256", Code::AuthorisationRequired);
    let ended = UnitDraft { authorisation_valid_to: "2025-12-31".to_owned(), ..unit() };
    only(without(ended), "unit.authorisation_valid_to_date", Code::AuthorisationExpired);
    only(without(UnitDraft { uscc: "91350100M000100Y4Z".into(), ..unit() }), "unit.uscc", Code::BadChar);
    // For a person to look at, and no fault.
    assert_eq!(codes(without(UnitDraft { uscc: "91999999MA00TE5T00".into(), ..unit() })), []);
    only(Draft { individual: draft().individual, ..of_unit(unit()) }, "unit", Code::NotTogether);
    only(Draft { individual: None, ..draft() }, "individual", Code::Required);
    let minor = UnitDraft { actual_user: Some(person("519999201012310058")), ..unit() };
    only(without(minor), "unit.actual_user", Code::GuardianRequired);
}

#[test]
fn industry_lines() {
    assert_eq!(codes(of_unit(industry())), []);
    assert!(read(of_unit(industry())).subject.is_industry());
    let nobody = UnitDraft { responsible_person: None, ..industry() };
    only(of_unit(nobody), "unit.responsible_person", Code::ResponsiblePersonRequired);
    let unassessed = UnitDraft { assessment: String::new(), ..industry() };
    only(of_unit(unassessed), "unit.industry.assessment", Code::AssessmentRequired);
    let speaking = Functions { voice: true, sms: false, data_cap_mb: 30 };
    let speaking = UnitDraft { functions: Some(speaking), ..industry() };
    only(of_unit(speaking), "unit.industry.functions.voice", Code::VoiceNotAllowed);
    let device = |imei: &str| UnitDraft { imei: imei.into(), ..industry() };
    let bound = read(of_unit(device("00 101012 345678 0"))).subject;
    assert_eq!(bound.imei().map(Imei::reveal), Some("001010123456780"));
    only(of_unit(device("00101012345678")), "unit.industry.imei", Code::BadLength);
    // Of an ordinary line nobody asks.
    let stray = UnitDraft { imei: "x".into(), ..unit() };
    assert_eq!(codes(of_unit(stray)), []);
}
