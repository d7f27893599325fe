//! Several nodes on one record, raced: what each may promise whatever the others do at that moment. The nodes are
//! gateways of this process, each on a store of its own. The ordinary run is short; environment variables make it the
//! full one, which prints its figures.

#[path = "support/all.rs"]
pub mod support;

#[path = "races/allocate.rs"]
mod allocate;
#[path = "races/followers.rs"]
mod followers;
#[path = "races/herd.rs"]
mod herd;
#[path = "races/min_revision.rs"]
mod min_revision;
#[path = "races/same_request.rs"]
mod same_request;
#[path = "races/world.rs"]
mod world;
