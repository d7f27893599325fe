//! What a person may have: one line beyond the slots never, whoever races; nobody is enrolled twice, and an industry
//! user's cards are assessed, and counted apart.

use greenlane::{
    domain::{
        industry::Functions,
        quota::Quota,
        refusal::Reason,
        registration::draft::{Draft, TakenDraft, UnitDraft},
        time::DAY,
    },
    service::assess_industry_user,
};

use crate::{
    meanwhile::somebody,
    registrations::{
        PERSONS, as_mvno, code, draft, msisdn, person, postgres, read, refused, register, sqlite,
    },
    support::figure::asked,
    world::World,
};

/// Ten at once for a person who has four: exactly one wins. `RACES=500` for that many persons, one after the other.
async fn ten_at_four(worlds: &[&World]) {
    let races = u32::try_from(asked("RACES", 5)).expect("few").min(650);
    for race in 0..races {
        let (person, first) = (somebody(race), race * 14);
        for n in 0..4 {
            register(worlds[0], draft(first + n, &person)).await.expect("opened");
        }
        let wanted =
            (4..14_u32).map(|n| register(worlds[n as usize % worlds.len()], draft(first + n, &person)));
        let answers = futures_util::future::join_all(wanted).await;
        let won: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().ok()).collect();
        assert_eq!(won.len(), 1);
        assert_eq!(won[0].answer.quota, Quota { limit: 5, in_use: 5, remaining: 0 });
        for refused in answers.iter().filter_map(|answer| answer.as_ref().err()) {
            assert_eq!(refused.reason, Reason::CardLimitReached, "{refused}");
            assert!(!refused.checks.is_empty());
        }
    }
    let live = worlds[0].number("SELECT COUNT(*) FROM line WHERE end_time IS NULL").await;
    assert_eq!(live, i64::from(races) * 5);
    println!("{races} races of ten at four, by {} nodes: one won each", worlds.len());
}

#[tokio::test]
async fn ten_at_four_on_sqlite() {
    ten_at_four(&[&sqlite().await]).await;
}

#[tokio::test]
async fn ten_at_four_on_three_nodes() {
    let first = postgres().await;
    let (second, third) = (first.beside().await, first.beside().await);
    ten_at_four(&[&first, &second, &third]).await;
}

/// A person whom nobody knows yet, and a number that many want: each is enrolled and opened once.
#[tokio::test]
async fn a_new_person_is_enrolled_once() {
    let first = postgres().await;
    let second = first.beside().await;
    let worlds = [&first, &second];
    let wanted = (0..8_u32).map(|at| register(worlds[at as usize % 2], draft(at, PERSONS[3])));
    let answers = futures_util::future::join_all(wanted).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 5);
    assert_eq!(first.number("SELECT COUNT(*) FROM subject").await, 1);
    let wanted = (0..6_u32).map(|at| register(worlds[at as usize % 2], draft(50, PERSONS[at as usize % 3])));
    let answers = futures_util::future::join_all(wanted).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    for refused in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert_eq!(refused.reason, Reason::NumberInUse, "{refused}");
    }
}

#[tokio::test]
async fn industry_cards_have_an_assessment_and_slots_of_their_own() {
    let world = sqlite().await;
    let functions = Functions { voice: false, sms: false, data_cap_mb: 30 };
    let request = assess_industry_user::Request {
        name: "测试电表".into(),
        uscc: "91999999MA00TE5T09".into(),
        uscc_compared: false,
        scene: "electricity meters".to_owned(),
        functions,
        imei_binding: false,
        valid_to_time: Some(world.now().plus(DAY * 100)),
    };
    let assessed =
        world.gateway.assess_industry_user(as_mvno("m01"), request.clone()).await.expect("recorded");
    let loud = assess_industry_user::Request { functions: Functions { voice: true, ..functions }, ..request };
    let refused_fields =
        world.gateway.assess_industry_user(as_mvno("m01"), loud).await.expect_err("no calls");
    assert_eq!(code(&refused_fields), "VOICE_NOT_ALLOWED");
    let unit = |uscc: &str, functions| Draft {
        individual: None,
        unit: Some(UnitDraft {
            name: "测试电表".into(),
            uscc: uscc.into(),
            authorisation_sha256: "b".repeat(64),
            responsible_person: Some(person(PERSONS[4])),
            assessment: assessed.answer.0.clone(),
            functions: Some(functions),
            ..UnitDraft::default()
        }),
        handler: Some(person(PERSONS[5])),
        capture: TakenDraft { photo_sha256: "a".repeat(64), ..read() },
        ..draft(1, PERSONS[4])
    };
    let line = register(&world, unit("91999999MA00TE5T09", functions)).await.expect("opened").answer;
    assert_eq!(line.quota, Quota { limit: 10, in_use: 1, remaining: 9 });
    let opened = register(&world, draft(2, PERSONS[4])).await.expect("the person's own").answer;
    assert_eq!(opened.quota.in_use, 1, "counted apart");
    let more = Draft {
        msisdn: msisdn(3).as_str().into(),
        ..unit("91999999MA00TE5T09", Functions { data_cap_mb: 31, ..functions })
    };
    assert_eq!(refused(&world, more).await, "FUNCTION_NOT_ASSESSED");
    let another = Draft { msisdn: msisdn(3).as_str().into(), ..unit("93999999MA00TE5T16", functions) };
    assert_eq!(refused(&world, another).await, "ASSESSMENT_REQUIRED");
}
