//! Use cases, one verb per file. A use case takes domain values, runs in one transaction where it acts, and answers
//! domain values or a [`Refusal`]; it knows no message, no status and no database by name.
//!
//! To add one: write `service/<verb>.rs` with an `impl Gateway { pub async fn <verb>(..) }`; a mutating one goes
//! through [`act`], which keeps request ids, `validate_only` and the ledger entry; then add the thin method in
//! `rpc/`, and the RPC with its access option in `proto/`.

pub mod act;
pub mod allocate_numbers;
pub mod appeal;
pub mod assess_industry_user;
pub mod board;
pub mod change_line;
pub mod channels;
pub mod check_status;
pub mod command;
pub mod context;
pub mod evidence;
pub mod feed;
mod floor;
pub mod gate;
pub mod identity;
pub mod import;
pub mod keep;
pub mod list_allocations;
pub mod list_inspections;
pub mod list_standings;
pub mod lookup_number;
pub mod page;
pub mod participants;
pub mod persons;
pub mod receipt;
pub mod record;
pub mod register;
pub mod registrations;
pub mod request_supplement;
pub mod return_numbers;
pub mod shelf;
pub mod shutdown;
pub mod standing_of;
pub mod supervise;
pub mod tick;
pub mod watch_standings;
pub mod watchers;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::{
    cache::Cache,
    domain::{refusal::Refusal, rules::RuleBook, time::Clock},
    store::{Abort, Store},
};

/// Everything a use case needs of the node.
pub struct Gateway {
    /// The system of record.
    pub store: Store,
    /// The node's clock.
    pub clock: Arc<dyn Clock>,
    /// The rule sets, by the day from which each is in force.
    pub rules: Arc<RuleBook>,
    /// All standings, as one immutable snapshot that the feed swaps.
    pub board: Arc<board::Board>,
    /// The cache that nodes share; told of every revision that this node makes.
    pub cache: Arc<dyn Cache>,
    /// Counted evidence of checks.
    pub evidence: Arc<evidence::Evidence>,
    /// Signs receipts.
    pub signer: Arc<receipt::Signer>,
    /// Told when the node stops: streams end by themselves, so that nobody has to wait for them.
    pub closing: CancellationToken,
    /// Binds page tokens to their list and filter.
    pub pages: page::Pages,
    /// Wakes the streams of receivers that have commands to take.
    pub signals: Arc<command::signal::Signals>,
    /// Where acknowledgements wait for each other.
    pub settler: command::settler::Settler,
    /// By what persons are kept and known; `None`: none are.
    pub persons: Option<Arc<persons::Persons>>,
}

/// The refusal behind an aborted transaction. What went wrong inside the store is logged here, once, and not told.
pub fn refusal(abort: Abort) -> Refusal {
    match abort {
        Abort::Refused(refusal) => refusal,
        Abort::Store(error) => {
            tracing::error!(error = %error, "the store failed");
            Refusal::store_unavailable()
        }
    }
}
