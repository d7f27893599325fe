//! Appeals: by code and without an account, decided once, and an upheld one restores in the same act.

use greenlane::{
    domain::{
        appeal::{Appeal, DECIDED_WITHIN},
        refusal::{Reason, Refusal},
        shutdown::{AppealOutcome, AppealState, NumberState, Scope},
        time::DAY,
    },
    service::{
        act::Answered,
        appeal::{Shown, get::By, list::Ask},
        context::Context,
    },
};

use crate::{
    orders::{self, Shut, answer_all, code, later, shut},
    registrations,
    world::{World, caller, context_of},
};

const STATEMENT: &str = "这个号码上周才归我使用";

async fn sqlite() -> World {
    let world = World::empty().await;
    registrations::ready(&world).await;
    world
}

async fn postgres() -> World {
    let world = World::postgres().await;
    registrations::ready(&world).await;
    world
}

fn portal() -> Context {
    Context { reason: String::new(), ..context_of(caller("portal/web")) }
}

async fn file(world: &World, code: &str) -> Result<Answered<Appeal>, Refusal> {
    let filed = world.gateway.file_appeal(portal(), code.into(), STATEMENT.into()).await?;
    assert!(!filed.answer.added);
    Ok(Answered { answer: filed.answer.appeal, replayed: filed.replayed })
}

async fn by_code(world: &World, code: &str) -> Result<Shown, Refusal> {
    world.gateway.get_appeal(&caller("portal/web"), By::Code(code.into())).await
}

async fn by_name(world: &World, who: &str, id: &str) -> Result<Shown, Refusal> {
    world.gateway.get_appeal(&caller(who), By::Id(id.to_owned())).await
}

async fn decide(
    world: &World,
    who: &str,
    id: &str,
    outcome: AppealOutcome,
) -> Result<Answered<Shown>, Refusal> {
    world.gateway.decide_appeal(context_of(caller(who)), id.to_owned(), Some(outcome)).await
}

fn all() -> Ask {
    Ask { mvno: None, order_id: None, state: None, page_size: 0, page_token: String::new() }
}

async fn an_appeal(world: World) {
    let order = shut(&world, Shut { numbers: &[1, 2], ..Shut::default() }).await;
    answer_all(&world).await;
    assert_eq!(orders::state(&world, &order, 2).await, NumberState::Verified);

    // As people type it; and again, whatever they say then.
    let typed = code(&world, &order, 2).to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
    let filed = file(&world, &typed).await.expect("filed");
    assert_eq!((filed.replayed, filed.answer.state), (false, AppealState::Open));
    assert_eq!(filed.answer.due_time, world.now().plus(DECIDED_WITHIN));
    let again = file(&world, &code(&world, &order, 2)).await.expect("filed before");
    assert_eq!((again.replayed, &again.answer), (true, &filed.answer));
    let id = filed.answer.id.as_str();
    let shown = by_code(&world, &typed).await.expect("shown");
    assert_eq!((shown.appeal.id.as_str(), shown.msisdn.is_empty()), (id, true));

    // Each sees what is theirs.
    let number = format!("+86{}", registrations::msisdn(2));
    for (who, sees, hears) in [
        ("police/mps/officer-1", true, true),
        ("police/city/officer-1", false, false),
        ("regulator/miit/officer-1", true, true),
        ("auditor/nao", true, true),
        ("mvno/m01", true, false),
        ("mvno/m02", false, false),
    ] {
        let (listed, _) = world.gateway.list_appeals(&caller(who), all()).await.expect("listed");
        assert_eq!(listed.len(), usize::from(sees), "{who}");
        match by_name(&world, who, id).await {
            Ok(shown) => {
                assert!(sees, "{who}");
                assert_eq!(shown.msisdn.reveal(), number);
                assert_eq!(shown.statement.reveal(), if hears { STATEMENT } else { "" }, "{who}");
                assert_eq!(listed[0].statement.reveal(), shown.statement.reveal());
            }
            Err(refused) => {
                assert!(!sees, "{who}");
                assert_eq!(refused.reason, Reason::AppealNotFound);
            }
        }
    }

    // Decided once, by whoever may; its restoration is in both outboxes at the answer.
    let no = decide(&world, "police/city/officer-1", id, AppealOutcome::Upheld).await.expect_err("another's");
    assert_eq!(no.reason, Reason::AppealNotFound);
    let open = "SELECT COUNT(*) FROM command WHERE kind = 'RESTORE' AND done_time IS NULL";
    let (commands, appeals) = (world.number(open).await, world.number("SELECT COUNT(*) FROM appeal").await);
    assert_eq!((commands, appeals), (0, 1));
    let rehearsed = Context { validate_only: true, ..context_of(caller("police/mps/officer-2")) };
    let rehearsed = world.gateway.decide_appeal(rehearsed, id.to_owned(), Some(AppealOutcome::Upheld)).await;
    assert_eq!(rehearsed.expect("rehearsed").answer.appeal.state, AppealState::Decided);
    assert_eq!(world.number(open).await, 0);
    let upheld = decide(&world, "police/mps/officer-2", id, AppealOutcome::Upheld).await.expect("decided");
    assert_eq!(world.number(open).await, 2);
    let restoration = upheld.answer.appeal.restoration.clone().expect("a restoration");
    assert_eq!(upheld.answer.appeal.decided_by.as_deref(), Some("police/mps/officer-2"));
    assert_eq!(orders::state(&world, &order, 2).await, NumberState::Restoring);
    assert_eq!(orders::state(&world, &order, 1).await, NumberState::Verified);
    let same =
        decide(&world, "regulator/miit/officer-1", id, AppealOutcome::Upheld).await.expect("so already");
    assert!(same.replayed && same.answer.appeal.restoration.as_deref() == Some(restoration.as_str()));
    let other = decide(&world, "regulator/miit/officer-1", id, AppealOutcome::Rejected).await;
    assert_eq!(other.expect_err("decided").reason, Reason::AppealDecided);
    assert_eq!(world.number(open).await, 2, "one restoration");
    answer_all(&world).await;
    assert_eq!(orders::state(&world, &order, 2).await, NumberState::Restored);
    let told = by_code(&world, &typed).await.expect("told").appeal;
    assert_eq!((told.outcome, told.reason.as_deref()), (Some(AppealOutcome::Upheld), Some("as ordered")));

    // One that is rejected stays off; and of one whose number is back already, nothing is left to do.
    let first = file(&world, &code(&world, &order, 1)).await.expect("filed").answer;
    let own = decide(&world, "police/mps/officer-1", &first.id, AppealOutcome::Rejected).await;
    assert_eq!(own.expect_err("against their own order").reason, Reason::ApproverIsProposer);
    let rejected = decide(&world, "police/mps/officer-2", &first.id, AppealOutcome::Rejected).await;
    assert_eq!(rejected.expect("decided").answer.appeal.restoration, None);
    assert_eq!(orders::state(&world, &order, 1).await, NumberState::Verified);
    assert_eq!(world.number("SELECT COUNT(*) FROM shutdown_order WHERE kind = 'RESTORE'").await, 1);
}

#[tokio::test]
async fn an_appeal_on_sqlite() {
    an_appeal(sqlite().await).await;
}

#[tokio::test]
async fn an_appeal_on_postgres() {
    an_appeal(postgres().await).await;
}

/// One answer for a code that fits none and for one that is nobody's to use yet.
#[tokio::test]
async fn what_fits_none_and_what_is_not_the_askers_look_alike() {
    let world = sqlite().await;
    let waiting = shut(&world, Shut { released: false, ..Shut::default() }).await;
    let order = shut(&world, Shut { numbers: &[2], ..Shut::default() }).await;
    let appeal = file(&world, &code(&world, &order, 1)).await.expect("filed").answer;
    let mut refusals = Vec::new();
    for code in ["7777-7777-7777".to_owned(), code(&world, &waiting, 1)] {
        refusals.push(file(&world, &code).await.expect_err("none"));
        refusals.push(by_code(&world, &code).await.expect_err("none"));
    }
    let (first, others) = refusals.split_first().expect("some");
    assert_eq!(first.reason, Reason::AppealNotFound);
    for other in others {
        assert_eq!(format!("{other:?}"), format!("{first:?}"));
    }
    // The same by name.
    let none = "0190b5c0-0000-7000-8000-000000000000";
    for who in ["police/city/officer-1", "mvno/m02"] {
        let other = by_name(&world, who, &appeal.id).await.expect_err("another's");
        let same = by_name(&world, who, none).await.expect_err("none");
        assert_eq!(format!("{other:?}").replace(&appeal.id, none), format!("{same:?}"));
    }
    // By name to a portal, by code to an officer: neither asks so.
    for (who, by) in [
        ("portal/web", By::Id(appeal.id.clone())),
        ("police/mps/officer-1", By::Code(code(&world, &order, 1).as_str().into())),
    ] {
        let refused = world.gateway.get_appeal(&caller(who), by).await.expect_err("not so");
        assert_eq!(refused.reason, Reason::InvalidFields);
    }
    let untouched = "SELECT COUNT(*) FROM appeal";
    assert_eq!(world.number(untouched).await, 1);
}

#[tokio::test]
async fn nothing_personal_lies_in_clear() {
    let world = sqlite().await;
    let order = shut(&world, Shut::default()).await;
    let code = code(&world, &order, 1);
    let context = Context { request_id: Some("r-1".to_owned()), ..portal() };
    let filed = world
        .gateway
        .file_appeal(context.clone(), code.as_str().into(), STATEMENT.into())
        .await
        .expect("filed");
    let again =
        world.gateway.file_appeal(context, code.as_str().into(), STATEMENT.into()).await.expect("again");
    assert_eq!((filed.replayed, again.replayed), (false, true));
    decide(&world, "police/mps/officer-1", &filed.answer.appeal.id, AppealOutcome::Upheld)
        .await
        .expect("decided");
    let secrets = [STATEMENT.to_owned(), registrations::msisdn(1), code.clone(), code.replace('-', "")];
    for file in world.files() {
        for secret in &secrets {
            let found = file.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret}");
        }
    }
}

#[tokio::test]
async fn bad_input_is_told_at_once_and_nothing_written() {
    let world = sqlite().await;
    let order = shut(&world, Shut::default()).await;
    let before = world.rows().await;
    let right = code(&world, &order, 1);
    let long = "长".repeat(2_001);
    for (code, statement, expected) in [
        ("", STATEMENT, &["appeal_code: REQUIRED"][..]),
        ("K7Q2", STATEMENT, &["appeal_code: BAD_LENGTH"]),
        ("UUUU-UUUU-UUUU", "x", &["appeal_code: BAD_CHAR", "statement: BAD_LENGTH"]),
        (right.as_str(), "", &["statement: BAD_LENGTH"]),
        (right.as_str(), "a\u{0}bcd", &["statement: BAD_CHAR"]),
        (right.as_str(), long.as_str(), &["statement: BAD_LENGTH"]),
    ] {
        let refused = world.gateway.file_appeal(portal(), code.into(), statement.into()).await;
        let violations = refused.expect_err("faulty").violations;
        let told = violations.iter().map(|fault| {
            format!("{}: {}", fault.field, fault.description.split(':').next().unwrap_or_default())
        });
        assert_eq!(told.collect::<Vec<_>>(), expected, "{code} {statement}");
    }
    let rehearsed = Context { validate_only: true, ..portal() };
    let rehearsed = world.gateway.file_appeal(rehearsed, right.as_str().into(), STATEMENT.into()).await;
    assert_eq!(rehearsed.expect("rehearsed").answer.appeal.state, AppealState::Open);
    assert_eq!(world.number("SELECT COUNT(*) FROM appeal").await, 0);
    assert_eq!(world.rows().await, before);
    let filed = file(&world, &right).await.expect("filed").answer;
    let unreasoned = Context { reason: "ja".to_owned(), ..context_of(caller("police/mps/officer-1")) };
    let refused = world.gateway.decide_appeal(unreasoned, filed.id, Some(AppealOutcome::Upheld)).await;
    assert_eq!(refused.expect_err("faulty").violations[0].field, "reason");
}

async fn late_appeals_are_alarmed_once(world: World) {
    let order = shut(&world, Shut { numbers: &[1, 2], ..Shut::default() }).await;
    for n in [1, 2] {
        file(&world, &code(&world, &order, n)).await.expect("filed");
        later(&world);
    }
    assert_eq!(world.gateway.alarm_late_appeals().await.expect("looked"), 0);
    world.clock.pass(DECIDED_WITHIN.saturating_sub(std::time::Duration::from_secs(2)));
    assert_eq!(world.gateway.alarm_late_appeals().await.expect("looked"), 1);
    world.clock.pass(DAY);
    assert_eq!(world.gateway.alarm_late_appeals().await.expect("looked"), 1);
    assert_eq!(world.gateway.alarm_late_appeals().await.expect("looked"), 0);
    assert_eq!(world.number("SELECT COUNT(*) FROM alarm WHERE kind = 'APPEAL_OVERDUE'").await, 2);
    // Late is not decided.
    let open = Ask { state: Some(AppealState::Open), page_size: 1, ..all() };
    let officer = caller("police/mps/officer-1");
    let (page, token) = world.gateway.list_appeals(&officer, open.clone()).await.expect("listed");
    let (rest, end) = world
        .gateway
        .list_appeals(&officer, Ask { page_token: token.clone(), ..open.clone() })
        .await
        .expect("listed");
    assert!(page[0].appeal.due_time < rest[0].appeal.due_time && end.is_empty());
    let other = Ask { page_token: token, state: None, ..open };
    let refused = world.gateway.list_appeals(&officer, other).await.expect_err("of another list");
    assert_eq!(refused.reason, Reason::PageTokenMismatch);
}

#[tokio::test]
async fn late_appeals_are_alarmed_once_on_sqlite() {
    late_appeals_are_alarmed_once(sqlite().await).await;
}

#[tokio::test]
async fn late_appeals_are_alarmed_once_on_postgres() {
    late_appeals_are_alarmed_once(postgres().await).await;
}

/// Ten filings and ten decisions of one appeal at once: one appeal, one decision, one restoration.
async fn at_once(world: World) {
    let order = shut(&world, Shut { scopes: &[Scope::VoiceOut], ..Shut::default() }).await;
    answer_all(&world).await;
    let code = code(&world, &order, 1);
    let filed = futures_util::future::join_all((0..10).map(|_| file(&world, &code))).await;
    let ids: Vec<_> = filed.into_iter().map(|filed| filed.expect("filed").answer.id).collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
    let decided = futures_util::future::join_all((0..10).map(|at| {
        let outcome = if at % 2 == 0 { AppealOutcome::Upheld } else { AppealOutcome::Rejected };
        decide(&world, "police/mps/officer-2", &ids[0], outcome)
    }))
    .await;
    let first = decided.iter().flatten().filter(|decided| !decided.replayed).count();
    assert_eq!(first, 1);
    let outcome = by_code(&world, &code).await.expect("shown").appeal.outcome;
    let upheld = outcome == Some(AppealOutcome::Upheld);
    let restorations = world.number("SELECT COUNT(*) FROM shutdown_order WHERE kind = 'RESTORE'").await;
    assert_eq!(restorations, i64::from(upheld));
}

#[tokio::test]
async fn at_once_on_sqlite() {
    at_once(sqlite().await).await;
}

#[tokio::test]
async fn at_once_on_postgres() {
    at_once(postgres().await).await;
}
