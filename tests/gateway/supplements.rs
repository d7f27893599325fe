//! Supplements: asked for by an MVNO, a regulator or police, climbed by themselves, ended by the holder.

use std::time::Duration;

use greenlane::{
    domain::{
        line::{
            LineState,
            ladder::{Ask, Pace, Step},
        },
        number::Msisdn,
        refusal::{Reason, Refusal},
        registration::{RegistrationEvent, RegistrationState, draft::Draft},
        time::DAY,
    },
    service::{
        context::Context,
        registrations::Shown,
        request_supplement::{Asked, Which},
    },
};

use crate::{
    registrations::{as_mvno, draft, msisdn, ready},
    world::{World, caller, context, context_of},
};

const PERSON: &str = "119999199003070019";
const ANOTHER: &str = "119999199003070027";
const PLAIN: Ask = Ask { flagged: false, hardship: false };
const HARD: Ask = Ask { hardship: true, ..PLAIN };
const FLAGGED: Ask = Ask { flagged: true, ..PLAIN };

fn mvno(id: &str) -> Context {
    Context { reason: "the card has expired".to_owned(), ..as_mvno(id) }
}

fn police() -> Context {
    context_of(caller("police/mps/officer-1"))
}

async fn ask(world: &World, context: Context, which: Which, ask: Ask) -> Result<Asked, Refusal> {
    world.gateway.request_supplement(context, Some(which), ask).await.map(|done| done.answer)
}

fn named(name: &str) -> Which {
    Which::Registration(name.to_owned())
}

fn number(n: u32) -> Which {
    Which::Number(Msisdn::parse(&msisdn(n)).expect("a number"))
}

async fn open(world: &World, n: u32, person: &str) -> String {
    world.gateway.register(as_mvno("m01"), draft(n, person)).await.expect("opened").answer.name
}

async fn shown(world: &World, name: &str) -> Shown {
    world.gateway.get_registration(&caller("mvno/m01"), name).await.expect("shown")
}

/// Days pass, and whatever is due by then is done.
async fn pass(world: &World, days: u32) {
    world.pass(DAY * days).await;
    while world.gateway.climb_ladders().await.expect("climbed") > 0 {}
}

async fn life_of_a_supplement(world: World) {
    ready(&world).await;
    let line = open(&world, 1, PERSON).await;
    let asked = ask(&world, mvno("m01"), named(&line), PLAIN).await.expect("asked");
    assert_eq!((asked.registration.as_str(), asked.ladder.step), (line.as_str(), Step::Notice));
    let due = shown(&world, &line).await.line;
    assert_eq!((due.registration, due.state), (RegistrationState::SupplementDue, LineState::Active));
    assert_eq!(due.next_step_time, Some(world.now().plus(DAY * 30)));
    let again = ask(&world, mvno("m01"), named(&line), PLAIN).await.expect_err("due already");
    assert_eq!(again.reason, Reason::LineStateUnchanged);

    // Nothing before its day; hardship gives 30 days more, once.
    pass(&world, 29).await;
    assert_eq!(shown(&world, &line).await.line.state, LineState::Active);
    let harder = ask(&world, mvno("m01"), named(&line), HARD).await.expect("more time");
    assert!(harder.ladder.hardship);
    pass(&world, 30).await;
    assert_eq!(shown(&world, &line).await.line.state, LineState::Active);
    pass(&world, 1).await;
    assert_eq!(shown(&world, &line).await.line.state, LineState::OneWayStop);
    // Nobody frees it but the holder, by what was missing.
    let freed = world.gateway.change_line_state(as_mvno("m01"), &line, Some(LineState::Active)).await;
    assert_eq!(freed.expect_err("a duty is not done").reason, Reason::LineStateUnchanged);
    pass(&world, 8).await;
    assert_eq!(shown(&world, &line).await.line.ladder.expect("on it").step, Step::SecondNotice);
    pass(&world, 7).await;
    assert_eq!(shown(&world, &line).await.line.state, LineState::TwoWayStop);
    let supplement = Draft { event: Some(RegistrationEvent::Supplement), ..draft(1, PERSON) };
    world.gateway.register(as_mvno("m01"), supplement).await.expect("supplemented");
    let free = shown(&world, &line).await.line;
    assert_eq!((free.registration, free.state), (RegistrationState::Verified, LineState::Active));
    assert_eq!((free.ladder, free.next_step_time), (None, None));

    // One that nobody supplements ends, and its slot is free.
    let other = open(&world, 2, ANOTHER).await;
    ask(&world, context(), number(2), PLAIN).await.expect("by a regulator");
    for days in [30, 8, 7, 15] {
        pass(&world, days).await;
    }
    assert_eq!(shown(&world, &other).await.line.state, LineState::Closed);
    let closed = ask(&world, context(), named(&other), PLAIN).await.expect_err("closed");
    assert_eq!(closed.reason, Reason::LineStateUnchanged);
    let gone = ask(&world, context(), number(2), PLAIN).await.expect_err("no live line");
    assert_eq!(gone.reason, Reason::NumberNotInUse);
    open(&world, 2, ANOTHER).await;
    let acts = "SELECT COUNT(*) FROM entry WHERE kind = 'ACT' AND detail LIKE '%\"step\":%'";
    assert_eq!(world.number(acts).await, 3 + 3 + 4, "asked thrice, and every step of both");
}

#[tokio::test]
async fn life_of_a_supplement_on_sqlite() {
    life_of_a_supplement(World::empty().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn life_of_a_supplement_on_postgresql() {
    life_of_a_supplement(World::postgres().await).await;
}

#[tokio::test]
async fn who_asks_what_of_whom() {
    let world = World::empty().await;
    ready(&world).await;
    let line = open(&world, 1, PERSON).await;
    // To another MVNO the line is not there, by whatever it is called; and no MVNO flags.
    for (which, reason) in [
        (named(&line), Reason::RegistrationNotFound),
        (named("mvnos/m02/registrations/none"), Reason::RegistrationNotFound),
        (number(1), Reason::NumberNotInUse),
    ] {
        assert_eq!(ask(&world, mvno("m02"), which, PLAIN).await.expect_err("not there").reason, reason);
    }
    let refused = ask(&world, mvno("m01"), named(&line), FLAGGED).await.expect_err("not an MVNO's");
    assert_eq!(refused.violations.first().expect("one").field, "flagged");
    let silent = Context { reason: String::new(), ..police() };
    let refused = ask(&world, silent, number(1), FLAGGED).await.expect_err("why?");
    assert_eq!(refused.violations.first().expect("one").field, "reason");
    let nothing = world.gateway.request_supplement(police(), None, PLAIN).await.expect_err("of what?");
    assert_eq!(nothing.reason, Reason::InvalidFields);
    let rehearsed = Context { validate_only: true, ..police() };
    ask(&world, rehearsed, number(1), FLAGGED).await.expect("it would be");
    assert!(shown(&world, &line).await.line.ladder.is_none());

    // Police flag a line that is on the ladder: what is due by the shorter times comes at once.
    ask(&world, mvno("m01"), number(1), PLAIN).await.expect("asked");
    pass(&world, 6).await;
    let flagged = ask(&world, police(), number(1), FLAGGED).await.expect("flagged");
    assert_eq!(flagged.ladder.pace, Pace::Flagged);
    let refused = ask(&world, mvno("m01"), named(&line), HARD).await.expect_err("whose flag it is, gives");
    assert_eq!(refused.reason, Reason::LineStateUnchanged);
    world.pass(Duration::from_secs(1)).await;
    pass(&world, 0).await;
    assert_eq!(shown(&world, &line).await.line.state, LineState::OneWayStop);
    let refused = ask(&world, police(), number(1), HARD).await.expect_err("stopped");
    assert_eq!(refused.reason, Reason::LineStateUnchanged);
    // Neither number nor person is in the ledger.
    let told = "SELECT COUNT(*) FROM entry WHERE detail LIKE '%17100010001%' OR subject LIKE '%17100010001%'";
    assert_eq!(world.number(told).await, 0);
}
