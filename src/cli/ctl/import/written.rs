//! A registration as a row of a file, for rows whose file is gone: what `columns` reads, written again.

use prost_types::Timestamp;

use super::columns::{Field, LINE, Of, PARTIES, PERSON, Party};
use crate::rpc::pb::{self, registration::Subject};

/// The names of all columns, in the order of `--help`.
pub(super) fn names() -> Vec<String> {
    let line = LINE.iter().map(|(name, ..)| (*name).to_owned());
    let persons =
        PARTIES.iter().flat_map(|(prefix, _)| PERSON.iter().map(move |(name, ..)| format!("{prefix}{name}")));
    line.chain(persons).collect()
}

/// What stands in each of them.
pub(super) fn cells(registration: &pb::Registration) -> Vec<String> {
    let line = LINE.iter().map(|(_, of, _)| of_line(registration, *of));
    let persons = PARTIES.iter().flat_map(|(_, party)| {
        let document = document(registration, *party);
        PERSON.iter().map(move |(_, field, _)| document.map_or_else(String::new, |found| text(found, *field)))
    });
    line.chain(persons).collect()
}

fn of_line(registration: &pb::Registration, of: Of) -> String {
    let unit = match &registration.subject {
        Some(Subject::Unit(unit)) => Some(unit),
        Some(Subject::Individual(_)) | None => None,
    };
    let capture = registration.capture.as_ref();
    let industry = unit.and_then(|unit| unit.industry.as_ref());
    let functions = industry.and_then(|line| line.functions.as_ref());
    let captured = |part: fn(&pb::Capture) -> &String| capture.map(part).cloned().unwrap_or_default();
    let of_unit = |part: fn(&pb::Unit) -> &String| unit.map(part).cloned().unwrap_or_default();
    match of {
        Of::Msisdn => registration.msisdn.clone(),
        // Left out, it means the same.
        Of::Event if registration.event() == pb::RegistrationEvent::Open => String::new(),
        Of::Event => word(registration.event().as_str_name(), "REGISTRATION_EVENT_"),
        Of::RegisterTime => registration.register_time.as_ref().map(moment).unwrap_or_default(),
        Of::Method => {
            capture.map(|capture| word(capture.method().as_str_name(), "CAPTURE_METHOD_")).unwrap_or_default()
        }
        Of::ReaderSerial => captured(|capture| &capture.reader_serial),
        Of::Channel => captured(|capture| &capture.channel),
        Of::OperatorId => captured(|capture| &capture.operator_id),
        Of::Photo => captured(|capture| &capture.photo_sha256),
        Of::UnitName => of_unit(|unit| &unit.name),
        Of::Uscc => of_unit(|unit| &unit.uscc),
        Of::UsccCompared => flag(unit.is_some_and(|unit| unit.uscc_compared)),
        Of::Authorisation => of_unit(|unit| &unit.authorisation_sha256),
        Of::AuthorisationEnd => of_unit(|unit| &unit.authorisation_valid_to_date),
        Of::Assessment => industry.map(|line| line.assessment.clone()).unwrap_or_default(),
        Of::Sms => flag(functions.is_some_and(|functions| functions.sms)),
        Of::DataCap => functions.map(|functions| functions.data_cap_mb.to_string()).unwrap_or_default(),
        Of::Imei => industry.map(|line| line.imei.clone()).unwrap_or_default(),
        Of::Person(..) => String::new(), // no column of the line's own
    }
}

fn document(registration: &pb::Registration, party: Party) -> Option<&pb::Document> {
    let unit = match &registration.subject {
        Some(Subject::Unit(unit)) => Some(unit),
        Some(Subject::Individual(_)) | None => None,
    };
    let party = match (party, &registration.subject) {
        (Party::Holder, Some(Subject::Individual(individual))) => return individual.document.as_ref(),
        (Party::Holder, _) => None,
        (Party::Guardian, _) => registration.guardian.as_ref(),
        (Party::Proxy, _) => registration.proxy.as_ref(),
        (Party::Handler, _) => registration.handler.as_ref(),
        (Party::ActualUser, _) => unit.and_then(|unit| unit.actual_user.as_ref()),
        (Party::Responsible, _) => unit.and_then(|unit| unit.responsible_person.as_ref()),
    };
    party.and_then(|party| party.document.as_ref())
}

fn text(document: &pb::Document, field: Field) -> String {
    match field {
        Field::Type => word(document.r#type().as_str_name(), "DOCUMENT_TYPE_"),
        Field::Number => document.number.clone(),
        Field::Name => document.name.clone(),
        Field::ValidTo => document.valid_to_date.clone(),
        Field::ValidFrom => document.valid_from_date.clone(),
        Field::Birth => document.birth_date.clone(),
        Field::Sex => word(document.sex().as_str_name(), "SEX_"),
        Field::Nationality => document.nationality.clone(),
        Field::Address => document.address.clone(),
    }
}

fn word(name: &str, prefix: &str) -> String {
    let word = name.strip_prefix(prefix).unwrap_or(name);
    if word == "UNSPECIFIED" { String::new() } else { word.to_owned() }
}

fn flag(is: bool) -> String {
    if is { "true".to_owned() } else { String::new() }
}

fn moment(time: &Timestamp) -> String {
    jiff::Timestamp::new(time.seconds, time.nanos).map(|moment| moment.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{
        super::{columns::Columns, reader::Row},
        *,
    };

    /// What was read from a file, written, and read again is the same registration.
    #[test]
    fn a_row_comes_back() {
        for (names_read, cells_read) in [
            (
                "msisdn,document_type,document_number,name,valid_to_date,sex,guardian_name,register_time,channel",
                "17000000001,RESIDENT_ID,119999199003070019,王小明,长期,FEMALE,某甲,2019-05-01,mvnos/m07/channels/h",
            ),
            (
                "msisdn,event,unit_name,uscc,uscc_compared,handler_document_type,actual_user_name,sms,data_cap_mb,\
                 assessment,capture_method,imei",
                "17000000001,TRANSFER,测试电表,91999999MA00TE5T09,true,PASSPORT_CN,某乙,true,30,a,READER,001010123456780",
            ),
        ] {
            let split = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
            let read = |names: &[String], cells: Vec<String>| {
                let columns = Columns::of(names, &[]).expect("a header");
                columns.registration(&Row { number: 2, cells }).expect("a registration")
            };
            let made = read(&split(names_read), split(cells_read));
            let written: Vec<(String, String)> =
                names().into_iter().zip(cells(&made)).filter(|(_, cell)| !cell.is_empty()).collect();
            let (names, cells): (Vec<_>, Vec<_>) = written.into_iter().unzip();
            assert_eq!(read(&names, cells), made);
        }
    }
}
