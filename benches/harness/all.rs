//! What the benches stand on: servers in processes of their own, one client for all of them, rounds that take turns,
//! figures and tables. A bench takes all of it by one line, `#[path = "harness/all.rs"] pub mod harness;`; it is `pub`
//! there because no bench uses everything.

pub mod child;
pub mod client;
pub mod contest;
pub mod cores;
pub mod figures;
pub mod gateway;
pub mod load;
pub mod neighbours;
pub mod report;
pub mod stock;
pub mod table;
