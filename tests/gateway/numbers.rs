//! Blocks of numbers: allocated by the same rules as a check, up to the ceiling of the standing, to one holder.

use greenlane::{
    domain::{
        decision::{Action, Decision},
        fact::FindingSeverity,
        number::{Msisdn, Prefix},
        refusal::{Reason, Refusal},
        standing::Standing,
        time::DAY,
    },
    service::{list_allocations::Filter, supervise::suspend_mvno::Suspension},
};

use crate::world::{World, caller, carrier, context, name, outlets};

const M: &str = "mvnos/m01";

fn block(at: i64) -> Prefix {
    Prefix::parse(&format!("171{at:04}")).expect("a block")
}

async fn allocate(world: &World, mvno: &str, at: i64) -> Result<(), Refusal> {
    world.gateway.allocate_numbers(context(), name(mvno), block(at)).await.map(drop)
}

fn filter(mvno: Option<&str>) -> Filter {
    Filter { mvno: mvno.map(name), page_size: 0, page_token: String::new() }
}

/// Fills up to the ceiling, and is refused the block after it.
async fn fill(world: &World, from: i64, ceiling: i64) {
    for at in from..ceiling {
        allocate(world, M, at).await.expect("within the ceiling");
    }
    let before = world.rows().await;
    let refused = allocate(world, M, ceiling).await.expect_err("past the ceiling");
    assert_eq!(refused.reason, Reason::CeilingReached);
    let said = |key| refused.metadata.iter().find(|(name, _)| *name == key).expect("said").1.clone();
    assert_eq!((said("held"), said("ceiling")), (ceiling.to_string(), ceiling.to_string()));
    assert_eq!(world.rows().await, before);
}

#[tokio::test]
async fn ceilings_go_with_the_standing() {
    let world = World::compliant().await;
    world.inspect(outlets(M, 100, 10, world.now())).await;
    assert_eq!(world.standing(M).await, Standing::Watch);
    fill(&world, 0, 10).await;
    world.inspect(outlets(M, 100, 0, world.now())).await;
    assert_eq!(world.standing(M).await, Standing::Compliant);
    fill(&world, 10, 20).await;
    world.pass(DAY * 60).await;
    world.make_green(M).await;
    fill(&world, 20, 50).await;
    // What is returned makes room.
    world.gateway.return_numbers(context(), name(M), block(7)).await.expect("returned");
    allocate(&world, M, 60).await.expect("room for one");
    assert!(allocate(&world, M, 61).await.is_err());
    // Back at WATCH nothing is taken away, and nothing added.
    world.inspect(outlets(M, 100, 10, world.now())).await;
    assert_eq!(allocate(&world, M, 62).await.expect_err("50 of 10").reason, Reason::CeilingReached);
    assert_eq!(world.number("SELECT COUNT(*) FROM allocation WHERE return_time IS NULL").await, 50);
}

#[tokio::test]
async fn a_standing_that_denies_is_told_with_its_reasons() {
    let world = World::of(&[M, "mvnos/m02", "mvnos/m03"]).await;
    for mvno in ["mvnos/m02", "mvnos/m03"] {
        world.make_compliant(mvno).await;
    }
    world.open("mvnos/m02", FindingSeverity::Severe).await;
    let suspension = Suspension { mvno: name("mvnos/m03"), effective_time: None };
    world.gateway.suspend_mvno(context(), suspension).await.expect("suspended");
    let before = world.rows().await;
    for (mvno, standing) in
        [(M, Standing::Unknown), ("mvnos/m02", Standing::Rectifying), ("mvnos/m03", Standing::Suspended)]
    {
        let refused = allocate(&world, mvno, 1).await.expect_err("denied");
        assert_eq!(refused.reason, Reason::StandingDenies);
        let decided = refused.decided.expect("the decision goes along");
        let checked = world.check(mvno, Action::AllocateNumbers).await.expect("answered");
        assert_eq!(*decided, *checked.decided(), "by the same rules as a check");
        assert_eq!((decided.standing, decided.decision), (standing, Decision::Deny));
        assert!(!decided.reasons.is_empty() && !decided.remedies.is_empty());
    }
    assert_eq!(world.rows().await, before);
}

/// Time alone turned the standing, and no ticker saw it: the act judges by now, not by what is held.
#[tokio::test]
async fn an_act_judges_by_its_own_moment() {
    let world = World::compliant().await;
    let opened = world.open(M, FindingSeverity::Minor).await;
    allocate(&world, M, 1).await.expect("at WATCH");
    let greenlane::domain::fact::FactBody::FindingOpened { cure_by_time, .. } = opened.fact.body else {
        panic!("a finding")
    };
    world.pass(cure_by_time.since(world.now()) + std::time::Duration::from_micros(1)).await;
    let refused = allocate(&world, M, 2).await.expect_err("overdue");
    assert_eq!(refused.decided.expect("a decision").standing, Standing::Rectifying);
}

#[tokio::test]
async fn a_block_has_one_holder() {
    let world = World::of(&[M, "mvnos/m02"]).await;
    for mvno in [M, "mvnos/m02"] {
        world.make_compliant(mvno).await;
    }
    // Many want the same one at once.
    let wanted = (0..10).map(|at| {
        let mvno = if at % 2 == 0 { M } else { "mvnos/m02" };
        allocate(&world, mvno, 1)
    });
    let answers = futures_util::future::join_all(wanted).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    for refused in answers.into_iter().filter_map(Result::err) {
        assert_eq!(refused.reason, Reason::PrefixTaken);
    }
    let held = world.gateway.list_allocations(&carrier(), filter(None)).await.expect("listed").0;
    let [held] = &held[..] else { panic!("one row") };
    let (holder, other) = (held.mvno.to_string(), if held.mvno == name(M) { "mvnos/m02" } else { M });
    let refused =
        world.gateway.return_numbers(context(), name(other), block(1)).await.expect_err("not its own");
    assert_eq!(refused.reason, Reason::PrefixNotAllocated);

    let returned = world.gateway.return_numbers(context(), name(&holder), block(1)).await.expect("returned");
    assert_eq!(returned.answer.return_time, Some(world.now()));
    let again = world.gateway.return_numbers(context(), name(&holder), block(1)).await.expect_err("once");
    assert_eq!(again.reason, Reason::PrefixNotAllocated);
    allocate(&world, other, 1).await.expect("free again");
}

/// The ceiling holds however many ask at once.
#[tokio::test]
async fn a_ceiling_is_not_passed_in_a_race() {
    let world = World::compliant().await;
    let wanted = (0..60).map(|at| allocate(&world, M, at));
    let answers = futures_util::future::join_all(wanted).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 20);
    assert_eq!(world.number("SELECT COUNT(*) FROM allocation").await, 20);
}

#[tokio::test]
async fn everyone_sees_their_own_blocks() {
    let world = World::of(&[M, "mvnos/m02"]).await;
    for mvno in [M, "mvnos/m02"] {
        world.make_compliant(mvno).await;
    }
    allocate(&world, M, 1).await.expect("allocated");
    world.pass(std::time::Duration::from_secs(1)).await;
    let telecom = Prefix::parse("1700001").expect("a block");
    world.gateway.allocate_numbers(context(), name("mvnos/m02"), telecom).await.expect("allocated");
    let seen = async |identity: &str, mvno: Option<&str>| {
        let listed = world.gateway.list_allocations(&caller(identity), filter(mvno)).await;
        listed.map(|(rows, _)| rows.into_iter().map(|row| row.prefix).collect::<Vec<_>>())
    };
    assert_eq!(seen("regulator/miit/a", None).await.expect("listed"), ["1710001", "1700001"]);
    assert_eq!(seen("carrier/unicom", None).await.expect("listed"), ["1710001"]);
    assert_eq!(seen("carrier/telecom", None).await.expect("listed"), ["1700001"]);
    assert_eq!(seen("carrier/unicom", Some("mvnos/m02")).await.expect("listed"), Vec::<String>::new());
    assert_eq!(seen("mvno/m02", None).await.expect("listed"), ["1700001"]);
    assert_eq!(seen("mvno/m02", Some(M)).await.expect_err("not its own").reason, Reason::NotYours);

    let number = Msisdn::parse("17100010000").expect("a number");
    let holder = async |identity: &str| {
        let found = world.gateway.lookup_number(&caller(identity), &number).await.expect("answered");
        (found.class.carrier.expect("a carrier").to_string(), found.mvno.map(|mvno| mvno.to_string()))
    };
    let all = ("carriers/unicom".to_owned(), Some(M.to_owned()));
    assert_eq!(holder("carrier/unicom").await, all);
    assert_eq!(holder("mvno/m01").await, all);
    assert_eq!(holder("mvno/m02").await, ("carriers/unicom".to_owned(), None), "the kind, and not whose");
}
