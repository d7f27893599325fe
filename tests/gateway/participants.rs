//! Who takes part, under dual control.

use greenlane::{
    domain::{
        decision::Action,
        participant::{Level, ParticipantState},
        refusal::Reason,
        standing::Standing,
    },
    service::{
        context::Context,
        participants::{Filter, Proposal},
    },
};

use crate::world::{World, caller, context, context_of, name};

const M: &str = "mvnos/m01";

fn proposal(participant: &str) -> Proposal {
    Proposal {
        name: name(participant),
        display_name: "somebody".to_owned(),
        level: None,
        area: String::new(),
    }
}

fn operator() -> Context {
    context_of(caller("operator/gw/o-1"))
}

#[tokio::test]
async fn an_operator_proposes_and_a_regulator_approves() {
    let world = World::empty().await;
    let proposed = world.gateway.create_participant(operator(), proposal(M)).await.expect("proposed").answer;
    assert_eq!((proposed.state, proposed.approved_by), (ParticipantState::Proposed, None));
    // It takes no part yet.
    let refused = world.check(M, Action::SignAgreement).await.expect_err("not yet");
    assert_eq!(refused.reason, Reason::MvnoNotFound);
    let refused = world
        .gateway
        .record_licence(context(), crate::world::licence(M))
        .await
        .expect_err("nor can anything be recorded");
    assert_eq!(refused.reason, Reason::MvnoNotFound);
    let twice = world.gateway.create_participant(operator(), proposal(M)).await.expect_err("exists");
    assert_eq!(twice.reason, Reason::ParticipantExists);

    let approved = world.gateway.approve_participant(context(), name(M)).await.expect("approved").answer;
    assert_eq!(approved.state, ParticipantState::Active);
    assert_eq!(approved.approved_by.as_deref(), Some("regulators/miit/officer-1"));
    assert_eq!(world.standing(M).await, Standing::Unknown);
    let again = world.gateway.approve_participant(context(), name(M)).await.expect_err("active already");
    assert_eq!(again.reason, Reason::ParticipantState);
    let nobody =
        world.gateway.approve_participant(context(), name("mvnos/nobody")).await.expect_err("nobody");
    assert_eq!(nobody.reason, Reason::ParticipantNotFound);
}

#[tokio::test]
async fn two_steps_are_two_persons() {
    let world = World::empty().await;
    world.gateway.create_participant(operator(), proposal(M)).await.expect("proposed");
    let itself = world.gateway.approve_participant(operator(), name(M)).await.expect_err("the same person");
    assert_eq!(itself.reason, Reason::ApproverIsProposer);
    world.gateway.approve_participant(context(), name(M)).await.expect("another person");

    // Suspending acts at once; coming back takes two again.
    let suspended = world.gateway.suspend_participant(context(), name(M)).await.expect("suspended").answer;
    assert_eq!(suspended.state, ParticipantState::Suspended);
    assert!(world.gateway.board.is_suspended(&name(M)), "from the answer on");
    let straight = world.gateway.approve_participant(context(), name(M)).await.expect_err("not proposed");
    assert_eq!(straight.reason, Reason::ParticipantState);
    let resumed = world.gateway.resume_participant(operator(), name(M)).await.expect("proposed").answer;
    assert_eq!(resumed.state, ParticipantState::ResumeProposed);
    assert!(world.gateway.board.is_suspended(&name(M)), "until it is approved");
    let itself = world.gateway.approve_participant(operator(), name(M)).await.expect_err("the same person");
    assert_eq!(itself.reason, Reason::ApproverIsProposer);
    world.gateway.approve_participant(context(), name(M)).await.expect("approved");
    assert!(!world.gateway.board.is_suspended(&name(M)));
    let active = world.gateway.resume_participant(operator(), name(M)).await.expect_err("active");
    assert_eq!(active.reason, Reason::ParticipantState);
}

/// A certificate that the operator issued alone opens nothing: taking part takes two persons.
#[tokio::test]
async fn who_waits_for_approval_is_refused() {
    let world = World::empty().await;
    let newcomer = name("carriers/newco");
    world.gateway.create_participant(operator(), proposal("carriers/newco")).await.expect("proposed");
    assert!(world.gateway.board.is_suspended(&newcomer), "from the answer on");
    world.gateway.approve_participant(context(), newcomer.clone()).await.expect("approved");
    assert!(!world.gateway.board.is_suspended(&newcomer));

    // Who brings the others in is not locked out by being proposed.
    let levelled = |name| Proposal { level: Some(Level::Ministry), ..proposal(name) };
    world.gateway.create_participant(operator(), levelled("regulators/miit")).await.expect("proposed");
    world.gateway.create_participant(operator(), proposal("operators/gw")).await.expect("proposed");
    for first in ["regulators/miit", "operators/gw"] {
        assert!(!world.gateway.board.is_suspended(&name(first)), "{first}");
    }
}

#[tokio::test]
async fn a_suspension_outlives_a_restart() {
    let world = World::of(&[M, "carriers/unicom"]).await;
    for participant in [M, "carriers/unicom"] {
        world.gateway.suspend_participant(context(), name(participant)).await.expect("suspended");
    }
    let world = world.restart_after(std::time::Duration::from_secs(1)).await;
    for participant in [M, "carriers/unicom"] {
        assert!(world.gateway.board.is_suspended(&name(participant)));
    }
}

#[tokio::test]
async fn a_proposal_is_checked() {
    let world = World::empty().await;
    let before = world.rows().await;
    let levelled = Proposal { level: Some(Level::City), display_name: String::new(), ..proposal(M) };
    let refused = world.gateway.create_participant(operator(), levelled).await.expect_err("two faults");
    let fields: Vec<&str> = refused.violations.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["participant.display_name", "participant.level"]);
    let bare = proposal("regulators/beijing");
    let refused = world.gateway.create_participant(operator(), bare).await.expect_err("no level");
    assert_eq!(refused.violations[0].field, "participant.level");
    let hasty = Context { reason: String::new(), ..context() };
    let refused = world.gateway.suspend_participant(hasty, name(M)).await.expect_err("no reason");
    assert_eq!(refused.violations[0].field, "reason");
    assert_eq!(world.rows().await, before);
}

#[tokio::test]
async fn an_mvno_sees_itself_among_them() {
    let world = World::of(&[M, "mvnos/m02", "carriers/unicom"]).await;
    let filter = || Filter { class: None, page_size: 0, page_token: String::new() };
    let m02 = caller("mvno/m02");
    let (seen, _) = world.gateway.list_participants(&m02, filter()).await.expect("listed");
    assert_eq!(seen.iter().map(|one| one.name.to_string()).collect::<Vec<_>>(), ["mvnos/m02"]);
    for other in [M, "mvnos/nobody", "carriers/unicom"] {
        let refused = world.gateway.participant(&m02, name(other)).await.expect_err("not its own");
        assert_eq!(refused.reason, Reason::NotYours);
    }
    let (all, _) = world.gateway.list_participants(&caller("auditor/a1"), filter()).await.expect("listed");
    assert_eq!(all.len(), 3);
}
