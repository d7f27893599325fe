//! Made-up people, each with a document of a region that does not exist and a number of a block: as many as a bench
//! asks for, and the same each time.

use bytes::Bytes;
use greenlane::{domain::document::family, rpc::pb};
use jiff::{ToSpan, civil::date};

use crate::harness::client::framed;

/// Whose lines the benches open. It is green.
pub const MVNO: &str = "m01";
/// Numbers of a block.
pub const BLOCK: u64 = 10_000;
/// Persons of one day of birth: the made-up authority has other answers for sequences from 900 on.
const A_DAY: u64 = 899;
/// Days of birth from 1950 on: all of full age.
const DAYS: u64 = 18_000;
const FAMILY: [char; 16] =
    ['赵', '钱', '孙', '李', '周', '吴', '郑', '王', '冯', '陈', '褚', '卫', '蒋', '沈', '韩', '杨'];
const GIVEN: [char; 16] =
    ['安', '宁', '平', '和', '明', '远', '清', '文', '嘉', '言', '思', '齐', '乐', '山', '若', '水'];

/// Who is meant: the n-th person and, on another count, the number of the line.
#[derive(Clone, Copy)]
pub struct Place {
    /// Which person.
    pub person: u64,
    /// Which line of the MVNO's blocks.
    pub line: u64,
}

/// The number of the n-th person's document.
pub fn document_number(n: u64) -> String {
    let (day, region) = (n / A_DAY % DAYS, n / A_DAY / DAYS);
    let born = date(1950, 1, 1).saturating_add(i64::try_from(day).expect("few").days());
    let old = format!("1{}9999{}{:03}", region + 1, born.strftime("%y%m%d"), n % A_DAY + 1);
    family::modern(&old).expect("of the old form").reveal().to_owned()
}

/// The n-th person's name.
pub fn name(n: u64) -> String {
    let of = |characters: [char; 16], n: u64| characters[usize::try_from(n % 16).expect("below 16")];
    [of(FAMILY, n / 256), of(GIVEN, n / 16), of(GIVEN, n)].iter().collect()
}

/// The n-th block from a first one.
pub fn block(first: u64, n: u64) -> String {
    (first + n).to_string()
}

/// The n-th number from the first one of a block.
pub fn msisdn(first: u64, n: u64) -> String {
    (first * BLOCK + n).to_string()
}

/// The n-th person's document.
pub fn document(n: u64) -> pb::Document {
    pb::Document {
        r#type: pb::DocumentType::ResidentId.into(),
        number: document_number(n),
        name: name(n),
        valid_to_date: "2036-01-01".to_owned(),
        ..Default::default()
    }
}

/// A line that begins: at the counter with a reader, or one that was there before.
pub fn registration(first_block: u64, place: Place, capture: pb::Capture) -> pb::Registration {
    let document = Some(document(place.person));
    pb::Registration {
        msisdn: msisdn(first_block, place.line),
        event: pb::RegistrationEvent::Open.into(),
        subject: Some(pb::registration::Subject::Individual(pb::Individual { document })),
        capture: Some(capture),
        ..Default::default()
    }
}

/// Read at the counter of the hall that `dev` has.
pub fn at_the_counter() -> pb::Capture {
    pb::Capture {
        method: pb::CaptureMethod::Reader.into(),
        reader_serial: "RD-000001".to_owned(),
        channel: format!("mvnos/{MVNO}/channels/hall-1"),
        operator_id: "clerk-1".to_owned(),
        photo_sha256: String::new(),
    }
}

/// Read once, nobody knows where.
pub fn before() -> pb::Capture {
    pb::Capture { method: pb::CaptureMethod::Reader.into(), ..Default::default() }
}

/// The message of a registration at the counter.
pub fn register(first_block: u64, place: Place) -> Bytes {
    let registration = Some(registration(first_block, place, at_the_counter()));
    framed(&pb::RegisterRequest { registration, ..Default::default() })
}

/// The message of a check of the n-th person's document.
pub fn verify(n: u64) -> Bytes {
    framed(&pb::VerifyIdentityRequest { document: Some(document(n)), capture: None })
}
