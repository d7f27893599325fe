//! The contract of the cache. `suite` is functions over any cache, run on the one in process and on a real Redis;
//! `lies`, `outages`, `doors` are what only a Redis can do to us. Needs redis-server, which `tests/run` installs.

#[path = "cache/doors.rs"]
mod doors;
#[path = "cache/fixture.rs"]
mod fixture;
#[path = "cache/guesses.rs"]
mod guesses;
#[path = "cache/late_fill.rs"]
mod late_fill;
#[path = "cache/lies.rs"]
mod lies;
#[path = "cache/outages.rs"]
mod outages;
#[path = "cache/server.rs"]
mod server;
#[path = "cache/suite.rs"]
mod suite;

/// Runs functions of the contract, each on two handles of one cache: in process, and on a Redis of its own.
macro_rules! on_both {
    ($($module:ident::$case:ident),* $(,)?) => {
        mod memory {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    crate::$module::$case(&crate::fixture::memory()).await;
                }
            )*
        }
        mod redis {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let server = crate::server::Server::start();
                    crate::$module::$case(&crate::fixture::redis(&server).await).await;
                }
            )*
        }
    };
}

on_both!(
    suite::a_value_is_of_exactly_its_revision,
    suite::an_older_value_never_replaces_a_newer_one,
    suite::what_was_announced_keeps_older_values_out,
    suite::an_announcement_leaves_its_own_value,
    suite::what_is_unsound_is_not_kept,
    suite::many_come_back_in_their_order,
    suite::hints_are_heard,
    suite::a_budget_is_shared,
    suite::a_budget_is_given_in_part,
    suite::budgets_do_not_meet,
    suite::guesses_are_counted_together,
    suite::guesses_that_are_unsound_are_not_counted,
    late_fill::no_late_fill_is_left,
);
