//! The registry follows executed orders: lines are stopped and freed as what holds them says, and keep their slots.

use greenlane::{
    domain::{
        document::DocumentDraft,
        line::{
            LineState,
            ladder::{Ladder, Pace},
        },
        refusal::Reason,
        registration::RegistrationEvent,
        registration::draft::Draft,
        shutdown::{NumberState, Scope},
        standing::Standing,
        time::DAY,
    },
    service::shutdown::restore::Cause,
    store::sql,
};

use crate::{
    orders::{self, CALLS, Shut, answer, answer_all, later, restore, shut},
    registrations::{as_mvno, draft, ready},
    world::{World, caller, context_of, name, working},
};

const PERSON: &str = "119999199003070019";
const OTHER: &str = "119999199003070027";
const OFFICER: &str = "police/mps/officer-1";

async fn sqlite() -> World {
    let world = World::empty().await;
    ready(&world).await;
    world
}

async fn postgres() -> World {
    let world = World::postgres().await;
    ready(&world).await;
    world
}

/// Opens a line; its name.
async fn open(world: &World, n: u32, person: &str) -> String {
    world.gateway.register(as_mvno("m01"), draft(n, person)).await.expect("opened").answer.name
}

async fn state(world: &World, line: &str) -> LineState {
    let shown = world.gateway.get_registration(&caller("mvno/m01"), line).await.expect("shown");
    shown.line.state
}

async fn change(world: &World, line: &str, to: LineState) -> Result<(), Reason> {
    let done = world.gateway.change_line_state(as_mvno("m01"), line, Some(to)).await;
    done.map(drop).map_err(|refused| refused.reason)
}

async fn a_line_follows(world: World) {
    use LineState::{Active, OneWayStop, TwoWayStop};
    let line = open(&world, 1, PERSON).await;
    let untouched = open(&world, 2, PERSON).await;

    // Nothing before the MVNO says so; the carrier alone turns no line.
    let order = shut(&world, Shut::default()).await;
    answer(&world, "carriers/unicom").await;
    assert_eq!(state(&world, &line).await, Active);
    answer(&world, "mvnos/m01").await;
    assert_eq!((state(&world, &line).await, state(&world, &untouched).await), (TwoWayStop, Active));
    answer_all(&world).await;
    assert_eq!(orders::state(&world, &order, 1).await, NumberState::Verified);

    // Its operator does not free it, may stop it as it likes, and the slot stays taken.
    assert_eq!(change(&world, &line, Active).await, Err(Reason::LineStateUnchanged));
    let used = "SELECT COUNT(*) FROM line WHERE end_time IS NULL AND slots = 'ORDINARY'";
    assert_eq!(world.number(used).await, 2);

    // Back when it is restored, and not before.
    restore(&world, &order, &[1], Cause::Appeal, OFFICER).await;
    answer(&world, "carriers/unicom").await;
    assert_eq!(state(&world, &line).await, TwoWayStop);
    answer_all(&world).await;
    assert_eq!(state(&world, &line).await, Active);
    assert_eq!(orders::state(&world, &order, 1).await, NumberState::Restored);
    assert_eq!(world.number("SELECT COUNT(*) FROM number_hold").await, 0);
    change(&world, &line, OneWayStop).await.expect("its operator's own");
    change(&world, &line, Active).await.expect("and freed");
}

#[tokio::test]
async fn a_line_follows_on_sqlite() {
    a_line_follows(sqlite().await).await;
}

#[tokio::test]
async fn a_line_follows_on_postgres() {
    a_line_follows(postgres().await).await;
}

#[tokio::test]
async fn only_calls_stop_a_line_and_practice_stops_none() {
    let world = sqlite().await;
    let line = open(&world, 1, PERSON).await;
    for (scopes, drill, expected) in [
        (&[Scope::SmsOut, Scope::SmsIn, Scope::Data][..], false, LineState::Active),
        (&[Scope::VoiceIn], false, LineState::Active),
        (CALLS, true, LineState::Active),
        (&[Scope::VoiceOut, Scope::Data], false, LineState::OneWayStop),
    ] {
        let order = shut(&world, Shut { scopes, drill, ..Shut::default() }).await;
        answer_all(&world).await;
        assert_eq!(state(&world, &line).await, expected, "{scopes:?}");
        later(&world);
        restore(&world, &order, &[1], Cause::Appeal, OFFICER).await;
        answer_all(&world).await;
        assert_eq!(state(&world, &line).await, LineState::Active, "{scopes:?}");
        later(&world);
    }
}

/// What the operator had stopped by itself, and what the ladder stopped, is given back as it was.
async fn what_was_stopped_otherwise_stays_so(world: World) {
    use LineState::{Active, OneWayStop, TwoWayStop};
    let own = open(&world, 1, PERSON).await;
    let climbing = open(&world, 2, PERSON).await;
    change(&world, &own, OneWayStop).await.expect("stopped by itself");
    let (id, start) = (climbing.rsplit('/').next().expect("an id").to_owned(), world.now());
    let laddered = world.store().write(working(move |tx| {
        let id = id.clone();
        Box::pin(async move {
            let mut line = sql::line::lookup(tx, &name("mvnos/m01"), &id).await?.expect("a line");
            line.ladder = Some(Ladder::notice(Pace::Flagged, start));
            line.next_step_time = Some(start.plus(DAY * 5));
            Ok(sql::line::save(tx, &line).await?)
        })
    }));
    laddered.await.expect("on the ladder");
    let order = shut(&world, Shut { numbers: &[1, 2], ..Shut::default() }).await;
    answer_all(&world).await;
    assert_eq!((state(&world, &own).await, state(&world, &climbing).await), (TwoWayStop, TwoWayStop));
    // The ladder is climbed meanwhile, and frees nothing.
    world.clock.pass(DAY * 6);
    assert_eq!(world.gateway.climb_ladders().await.expect("climbed"), 1);
    assert_eq!(state(&world, &climbing).await, TwoWayStop);
    restore(&world, &order, &[1, 2], Cause::Appeal, OFFICER).await;
    answer_all(&world).await;
    assert_eq!((state(&world, &own).await, state(&world, &climbing).await), (OneWayStop, OneWayStop));
    change(&world, &own, Active).await.expect("freed by itself");
    assert_eq!(change(&world, &climbing, Active).await, Err(Reason::LineStateUnchanged));

    // A supplement frees a line from its ladder and not from an order.
    let order = shut(&world, Shut { numbers: &[2], scopes: &[Scope::VoiceOut], ..Shut::default() }).await;
    answer_all(&world).await;
    let supplement = Draft { event: Some(RegistrationEvent::Supplement), ..draft(2, PERSON) };
    world.gateway.register(as_mvno("m01"), supplement).await.expect("supplemented");
    assert_eq!(state(&world, &climbing).await, OneWayStop);
    restore(&world, &order, &[1], Cause::Appeal, OFFICER).await;
    answer_all(&world).await;
    assert_eq!(state(&world, &climbing).await, Active);
}

#[tokio::test]
async fn what_was_stopped_otherwise_stays_so_on_sqlite() {
    what_was_stopped_otherwise_stays_so(sqlite().await).await;
}

#[tokio::test]
async fn what_was_stopped_otherwise_stays_so_on_postgres() {
    what_was_stopped_otherwise_stays_so(postgres().await).await;
}

/// Two orders hold a number: it is let back when both have let go, and the stricter one counts until then.
#[tokio::test]
async fn each_order_lets_go_of_its_own() {
    use LineState::{Active, OneWayStop, TwoWayStop};
    let world = sqlite().await;
    let line = open(&world, 1, PERSON).await;
    let calls = shut(&world, Shut::default()).await;
    later(&world);
    let outgoing = shut(&world, Shut { scopes: &[Scope::VoiceOut], ..Shut::default() }).await;
    answer_all(&world).await;
    assert_eq!(state(&world, &line).await, TwoWayStop);
    later(&world);
    // By time alone nothing is let back that another order holds: only who calls in gets through again.
    let restoration = restore(&world, &calls, &[1], Cause::Expired, "greenlane").await;
    answer_all(&world).await;
    assert_eq!(orders::place(&world, &restoration.id, 1).await.0, NumberState::Restored);
    assert_eq!(state(&world, &line).await, OneWayStop);
    assert_eq!(change(&world, &line, Active).await, Err(Reason::LineStateUnchanged));
    restore(&world, &outgoing, &[1], Cause::Appeal, OFFICER).await;
    answer_all(&world).await;
    assert_eq!(state(&world, &line).await, Active, "nothing holds it");
}

/// The number is cut, whoever has it: a new line on it begins stopped, by whatever way it comes.
#[tokio::test]
async fn a_new_line_on_a_number_that_is_off_begins_stopped() {
    let world = sqlite().await;
    let line = open(&world, 1, PERSON).await;
    let order = shut(&world, Shut { numbers: &[1, 2], ..Shut::default() }).await;
    answer_all(&world).await;
    world.gateway.close_line(as_mvno("m01"), &line).await.expect("nobody is kept from ending a line");
    let mut lines = vec![open(&world, 1, OTHER).await, open(&world, 2, OTHER).await];
    let transfer = Draft { event: Some(RegistrationEvent::Transfer), ..draft(2, PERSON) };
    let passed = world.gateway.register(as_mvno("m01"), transfer).await.expect("passed on");
    lines[1] = passed.answer.name;
    for line in &lines {
        assert_eq!(state(&world, line).await, LineState::TwoWayStop);
        assert_eq!(change(&world, line, LineState::Active).await, Err(Reason::LineStateUnchanged));
    }
    restore(&world, &order, &[1, 2], Cause::Appeal, OFFICER).await;
    answer_all(&world).await;
    for line in &lines {
        assert_eq!(state(&world, line).await, LineState::Active);
    }
}

/// Whoever is punished and whose line the police have cut gets no new one, and none by closing what is cut.
#[tokio::test]
async fn a_punished_person_gets_no_new_line() {
    let world = sqlite().await;
    let line = open(&world, 1, PERSON).await;
    shut(&world, Shut::default()).await;
    answer_all(&world).await;
    let document = DocumentDraft { name: "某甲".into(), ..draft(1, PERSON).individual.expect("a person") };
    let officer = context_of(caller(OFFICER));
    let until = world.now().plus(DAY * 365 * 2);
    world.gateway.restrict_person(officer, document, until).await.expect("restricted");
    let refused = world.gateway.register(as_mvno("m01"), draft(2, PERSON)).await.expect_err("punished");
    assert_eq!(refused.reason, Reason::JointPunishment, "{refused}");
    world.gateway.close_line(as_mvno("m01"), &line).await.expect("closed");
    for n in [1, 2] {
        let refused = world.gateway.register(as_mvno("m01"), draft(n, PERSON)).await.expect_err("punished");
        assert_eq!(refused.reason, Reason::JointPunishment, "{refused}");
    }
    assert_eq!(world.number("SELECT COUNT(*) FROM line WHERE end_time IS NULL").await, 0);
}

/// An MVNO that does not execute in time is watched until it has caught up; as of each day, as it was known then.
async fn overdue_commands_are_watched(world: World) {
    let watched = async |world: &World| {
        world.gateway.follow_overdue().await.expect("followed");
        world.standing("mvnos/m01").await
    };
    assert_eq!(watched(&world).await, Standing::Compliant);
    let drill = shut(&world, Shut { numbers: &[9], drill: true, ..Shut::default() }).await;
    let order = shut(&world, Shut::default()).await;
    let late = |late: i64| {
        let ids = [drill.clone(), order.clone()];
        let written = world.store().write(working(move |tx| {
            let ids = ids.clone();
            Box::pin(async move {
                for id in ids {
                    let values = [id.as_str().into(), late.into()];
                    tx.execute("UPDATE command SET late = ?2 WHERE order_id = ?1", &values).await?;
                }
                Ok(())
            })
        }));
        async move { written.await.expect("written") }
    };
    world.pass(DAY).await;
    late(1).await;
    assert_eq!(watched(&world).await, Standing::Compliant, "acknowledged late is not overdue");
    late(2).await;
    assert_eq!(watched(&world).await, Standing::Watch);
    let (began, revision) = (world.now(), world.gateway.board.last_known().revision);
    assert_eq!(watched(&world).await, Standing::Watch);
    assert_eq!(world.gateway.board.last_known().revision, revision, "recorded once");
    later(&world);
    answer_all(&world).await;
    assert_eq!(watched(&world).await, Standing::Compliant);
    assert_eq!(world.number("SELECT COUNT(*) FROM fact WHERE kind = 'COMMANDS_OVERDUE'").await, 1);
    assert_eq!(world.number("SELECT COUNT(*) FROM fact WHERE kind = 'COMMANDS_CAUGHT_UP'").await, 1);
    assert_eq!(
        world.number("SELECT COUNT(*) FROM fact WHERE mvno = 'mvnos/m02' AND kind LIKE 'COMMANDS%'").await,
        0
    );
    // As of then.
    let mut question =
        crate::world::question("mvnos/m01", greenlane::domain::decision::Action::SignAgreement);
    question.as_of_time = Some(began);
    let then = world.gateway.check_status(&caller("auditor/nao"), &question).await.expect("answered");
    assert_eq!(then.decided().standing, Standing::Watch);
}

#[tokio::test]
async fn overdue_commands_are_watched_on_sqlite() {
    overdue_commands_are_watched(sqlite().await).await;
}

#[tokio::test]
async fn overdue_commands_are_watched_on_postgres() {
    overdue_commands_are_watched(postgres().await).await;
}
