//! Checks are counted, the counts are written, and while they cannot be nobody is answered.

use std::time::Duration;

use greenlane::{
    domain::{
        decision::{Action, Decision},
        fact::FindingSeverity,
        refusal::Reason,
        time::DAY,
    },
    service::{check_status::Question, evidence::minute},
    store::{sql, sql::check_count::CheckCount, sqlite},
};

use crate::world::{World, caller, carrier, context, name, question, working};

const M: &str = "mvnos/m01";

async fn kept(world: &World) -> Vec<CheckCount> {
    let read = world.store().read(working(|tx| {
        Box::pin(async move { Ok(sql::check_count::list_of(tx, &name("carriers/unicom")).await?) })
    }));
    read.await.expect("read")
}

async fn flush(world: &World) {
    world.gateway.evidence.flush(world.store()).await.expect("written");
}

#[tokio::test]
async fn checks_are_counted_by_what_was_answered() {
    let world = World::compliant().await;
    flush(&world).await;
    let before: i64 = kept(&world).await.iter().map(|count| count.n).sum();
    for _ in 0..5 {
        world.check(M, Action::AllocateNumbers).await.expect("answered");
    }
    let first = minute(world.now());
    assert_eq!(kept(&world).await.iter().map(|count| count.n).sum::<i64>(), before, "not yet written");
    flush(&world).await;
    world.check(M, Action::AllocateNumbers).await.expect("answered");
    world.pass(Duration::from_secs(60)).await;
    world.open(M, FindingSeverity::Severe).await;
    world.check(M, Action::AllocateNumbers).await.expect("answered");
    // Refused questions and other askers are not this one's checks.
    world.check("mvnos/nobody", Action::AllocateNumbers).await.expect_err("nobody");
    let other = caller("carrier/telecom");
    world.gateway.check_status(&other, &question(M, Action::AllocateNumbers)).await.expect("answered");
    let past = Question { as_of_time: Some(world.now()), ..question(M, Action::AllocateNumbers) };
    world.gateway.check_status(&carrier(), &past).await.expect("answered");
    flush(&world).await;
    flush(&world).await; // nothing twice

    let revision = world.gateway.board.last_known().revision;
    let counts: Vec<_> = kept(&world)
        .await
        .into_iter()
        .filter(|count| count.action == "ALLOCATE_NUMBERS")
        .map(|count| (count.decision, count.revision, count.minute, count.n))
        .collect();
    assert_eq!(
        counts,
        [
            ("ALLOW".to_owned(), revision - 1, first, 6),
            ("DENY".to_owned(), revision, first.plus(Duration::from_secs(60)), 2),
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_check_is_lost_between_writes() {
    let world = std::sync::Arc::new(World::compliant().await);
    let mut running = Vec::new();
    for _ in 0..8 {
        let world = world.clone();
        running.push(tokio::spawn(async move {
            for at in 0..100 {
                world.check(M, Action::RenewAgreement).await.expect("answered");
                if at % 10 == 0 {
                    flush(&world).await;
                }
            }
        }));
    }
    for one in running {
        one.await.expect("no panic");
    }
    flush(&world).await;
    let counts = kept(&world).await;
    let renewals = counts.iter().filter(|count| count.action == "RENEW_AGREEMENT");
    assert_eq!(renewals.map(|count| count.n).sum::<i64>(), 800);
}

#[tokio::test]
async fn counts_that_cannot_be_kept_stop_the_checks() {
    let world = World::compliant().await;
    flush(&world).await;
    world.clock.pass(Duration::from_secs(5));
    world.check(M, Action::AllocateNumbers).await.expect("five seconds are borne");
    world.clock.pass(Duration::from_millis(1));
    let refused = world.check(M, Action::AllocateNumbers).await.expect_err("longer is not");
    assert_eq!(refused.reason, Reason::EvidenceUnavailable);
    assert!(refused.retry_after.is_some());
    let past = Question { as_of_time: Some(world.now()), ..question(M, Action::ServeExistingUsers) };
    let refused = world.gateway.check_status(&carrier(), &past).await.expect_err("nor about the past");
    assert_eq!(refused.reason, Reason::EvidenceUnavailable);
    let served = world.check(M, Action::ServeExistingUsers).await.expect("but subscribers are served");
    assert_eq!(served.decided().decision, Decision::Allow);
    flush(&world).await;
    world.check(M, Action::AllocateNumbers).await.expect("kept again, answered again");
}

/// A disk without room keeps no counts; they wait, and are all there once there is room.
#[tokio::test]
async fn counts_wait_for_room() {
    let world = World::with(sqlite::Options { max_pages: Some(240), ..Default::default() }).await;
    world.join(M).await;
    world.make_compliant(M).await;
    let mut at = 0;
    // Requests of another age fill the file, the last byte with small ones.
    for size in [64 * 1024, 4096, 64] {
        loop {
            at += 1;
            assert!(at < 10_000, "it never filled");
            let kept = sql::request::Kept {
                organisation: "regulators/miit".to_owned(),
                request_id: format!("r-{at}"),
                method: "/test/Act".to_owned(),
                payload_sha256: String::new(),
                answer: vec![0; size],
                create_time: world.now().minus(DAY * 40),
            };
            let added = world.store().write(working(move |tx| {
                let kept = kept.clone();
                Box::pin(async move { Ok(sql::request::add(tx, &kept).await?) })
            }));
            if added.await.is_err() {
                break;
            }
        }
    }
    let mut asked = 0_i64;
    let refused = loop {
        // Other minutes, other rows: what room there is left is used up.
        for action in [Action::SignAgreement, Action::RenewAgreement, Action::AllocateNumbers] {
            world.check(M, action).await.expect("answered");
            asked += 1;
        }
        world.clock.pass(Duration::from_secs(1));
        match world.gateway.evidence.flush(world.store()).await {
            Ok(()) => world.clock.pass(Duration::from_secs(60)),
            Err(refused) => break refused,
        }
        // The clock moved by a minute, and the counts were written all the same.
        flush_or_ready(&world).await;
        assert!(asked < 10_000, "it never filled");
    };
    assert_eq!(refused.reason, Reason::StoreUnavailable);
    world.clock.pass(Duration::from_secs(6));
    let silent = world.check(M, Action::AllocateNumbers).await.expect_err("no evidence, no answer");
    assert_eq!(silent.reason, Reason::EvidenceUnavailable);

    let before = world.now().minus(DAY * 30);
    let pruned = world
        .store()
        .write(working(move |tx| Box::pin(async move { Ok(sql::request::prune(tx, before).await?) })));
    assert!(pruned.await.expect("what frees room needs none") > 0);
    flush(&world).await;
    world.check(M, Action::AllocateNumbers).await.expect("answered again");
    let counted: i64 = kept(&world).await.iter().map(|count| count.n).sum();
    assert_eq!(counted, asked + 1, "every check asked since the first, and the one that made it compliant");
    world.gateway.suspend_participant(context(), name(M)).await.expect("acts go on too");
}

/// An empty flush keeps nothing and renews the patience.
async fn flush_or_ready(world: &World) {
    flush(world).await;
    world.gateway.evidence.ready().expect("just written");
}
