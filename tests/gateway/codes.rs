//! Codes of appeals: those that fit are answered whatever was tried before them, and whoever has one may say more.

use greenlane::{
    domain::{
        appeal::statement::{MOST, MOST_TOGETHER},
        refusal::{Reason, Refusal},
        shutdown::{AppealOutcome, AppealState},
    },
    service::{
        act::Answered,
        appeal::{Shown, codes::LIMITS, file::Filed, get::By, list::Ask},
        context::Context,
    },
};

use crate::{
    orders::{Shut, answer_all, code, shut},
    registrations,
    world::{World, caller, context_of},
};

async fn file(world: &World, code: &str, said: &str) -> Result<Answered<Filed>, Refusal> {
    let portal = Context { reason: String::new(), ..context_of(caller("portal/web")) };
    world.gateway.file_appeal(portal, code.into(), said.into()).await
}

async fn ask(world: &World, code: &str) -> Result<Shown, Reason> {
    let asked = world.gateway.get_appeal(&caller("portal/web"), By::Code(code.into())).await;
    asked.map_err(|refusal| refusal.reason)
}

/// What whoever decides reads.
async fn heard(world: &World) -> Vec<String> {
    let ask = Ask { mvno: None, order_id: None, state: None, page_size: 0, page_token: String::new() };
    let officer = caller("police/mps/officer-1");
    let (listed, _) = world.gateway.list_appeals(&officer, ask).await.expect("listed");
    listed.iter().map(|shown| shown.statement.reveal().to_owned()).collect()
}

/// Wrong codes are told so in the end; whoever has one that fits is answered all the same.
#[tokio::test]
async fn wrong_codes_shut_out_nobody() {
    let world = World::empty().await;
    registrations::ready(&world).await;
    let order = shut(&world, Shut { numbers: &[1, 2, 3], ..Shut::default() }).await;
    let waiting = shut(&world, Shut { numbers: &[4], released: false, ..Shut::default() }).await;
    let code = |n| code(&world, &order, n);
    file(&world, &code(1), "not me").await.expect("filed");
    // One that fits is no guess, however often, nor is one that nobody has used yet.
    for at in 0..LIMITS.values {
        ask(&world, &code(1)).await.expect("shown");
        assert_eq!(ask(&world, &code(2)).await.err(), Some(Reason::AppealNotFound));
        let wrong = format!("2222-2222-{:04}", 2200 + at);
        assert_eq!(ask(&world, &wrong).await.err(), Some(Reason::AppealNotFound));
    }
    let waiting = crate::orders::code(&world, &waiting, 1);
    for wrong in ["3333-3333-3333", "2222-2222-2200", waiting.as_str()] {
        assert_eq!(ask(&world, wrong).await.err(), Some(Reason::EnumerationSuspected), "{wrong}");
        let refused = file(&world, wrong, "not me").await.expect_err("none");
        assert_eq!(refused.reason, Reason::EnumerationSuspected);
        assert!(refused.retry_after.is_some());
    }
    ask(&world, &code(1)).await.expect("shown");
    assert_eq!(ask(&world, &code(2)).await.err(), Some(Reason::AppealNotFound));
    for n in [2, 3] {
        assert!(!file(&world, &code(n), "not me").await.expect("filed").answer.again);
        ask(&world, &code(n)).await.expect("shown");
    }
    world.clock.pass(LIMITS.window);
    assert_eq!(ask(&world, "3333-3333-3333").await.err(), Some(Reason::AppealNotFound));
}

async fn more_is_said(world: World) {
    registrations::ready(&world).await;
    let order = shut(&world, Shut::default()).await;
    answer_all(&world).await;
    let code = code(&world, &order, 1);
    let first = file(&world, &code, "say nothing").await.expect("filed");
    assert_eq!((first.replayed, first.answer.again, first.answer.added), (false, false, false));
    let own = file(&world, &code, "it was sold to me\nin May").await.expect("added");
    assert_eq!((own.replayed, own.answer.again, own.answer.added), (false, true, true));
    assert_eq!(own.answer.appeal, first.answer.appeal);
    let at = world.now();
    let all = format!("say nothing\n\n[+ {at}]\nit was sold to me\nin May");
    for said in ["say nothing", "it was sold to me\nin May"] {
        let same = file(&world, &code, said).await.expect("said before");
        assert_eq!((same.replayed, same.answer.added), (true, false), "{said}");
    }
    assert_eq!(heard(&world).await, [all.as_str()]);
    assert_eq!(world.number("SELECT COUNT(*) FROM entry WHERE detail LIKE '%\"added\":true%'").await, 1);
    // Together they are bounded, and what is too much changes nothing.
    let long = |at: usize| format!("{at}{}", "长".repeat(MOST - 1));
    let mut added = 0;
    let refused = loop {
        match file(&world, &code, &long(added)).await {
            Ok(filed) => added += usize::from(filed.answer.added),
            Err(refused) => break refused,
        }
    };
    assert_eq!((added, refused.violations[0].field.as_str()), (9, "statement"));
    let before = heard(&world).await;
    assert!(before[0].starts_with(&all) && before[0].chars().count() < MOST_TOGETHER + 100);
    // Once it is decided nothing more is added.
    let officer = context_of(caller("police/mps/officer-2"));
    let id = first.answer.appeal.id;
    let decided = world.gateway.decide_appeal(officer, id, Some(AppealOutcome::Rejected)).await;
    assert_eq!(decided.expect("decided").answer.statement.reveal(), before[0]);
    let late = file(&world, &code, "one thing more").await.expect("answered");
    assert_eq!((late.replayed, late.answer.added), (true, false));
    assert_eq!(late.answer.appeal.state, AppealState::Decided);
    assert_eq!(heard(&world).await, before);
}

#[tokio::test]
async fn more_is_said_on_sqlite() {
    more_is_said(World::empty().await).await;
}

#[tokio::test]
async fn more_is_said_on_postgres() {
    more_is_said(World::postgres().await).await;
}
