//! Calls within and over the budget of an organisation.

use std::time::Duration;

use greenlane::layer::limit::Settings;
use tonic::Code;
use tonic_types::StatusExt;

use crate::world::{CHECK, WATCH, World, is_ok, reason, settings, status_of};

#[tokio::test(start_paused = true)]
async fn a_burst_passes_and_time_earns_more() {
    let world = World::new(settings(10, 20));
    for _ in 0..20 {
        assert!(is_ok(&world.call("carrier/telecom", CHECK).await));
    }
    assert_eq!(
        reason(&world.call("carrier/telecom", CHECK).await),
        (Code::ResourceExhausted, "RATE_LIMITED".into())
    );
    tokio::time::sleep(Duration::from_millis(500)).await;
    for _ in 0..5 {
        assert!(is_ok(&world.call("carrier/telecom", CHECK).await));
    }
    assert!(!is_ok(&world.call("carrier/telecom", CHECK).await));
    assert_eq!(world.through(), 25);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_who_what_and_when() {
    let world = World::new(settings(2, 1));
    world.call("carrier/telecom", CHECK).await;
    let status = status_of(&world.call("carrier/telecom", CHECK).await);
    let details = status.get_error_details();
    let info = details.error_info().expect("an ErrorInfo");
    assert_eq!((info.reason.as_str(), info.domain.as_str()), ("RATE_LIMITED", "greenlane.v1"));
    assert_eq!(info.metadata["caller"], "carriers/telecom");
    let quota = &details.quota_failure().expect("a QuotaFailure").violations[0];
    assert_eq!(quota.subject, "carriers/telecom");
    assert_eq!(quota.description, "carriers/telecom may make 2 calls a second here; slow down.");
    let retry = details.retry_info().and_then(|info| info.retry_delay).expect("a RetryInfo");
    assert!(retry > Duration::ZERO && retry <= Duration::from_millis(501), "{retry:?}");
    assert!(details.localized_message().expect("Chinese").message.contains("限额"));
    tokio::time::sleep(retry).await;
    assert!(is_ok(&world.call("carrier/telecom", CHECK).await));
}

#[tokio::test(start_paused = true)]
async fn organisations_do_not_share_a_budget() {
    let world = World::new(settings(1, 10));
    for _ in 0..100 {
        world.call("carrier/telecom", CHECK).await;
    }
    for other in ["carrier/unicom", "mvno/telecom", "regulator/miit/officer-1"] {
        assert!(is_ok(&world.call(other, CHECK).await), "{other}");
    }
}

#[tokio::test(start_paused = true)]
async fn persons_of_an_organisation_share_one() {
    let world = World::new(settings(1, 2));
    assert!(is_ok(&world.call("regulator/miit/officer-1", CHECK).await));
    assert!(is_ok(&world.call("regulator/miit/officer-2", CHECK).await));
    assert!(!is_ok(&world.call("regulator/miit/officer-3", CHECK).await));
}

#[tokio::test(start_paused = true)]
async fn opening_a_stream_counts_for_several_calls() {
    let world = World::new(Settings { stream_weight: 10, ..settings(1, 25) });
    assert!(is_ok(&world.call("carrier/telecom", WATCH).await));
    assert!(is_ok(&world.call("carrier/telecom", WATCH).await));
    assert!(!is_ok(&world.call("carrier/telecom", WATCH).await));
    assert!(is_ok(&world.call("carrier/telecom", CHECK).await));
}

#[tokio::test(start_paused = true)]
async fn open_streams_are_bounded_and_given_back() {
    let world = World::new(Settings { max_streams: 2, ..Settings::default() });
    let first = world.call("carrier/telecom", WATCH).await;
    let _second = world.call("carrier/telecom", WATCH).await;
    let third = world.call("carrier/telecom", WATCH).await;
    assert_eq!(reason(&third), (Code::ResourceExhausted, "OVERLOADED".into()));
    assert!(status_of(&third).get_error_details().quota_failure().is_some());
    assert!(is_ok(&world.call("carrier/unicom", WATCH).await));
    drop(first);
    let fourth = world.call("carrier/telecom", WATCH).await;
    assert!(is_ok(&fourth));
    assert!(!is_ok(&world.call("carrier/telecom", WATCH).await));
}

/// A call that was given up while it opened a stream has none.
#[tokio::test(start_paused = true)]
async fn a_stream_that_never_opened_is_given_back() {
    let world = World::new(Settings { max_streams: 1, ..Settings::default() }).holding(WATCH);
    let mut opening = world.begin("carrier/telecom", WATCH);
    assert!(futures_util::poll!(&mut opening).is_pending());
    assert!(!is_ok(&world.call("carrier/telecom", WATCH).await));
    drop(opening);
    world.gate.add_permits(1);
    assert!(is_ok(&world.call("carrier/telecom", WATCH).await));
}

/// The default is for partners that behave: what one core answers is far below it.
#[tokio::test(start_paused = true)]
async fn the_default_is_generous() {
    let world = World::new(Settings::default());
    for _ in 0..20_000 {
        assert!(is_ok(&world.call("carrier/telecom", CHECK).await));
    }
}
