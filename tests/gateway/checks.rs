//! Status checks: as fresh as the last answer of a write, never past their end, and each MVNO's own.

use std::{
    sync::{Arc, mpsc::channel},
    time::Duration,
};

use greenlane::{
    domain::{
        decision::{Action, Decision, Lane},
        fact::{FindingOutcome, FindingSeverity},
        refusal::Reason,
        standing::Standing,
        time::DAY,
    },
    service::{
        check_status::{Question, Source},
        supervise::{close_finding::Close, suspend_mvno::Suspension},
    },
};

use crate::world::{World, caller, carrier, context, finding, name, outlets, question};

const M: &str = "mvnos/m01";
const ALLOCATE: Action = Action::AllocateNumbers;

fn suspension() -> Suspension {
    Suspension { mvno: name(M), effective_time: None }
}

#[tokio::test]
async fn the_journey_of_a_carrier() {
    let world = World::of(&[M]).await;
    let unknown = world.check(M, ALLOCATE).await.expect("answered");
    assert_eq!(unknown.decided().decision, Decision::Deny);
    world.make_green(M).await;
    let green = world.check(M, ALLOCATE).await.expect("answered");
    assert_eq!((green.decided().decision, green.decided().lane), (Decision::Allow, Lane::Green));
    let opened = world.open(M, FindingSeverity::Severe).await;
    let denied = world.check(M, ALLOCATE).await.expect("answered");
    assert_eq!((denied.decided().decision, denied.decided().lane), (Decision::Deny, Lane::Closed));
    assert_eq!(denied.revision, opened.revision);
    assert!(denied.decided().reasons.iter().any(|reason| reason.code == "SEVERE_FINDING_OPEN"));
    let served = world.check(M, Action::ServeExistingUsers).await.expect("answered");
    assert_eq!(served.decided().decision, Decision::Allow);

    world.pass(DAY).await;
    let close = Close {
        mvno: name(M),
        finding: opened.fact.name,
        outcome: FindingOutcome::Verified,
        effective_time: None,
    };
    world.gateway.close_finding(context(), close).await.expect("closed");
    let after = world.check(M, ALLOCATE).await.expect("answered");
    assert_eq!((after.decided().decision, after.decided().lane), (Decision::Allow, Lane::Normal));
    let missing: Vec<&str> = after.decided().remedies.iter().map(|remedy| remedy.fact.as_str()).collect();
    assert_eq!(missing, ["finding"], "what green still wants");
}

/// After the answer of a write, every check has at least that revision: from any task, again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_is_as_fresh_as_the_last_answer() {
    let world = Arc::new(World::compliant().await);
    let mut running = Vec::new();
    for writer in 0..8 {
        let world = world.clone();
        running.push(tokio::spawn(async move {
            for breach in 0..10 {
                let recorded = world.inspect(outlets(M, 100, 10 * writer + breach, world.now())).await;
                for action in [ALLOCATE, Action::SignAgreement] {
                    let found = world.check(M, action).await.expect("answered");
                    assert!(found.revision >= recorded.revision);
                    assert!(found.held.revision >= recorded.revision);
                    assert!(found.held.facts.iter().any(|fact| fact.name == recorded.fact.name));
                    assert_eq!(found.source, Source::Cache);
                }
            }
        }));
    }
    for writer in running {
        writer.await.expect("no stale answer");
    }
}

/// An answer says when it was decided. A write that was answered before that moment is in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_between_two_looks_is_not_missed() {
    let world = World::compliant().await;
    let (gateway, runtime) = (world.gateway.clone(), tokio::runtime::Handle::current());
    let (tell, told) = channel();
    let clock = world.clock.clone();
    world.clock.before_next_look(move || {
        let (done, is_done) = channel();
        runtime.spawn(async move {
            let suspended = gateway.suspend_mvno(context(), suspension()).await.expect("suspended");
            done.send(suspended.answer.revision).expect("somebody waits");
        });
        let revision = is_done.recv().expect("answered");
        clock.pass(Duration::from_millis(1));
        tell.send(revision).expect("somebody waits");
    });
    let found = world.check(M, ALLOCATE).await.expect("answered");
    let revision = told.try_recv().expect("the write was made during the check");
    assert!(found.revision >= revision, "decided after the answer of {revision}, from {}", found.revision);
    assert_eq!(found.decided().standing, Standing::Suspended);
}

#[tokio::test]
async fn min_revision_never_gets_an_older_answer() {
    let world = World::compliant().await;
    let latest = world.check(M, ALLOCATE).await.expect("answered").revision;
    let at_least = |min_revision| Question { min_revision, ..question(M, ALLOCATE) };
    let caller = carrier();
    let now = world.gateway.check_status(&caller, &at_least(latest)).await.expect("reached");
    assert_eq!(now.revision, latest);
    // It waits for a revision that is on its way.
    let next = at_least(latest + 1);
    let (waited, recorded) = tokio::join!(
        world.gateway.check_status(&caller, &next),
        world.inspect(outlets(M, 40, 0, world.now()))
    );
    assert_eq!(waited.expect("reached").revision, recorded.revision);
}

#[tokio::test]
async fn a_revision_that_does_not_come_is_told() {
    let world = World::compliant().await;
    let latest = world.check(M, ALLOCATE).await.expect("answered").revision;
    let ahead = Question { min_revision: latest + 1, ..question(M, ALLOCATE) };
    let refused = world.gateway.check_status(&carrier(), &ahead).await.expect_err("never");
    assert_eq!(refused.reason, Reason::RevisionNotReached);
    assert!(refused.retry_after.is_some());
    let refused = world.gateway.standing_of(&carrier(), name(M), latest + 1).await.expect_err("never");
    assert_eq!(refused.reason, Reason::RevisionNotReached);
}

#[tokio::test]
async fn an_answer_is_never_given_past_its_end() {
    let world = World::compliant().await;
    let cure_by = world.now().plus(DAY * 10);
    world
        .gateway
        .open_finding(context(), finding(M, FindingSeverity::Severe, cure_by))
        .await
        .expect("opened");
    let open = world.check(M, ALLOCATE).await.expect("answered");
    assert_eq!(open.decided().standing, Standing::Rectifying);
    let end = open.expire_time.expect("the day to cure it by");
    assert!(end > cure_by && end <= cure_by.plus(Duration::from_secs(1)));

    world.pass(cure_by.since(world.now())).await;
    assert_eq!(world.standing(M).await, Standing::Rectifying, "the last moment to cure it");
    world.pass(end.since(world.now())).await;
    // No ticker ran, nothing was written: the answer is another all the same.
    let overdue = world.check(M, ALLOCATE).await.expect("answered");
    assert_eq!(overdue.decided().standing, Standing::Suspended);
    assert_eq!(overdue.revision, open.revision);
    let listed = world.gateway.standing_of(&carrier(), name(M), 0).await.expect("answered");
    assert_eq!((listed.held.standing(), listed.held.since_time), (Standing::Suspended, end));
}

/// Every answer in a long life says its end, and between two ends nothing differs.
#[tokio::test]
async fn answers_hold_until_their_end() {
    let world = World::of(&[M]).await;
    world.make_green(M).await;
    let last = world.now().plus(DAY * 200);
    let mut seen = Vec::new();
    loop {
        let found = world.check(M, ALLOCATE).await.expect("answered");
        seen.push(found.decided().standing);
        let Some(end) = found.expire_time.filter(|end| *end < last) else { break };
        assert!(end > world.now(), "an end that is over already");
        world.pass(end.since(world.now()).saturating_sub(Duration::from_micros(1))).await;
        let still = world.check(M, ALLOCATE).await.expect("answered");
        assert_eq!(still.decided(), found.decided(), "it changed before its end");
        world.pass(Duration::from_micros(1)).await;
    }
    seen.dedup();
    assert_eq!(seen, [Standing::GreenChannel, Standing::Watch], "green is lost when its evidence is stale");
}

/// A clock that was set back undoes nothing that was acknowledged.
#[tokio::test]
async fn a_clock_set_back_hides_no_fact() {
    let world = World::compliant().await;
    world.pass(DAY).await;
    let suspended = world.gateway.suspend_mvno(context(), suspension()).await.expect("suspended").answer;
    world.clock.set_back(Duration::from_secs(5));
    let found = world.check(M, ALLOCATE).await.expect("answered");
    assert_eq!((found.decided().standing, found.revision), (Standing::Suspended, suspended.revision));
    let recorded = world.inspect(outlets(M, 40, 0, world.now())).await;
    assert_eq!(recorded.standing, Standing::Suspended, "nor does the next act");
    assert_eq!(world.gateway.tick().await.expect("ticked"), 0, "nor the ticker");
    let refused = world
        .gateway
        .allocate_numbers(
            context(),
            name(M),
            greenlane::domain::number::Prefix::parse("1700000").expect("a block"),
        )
        .await;
    assert_eq!(refused.expect_err("suspended").reason, Reason::StandingDenies);
    let mut found = world.check(M, ALLOCATE).await.expect("answered");
    assert_eq!(found.decided().standing, Standing::Suspended);
    // By the record too, after a restart.
    let world = world.restart_after(Duration::ZERO).await;
    found = world.check(M, ALLOCATE).await.expect("answered");
    assert_eq!(found.decided().standing, Standing::Suspended);
}

#[tokio::test]
async fn an_mvno_asks_about_itself_only() {
    let world = World::of(&[M, "mvnos/m02"]).await;
    let m02 = caller("mvno/m02");
    for other in [M, "mvnos/nobody"] {
        let refused =
            world.gateway.check_status(&m02, &question(other, ALLOCATE)).await.expect_err("not its own");
        assert_eq!(refused.reason, Reason::NotYours);
        let refused = world.gateway.standing_of(&m02, name(other), 0).await.expect_err("not its own");
        assert_eq!(refused.reason, Reason::NotYours);
    }
    world.gateway.check_status(&m02, &question("mvnos/m02", ALLOCATE)).await.expect("its own");
    let refused = world.check("mvnos/nobody", ALLOCATE).await.expect_err("nobody");
    assert_eq!(refused.reason, Reason::MvnoNotFound);
}

#[tokio::test]
async fn a_restart_keeps_every_answer() {
    let world = World::of(&[M, "mvnos/m02"]).await;
    world.make_green(M).await;
    let before = world.check(M, ALLOCATE).await.expect("answered");
    let world = world.restart_after(Duration::from_secs(1)).await;
    let after = world.check(M, ALLOCATE).await.expect("answered");
    assert_eq!(after.decided(), before.decided());
    assert_eq!((after.revision, &after.held.facts), (before.revision, &before.held.facts));
    assert_eq!(after.held.since_time, before.held.since_time);
    assert_eq!(world.standing("mvnos/m02").await, Standing::Unknown);
}

/// While the record is lost nobody is told anything, but that subscribers are served. A question is a reason to look
/// for it, so it is lost for as long as it cannot be read.
#[tokio::test]
async fn a_lost_record_answers_nothing_but_service() {
    let world = World::compliant().await;
    world.hide_record(true);
    world.gateway.board.lose();
    let refused = world.check(M, ALLOCATE).await.expect_err("lost");
    assert_eq!(refused.reason, Reason::StoreUnavailable);
    for mvno in [M, "mvnos/nobody"] {
        let served = world.check(mvno, Action::ServeExistingUsers).await.expect("served");
        assert_eq!(served.decided().decision, Decision::Allow);
    }
    world.hide_record(false);
    let found = world.check(M, ALLOCATE).await.expect("answered");
    assert_eq!(found.source, Source::Origin, "the record was read in this call");
    let held = world.check(M, ALLOCATE).await.expect("answered");
    assert_eq!(held.source, Source::Cache);
}
