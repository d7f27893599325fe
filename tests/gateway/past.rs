//! Questions about another day: what was true then, and what had been recorded by then.

use greenlane::{
    domain::{
        decision::{Action, Decision},
        fact::{FindingOutcome, FindingSeverity},
        refusal::Reason,
        standing::Standing,
        time::{DAY, Time},
    },
    service::{
        check_status::{Question, Source},
        supervise::close_finding::Close,
    },
};

use crate::world::{World, carrier, context, licence, name, outlets, question};

const M: &str = "mvnos/m01";

async fn then(world: &World, as_of: Option<Time>, known: Option<Time>) -> Standing {
    let question = Question { as_of_time: as_of, known_time: known, ..question(M, Action::AllocateNumbers) };
    let found = world.gateway.check_status(&carrier(), &question).await.expect("answered");
    assert_eq!((found.source, found.expire_time), (Source::Origin, None));
    found.decided().standing
}

#[tokio::test]
async fn true_then_and_known_then() {
    let world = World::compliant().await;
    let before = world.now();
    world.pass(DAY * 10).await;
    // Inspected on the fifth day, recorded on the tenth.
    let inspected = before.plus(DAY * 5);
    let bad = world.inspect(outlets(M, 100, 40, inspected)).await;
    let recorded = bad.fact.record_time;
    world.pass(DAY).await;

    assert_eq!(world.standing(M).await, Standing::Rectifying);
    let instant = std::time::Duration::from_micros(1);
    assert_eq!(then(&world, Some(inspected), None).await, Standing::Rectifying, "true that day");
    assert_eq!(then(&world, Some(inspected.minus(instant)), None).await, Standing::Compliant, "not yet true");
    assert_eq!(then(&world, None, Some(recorded)).await, Standing::Rectifying, "known that day");
    assert_eq!(then(&world, None, Some(recorded.minus(instant))).await, Standing::Compliant, "not yet known");
    let both = then(&world, Some(inspected), Some(recorded.minus(instant))).await;
    assert_eq!(both, Standing::Compliant, "true, and not yet known");
    assert_eq!(then(&world, Some(inspected), Some(recorded)).await, Standing::Rectifying);
    assert_eq!(then(&world, Some(before.plus(DAY * 6)), Some(world.now())).await, Standing::Rectifying);
}

/// Ruling 3: `known_time` alone asks about that moment too.
#[tokio::test]
async fn known_alone_is_as_of_then() {
    let world = World::compliant().await;
    let known = world.now();
    world.pass(DAY * 60).await;
    assert_eq!(world.standing(M).await, Standing::Watch, "the inspection is stale by now");
    assert_eq!(then(&world, None, Some(known)).await, Standing::Compliant, "it was not, then");
    assert_eq!(then(&world, Some(world.now()), Some(known)).await, Standing::Watch);
    assert_eq!(then(&world, Some(known), None).await, Standing::Compliant);
}

#[tokio::test]
async fn a_dismissed_finding_is_seen_by_an_earlier_knowledge_only() {
    let world = World::compliant().await;
    let opened = world.open(M, FindingSeverity::Severe).await;
    world.pass(DAY * 3).await;
    let between = world.now();
    world.pass(DAY * 3).await;
    let close = Close {
        mvno: name(M),
        finding: opened.fact.name,
        outcome: FindingOutcome::Dismissed,
        effective_time: None,
    };
    world.gateway.close_finding(context(), close).await.expect("dismissed");
    assert_eq!(then(&world, Some(between), None).await, Standing::Compliant, "it was never true");
    assert_eq!(
        then(&world, Some(between), Some(between)).await,
        Standing::Rectifying,
        "as it was known then"
    );
}

#[tokio::test]
async fn the_rules_of_that_day_are_used() {
    let world = World::of(&[M]).await;
    let mut old = licence(M);
    old.valid_from_time = Time::of_date(2014, 1, 1);
    world.gateway.record_licence(context(), old).await.expect("recorded");
    world.inspect(outlets(M, 40, 0, Time::of_date(2016, 12, 20))).await;
    // Nobody's completion was assessed: a duty since 2017 only.
    assert_eq!(then(&world, Some(Time::of_date(2016, 12, 31)), None).await, Standing::Compliant);
    assert_eq!(then(&world, Some(Time::of_date(2017, 1, 1)), None).await, Standing::Watch);
}

#[tokio::test]
async fn questions_that_make_no_sense_are_refused() {
    let world = World::compliant().await;
    let ask = async |as_of: Option<Time>, known: Option<Time>, min_revision: i64| {
        let question = Question {
            as_of_time: as_of,
            known_time: known,
            min_revision,
            ..question(M, Action::AllocateNumbers)
        };
        world.gateway.check_status(&carrier(), &question).await.expect_err("refused")
    };
    let first = Time::of_date(2013, 7, 1);
    let before = first.minus(std::time::Duration::from_micros(1));
    assert_eq!(ask(Some(before), None, 0).await.reason, Reason::NoRulesThen);
    assert_eq!(ask(None, Some(before), 0).await.reason, Reason::NoRulesThen);
    let ahead = world.now().plus(DAY);
    for (as_of, known, field) in [
        (Some(ahead), None, "as_of_time"),
        (None, Some(ahead), "known_time"),
        (Some(first), Some(ahead), "known_time"),
    ] {
        let refused = ask(as_of, known, 0).await;
        assert_eq!(refused.reason, Reason::InvalidFields);
        assert_eq!(refused.violations.len(), 1, "a field that was not set has no fault");
        assert_eq!(refused.violations[0].field, field);
        assert!(refused.violations[0].description.starts_with("IN_FUTURE"));
    }
    for (as_of, known) in [(Some(first), None), (None, Some(world.now()))] {
        let refused = ask(as_of, known, 1).await;
        assert_eq!(refused.violations[0].field, "min_revision");
    }
}

/// An answer about another day is no fresher than its revision says.
#[tokio::test]
async fn a_past_answer_has_the_facts_of_its_revision() {
    let world = World::compliant().await;
    let revision = world.inspect(outlets(M, 100, 40, world.now())).await.revision;
    let question = Question { as_of_time: Some(world.now()), ..question(M, Action::AllocateNumbers) };
    let found = world.gateway.check_status(&carrier(), &question).await.expect("answered");
    assert_eq!((found.revision, found.decided().decision), (revision, Decision::Deny));
}
