//! Industry lines that are bound to a device: by its IMEI, which is sealed like the number of the line.

use greenlane::{
    domain::{
        industry::Functions,
        refusal::Refusal,
        registration::{
            RegistrationEvent,
            draft::{Draft, TakenDraft, UnitDraft},
            import::OnDuplicate,
        },
        time::{DAY, Time},
    },
    service::{
        assess_industry_user,
        import::{Header, Original, Row},
    },
};

use crate::{
    registrations::{PERSONS, as_mvno, code, draft, person, read, register, sqlite},
    world::{World, caller},
};

const CODE: &str = "91999999MA00TE5T09";
/// Of test devices.
const IMEI: &str = "001010123456780";
const ANOTHER: &str = "001010123456798";
const FUNCTIONS: Functions = Functions { voice: false, sms: false, data_cap_mb: 30 };

async fn assessed(world: &World, imei_binding: bool) -> String {
    let request = assess_industry_user::Request {
        name: "测试电表".into(),
        uscc: CODE.into(),
        uscc_compared: false,
        scene: "electricity meters".to_owned(),
        functions: FUNCTIONS,
        imei_binding,
        valid_to_time: Some(world.now().plus(DAY * 100)),
    };
    let made = world.gateway.assess_industry_user(as_mvno("m01"), request).await.expect("recorded").answer;
    assert_eq!(made.1.imei_binding, imei_binding);
    made.0
}

/// The line of that number, in that device.
fn line(n: u32, assessment: &str, imei: &str) -> Draft {
    Draft {
        individual: None,
        unit: Some(UnitDraft {
            name: "测试电表".into(),
            uscc: CODE.into(),
            authorisation_sha256: "b".repeat(64),
            responsible_person: Some(person(PERSONS[4])),
            assessment: assessment.to_owned(),
            functions: Some(FUNCTIONS),
            imei: imei.into(),
            ..UnitDraft::default()
        }),
        handler: Some(person(PERSONS[5])),
        capture: TakenDraft { photo_sha256: "a".repeat(64), ..read() },
        ..draft(n, PERSONS[4])
    }
}

async fn shown(world: &World, name: &str) -> String {
    world.gateway.get_registration(&caller("mvno/m01"), name).await.expect("shown").imei
}

/// Where it is wrong, and how.
fn at(refused: &Refusal) -> (String, String) {
    let field = refused.violations.first().map(|violation| violation.field.clone()).unwrap_or_default();
    (field, code(refused))
}

async fn life_of_a_binding(world: &World) {
    let (free, binding) = (assessed(world, false).await, assessed(world, true).await);
    let opened = register(world, line(1, &free, "00-101012-345678-0")).await.expect("opened").answer.name;
    assert_eq!(shown(world, &opened).await, IMEI);
    // Its card is changed in the same device, then it comes into another one.
    let change = |imei| Draft { event: Some(RegistrationEvent::SimChange), ..line(1, &free, imei) };
    register(world, change("")).await.expect("changed");
    assert_eq!(shown(world, &opened).await, IMEI);
    register(world, change(ANOTHER)).await.expect("changed");
    assert_eq!(shown(world, &opened).await, ANOTHER);
    let sealed = "SELECT COUNT(*) FROM line WHERE imei IS NOT NULL AND LENGTH(imei) > 15";
    assert_eq!(world.number(sealed).await, 1);

    // Without a device where none is asked for, and not where one is.
    let unbound = register(world, line(2, &free, "")).await.expect("opened").answer.name;
    assert_eq!(shown(world, &unbound).await, "");
    let refused = register(world, line(3, &binding, "")).await.expect_err("refused");
    let field = "registration.unit.industry.imei".to_owned();
    assert_eq!(at(&refused), (field.clone(), "IMEI_REQUIRED".to_owned()));
    for (wrong, expected) in [
        ("00101012345678", "BAD_LENGTH"),
        ("0010101234567801", "BAD_LENGTH"),
        ("001010123456781", "BAD_CHECKSUM"),
        ("00101012345678X", "BAD_CHAR"),
    ] {
        let refused = register(world, line(3, &binding, wrong)).await.expect_err("refused");
        assert_eq!(at(&refused), (field.clone(), expected.to_owned()));
        assert!(!format!("{refused:?}").contains(wrong), "what was sent is not repeated");
    }
    let bound = register(world, line(3, &binding, IMEI)).await.expect("opened").answer.name;
    // To another holder the device is named again.
    let passed = |imei: &str| {
        let transfer = Draft { event: Some(RegistrationEvent::Transfer), ..line(3, &binding, imei) };
        let unit =
            transfer.unit.map(|unit| UnitDraft { responsible_person: Some(person(PERSONS[6])), ..unit });
        Draft { unit, ..transfer }
    };
    assert_eq!(code(&register(world, passed("")).await.expect_err("refused")), "IMEI_REQUIRED");
    let after = register(world, passed(IMEI)).await.expect("passed").answer.name;
    assert_eq!((shown(world, &bound).await.as_str(), shown(world, &after).await.as_str()), ("", IMEI));

    // A line that was there before comes with its device, or with none.
    let header =
        Header { import_id: "devices".to_owned(), on_duplicate: OnDuplicate::Error, validate_only: false };
    let me = as_mvno("m01");
    let begun = world.gateway.begin_import(&me, &header).await.expect("begun");
    let row = |row_number: i64, imei: &str| {
        let draft = line(u32::try_from(row_number).expect("few") + 10, &binding, imei);
        let draft = Draft { event: None, register_time: Some(Time::of_date(2025, 1, 1)), ..draft };
        Row { row_number, draft, faults: Vec::new(), original: Original::new(Vec::new()) }
    };
    let rows = vec![row(1, IMEI), row(2, ""), row(3, "123")];
    let taken = world.gateway.import_rows(&me, &header, begun, rows).await.expect("taken");
    assert_eq!((taken.accepted, taken.rejected_total), (2, 1));
    assert_eq!(taken.rejected[0].code, "BAD_LENGTH");
    assert!(taken.rejected[0].text.contains("unit.industry.imei"));

    // Two years after its end it is gone.
    world.gateway.close_line(as_mvno("m01"), &opened).await.expect("closed");
    assert_eq!(shown(world, &opened).await, "");
    let kept = "SELECT COUNT(*) FROM line WHERE imei IS NOT NULL";
    assert_eq!(world.number(kept).await, 4, "kept with the rest of the line");
    world.clock.pass(DAY * 800);
    assert_eq!(world.gateway.erase_due().await.expect("erased"), 2);
    assert_eq!(world.number(kept).await, 2, "what is live");
}

#[tokio::test]
async fn life_of_a_binding_on_sqlite() {
    let world = sqlite().await;
    life_of_a_binding(&world).await;
    for bytes in world.files() {
        for imei in [IMEI, ANOTHER, &IMEI[..14]] {
            let found = bytes.windows(imei.len()).any(|window| window == imei.as_bytes());
            assert!(!found, "a device is in the file in clear");
        }
    }
}

#[tokio::test]
async fn life_of_a_binding_on_postgres() {
    life_of_a_binding(&crate::registrations::postgres().await).await;
}
