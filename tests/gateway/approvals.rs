//! Every way in which a yes is none, each tried many times: `TRIES=1000` for as many as are promised. After each nothing
//! has gone out, and the right yes still counts.

use std::future::Future;

use greenlane::{
    domain::{
        refusal::{Reason, Refusal},
        shutdown::{OrderState, terms::Terms},
        time::DAY,
    },
    service::{
        context::Context,
        shutdown::{shown::Shown, step::Stepped},
    },
};

use crate::{
    force::{Line, ONE, TWO, by, is_in, number, numbers, officer, terms},
    world::{World, context_of, name, working},
};

const THREE: &str = "police/mps/three";
const GD: &str = "police/gd/a";

fn tries() -> usize {
    std::env::var("TRIES").ok().and_then(|tries| tries.parse().ok()).unwrap_or(20)
}

/// An order of 101 numbers that waits, planned by one officer and issued by another.
async fn waiting(world: &World) -> Shown {
    let plan = world.plan(ONE, terms(world, ONE), &numbers(0..101)).await;
    let order = world.issue(TWO, &plan).await.expect("issued").order;
    is_in(&order, OrderState::PendingApproval);
    order
}

/// Tries one way so often. Each is refused for one of these reasons, and nothing has gone out.
async fn never<F, T>(world: &World, what: &str, reasons: &[Reason], way: impl Fn(usize) -> F)
where
    F: Future<Output = Result<T, Refusal>>,
{
    let before = world.commands().await;
    for at in 0..tries() {
        let reason = way(at).await.err().unwrap_or_else(|| panic!("{what} succeeded")).reason;
        assert!(reasons.contains(&reason), "{what}: {reason:?}");
    }
    assert_eq!(world.commands().await, before, "{what}");
}

/// The hash with one of its digits changed.
fn changed(hash: &str, at: usize) -> String {
    let mut digits: Vec<u8> = hash.bytes().collect();
    let place = at % digits.len();
    digits[place] = if digits[place] == b'0' { b'1' } else { b'0' };
    String::from_utf8(digits).expect("digits")
}

async fn no_bad_yes_counts(world: World) {
    let world = &world.force().await;
    let order = waiting(world).await;
    let (id, hash) = (order.id.as_str(), order.plan_sha256.as_str());
    let proposer = &[Reason::ApproverIsProposer];
    never(world, "1 by who planned it", proposer, |_| world.approve(ONE, id, hash)).await;
    never(world, "2 by who issued it", proposer, |_| world.approve(TWO, id, hash)).await;
    never(world, "3 by the same person with another certificate", proposer, |at| {
        let context = Context { certificate_sha256: format!("{at:064}"), ..by(ONE) };
        world.gateway.approve_shutdown(context, id.to_owned(), hash.to_owned())
    })
    .await;
    let mismatch = &[Reason::PlanHashMismatch];
    never(world, "4 of a hash with a digit changed", mismatch, |at| async move {
        world.approve(THREE, id, &changed(hash, at)).await
    })
    .await;
    let next = world.plan(ONE, terms(world, ONE), &numbers(0..101)).await;
    never(world, "5 of the hash of another document's plan", mismatch, |_| {
        world.approve(THREE, id, &next.plan_sha256)
    })
    .await;
    let more = world.plan(ONE, terms(world, ONE), &numbers(0..102)).await;
    never(world, "6 of the hash of a longer list", mismatch, |_| world.approve(THREE, id, &more.plan_sha256))
        .await;
    never(world, "7 of a hash in other letters, cut or longer", &[Reason::InvalidFields], |at| {
        let hash = match at % 3 {
            0 => hash.to_uppercase() + "A",
            1 => hash[..63].to_owned(),
            _ => format!("{hash}\n"),
        };
        let context = by(THREE);
        world.gateway.approve_shutdown(context, id.to_owned(), hash)
    })
    .await;
    never(world, "8 by another authority of its kind", &[Reason::OrderNotFound], |at| async move {
        world.approve([GD, "police/sz/a"][at % 2], id, hash).await
    })
    .await;
    never(world, "9 by a police officer, of a regulator's order", &[Reason::OrderNotFound], {
        let theirs = world.order("regulator/gd/a", terms(world, "regulator/gd/a"), &numbers(200..301)).await;
        is_in(&theirs, OrderState::PendingApproval);
        move |_| {
            let theirs = theirs.clone();
            async move { world.approve(ONE, &theirs.id, &theirs.plan_sha256).await }
        }
    })
    .await;
    never(world, "10 by a regulator of the same level, of a regulator's order", &[Reason::NotYours], {
        let theirs = world.order("regulator/gd/a", terms(world, "regulator/gd/a"), &numbers(400..501)).await;
        move |_| {
            let theirs = theirs.clone();
            async move { world.approve("regulator/hn/a", &theirs.id, &theirs.plan_sha256).await }
        }
    })
    .await;
    never(world, "11 of a plan that was not issued", &[Reason::OrderNotFound], |_| {
        world.approve(THREE, &next.id, &next.plan_sha256)
    })
    .await;
    suspend(world, "police/mps", "SUSPENDED").await;
    never(world, "12 by one whose authority takes no part any more", &[Reason::ParticipantSuspended], |_| {
        world.approve(THREE, id, hash)
    })
    .await;
    suspend(world, "police/mps", "ACTIVE").await;
    never(world, "13 by one who takes no commands of police", &[Reason::OrderNotFound], |at| async move {
        let stranger = ["mvno/m01", "carrier/unicom", "portal/public"][at % 3];
        let context = Context { reason: "yes, yes".to_owned(), ..context_of(officer(stranger)) };
        suspended_or(
            world
                .gateway
                .approve_shutdown(context, id.to_owned(), hash.to_owned())
                .await
                .map(|done| done.answer),
        )
    })
    .await;
    let right = world.approve(THREE, id, hash).await.expect("the right yes");
    is_in(&right.order, OrderState::InProgress);
    never(world, "14 once more, by another", &[Reason::OrderState], |_| {
        world.approve("police/mps/four", id, hash)
    })
    .await;
    let again = world.approve(THREE, id, hash).await.expect("said already");
    assert!(again.replayed, "the same yes again is no second one");
}

/// Who is no participant here is told so before anything else.
fn suspended_or(done: Result<Stepped, Refusal>) -> Result<Stepped, Refusal> {
    done.map_err(|refusal| match refusal.reason {
        Reason::ParticipantSuspended => Refusal::new(Reason::OrderNotFound, "the same to a stranger"),
        _ => refusal,
    })
}

async fn suspend(world: &World, authority: &'static str, state: &'static str) {
    let written = world.store().write(working(move |tx| {
        Box::pin(async move {
            let values = [(&name(authority)).into(), state.into()];
            tx.execute("UPDATE participant SET state = ?2 WHERE name = ?1", &values).await?;
            Ok(())
        })
    }));
    written.await.expect("written");
}

#[tokio::test]
async fn no_bad_yes_counts_on_sqlite() {
    no_bad_yes_counts(World::empty().await).await;
}

#[tokio::test]
async fn no_bad_yes_counts_on_postgres() {
    no_bad_yes_counts(World::postgres().await).await;
}

async fn no_late_yes_counts(world: World) {
    let world = &world.force().await;
    let halted = waiting(world).await;
    world.halt(ONE, &halted.id).await.expect("halted");
    never(world, "15 of a halted order", &[Reason::OrderState], |_| {
        world.approve(THREE, &halted.id, &halted.plan_sha256)
    })
    .await;
    world.gateway.cancel_shutdown(by(ONE), halted.id.clone()).await.expect("cancelled");
    never(world, "16 of a cancelled order", &[Reason::OrderState], |_| {
        world.approve(THREE, &halted.id, &halted.plan_sha256)
    })
    .await;
    let changed = waiting(world).await;
    world.lines(&[Line { holder: "new", ..world.line(number(7), "new") }]).await;
    never(world, "17 after a number got another holder", &[Reason::PlanStale], |_| {
        world.approve(THREE, &changed.id, &changed.plan_sha256)
    })
    .await;
    let tampered = waiting(world).await;
    swap(world, &tampered.id).await;
    never(
        world,
        "18 after the list was changed in the database",
        &[Reason::PlanHashMismatch, Reason::StoreUnavailable],
        |_| world.approve(THREE, &tampered.id, &tampered.plan_sha256),
    )
    .await;
    let late = waiting(world).await;
    world.pass(DAY).await;
    never(world, "19 after its day", &[Reason::OrderState], |_| {
        world.approve(THREE, &late.id, &late.plan_sha256)
    })
    .await;
    world.gateway.look_at_orders().await.expect("looked at");
    is_in(&world.shown(&late.id).await, OrderState::Expired);
    never(world, "20 after it expired", &[Reason::OrderState], |_| {
        world.approve(THREE, &late.id, &late.plan_sha256)
    })
    .await;
    // And each document may plan again.
    let again = waiting(world).await;
    world.approve("regulator/hn/a", &again.id, &again.plan_sha256).await.expect("a regulator of any level");
}

/// A number of the list in the place of another: sealed for its own place, it opens in no other.
async fn swap(world: &World, order: &str) {
    let order = order.to_owned();
    let written = world.store().write(working(move |tx| {
        let order = order.clone();
        Box::pin(async move {
            let sql = "UPDATE shutdown_number SET number = (SELECT number FROM shutdown_number other
                         WHERE other.order_id = ?1 AND other.n = 2) WHERE order_id = ?1 AND n = 1";
            tx.execute(sql, &[order.into()]).await?;
            Ok(())
        })
    }));
    written.await.expect("written");
}

#[tokio::test]
async fn no_late_yes_counts_on_sqlite() {
    no_late_yes_counts(World::empty().await).await;
}

#[tokio::test]
async fn no_late_yes_counts_on_postgres() {
    no_late_yes_counts(World::postgres().await).await;
}

/// The control: without the rule that two persons act, the first of these would have gone through. Here the same calls
/// with a second person do.
#[tokio::test]
async fn a_good_yes_counts_each_time() {
    let world = World::empty().await.force().await;
    for at in 0..tries().min(20) {
        let numbers: Vec<String> = (0..101).map(|n| number(at * 101 + n)).collect();
        let order = world.order(ONE, Terms { ..terms(&world, ONE) }, &numbers).await;
        let approved = world.approve(TWO, &order.id, &order.plan_sha256).await.expect("approved").order;
        is_in(&approved, OrderState::InProgress);
    }
}
