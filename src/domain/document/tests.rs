use jiff::civil::date;
use proptest::prelude::*;

use super::{minor::Ages, *};

const TODAY: Date = date(2026, 1, 1);

fn draft(kind: DocumentType, number: &str) -> DocumentDraft {
    DocumentDraft {
        kind: Some(kind), number: number.into(), name: "测试".into(), ..DocumentDraft::default()
    }
}

/// `OK MALE 1990-03-07`, or the code that decides.
fn read(kind: DocumentType, number: &str) -> String {
    let document = match Document::read_alone(draft(kind, number), TODAY) {
        Ok(document) => document,
        Err(faults) => return faults[0].fault.code.to_string(),
    };
    if let Err(fault) = Ages::default().holder(&document, false, TODAY) {
        return fault.code.to_string();
    }
    let sex = document.sex.map_or("-", Sex::as_str);
    let born = document.born.map_or("-".to_owned(), |born| born.to_string());
    format!("OK {sex} {born}")
}

/// `domain.md` 5.1, vector by vector; what is behind the expectation is its number there.
#[test]
fn the_family_of_18() {
    use DocumentType::{ForeignPermanentResidence as Foreign, ResidencePermitHmt as Hmt, ResidentId as Id};
    for (number, kind, expected, vector) in [
        ("119999199003070019", Id, "OK MALE 1990-03-07", 1),
        ("119999199003070027", Id, "OK FEMALE 1990-03-07", 2),
        ("11999919900307006X", Id, "OK FEMALE 1990-03-07", 3),
        ("11999919900307006x", Id, "OK FEMALE 1990-03-07", 3),
        ("１１９９９９１９９００３０７００６Ｘ", Id, "OK FEMALE 1990-03-07", 3),
        (" 119999 19900307 006X ", Id, "OK FEMALE 1990-03-07", 3),
        ("319999200002290039", Id, "OK MALE 2000-02-29", 4),
        ("44999920240229001X", Id, "GUARDIAN_REQUIRED", 5),
        ("519999201012310058", Id, "GUARDIAN_REQUIRED", 6),
        ("339999201001010013", Id, "OK MALE 2010-01-01", 7),
        ("339999201001020019", Id, "GUARDIAN_REQUIRED", 8),
        ("54999919880808005X", Id, "OK MALE 1988-08-08", 9),
        ("659999197707070072", Id, "OK MALE 1977-07-07", 9),
        ("509999199912310123", Id, "OK FEMALE 1999-12-31", 9),
        ("119999199003070018", Id, "BAD_CHECKSUM", 10),
        ("119999190903070019", Id, "BAD_CHECKSUM", 11),
        ("119999190002290019", Id, "BAD_BIRTHDATE", 12),
        ("119999202313010016", Id, "BAD_BIRTHDATE", 13),
        ("119999203001010011", Id, "BAD_BIRTHDATE", 14),
        ("009999199001010017", Id, "BAD_REGION", 15),
        ("999999199001010016", Id, "BAD_REGION", 16),
        ("11999919900307001", Id, "BAD_LENGTH", 17),
        ("1199991990030700199", Id, "BAD_LENGTH", 17),
        ("1199991990O3070019", Id, "BAD_CHAR", 18),
        ("810000190909090011", Hmt, "OK MALE 1909-09-09", 19),
        ("820000190909090021", Hmt, "OK FEMALE 1909-09-09", 19),
        ("830000190909090031", Hmt, "OK MALE 1909-09-09", 19),
        ("810000190909090011", Id, "TYPE_MISMATCH", 20),
        ("710000190909090042", Hmt, "BAD_REGION", 21),
        ("911124190909090012", Foreign, "OK MALE 1909-09-09", 22),
        ("944840190909090027", Foreign, "OK FEMALE 1909-09-09", 23),
        ("932682190909090034", Foreign, "OK MALE 1909-09-09", 23),
        ("916000190909090010", Foreign, "BAD_REGION", 24),
        ("119999900307001", Id, "OBSOLETE_FORM", 25),
        ("11010519491231002X", Id, "OK FEMALE 1949-12-31", 26),
        ("440524188001010014", Id, "BAD_BIRTHDATE", 26),
        ("932682198501010017", Foreign, "OK MALE 1985-01-01", 27),
    ] {
        assert_eq!(read(kind, number), expected, "vector {vector}: {number}");
    }
}

/// The traps of `domain.md` 5.1: samples that others print, and that do not check.
#[test]
fn samples_that_do_not_check() {
    use DocumentType::{ForeignPermanentResidence, ResidencePermitHmt};
    assert_eq!(read(ForeignPermanentResidence, "911124198108030028"), "BAD_CHECKSUM");
    assert_eq!(read(ResidencePermitHmt, "810000000000000001"), "BAD_CHECKSUM");
    assert_eq!(read(ResidencePermitHmt, "82000000000000000X"), "BAD_CHECKSUM");
    let modern = family::modern("119999900307001").expect("digits");
    assert_eq!(modern.reveal(), "119999199003070019");
    assert!(family::modern("11999990030700X").is_none());
}

/// `domain.md` 5.1: all eleven check characters.
#[test]
fn every_check_character() {
    for end in ["0019", "0027", "0035", "0043", "0051", "006X", "0078", "0086", "0094", "0182", "0190"] {
        assert!(read(DocumentType::ResidentId, &format!("11999919900307{end}")).starts_with("OK"), "{end}");
    }
}

/// `domain.md` 5.1: every substitution of one character is seen.
#[test]
fn one_wrong_character_never_checks() {
    let right = "119999199003070019";
    let mut tried = 0;
    for at in 0..18 {
        let choices: &[u8] = if at == 17 { b"0123456789X" } else { b"0123456789" };
        for other in choices.iter().filter(|other| **other != right.as_bytes()[at]) {
            let mut text = right.as_bytes().to_vec();
            text[at] = *other;
            let text = String::from_utf8(text).expect("ASCII");
            assert_eq!(read(DocumentType::ResidentId, &text), "BAD_CHECKSUM", "{text}");
            tried += 1;
        }
    }
    assert_eq!(tried, 163);
}

/// `domain.md` 5.2.
#[test]
fn other_documents() {
    use DocumentType::{
        ArmedPoliceId, ForeignPermanentResidence, HkMacauPermit, HouseholdRegister, MilitaryId, PassportCn,
        PassportForeign, TaiwanPermit, TemporaryResidentId,
    };
    for (kind, number, expected) in [
        (HkMacauPermit, "H00000001", "OK"),
        (HkMacauPermit, "M0000000100", "OK"),
        (HkMacauPermit, "HA0000001", "OK"),
        (HkMacauPermit, "MA0000001", "OK"),
        (HkMacauPermit, "H1234567", "BAD_LENGTH"),
        (HkMacauPermit, "A00000001", "BAD_CHAR"),
        (TaiwanPermit, "00000001", "OK"),
        (TaiwanPermit, "0000000001B", "OK"),
        (TaiwanPermit, "0000000", "BAD_LENGTH"),
        (TaiwanPermit, "0000000A", "BAD_CHAR"),
        (PassportCn, "E00000001", "OK"),
        (PassportCn, "EA0000001", "OK"),
        (PassportCn, "EI0000001", "BAD_CHAR"),
        (PassportCn, "EO0000001", "BAD_CHAR"),
        (PassportCn, "G00000001", "OK"),
        (PassportCn, "P0000001", "OK"),
        (PassportCn, "SE0000001", "OK"),
        (PassportCn, "E0000001", "BAD_CHAR"),
        (PassportCn, "E000001", "BAD_LENGTH"),
        (PassportForeign, "X1234567", "OK"),
        (PassportForeign, "x12-345 67", "OK"),
        (PassportForeign, "X123", "BAD_LENGTH"),
        (PassportForeign, "X12345678901234567", "BAD_LENGTH"),
        (PassportForeign, "X12345Ü", "BAD_CHAR"),
        (MilitaryId, "军字第0000001号", "OK"),
        (ArmedPoliceId, "武字第0000001号", "OK"),
        (MilitaryId, "军字第", "BAD_LENGTH"),
        (MilitaryId, "军字第0000001号!", "BAD_CHAR"),
        (TemporaryResidentId, "119999199003070019", "OK"),
        (HouseholdRegister, "519999201012310058", "GUARDIAN_REQUIRED"),
        (HouseholdRegister, "119999199003070019", "MINORS_ONLY"),
        (ForeignPermanentResidence, "CAN110000000000", "OK"),
        (ForeignPermanentResidence, "CA1110000000000", "BAD_CHAR"),
        (ForeignPermanentResidence, "119999900307001", "OBSOLETE_FORM"),
        (MilitaryId, "", "REQUIRED"),
    ] {
        let answer = read(kind, number);
        assert_eq!(answer.split(' ').next(), Some(expected), "{kind} {number}");
    }
}

/// `domain.md` 5.1, step 1: 96 bytes at most, judged before anything is folded.
#[test]
fn as_long_as_it_may_be() {
    assert_eq!(read(DocumentType::ResidentId, &" ".repeat(97)), "TOO_LONG");
    assert_eq!(read(DocumentType::ResidentId, &format!("119999199003070019{}", " ".repeat(78)))[..2], *"OK");
    assert_eq!(read(DocumentType::MilitaryId, &"军".repeat(25)), "BAD_LENGTH");
    assert_eq!(read(DocumentType::MilitaryId, &"军".repeat(33)), "TOO_LONG");
}

/// `domain.md` 5.3: what is hashed, and its hash; one holder behind several documents.
#[test]
fn one_subject_behind_its_documents() {
    use aws_lc_rs::hmac;
    let subject = |kind, number: &str| {
        let document = Document::read_alone(draft(kind, number), TODAY).expect("in order");
        let (kind, number) = document.counted();
        format!("v1|{kind}|{number}")
    };
    let text = subject(DocumentType::ResidentId, "119999199003070019");
    assert_eq!(text, "v1|RESIDENT_ID|119999199003070019");
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"example-pepper-v1");
    let tag: String =
        hmac::sign(&key, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(tag, "51f894242d31a92c3714a72e56865fbcbc518ac6da158c4a0d7c4b4639434047");
    for same in [DocumentType::TemporaryResidentId, DocumentType::HouseholdRegister] {
        assert_eq!(subject(same, "１１９９９９-19900307-0019"), text);
    }
    let permit = |number| subject(DocumentType::HkMacauPermit, number);
    assert_eq!(permit("M0000000100"), permit("M00000001"));
    assert_ne!(permit("M0000000100"), permit("H00000001"));
}

#[test]
fn fields_are_told_at_once_and_each_once() {
    let draft = DocumentDraft {
        number: "119999199003070018".into(),
        name: "".into(),
        valid_to: "2025-12-31".to_owned(),
        nationality: "C1".to_owned(),
        ..draft(DocumentType::ResidentId, "")
    };
    let faults = Document::read_alone(draft, TODAY).expect_err("faulty");
    let mut codes: Vec<_> = faults.iter().map(|at| (at.field.as_str(), at.fault.code)).collect();
    codes.sort_unstable();
    assert_eq!(
        codes,
        [
            ("document.name", Code::Required),
            ("document.nationality", Code::BadNationality),
            ("document.number", Code::BadChecksum),
            ("document.valid_to_date", Code::Expired),
        ]
    );
    let untyped = DocumentDraft { kind: None, ..DocumentDraft::default() };
    assert_eq!(Document::read_alone(untyped, TODAY).expect_err("faulty")[0].field, "document.type");
}

#[test]
fn what_is_stated_must_agree_with_the_number() {
    let code = |draft| Document::read_alone(draft, TODAY).map_err(|faults| faults[0].fault.code);
    let id = draft(DocumentType::ResidentId, "119999199003070019");
    assert!(code(DocumentDraft { sex: Some(Sex::Male), born: "19900307".into(), ..id.clone() }).is_ok());
    let sex = DocumentDraft { sex: Some(Sex::Female), ..id.clone() };
    assert_eq!(code(sex), Err(Code::SexMismatch));
    assert_eq!(code(DocumentDraft { born: "1990-03-08".into(), ..id }), Err(Code::BirthdateMismatch));
    let passport = draft(DocumentType::PassportForeign, "X1234567");
    assert_eq!(
        code(DocumentDraft { born: "2026-01-02".into(), ..passport.clone() }),
        Err(Code::BadBirthdate)
    );
    let taiwan = DocumentDraft { nationality: "twn".to_owned(), ..passport.clone() };
    assert_eq!(code(taiwan), Err(Code::BadNationality));
    let minor = DocumentDraft { born: "2012-01-01".into(), nationality: "CAN".to_owned(), ..passport };
    let minor = Document::read_alone(minor, TODAY).expect("in order");
    assert!(Ages::default().is_minor(&minor, TODAY));
}

#[test]
fn who_may_stand_beside_whom() {
    let of = |number: &str| {
        Document::read_alone(draft(DocumentType::ResidentId, number), TODAY).expect("in order")
    };
    let (ward, adult, other) = (of("519999201012310058"), of("119999199003070019"), of("119999199003070027"));
    let sixteen = of("339999201001010013");
    let ages = Ages::default();
    let code = |judged: Result<(), Fault>| judged.err().map(|fault| fault.code);
    assert_eq!(code(ages.holder(&ward, true, TODAY)), None);
    assert_eq!(code(ages.guardian(&adult, &ward, TODAY)), None);
    assert_eq!(code(ages.guardian(&sixteen, &ward, TODAY)), Some(Code::GuardianNotAdult));
    assert_eq!(code(ages.guardian(&ward, &ward, TODAY)), Some(Code::SamePerson));
    assert_eq!(code(ages.agent(&other, Some(&adult), TODAY)), None);
    assert_eq!(code(ages.agent(&sixteen, None, TODAY)), None);
    assert_eq!(code(ages.agent(&ward, None, TODAY)), Some(Code::MinorCannotAct));
    assert_eq!(code(ages.agent(&adult, Some(&adult), TODAY)), Some(Code::SamePerson));
    assert_eq!(
        code(Ages { alone: 18, guardian: 18 }.holder(&sixteen, false, TODAY)),
        Some(Code::GuardianRequired)
    );
}

#[test]
fn nothing_of_a_person_is_printed() {
    let draft = DocumentDraft {
        address: "某路1号".into(),
        born: "1990-03-07".into(),
        ..draft(DocumentType::ResidentId, "119999199003070019")
    };
    let drafted = format!("{draft:?}");
    let document = Document::read_alone(draft, TODAY).expect("in order");
    let printed = format!("{drafted} {document:?} {:?} {:?}", document.number, document.name);
    for canary in ["119999", "1990", "测试", "某路"] {
        assert!(!printed.contains(canary), "{printed}");
    }
    assert_eq!(document.number.masked(), "1199**********0019");
    assert_eq!(document.name.masked(), "测*");
    let wrong = Document::read_alone(self::draft(DocumentType::ResidentId, "119999199003070018"), TODAY);
    let told = format!("{:?}", wrong.expect_err("faulty"));
    assert!(!told.contains('9'), "neither the number nor the right character: {told}");
}

fn any_kind() -> impl Strategy<Value = DocumentType> {
    proptest::sample::select(DocumentType::ALL)
}

proptest! {
    #[test]
    fn never_panics(kind in any_kind(), text in "\\PC{0,60}", wild in proptest::collection::vec(any::<char>(), 0..40)) {
        let wild: String = wild.into_iter().collect();
        for text in [text, wild] {
            let draft = DocumentDraft {
                name: text.as_str().into(),
                valid_from: text.clone(),
                valid_to: text.clone(),
                born: text.as_str().into(),
                nationality: text.clone(),
                address: text.as_str().into(),
                ..draft(kind, &text)
            };
            let _ = Document::read_alone(draft, TODAY);
        }
    }

    /// A number of the family is right or wrong whatever way it is typed, and read again as it was read.
    #[test]
    fn the_way_of_typing_does_not_matter(
        body in "[1-6][1-5]9999(19[0-9]{2}|20[0-2][0-9])(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}",
        check in proptest::sample::select(&b"0123456789X"[..]),
        at in 0_usize..18,
    ) {
        let number = format!("{body}{}", char::from(check));
        let plain = read(DocumentType::ResidentId, &number);
        let spaced = format!("{} {}", &number[..at], number[at..].to_lowercase());
        prop_assert_eq!(read(DocumentType::ResidentId, &spaced), plain.clone());
        let wide: String = number.chars().map(|c| char::from_u32(u32::from(c) + 0xFEE0).expect("a form")).collect();
        prop_assert_eq!(read(DocumentType::ResidentId, &wide), plain);
    }

    /// Of the eleven check characters exactly one fits.
    #[test]
    fn one_check_character_fits(body in "[0-9]{17}") {
        let fits = b"0123456789X".iter().filter(|check| {
            read(DocumentType::ResidentId, &format!("{body}{}", char::from(**check))) != "BAD_CHECKSUM"
        });
        prop_assert_eq!(fits.count(), 1);
    }

    /// A person only grows older: nobody becomes a minor again.
    #[test]
    fn no_minor_again(days in 0_i32..20_000, more in 0_i32..20_000) {
        use jiff::ToSpan;
        let document = Document::read_alone(draft(DocumentType::ResidentId, "44999920240229001X"), TODAY).expect("in order");
        let then = TODAY.checked_add(days.days()).expect("a day");
        let later = then.checked_add(more.days()).expect("a day");
        prop_assert!(Ages::default().is_minor(&document, then) || !Ages::default().is_minor(&document, later));
    }
}
