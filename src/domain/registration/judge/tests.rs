use super::*;
use crate::domain::{
    caller::Class,
    capture::CaptureMethod,
    channel::ChannelState,
    name::{ParticipantName, Slug},
    registration::draft::{
        Draft, TakenDraft, UnitDraft,
        tests::{NOW, draft, industry, of_unit, person, read, unit},
    },
    time::DAY,
};

fn channel(kind: ChannelKind) -> Channel {
    Channel {
        mvno: ParticipantName { class: Class::Mvno, id: Slug::parse("m01").expect("a slug") },
        kind,
        state: ChannelState::Authorised,
        trained_time: Some(NOW.minus(DAY)),
        agreement_end: Some(NOW.plus(DAY)),
    }
}

const FREE: NumberFact = NumberFact { allocated: true, line: None, same_holder: false };
const LIVE: NumberFact = NumberFact { allocated: true, line: Some(LineState::Active), same_holder: true };
const MATCHED: &[Option<AuthorityMatch>] = &[Some(AuthorityMatch::Match); 4];

fn facts(channel: &Channel) -> Facts<'_> {
    Facts {
        number: FREE,
        channel: Some(channel),
        is_stranger: false,
        listings: &[],
        reader: Ownership::Here,
        assessment: None,
        activations: Decision::Allow,
        count: Count { in_use: 0, fresh: true, restricted_until: None },
        answers: MATCHED,
    }
}

/// `ACCEPT`, or what decides: `REFUSE QUOTA CARD_LIMIT_REACHED`.
fn verdict(draft: Draft, facts: &Facts<'_>) -> String {
    let judged = judge(&read(draft), facts, NOW);
    assert_eq!(judged.checks.len(), Check::ALL.len());
    match judged.verdict {
        Verdict::Accept => "ACCEPT".to_owned(),
        Verdict::Refuse(check, fault) => format!("REFUSE {check} {}", fault.code),
        Verdict::Review(check, fault) => format!("REVIEW {check} {}", fault.code),
    }
}

#[test]
fn one_thing_wrong() {
    let shop = channel(ChannelKind::PhysicalAgent);
    let fine = || facts(&shop);
    assert_eq!(verdict(draft(), &fine()), "ACCEPT");
    let listing = Listing { listed: blacklist::Listed::Person, from: NOW.minus(DAY), until: None };
    let suspended = Channel { state: ChannelState::Suspended, ..shop.clone() };
    let count = |in_use| Count { in_use, fresh: true, restricted_until: None };
    for (facts, expected) in [
        (
            Facts { number: NumberFact { allocated: false, ..FREE }, ..fine() },
            "REFUSE NUMBER NUMBER_NOT_ALLOCATED",
        ),
        (Facts { number: LIVE, ..fine() }, "REFUSE NUMBER NUMBER_IN_USE"),
        (Facts { channel: None, ..fine() }, "REFUSE CHANNEL CHANNEL_UNKNOWN"),
        (Facts { channel: Some(&suspended), ..fine() }, "REFUSE CHANNEL CHANNEL_SUSPENDED"),
        (Facts { listings: &[listing], ..fine() }, "REFUSE CHANNEL PERSON_BLACKLISTED"),
        (Facts { is_stranger: true, ..fine() }, "REFUSE CHANNEL PERSON_NOT_OF_CHANNEL"),
        (Facts { reader: Ownership::Elsewhere, ..fine() }, "REFUSE READER READER_OF_ANOTHER"),
        (Facts { reader: Ownership::Nowhere, ..fine() }, "REFUSE READER READER_NOT_BOUND"),
        (Facts { activations: Decision::Deny, ..fine() }, "REFUSE STANDING STANDING_DENIES"),
        (Facts { activations: Decision::Review, ..fine() }, "REVIEW STANDING STANDING_REVIEW"),
        (Facts { activations: Decision::Conditional, ..fine() }, "REFUSE STANDING OWN_HALL_REQUIRED"),
        (Facts { count: count(4), ..fine() }, "ACCEPT"),
        (Facts { count: count(5), ..fine() }, "REFUSE QUOTA CARD_LIMIT_REACHED"),
        (Facts { count: count(6), ..fine() }, "REFUSE QUOTA LEGACY_EXCESS"),
        (Facts { count: Count { fresh: false, ..count(0) }, ..fine() }, "REVIEW QUOTA STALE_QUOTA"),
        (
            Facts { answers: &[Some(AuthorityMatch::Mismatch)], ..fine() },
            "REFUSE AUTHORITY IDENTITY_MISMATCH",
        ),
        (
            Facts { answers: &[Some(AuthorityMatch::NotAvailable)], ..fine() },
            "REVIEW AUTHORITY AUTHORITY_UNAVAILABLE",
        ),
        (Facts { answers: &[], ..fine() }, "REVIEW AUTHORITY AUTHORITY_UNAVAILABLE"),
    ] {
        assert_eq!(verdict(draft(), &facts), expected);
    }
}

#[test]
fn what_fails_goes_before_what_is_reviewed() {
    let shop = channel(ChannelKind::PhysicalAgent);
    let both =
        Facts { activations: Decision::Review, answers: &[Some(AuthorityMatch::Mismatch)], ..facts(&shop) };
    assert_eq!(verdict(draft(), &both), "REFUSE AUTHORITY IDENTITY_MISMATCH");
}

#[test]
fn typed_data_and_conditions() {
    let (shop, hall) = (channel(ChannelKind::PhysicalAgent), channel(ChannelKind::OwnHall));
    let by = |method, photo: &str| Draft {
        capture: TakenDraft { method: Some(method), photo_sha256: photo.to_owned(), ..draft().capture },
        ..draft()
    };
    let photo = "a".repeat(64);
    assert_eq!(verdict(by(CaptureMethod::Manual, &photo), &facts(&shop)), "REFUSE CAPTURE CAPTURE_FORBIDDEN");
    let conditional = Facts { activations: Decision::Conditional, ..facts(&hall) };
    assert_eq!(verdict(by(CaptureMethod::Reader, &photo), &conditional), "ACCEPT");
    assert_eq!(verdict(by(CaptureMethod::Reader, ""), &conditional), "REFUSE STANDING PHOTO_REQUIRED");
    assert_eq!(
        verdict(by(CaptureMethod::OnlineCheck, &photo), &conditional),
        "REFUSE STANDING READER_REQUIRED"
    );
}

/// Ruling 26: what goes on with a line passes at every standing, and with every count.
#[test]
fn events_after_the_first() {
    let shop = channel(ChannelKind::PhysicalAgent);
    let of = |event| Draft { event: Some(event), ..draft() };
    let full = Count { in_use: 9, fresh: false, restricted_until: Some(NOW.plus(DAY)) };
    let closed = Facts { activations: Decision::Deny, count: full, number: LIVE, ..facts(&shop) };
    for event in [RegistrationEvent::SimChange, RegistrationEvent::Supplement] {
        assert_eq!(verdict(of(event), &closed), "ACCEPT");
        let other = Facts { number: NumberFact { same_holder: false, ..LIVE }, ..closed.clone() };
        assert_eq!(verdict(of(event), &other), "REFUSE NUMBER HOLDER_MISMATCH");
        let none = Facts { number: FREE, ..closed.clone() };
        assert_eq!(verdict(of(event), &none), "REFUSE NUMBER NUMBER_NOT_IN_USE");
    }
    assert_eq!(verdict(of(RegistrationEvent::Transfer), &closed), "REFUSE STANDING STANDING_DENIES");
    let other = Facts { number: NumberFact { same_holder: false, ..LIVE }, ..facts(&shop) };
    assert_eq!(verdict(of(RegistrationEvent::Transfer), &other), "ACCEPT");
    let ended = NumberFact { line: Some(LineState::Closed), ..LIVE };
    assert_eq!(verdict(draft(), &Facts { number: ended, ..facts(&shop) }), "ACCEPT");
}

#[test]
fn units_and_industry() {
    let (shop, hall) = (channel(ChannelKind::PhysicalAgent), channel(ChannelKind::OwnHall));
    assert_eq!(verdict(of_unit(unit()), &facts(&hall)), "ACCEPT");
    assert_eq!(verdict(of_unit(unit()), &facts(&shop)), "REFUSE CAPTURE OWN_HALL_REQUIRED");
    let unchecked = UnitDraft { uscc: "91999999MA00TE5T00".into(), ..unit() };
    assert_eq!(verdict(of_unit(unchecked.clone()), &facts(&hall)), "REVIEW UNIT_CODE BAD_CHECKSUM");
    let compared = UnitDraft { uscc_compared: true, ..unchecked };
    assert_eq!(verdict(of_unit(compared), &facts(&hall)), "ACCEPT");
    assert_eq!(verdict(of_unit(industry()), &facts(&hall)), "REFUSE ASSESSMENT ASSESSMENT_REQUIRED");
    let functions = industry().functions.expect("given");
    let assessment = Assessment {
        scene: "meters".to_owned(),
        functions,
        imei_binding: false,
        assess_time: NOW.minus(DAY),
        valid_to_time: NOW.plus(DAY),
    };
    let assessed = Facts { assessment: Some(&assessment), ..facts(&hall) };
    assert_eq!(verdict(of_unit(industry()), &assessed), "ACCEPT");
    let binding = Assessment { imei_binding: true, ..assessment.clone() };
    let bound = Facts { assessment: Some(&binding), ..facts(&hall) };
    assert_eq!(verdict(of_unit(industry()), &bound), "REFUSE ASSESSMENT IMEI_REQUIRED");
    let device = UnitDraft { imei: "001010123456780".into(), ..industry() };
    assert_eq!(verdict(of_unit(device), &bound), "ACCEPT");
    let online = channel(ChannelKind::OnlineAgent);
    let online = Facts { channel: Some(&online), ..assessed.clone() };
    assert_eq!(verdict(of_unit(industry()), &online), "REFUSE CAPTURE ONLINE_SALE_FORBIDDEN");
    // The second person of it, the handler, is asked about too.
    let half = [Some(AuthorityMatch::Match), Some(AuthorityMatch::Mismatch)];
    let half = Facts { answers: &half, ..assessed };
    assert_eq!(verdict(of_unit(industry()), &half), "REFUSE AUTHORITY IDENTITY_MISMATCH");
}

#[test]
fn a_minors_register_is_taken_in_by_the_guardians_card() {
    let shop = channel(ChannelKind::PhysicalAgent);
    let kind = Some(crate::domain::document::DocumentType::HouseholdRegister);
    let register = crate::domain::document::DocumentDraft { kind, ..person("519999201012310058") };
    let minor = Draft { individual: Some(register), guardian: Some(person("119999199003070019")), ..draft() };
    assert_eq!(verdict(minor, &facts(&shop)), "ACCEPT");
}

/// What was allowed on its day, whatever is known of the outlet now.
#[test]
fn imported() {
    use crate::domain::registration::{Policy, Way};
    let of = |method, register_time| {
        let taken = TakenDraft { method: Some(method), ..TakenDraft::default() };
        let draft = Draft { capture: taken, register_time: Some(register_time), ..draft() };
        draft.read("registration", Way::Imported, &Policy::default(), NOW).expect("in order")
    };
    let judge = |method, time, fact| {
        judge_imported(&of(method, time), fact, None).map_err(|(check, fault)| (check, fault.code))
    };
    let (then, now) = (Time::of_date(2014, 1, 1), NOW);
    assert_eq!(judge(CaptureMethod::Manual, then, FREE), Ok(()));
    assert_eq!(judge(CaptureMethod::Reader, now, FREE), Ok(()));
    assert_eq!(judge(CaptureMethod::Manual, now, FREE), Err((Check::Capture, Code::CaptureForbidden)));
    assert_eq!(judge(CaptureMethod::Reader, now, LIVE), Err((Check::Number, Code::NumberInUse)));
    let foreign = NumberFact { allocated: false, ..FREE };
    assert_eq!(judge(CaptureMethod::Reader, now, foreign), Err((Check::Number, Code::NumberNotAllocated)));
}

#[test]
fn every_check_is_told() {
    let shop = channel(ChannelKind::PhysicalAgent);
    let facts = Facts { answers: &[Some(AuthorityMatch::NotAvailable)], ..facts(&shop) };
    let judged = judge(&read(draft()), &facts, NOW);
    let told: Vec<String> = judged
        .checks
        .iter()
        .map(|checked| {
            let code = checked.fault.map_or("-", |fault| fault.code.as_str());
            format!("{} {} {code}", checked.check, checked.outcome)
        })
        .collect();
    assert_eq!(
        told,
        [
            "DOCUMENTS PASS -",
            "UNIT_CODE NOT_CHECKED -",
            "NUMBER PASS -",
            "CHANNEL PASS -",
            "READER PASS -",
            "CAPTURE PASS -",
            "ASSESSMENT NOT_CHECKED -",
            "STANDING PASS -",
            "QUOTA PASS -",
            "AUTHORITY NOT_CHECKED AUTHORITY_UNAVAILABLE",
        ]
    );
}
