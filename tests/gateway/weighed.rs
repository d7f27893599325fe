//! What a registration is weighed by: the authority's answer or its absence, a budget of guesses at a person, and the
//! standing of its MVNO at that moment.

use std::sync::Arc;

use greenlane::{
    cache::{Cache, memory::MemoryCache},
    domain::{
        fact::FindingSeverity,
        identity::outcome::AuthorityMatch,
        refusal::Reason,
        registration::{
            RegistrationEvent,
            draft::{Draft, TakenDraft},
        },
        time::DAY,
    },
    service::context::Context,
};

use crate::registrations::{PERSONS, as_mvno, draft, read, refused, register, sqlite};

const M: &str = "mvnos/m01";
const SHOP: &str = "mvnos/m01/channels/shop";

#[tokio::test]
async fn the_authority_and_its_absence() {
    let world = sqlite().await;
    world.authority.says(AuthorityMatch::NotAvailable);
    assert_eq!(refused(&world, draft(1, PERSONS[0])).await, "REVIEW_NEEDED");
    world.authority.says(AuthorityMatch::Mismatch);
    assert_eq!(refused(&world, draft(1, PERSONS[0])).await, "IDENTITY_MISMATCH");
    world.authority.says(AuthorityMatch::Match);
    let context = Context { request_id: Some("r-1".to_owned()), ..as_mvno("m01") };
    let opened = world.gateway.register(context.clone(), draft(1, PERSONS[0])).await.expect("opened");
    let asked = world.authority.asked();
    world.clock.pass(DAY * 3);
    let again = world.gateway.register(context.clone(), draft(1, PERSONS[0])).await.expect("again");
    assert!(again.replayed && !opened.replayed);
    assert_eq!(again.answer.name, opened.answer.name);
    assert_eq!(world.authority.asked(), asked, "what was answered is not asked again");
    let other = Context { request_sha256: "0".repeat(64), ..context };
    let reused = world.gateway.register(other, draft(2, PERSONS[0])).await.expect_err("another payload");
    assert_eq!(reused.reason, Reason::RequestIdReused);
}

#[tokio::test]
async fn guesses_have_a_budget() {
    let world = sqlite().await;
    let guess = async |at: u32| {
        let mut draft = draft(1, PERSONS[0]);
        let name = format!("某{}", char::from_u32(0x4E00 + at).expect("a character"));
        draft.individual.as_mut().expect("a person").name = name.as_str().into();
        register(&world, draft).await.map_err(|refused| refused.reason)
    };
    world.authority.says(AuthorityMatch::Mismatch);
    for at in 0..5 {
        assert_eq!(guess(at).await.err(), Some(Reason::IdentityMismatch));
    }
    assert_eq!(guess(5).await.err(), Some(Reason::EnumerationSuspected));
    assert_eq!(world.authority.asked(), 5);
}

/// Whichever node is asked, a caller has one budget for a person.
#[tokio::test]
async fn guesses_at_two_nodes_have_one_budget() {
    let world = sqlite().await;
    let cache: Arc<dyn Cache> = Arc::new(MemoryCache::new(world.clock.clone()));
    let nodes = [world.counting_in(&cache), world.counting_in(&cache)];
    let guess = async |at: u32| {
        let mut draft = draft(1, PERSONS[0]);
        let name = format!("某{}", char::from_u32(0x4E00 + at).expect("a character"));
        draft.individual.as_mut().expect("a person").name = name.as_str().into();
        register(&nodes[at as usize % 2], draft).await.map_err(|refused| refused.reason)
    };
    world.authority.says(AuthorityMatch::Mismatch);
    for at in 0..5 {
        assert_eq!(guess(at).await.err(), Some(Reason::IdentityMismatch));
    }
    for at in 5..9 {
        assert_eq!(guess(at).await.err(), Some(Reason::EnumerationSuspected));
    }
    assert_eq!(world.authority.asked(), 5);
}

/// By the rules of the status service, at the moment of the registration.
#[tokio::test]
async fn the_standing_gates_new_lines_and_no_others() {
    let world = sqlite().await;
    let opened = register(&world, draft(1, PERSONS[0])).await.expect("opened").answer;
    world.open(M, FindingSeverity::Severe).await;
    // RECTIFYING is CONDITIONAL: own hall, reader and photo.
    let photo = || TakenDraft { photo_sha256: "a".repeat(64), ..read() };
    assert_eq!(refused(&world, draft(2, PERSONS[1])).await, "STANDING_DENIES");
    let shop = TakenDraft { channel: SHOP.to_owned(), reader_serial: "RD-0002".to_owned(), ..photo() };
    assert_eq!(refused(&world, Draft { capture: shop, ..draft(2, PERSONS[1]) }).await, "STANDING_DENIES");
    let at_hall = Draft { capture: photo(), ..draft(2, PERSONS[1]) };
    register(&world, at_hall).await.expect("under the condition");
    // Thirty-one days later the finding is overdue: SUSPENDED, and what is in service goes on.
    world.pass(DAY * 31).await;
    let denied =
        register(&world, Draft { capture: photo(), ..draft(3, PERSONS[1]) }).await.expect_err("denied");
    assert_eq!(denied.reason, Reason::StandingDenies);
    assert!(denied.decided.is_some_and(|decided| !decided.reasons.is_empty()));
    let event = Some(RegistrationEvent::SimChange);
    register(&world, Draft { event, ..draft(1, PERSONS[0]) }).await.expect("a card is changed");
    world.gateway.close_line(as_mvno("m01"), &opened.name).await.expect("a line is closed");
}
