//! The contract of the store. `suite`, `tables`, `edges` and `follow` are functions over any store, run on every
//! engine; `sqlite`, `postgres` and `full_disk` are what only one of them can do. An engine is added here by running
//! the same functions on it.

#[path = "store/edges.rs"]
mod edges;
#[path = "store/fixture.rs"]
mod fixture;
#[path = "store/follow.rs"]
mod follow;
#[path = "store/full_disk.rs"]
mod full_disk;
#[path = "store/postgres.rs"]
mod postgres;
#[path = "store/sqlite.rs"]
mod sqlite;
#[path = "store/suite.rs"]
mod suite;
#[path = "support/all.rs"]
pub mod support;
#[path = "store/tables.rs"]
mod tables;

/// Runs functions of the contract, each on an empty database of its own, on every engine.
macro_rules! on_every_engine {
    ($($module:ident::$case:ident),* $(,)?) => {
        mod on_sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let folder = tempfile::tempdir().expect("a folder");
                    super::$module::$case(&super::fixture::open(&folder.path().join("db"))).await;
                }
            )*
        }
        mod on_postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$module::$case(&super::postgres::open().await).await;
                }
            )*
        }
    };
}

on_every_engine!(
    suite::a_transaction_is_all_or_nothing,
    suite::an_abort_rolls_back_its_own_work_alone,
    suite::a_taken_key_is_told,
    suite::a_panic_fails_its_own_work_alone,
    suite::work_goes_on_without_its_caller,
    suite::a_thousand_writes_get_dense_revisions,
    suite::a_read_is_one_snapshot,
    suite::a_read_cannot_write,
    suite::an_empty_store_is_healthy,
    edges::revisions_come_in_the_order_of_commits,
    follow::followers_follow_before_the_answer,
    follow::a_follower_that_fails_is_told_and_tried_again,
    follow::a_follower_that_panics_harms_nobody,
    follow::a_follower_cannot_write,
    follow::a_refresh_runs_the_followers,
    tables::facts_come_back_in_the_order_of_record,
    tables::a_fact_is_corrected_once,
    tables::facts_and_entries_are_append_only,
    tables::entries_come_back,
    tables::standings_are_written_over,
    tables::changes_are_listed_after_a_revision,
    tables::participants_come_back,
    tables::a_block_has_one_holder,
    tables::answers_are_kept_per_organisation_and_forgotten,
    tables::counts_add_up,
    tables::nonsense_is_named,
);
