use proptest::prelude::*;

use super::*;

const NOW: Time = Time::from_micros(1_767_225_600_000_000);

fn filed(now: Time) -> Appeal {
    let name = |text| ParticipantName::parse(text).expect("a name");
    Appeal::file("a".to_owned(), ("o".to_owned(), 7), name("police/mps"), name("mvnos/m01"), now)
}

#[test]
fn an_appeal_is_late_from_its_due_time_until_it_is_decided() {
    let appeal = filed(NOW);
    assert_eq!(appeal.due_time, NOW.plus(DAY * 5));
    assert!(!appeal.is_overdue(appeal.due_time.minus(Duration::from_micros(1))));
    assert!(appeal.is_overdue(appeal.due_time));
    let decided = appeal.clone().decide(AppealOutcome::Rejected, "police/mps/li", "known", NOW);
    assert!(!decided.is_overdue(Time::MAX));
}

#[test]
fn every_state_has_its_own_text_and_none_names_the_order() {
    let open = filed(NOW);
    let upheld = open.clone().decide(AppealOutcome::Upheld, "police/mps/li", "wrong number", NOW);
    let restored = Appeal { restoration: Some("shutdownOrders/r".to_owned()), ..upheld.clone() };
    let rejected = open.clone().decide(AppealOutcome::Rejected, "police/mps/li", "the right number", NOW);
    let texts = [&open, &upheld, &restored, &rejected].map(Appeal::text);
    for (at, text) in texts.iter().enumerate() {
        assert!(texts[at + 1..].iter().all(|other| other.zh != text.zh && other.en != text.en));
        assert!(!text.en.contains("shutdownOrders") && !text.en.contains("mps"));
    }
    assert!(texts[0].en.contains("2026-01-06") && texts[0].zh.contains("2026-01-06"));
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Decide(AppealOutcome),
    Wait(u32),
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        proptest::sample::select(AppealOutcome::ALL).prop_map(Step::Decide),
        (0_u32..240).prop_map(Step::Wait),
    ]
}

proptest! {
    /// Whatever is tried on it in whatever order, an appeal is decided once; the first decision stands, with who made
    /// it, when and why, and one that is decided is never late.
    #[test]
    fn the_first_decision_stands(steps in proptest::collection::vec(any_step(), 0..30)) {
        let mut appeal = filed(NOW);
        let mut now = NOW;
        let mut first: Option<Appeal> = None;
        for (at, step) in steps.into_iter().enumerate() {
            match step {
                Step::Wait(hours) => now = now.plus(Duration::from_secs(u64::from(hours) * 3600)),
                Step::Decide(outcome) => {
                    let found = appeal.finds(outcome);
                    let expected = match first.as_ref().map(|first| first.outcome == Some(outcome)) {
                        None => Found::Open,
                        Some(true) => Found::Same,
                        Some(false) => Found::Other,
                    };
                    prop_assert_eq!(found, expected);
                    appeal = appeal.decide(outcome, &format!("police/mps/{at}"), &format!("reason {at}"), now);
                    first.get_or_insert_with(|| appeal.clone());
                }
            }
            prop_assert_eq!(appeal.is_overdue(now), first.is_none() && now >= appeal.due_time);
            let whole = [appeal.outcome.is_some(), appeal.decided_by.is_some(), appeal.decide_time.is_some(),
                appeal.reason.is_some()];
            prop_assert_eq!(whole, [appeal.state == AppealState::Decided; 4]);
            if let Some(first) = &first {
                prop_assert_eq!(&appeal, first);
            }
        }
    }
}
