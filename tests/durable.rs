//! Nothing acknowledged is lost, whoever dies: nodes, the database, its primary; and nothing is acknowledged before it
//! is on the disk. The ordinary run is short; environment variables make it the full one, which prints its figures.

#[path = "support/all.rs"]
pub mod support;

#[path = "durable/failover.rs"]
mod failover;
#[path = "durable/flush.rs"]
mod flush;
#[path = "durable/kill.rs"]
mod kill;
#[path = "durable/nodes.rs"]
mod nodes;
#[path = "durable/trace.rs"]
mod trace;
