//! The blacklist against outlets at work: from its answer on nothing more is registered by whoever is listed.

use std::sync::Arc;

use greenlane::{
    domain::{number::Prefix, refusal::Reason},
    service::channels::blacklist_channel::Whom,
};
use tokio::task::JoinSet;

use crate::{
    identity::{hall_of, open_for},
    world::{World, context, name},
};

const M: &str = "mvnos/m01";

/// Somebody sells while the outlet is listed: what the record holds at the listing's answer is all that it ever holds.
async fn nothing_after_the_answer(world: World) {
    world.join(M).await;
    world.make_compliant(M).await;
    let block = Prefix::parse("1710001").expect("a block");
    world.gateway.allocate_numbers(context(), name(M), block).await.expect("allocated");
    let hall = hall_of(&world, "m01").await;
    let world = Arc::new(world);
    let mut selling = JoinSet::new();
    for at in 0..24 {
        let (world, hall) = (world.clone(), hall.clone());
        // Persons with numbers of their own: no quota is in the way.
        let person = PERSONS[at % PERSONS.len()];
        selling
            .spawn(async move { open_for(&world, "m01", &hall, person, &format!("1710001{at:04}")).await });
    }
    let listed = world.gateway.blacklist_channel(context(), Whom::Outlet(hall), None).await;
    listed.expect("listed");
    let then = world.number("SELECT COUNT(*) FROM line").await;
    let ended = selling.join_all().await;
    let sold = ended.iter().filter(|ended| ended.is_ok()).count();
    assert_eq!(world.number("SELECT COUNT(*) FROM line").await, then);
    assert_eq!(i64::try_from(sold).expect("few"), then);
    let refused = ended.iter().filter_map(|ended| ended.as_ref().err());
    refused.for_each(|refusal| assert_eq!(refusal.reason, Reason::ChannelRefused));
}

/// Of a region that is none.
const PERSONS: [&str; 6] = [
    "119999199003070019",
    "119999199003070027",
    "11999919900307006X",
    "319999200002290039",
    "54999919880808005X",
    "659999197707070072",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sold_after_the_answer() {
    nothing_after_the_answer(World::empty().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sold_after_the_answer_on_postgresql() {
    nothing_after_the_answer(World::postgres().await).await;
}
