//! What regulators record: each verb turns the standing, is refused where it makes no sense, is done once for a
//! request id, and leaves nothing where it is only rehearsed or refused.

use greenlane::{
    domain::{
        fact::{AssessmentCriterion, FactBody, FindingOutcome, FindingSeverity, InspectionMethod},
        refusal::{Reason, Refusal},
        standing::Standing,
        time::DAY,
    },
    service::{
        context::Context,
        supervise::{
            close_finding::Close, lift_suspension::Lift, record_talk::Talk, revoke_licence::Revocation,
            submit_rectification::Rectification, suspend_mvno::Suspension,
        },
    },
};

use crate::world::{World, caller, context, context_of, finding, licence, name, outlets, sample};

const M: &str = "mvnos/m01";

fn suspension() -> Suspension {
    Suspension { mvno: name(M), effective_time: None }
}

fn close(finding: &str, outcome: FindingOutcome) -> Close {
    Close { mvno: name(M), finding: finding.to_owned(), outcome, effective_time: None }
}

/// The codes of the faults, by field.
fn faults(refusal: &Refusal) -> Vec<String> {
    assert_eq!(refusal.reason, Reason::InvalidFields, "{refusal}");
    let code = |text: &str| text.split(':').next().expect("a code").to_owned();
    refusal.violations.iter().map(|fault| format!("{} {}", fault.field, code(&fault.description))).collect()
}

#[tokio::test]
async fn an_mvno_begins_unknown_and_becomes_green() {
    let world = World::of(&[M]).await;
    assert_eq!(world.standing(M).await, Standing::Unknown);
    world.make_green(M).await;
}

#[tokio::test]
async fn inspections_turn_a_standing() {
    let world = World::compliant().await;
    for (checked, breach, standing) in [
        (100, 9, Standing::Compliant),
        (100, 10, Standing::Watch),
        (100, 29, Standing::Watch),
        (100, 30, Standing::Rectifying),
    ] {
        let recorded = world.inspect(outlets(M, checked, breach, world.now())).await;
        assert_eq!(recorded.standing, standing, "{breach} of {checked}");
        assert_eq!(world.standing(M).await, standing);
    }
    world.inspect(outlets(M, 40, 0, world.now())).await;
    let recorded = world.inspect(sample(M, 10_000, 9_499, world.now())).await;
    assert_eq!(recorded.standing, Standing::Rectifying);
    // A correction replaces what it names.
    let mut corrected = sample(M, 10_000, 9_899, world.now());
    corrected.supersedes = Some(recorded.fact.name.clone());
    let right = world.inspect(corrected.clone()).await;
    assert_eq!((right.standing, right.revision), (Standing::Compliant, recorded.revision + 1));
    let again = world.gateway.record_inspection(context(), corrected.clone()).await.expect_err("once");
    assert_eq!(again.reason, Reason::Superseded);
    corrected.supersedes = Some("mvnos/m01/inspections/none".to_owned());
    let unknown = world.gateway.record_inspection(context(), corrected).await.expect_err("no such");
    assert_eq!(unknown.reason, Reason::FactNotFound);
}

#[tokio::test]
async fn a_finding_is_opened_answered_and_closed() {
    let world = World::compliant().await;
    let opened = world.open(M, FindingSeverity::Severe).await;
    assert_eq!(opened.standing, Standing::Rectifying);
    let finding = opened.fact.name.clone();
    let rectification = Rectification {
        mvno: name(M),
        finding: finding.clone(),
        text: "what was done".to_owned(),
        evidence_hashes: vec!["a".repeat(64)],
    };
    let itself = context_of(caller("mvno/m01"));
    let submitted = world.gateway.submit_rectification(itself, rectification.clone()).await.expect("entered");
    assert_eq!(submitted.answer.standing, Standing::Rectifying, "its own word changes nothing");
    assert_eq!(submitted.answer.about.expect("the finding").name, finding);

    world.pass(DAY).await;
    let closed = world.gateway.close_finding(context(), close(&finding, FindingOutcome::Verified)).await;
    assert_eq!(closed.expect("closed").answer.standing, Standing::Compliant);
    let again = world.gateway.close_finding(context(), close(&finding, FindingOutcome::Dismissed)).await;
    assert_eq!(again.expect_err("closed already").reason, Reason::FindingClosed);
    let late = world.gateway.submit_rectification(context_of(caller("mvno/m01")), rectification).await;
    assert_eq!(late.expect_err("closed already").reason, Reason::FindingClosed);
    let unknown =
        world.gateway.close_finding(context(), close("mvnos/m01/findings/x", FindingOutcome::Verified));
    assert_eq!(unknown.await.expect_err("no such").reason, Reason::FactNotFound);
}

/// An MVNO cannot fill every node's memory with its own words.
#[tokio::test]
async fn rectifications_have_an_end() {
    let world = World::compliant().await;
    let finding = world.open(M, FindingSeverity::Minor).await.fact.name;
    let submit = async || {
        let rectification = Rectification {
            mvno: name(M),
            finding: finding.clone(),
            text: "what was done".to_owned(),
            evidence_hashes: Vec::new(),
        };
        world.gateway.submit_rectification(context_of(caller("mvno/m01")), rectification).await
    };
    for _ in 0..50 {
        submit().await.expect("entered");
    }
    assert_eq!(submit().await.expect_err("enough").reason, Reason::RectificationsReached);
}

#[tokio::test]
async fn a_finding_of_another_is_not_found() {
    let world = World::of(&[M, "mvnos/m02"]).await;
    let theirs = world.open("mvnos/m02", FindingSeverity::Severe).await.fact.name;
    let closed = world.gateway.close_finding(context(), close(&theirs, FindingOutcome::Verified)).await;
    assert_eq!(closed.expect_err("not of this MVNO").reason, Reason::FactNotFound);
}

#[tokio::test]
async fn a_close_does_not_lie_before_its_finding() {
    let world = World::compliant().await;
    let opened = world.open(M, FindingSeverity::Minor).await;
    let early = Close {
        effective_time: Some(opened.fact.true_time.minus(DAY)),
        ..close(&opened.fact.name, FindingOutcome::Verified)
    };
    let refused = world.gateway.close_finding(context(), early).await.expect_err("too early");
    assert_eq!(faults(&refused), ["effective_time BEFORE_START"]);
}

#[tokio::test]
async fn a_suspension_is_in_force_until_it_is_lifted() {
    let world = World::compliant().await;
    let lift = Lift { mvno: name(M), effective_time: None };
    let nothing = world.gateway.lift_suspension(context(), lift.clone()).await.expect_err("none in force");
    assert_eq!(nothing.reason, Reason::NotSuspended);
    let suspended = world.gateway.suspend_mvno(context(), suspension()).await.expect("suspended").answer;
    assert_eq!(suspended.standing, Standing::Suspended);
    let twice = world.gateway.suspend_mvno(context(), suspension()).await.expect_err("in force");
    assert_eq!(twice.reason, Reason::AlreadySuspended);
    let lifted = world.gateway.lift_suspension(context(), lift).await.expect("lifted").answer;
    assert_eq!(lifted.standing, Standing::Compliant);
    assert_eq!(lifted.about.expect("the suspension").name, suspended.fact.name);
    world.gateway.suspend_mvno(context(), suspension()).await.expect("and again");
}

#[tokio::test]
async fn a_licence_is_revoked_once() {
    let world = World::compliant().await;
    let held = world.gateway.record_licence(context(), licence(M)).await.expect("recorded").answer;
    let revocation =
        |licence: &str| Revocation { mvno: name(M), licence: licence.to_owned(), effective_time: None };
    let first = world.gateway.revoke_licence(context(), revocation(&held.fact.name)).await.expect("revoked");
    assert_eq!(first.answer.standing, Standing::Compliant, "there is another licence");
    let again = world.gateway.revoke_licence(context(), revocation(&held.fact.name)).await;
    assert_eq!(again.expect_err("revoked already").reason, Reason::LicenceRevoked);
    let facts = world.check(M, greenlane::domain::decision::Action::SignAgreement).await.expect("answered");
    let other = facts.held.facts.iter().find(|fact| matches!(fact.body, FactBody::Licence { .. }));
    let other = other.expect("the first one").name.clone();
    let last = world.gateway.revoke_licence(context(), revocation(&other)).await.expect("revoked");
    assert_eq!(last.answer.standing, Standing::Revoked);
    world.gateway.record_licence(context(), licence(M)).await.expect("granted again");
    assert_eq!(world.standing(M).await, Standing::Compliant);
}

#[tokio::test]
async fn a_talk_and_an_assessment_are_recorded() {
    let world = World::compliant().await;
    let talk = Talk {
        mvno: name(M),
        talk_time: world.now(),
        parties: vec!["mvnos/m01".to_owned()],
        minutes_sha256: "b".repeat(64),
        undertakings: vec!["to do better".to_owned()],
        supersedes: None,
    };
    let recorded = world.gateway.record_talk(context(), talk).await.expect("recorded").answer;
    assert_eq!(recorded.standing, Standing::Compliant);
    let assessed = world.assess(M, AssessmentCriterion::LawfulOperation).await;
    assert_eq!(assessed.revision, recorded.revision + 1, "every fact takes a revision");
}

#[tokio::test]
async fn all_faults_are_told_at_once_and_nothing_is_written() {
    let world = World::compliant().await;
    let before = world.rows().await;
    let mut inspection = outlets(M, 3, 4, world.now().plus(DAY));
    inspection.sample_ok = 1;
    inspection.evidence_hashes = vec!["xyz".to_owned()];
    let refused = world
        .gateway
        .record_inspection(Context { reason: "abc".to_owned(), ..context() }, inspection)
        .await
        .expect_err("all wrong");
    assert_eq!(
        faults(&refused),
        [
            "inspection.outlets_breach MORE_THAN_CHECKED",
            "inspection.sample_ok NOT_OF_METHOD",
            "inspection.inspect_time IN_FUTURE",
            "inspection.evidence_hashes[0] BAD_HASH",
            "reason BAD_LENGTH",
        ]
    );
    let negative = world.gateway.record_inspection(context(), outlets(M, 3, -1, world.now())).await;
    assert_eq!(faults(&negative.expect_err("negative")), ["inspection.outlets_breach OUT_OF_RANGE"]);
    let mut text = finding(M, FindingSeverity::Minor, world.now());
    text.text = "x".repeat(2001);
    let refused = world.gateway.open_finding(context(), text).await.expect_err("two faults");
    assert_eq!(faults(&refused), ["text BAD_LENGTH", "cure_by_time BEFORE_START"]);
    let silent = Context { reason: String::new(), ..context() };
    let refused = world.gateway.suspend_mvno(silent, suspension()).await.expect_err("a reason is needed");
    assert_eq!(faults(&refused), ["reason BAD_LENGTH"]);
    let ahead = Suspension { effective_time: Some(world.now().plus(DAY)), ..suspension() };
    let refused = world.gateway.suspend_mvno(context(), ahead).await.expect_err("ahead");
    assert_eq!(faults(&refused), ["effective_time IN_FUTURE"]);
    assert_eq!(world.rows().await, before);
}

#[tokio::test]
async fn an_mvno_that_does_not_take_part_is_not_found() {
    let world = World::compliant().await;
    let before = world.rows().await;
    let nobody = outlets("mvnos/nobody", 40, 0, world.now());
    let refused = world.gateway.record_inspection(context(), nobody).await.expect_err("nobody");
    assert_eq!(refused.reason, Reason::MvnoNotFound);
    assert_eq!(world.rows().await, before);
}

#[tokio::test]
async fn the_same_request_id_is_one_act() {
    let world = World::compliant().await;
    let first = Context { request_id: Some("r-1".to_owned()), ..context() };
    let inspection = outlets(M, 40, 12, world.now());
    let done = world.gateway.record_inspection(first.clone(), inspection.clone()).await.expect("done");
    assert!(!done.replayed);
    let before = world.rows().await;
    world.pass(DAY).await;
    let again = world.gateway.record_inspection(first.clone(), inspection.clone()).await.expect("again");
    assert!(again.replayed);
    assert_eq!((&again.answer.fact, again.answer.revision), (&done.answer.fact, done.answer.revision));
    assert_eq!(world.rows().await, before);

    let other = Context { request_id: Some("r-1".to_owned()), ..context() };
    let refused = world.gateway.record_inspection(other, inspection.clone()).await.expect_err("reused");
    assert_eq!(refused.reason, Reason::RequestIdReused);
    assert_eq!(world.rows().await, before);

    // Ids are an organisation's own.
    let elsewhere = Context { caller: caller("regulator/beijing/officer-1"), ..first };
    let theirs = world.gateway.record_inspection(elsewhere, inspection.clone()).await.expect("another's id");
    assert!(!theirs.replayed);
    for id in ["x".repeat(65), "a\u{7}".to_owned()] {
        let bad = Context { request_id: Some(id), ..context() };
        let refused = world.gateway.record_inspection(bad, inspection.clone()).await.expect_err("a bad id");
        assert_eq!(faults(&refused), ["request_id BAD_LENGTH"]);
    }
}

#[tokio::test]
async fn one_request_id_at_once_is_one_act() {
    let world = World::compliant().await;
    let call = Context { request_id: Some("r-1".to_owned()), ..context() };
    let inspection = outlets(M, 40, 12, world.now());
    let before = world.number("SELECT COUNT(*) FROM fact").await;
    let calls = (0..20).map(|_| world.gateway.record_inspection(call.clone(), inspection.clone()));
    let answers = futures_util::future::join_all(calls).await;
    let answers: Vec<_> = answers.into_iter().map(|answer| answer.expect("answered")).collect();
    assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
    assert!(answers.iter().all(|answer| answer.answer.fact == answers[0].answer.fact));
    assert_eq!(world.number("SELECT COUNT(*) FROM fact").await, before + 1);
}

/// A refused call does not take its request id, so the same call may succeed later.
#[tokio::test]
async fn a_refused_call_is_tried_again_under_its_id() {
    let world = World::compliant().await;
    let call = Context { request_id: Some("r-1".to_owned()), ..context() };
    let lift = Lift { mvno: name(M), effective_time: None };
    assert!(world.gateway.lift_suspension(call.clone(), lift.clone()).await.is_err());
    world.gateway.suspend_mvno(context(), suspension()).await.expect("suspended");
    assert!(!world.gateway.lift_suspension(call, lift).await.expect("lifted").replayed);
}

#[tokio::test]
async fn validate_only_leaves_nothing() {
    let world = World::compliant().await;
    let mut changes = world.feed.subscribe();
    let before = world.rows().await;
    let rehearsal = || Context { validate_only: true, request_id: Some("r-1".to_owned()), ..context() };
    let answer = world.gateway.suspend_mvno(rehearsal(), suspension()).await.expect("it would be done");
    assert_eq!(answer.answer.standing, Standing::Suspended, "the answer is the one that there would be");
    assert!(!answer.replayed);
    let same = world.gateway.suspend_mvno(rehearsal(), suspension()).await.expect("any number of times");
    assert_eq!(same.answer.revision, answer.answer.revision);
    let wrong = Lift { mvno: name(M), effective_time: None };
    let refused = world.gateway.lift_suspension(rehearsal(), wrong).await.expect_err("as it would be");
    assert_eq!(refused.reason, Reason::NotSuspended);
    assert_eq!(world.rows().await, before);
    assert_eq!(world.standing(M).await, Standing::Compliant);
    assert!(changes.try_recv().is_err());
    // The id is free, and the act gets the revision that was foretold.
    let act = Context { validate_only: false, ..rehearsal() };
    let done = world.gateway.suspend_mvno(act, suspension()).await.expect("done");
    assert_eq!((done.replayed, done.answer.revision), (false, answer.answer.revision));
}

#[tokio::test]
async fn no_write_begins_after_its_deadline() {
    let world = World::compliant().await;
    let before = world.rows().await;
    let late = Context { until: Some(std::time::Duration::ZERO), ..context() };
    let refused = world.gateway.suspend_mvno(late, suspension()).await.expect_err("too late");
    assert_eq!(refused.reason, Reason::DeadlineExceeded);
    assert_eq!(world.rows().await, before);
}

#[tokio::test]
async fn counts_belong_to_their_method() {
    let world = World::compliant().await;
    let mixed = greenlane::service::supervise::record_inspection::Inspection {
        method: InspectionMethod::DataSample,
        ..outlets(M, 40, 1, world.now())
    };
    let refused = world.gateway.record_inspection(context(), mixed).await.expect_err("mixed up");
    assert_eq!(
        faults(&refused),
        [
            "inspection.sample_size OUT_OF_RANGE",
            "inspection.outlets_checked NOT_OF_METHOD",
            "inspection.outlets_breach NOT_OF_METHOD",
        ]
    );
}
