//! Headers that are wrong, and what rows make.

use super::*;

fn header(names: &str) -> Vec<String> {
    names.split(',').map(str::to_owned).collect()
}

fn made(names: &str, cells: &str) -> Result<pb::Registration, Fault> {
    let columns = Columns::of(&header(names), &[]).expect("a header");
    columns.registration(&Row { number: 7, cells: header(cells) })
}

#[test]
fn every_mistake_of_a_header_is_told() {
    let told = Columns::of(&header("msisdn,document_type,nam,msisdn,note"), &["note".to_owned()]);
    assert_eq!(
        told.expect_err("wrong"),
        [
            "row 1, column 3: there is no column \"nam\"; --ignore nam leaves it out",
            "row 1: the column msisdn is there twice",
            "row 1: the column document_number is missing",
            "row 1: the column name is missing",
        ]
    );
    assert!(Columns::of(&header("MSISDN,Document_Type,document_number,name"), &[]).is_ok());
    assert!(Columns::of(&header("msisdn,unit_name,uscc,handler_name"), &[]).is_ok());
}

#[test]
fn a_person() {
    let names = "msisdn,document_type,document_number,name,valid_to_date,sex,capture_method,guardian_name,register_time";
    let made =
        made(names, "17000000001,居民身份证,119999199003070019,王小明,2036/1/31,男,reader,,2019-05-01");
    let made = made.expect("a registration");
    let Some(Subject::Individual(individual)) = made.subject else { panic!("a person") };
    let document = individual.document.expect("a document");
    assert_eq!((document.r#type(), document.sex()), (pb::DocumentType::ResidentId, pb::Sex::Male));
    assert_eq!((document.valid_to_date.as_str(), document.name.as_str()), ("2036-01-31", "王小明"));
    assert_eq!(made.event, i32::from(pb::RegistrationEvent::Open));
    assert_eq!(made.capture.map(|capture| capture.method()), Some(pb::CaptureMethod::Reader));
    assert!(made.guardian.is_none() && made.register_time.is_some());
}

#[test]
fn a_unit() {
    let names = "msisdn,unit_name,uscc,handler_name,actual_user_document_number,assessment,data_cap_mb";
    let made = made(
        names,
        "17000000001,某公司,91999999MA00TE5T09,王,119999199003070019,mvnos/m07/industryAssessments/x,30",
    );
    let made = made.expect("a registration");
    let Some(Subject::Unit(unit)) = made.subject else { panic!("a unit") };
    assert!(made.handler.is_some() && unit.actual_user.is_some() && unit.responsible_person.is_none());
    assert_eq!(
        unit.industry.and_then(|industry| industry.functions).map(|functions| functions.data_cap_mb),
        Some(30)
    );
}

/// What a row says is not repeated.
#[test]
fn faults_name_the_column() {
    let fault =
        made("msisdn,document_type,document_number,name", "1,PASSPORT,2,3").expect_err("no such type");
    assert_eq!((fault.row, fault.column.as_str(), fault.code), (7, "document_type", "UNKNOWN_WORD"));
    assert!(!fault.text.contains("PASSPORT"));
    let fault = made("msisdn,document_type,document_number,name", "1,RESIDENT_ID,1.19999E+17,3")
        .expect_err("rounded");
    assert_eq!((fault.column.as_str(), fault.code), ("document_number", "NUMBER_ROUNDED"));
}

#[test]
fn fields_of_the_wire_have_their_columns() {
    for (text, column) in [
        ("individual.document.number: x", "document_number"),
        ("registration.individual.document.name: x", "name"),
        ("unit.actual_user.document.type: x", "actual_user_document_type"),
        ("guardian.document.birth_date: x", "guardian_birth_date"),
        ("capture.method: x", "capture_method"),
        ("capture.reader_serial: x", "reader_serial"),
        ("unit.uscc: x", "uscc"),
        ("unit.industry.functions.data_cap_mb: x", "data_cap_mb"),
        ("unit.industry.imei: x", "imei"),
        ("msisdn: x", "msisdn"),
    ] {
        assert_eq!(told(text), (Some(column.to_owned()), "x"), "{text}");
    }
    assert_eq!(told("NUMBER: not yours"), (None, "NUMBER: not yours"));
    assert_eq!(told("guardian: missing"), (None, "guardian: missing"));
}
