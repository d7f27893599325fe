//! What is kept of persons, sealed: the document by which a subject is counted, and whoever else a registration names.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    domain::{
        document::{Document, DocumentType, Sex, Validity},
        industry::imei::Imei,
        personal::Personal,
        registration::{Registration, Subject, UnitLine},
    },
    store::{
        StoreError,
        sql::subject::{DOCUMENT, SubjectRow},
    },
    vault::{OpenError, Owner, SubjectKey, Vault},
};

/// A document as it is sealed.
#[derive(Deserialize, Serialize)]
struct Written<'d> {
    kind: DocumentType,
    number: Cow<'d, str>,
    name: Cow<'d, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    valid_to: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    born: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sex: Option<Sex>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nationality: Option<Cow<'d, str>>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    address: Cow<'d, str>,
}

/// Who else is in a registration.
#[derive(Serialize)]
struct Others<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    guardian: Option<Written<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    handler: Option<Written<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proxy: Option<Written<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<WrittenUnit<'r>>,
}

#[derive(Serialize)]
struct WrittenUnit<'r> {
    name: &'r str,
    uscc: &'r str,
    uscc_compared: bool,
    authorisation_sha256: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    assessment: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    imei: Option<&'r str>,
}

/// A document as it was registered, opened.
pub struct Known {
    /// What it is.
    pub kind: DocumentType,
    /// Its number, in normal form.
    pub number: Personal,
    /// The name on it, in normal form.
    pub name: Personal,
}

/// A document in the bytes that are sealed.
pub fn document(document: &Document) -> Zeroizing<Vec<u8>> {
    bytes(&written(document))
}

/// Whoever else a registration names, in the bytes that are sealed; `None` for nobody.
pub fn others(registration: &Registration) -> Option<Zeroizing<Vec<u8>>> {
    let unit = match &registration.subject {
        Subject::Individual(_) => None,
        Subject::Unit(unit) => Some(WrittenUnit {
            name: unit.name.reveal(),
            uscc: unit.code.reveal(),
            uscc_compared: unit.code_compared,
            authorisation_sha256: &unit.authorisation_sha256,
            assessment: match &unit.line {
                UnitLine::Ordinary { .. } => None,
                UnitLine::Industry { assessment, .. } => Some(assessment),
            },
            imei: registration.subject.imei().map(Imei::reveal),
        }),
    };
    let others = Others {
        guardian: registration.guardian.as_ref().map(written),
        handler: registration.handler.as_ref().map(written),
        proxy: registration.proxy.as_ref().map(written),
        unit,
    };
    let some = others.guardian.is_some()
        || others.handler.is_some()
        || others.proxy.is_some()
        || others.unit.is_some();
    some.then(|| bytes(&others))
}

/// Whether what was sealed by [`others`] names a unit.
pub fn is_of_unit(opened: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Named {
        unit: Option<serde::de::IgnoredAny>,
    }
    serde_json::from_slice::<Named>(opened).is_ok_and(|named| named.unit.is_some())
}

/// The data key of a subject.
pub fn unlock(vault: &Vault, subject: &SubjectRow) -> Result<SubjectKey, StoreError> {
    vault
        .unlock(Owner::new(&subject.mvno, &subject.id), &subject.wrapped_key)
        .map_err(|error| closed(&subject.id, error))
}

/// The document of a subject.
pub fn open_document(key: &SubjectKey, subject: &SubjectRow) -> Result<Known, StoreError> {
    let place = DOCUMENT.at(&subject.id);
    let opened = key.open(place, &subject.document).map_err(|error| closed(&subject.id, error))?;
    let written: Written<'_> = serde_json::from_slice(opened.expose())
        .map_err(|_| StoreError::inconsistent("subject", "document", &subject.id))?;
    let own = |text: Cow<'_, str>| Personal::new(text.into_owned());
    Ok(Known { kind: written.kind, number: own(written.number), name: own(written.name) })
}

/// What does not open is a fault of the store; which row it is stands in the log.
pub fn closed(row: &str, error: OpenError) -> StoreError {
    StoreError::Unavailable(format!("the row {row} does not open: {error}"))
}

fn written(document: &Document) -> Written<'_> {
    Written {
        kind: document.kind,
        number: Cow::Borrowed(document.number.reveal()),
        name: Cow::Borrowed(document.name.reveal()),
        valid_to: match document.validity {
            Validity::NotStated => None,
            Validity::Until(day) => Some(day.to_string()),
            Validity::LongTerm => Some("LONG_TERM".to_owned()),
        },
        born: document.born.map(|day| day.to_string()),
        sex: document.sex,
        nationality: document.nationality.as_deref().map(Cow::Borrowed),
        address: Cow::Borrowed(document.address.reveal()),
    }
}

/// At its full length at once: a buffer that grows leaves copies behind.
fn bytes(value: &impl Serialize) -> Zeroizing<Vec<u8>> {
    const ROOM: usize = 4096;
    let mut bytes = Zeroizing::new(Vec::with_capacity(ROOM));
    serde_json::to_writer(&mut *bytes, value).expect("what is kept is plain data");
    bytes
}
