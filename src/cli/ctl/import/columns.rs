//! The columns that a file may have, and the registration that a row of them makes. The names are those of the fields
//! on the wire; a person beside the holder has the same ones with a prefix.

use super::{
    cell::{day, flag, moment, number, word},
    reader::{Fault, Row},
};
use crate::rpc::pb::{self, registration::Subject};

/// What a column of the line itself is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Of {
    Msisdn,
    Event,
    RegisterTime,
    Method,
    ReaderSerial,
    Channel,
    OperatorId,
    Photo,
    UnitName,
    Uscc,
    UsccCompared,
    Authorisation,
    AuthorisationEnd,
    Assessment,
    Sms,
    DataCap,
    Imei,
    Person(Party, Field),
}

/// Whose document.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Party {
    Holder,
    Guardian,
    Proxy,
    Handler,
    ActualUser,
    Responsible,
}

/// What of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Field {
    Type,
    Number,
    Name,
    ValidTo,
    ValidFrom,
    Birth,
    Sex,
    Nationality,
    Address,
}

pub(super) const LINE: [(&str, Of, &str); 17] = [
    ("msisdn", Of::Msisdn, "the number; required"),
    ("event", Of::Event, "OPEN (also when empty), TRANSFER, SIM_CHANGE, SUPPLEMENT"),
    (
        "register_time",
        Of::RegisterTime,
        "2019-05-01, 2019-05-01 12:30:00 (Shanghai) or 2019-05-01T04:30:00Z; empty: now",
    ),
    ("capture_method", Of::Method, "READER, ONLINE_CHECK, LIVE_VIDEO, MANUAL"),
    ("reader_serial", Of::ReaderSerial, "the reader's serial number"),
    ("channel", Of::Channel, "the outlet, like mvnos/m07/channels/<id>"),
    ("operator_id", Of::OperatorId, "the outlet's own id of who did it; no name"),
    ("photo_sha256", Of::Photo, "SHA-256 of the photo, 64 lower-case hex digits"),
    ("unit_name", Of::UnitName, "of a unit: its name; then there is no document_number"),
    ("uscc", Of::Uscc, "of a unit: its unified social credit code"),
    ("uscc_compared", Of::UsccCompared, "true where the code was compared with the certificate"),
    ("authorisation_sha256", Of::Authorisation, "SHA-256 of the handler's letter"),
    ("authorisation_valid_to_date", Of::AuthorisationEnd, "the letter's last day"),
    ("assessment", Of::Assessment, "of an industry card: its user's assessment"),
    ("sms", Of::Sms, "of an industry card: true or false"),
    ("data_cap_mb", Of::DataCap, "of an industry card: megabytes a month"),
    ("imei", Of::Imei, "of an industry card: the IMEI of its device, 15 digits; empty: bound to none"),
];

pub(super) const PERSON: [(&str, Field, &str); 9] = [
    ("document_type", Field::Type, "RESIDENT_ID and so on, or 居民身份证 and so on; required"),
    ("document_number", Field::Number, "required"),
    ("name", Field::Name, "required; up to 30 characters"),
    ("valid_to_date", Field::ValidTo, "the last day, like 2036-01-31, or 长期"),
    ("valid_from_date", Field::ValidFrom, "the first day"),
    ("birth_date", Field::Birth, "the day of birth"),
    ("sex", Field::Sex, "FEMALE or MALE, 女 or 男"),
    ("nationality", Field::Nationality, "three letters, like CAN"),
    ("address", Field::Address, "as on the document"),
];

pub(super) const PARTIES: [(&str, Party); 6] = [
    ("", Party::Holder),
    ("guardian_", Party::Guardian),
    ("proxy_", Party::Proxy),
    ("handler_", Party::Handler),
    ("actual_user_", Party::ActualUser),
    ("responsible_person_", Party::Responsible),
];

/// What `import show --rejected` adds: its file can be mended and imported as it is.
pub(super) const TOLD: [&str; 3] = ["rejected_row", "rejected_code", "rejected_text"];

/// The columns of one file, in its order.
#[derive(Debug)]
pub(in crate::cli::ctl) struct Columns(Vec<(String, Option<Of>)>);

/// The page of `--help`.
pub(super) fn page() -> String {
    use std::fmt::Write;
    let mut page = String::from("Columns, in any order; the first row has their names:\n");
    let person = PERSON.iter().map(|(name, _, says)| (name, says));
    for (name, says) in LINE.iter().map(|(name, _, says)| (name, says)).chain(person) {
        let _ = writeln!(page, "  {name:<28} {says}"); // a string takes all
    }
    page.push_str(
        "The last nine again for other persons, with a prefix: guardian_ (of a holder under 16), proxy_ (who came for\n\
         the holder), handler_, actual_user_ and responsible_person_ (of a unit), like guardian_document_type.\n\
         A row of a unit has unit_name and uscc, and handler_ and actual_user_ columns; then the holder's are empty.\n\
         \n\
         Encodings: UTF-8 with or without a BOM, GB18030 (GBK). Rows are counted as a spreadsheet does: the header is 1.\n\
         In Excel, format the columns of numbers as text before filling them, or it rounds them.",
    );
    page
}

/// The cells of a row that say something, with the names of their columns.
fn filled<'r>(row: &'r Row, columns: &'r Columns) -> impl Iterator<Item = (&'r str, Of, &'r str)> {
    let named = columns.0.iter().zip(&row.cells);
    named
        .filter_map(|((name, of), cell)| Some((name.as_str(), (*of)?, cell.as_str())))
        .filter(|(.., cell)| !cell.is_empty())
}

// === impl Columns ===

impl Columns {
    /// Reads a header. Every mistake is told at once.
    pub(in crate::cli::ctl) fn of(header: &[String], ignored: &[String]) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        let mut columns: Vec<(String, Option<Of>)> = Vec::new();
        for (at, name) in header.iter().enumerate() {
            let name = name.to_ascii_lowercase();
            let of = find(&name);
            if columns.iter().any(|(other, of)| *other == name && of.is_some()) {
                faults.push(format!("row 1: the column {name} is there twice"));
            }
            if of.is_none() && !ignored.contains(&name) && !TOLD.contains(&name.as_str()) {
                faults.push(format!(
                    "row 1, column {}: there is no column {name:?}; --ignore {name} leaves it out",
                    at + 1
                ));
            }
            columns.push((name, of));
        }
        let has = |name: &str| columns.iter().any(|(other, _)| other == name);
        let wanted: &[&str] = if has("unit_name") || has("uscc") {
            &["msisdn", "unit_name", "uscc"]
        } else {
            &["msisdn", "document_type", "document_number", "name"]
        };
        let missing = wanted.iter().filter(|name| !has(name));
        faults.extend(missing.map(|name| format!("row 1: the column {name} is missing")));
        if faults.is_empty() { Ok(Self(columns)) } else { Err(faults) }
    }

    /// The registration that a row makes.
    pub(in crate::cli::ctl) fn registration(&self, row: &Row) -> Result<pb::Registration, Fault> {
        let mut made = pb::Registration { event: pb::RegistrationEvent::Open.into(), ..Default::default() };
        let (mut capture, mut unit) = (pb::Capture::default(), pb::Unit::default());
        let mut persons: [Option<pb::Document>; PARTIES.len()] = Default::default();
        for (name, of, text) in filled(row, self) {
            let fault = |(code, text): (&'static str, String)| Fault {
                row: row.number,
                column: name.to_owned(),
                code,
                text,
            };
            let functions = |unit: &mut pb::Unit, set: &mut dyn FnMut(&mut pb::Functions)| {
                set(unit.industry.get_or_insert_default().functions.get_or_insert_default());
            };
            match of {
                Of::Msisdn => made.msisdn = number(text).map_err(fault)?,
                Of::Event => made.event = word::<pb::RegistrationEvent>(text).map_err(fault)?,
                Of::RegisterTime => made.register_time = Some(moment(text).map_err(fault)?),
                Of::Method => capture.method = word::<pb::CaptureMethod>(text).map_err(fault)?,
                Of::ReaderSerial => text.clone_into(&mut capture.reader_serial),
                Of::Channel => text.clone_into(&mut capture.channel),
                Of::OperatorId => text.clone_into(&mut capture.operator_id),
                Of::Photo => text.clone_into(&mut capture.photo_sha256),
                Of::UnitName => text.clone_into(&mut unit.name),
                Of::Uscc => unit.uscc = number(text).map_err(fault)?,
                Of::UsccCompared => unit.uscc_compared = flag(text).map_err(fault)?,
                Of::Authorisation => text.clone_into(&mut unit.authorisation_sha256),
                Of::AuthorisationEnd => unit.authorisation_valid_to_date = day(text),
                Of::Assessment => text.clone_into(&mut unit.industry.get_or_insert_default().assessment),
                Of::Sms => {
                    let sms = flag(text).map_err(fault)?;
                    functions(&mut unit, &mut |functions| functions.sms = sms);
                }
                Of::DataCap => {
                    let cap = text.parse().map_err(|_| fault(("BAD_NUMBER", "a whole number".to_owned())))?;
                    functions(&mut unit, &mut |functions| functions.data_cap_mb = cap);
                }
                Of::Imei => unit.industry.get_or_insert_default().imei = number(text).map_err(fault)?,
                Of::Person(party, field) => {
                    let document = persons[party as usize].get_or_insert_default();
                    set(document, field, text).map_err(fault)?;
                }
            }
        }
        made.capture = (capture != pb::Capture::default()).then_some(capture);
        let mut party = |party: Party| {
            persons[party as usize].take().map(|document| pb::Party { document: Some(document) })
        };
        made.guardian = party(Party::Guardian);
        made.proxy = party(Party::Proxy);
        made.handler = party(Party::Handler);
        let (actual_user, responsible_person) = (party(Party::ActualUser), party(Party::Responsible));
        made.subject = Some(if unit.name.is_empty() && unit.uscc.is_empty() {
            Subject::Individual(pb::Individual { document: persons[Party::Holder as usize].take() })
        } else {
            Subject::Unit(pb::Unit { actual_user, responsible_person, ..unit })
        });
        Ok(made)
    }
}

fn find(name: &str) -> Option<Of> {
    let line = LINE.iter().find(|(other, ..)| *other == name).map(|(_, of, _)| *of);
    line.or_else(|| {
        PARTIES.iter().find_map(|(prefix, party)| {
            let bare = name.strip_prefix(prefix)?;
            PERSON.iter().find(|(other, ..)| *other == bare).map(|(_, field, _)| Of::Person(*party, *field))
        })
    })
}

/// The column that a text of the gateway is about, and the rest of it.
pub(super) fn told(text: &str) -> (Option<String>, &str) {
    let found = text.split_once(": ").and_then(|(field, rest)| Some((column(field)?, rest)));
    found.map_or((None, text), |(column, rest)| (Some(column), rest))
}

/// The column of a field of the wire, which is found beneath the registration.
fn column(field: &str) -> Option<String> {
    let field = field.strip_prefix("registration.").unwrap_or(field);
    let name = match field.split_once(".document.") {
        Some((party, field)) => {
            let party = party.strip_prefix("unit.").unwrap_or(party);
            let field = if matches!(field, "type" | "number") {
                format!("document_{field}")
            } else {
                field.to_owned()
            };
            if party == "individual" { field } else { format!("{party}_{field}") }
        }
        None => match field {
            "capture.method" => "capture_method".to_owned(),
            "unit.name" => "unit_name".to_owned(),
            _ => field.rsplit('.').next().unwrap_or(field).to_owned(),
        },
    };
    find(&name).map(|_| name)
}

fn set(document: &mut pb::Document, field: Field, text: &str) -> Result<(), (&'static str, String)> {
    match field {
        Field::Type => document.r#type = word::<pb::DocumentType>(text)?,
        Field::Number => document.number = number(text)?,
        Field::Name => text.clone_into(&mut document.name),
        Field::ValidTo => document.valid_to_date = day(text),
        Field::ValidFrom => document.valid_from_date = day(text),
        Field::Birth => document.birth_date = day(text),
        Field::Sex => document.sex = word::<pb::Sex>(text)?,
        Field::Nationality => text.clone_into(&mut document.nationality),
        Field::Address => text.clone_into(&mut document.address),
    }
    Ok(())
}

#[cfg(test)]
mod tests;
