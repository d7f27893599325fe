//! `deploy/` as it is handed out: its configurations are started exactly as written, by the commands of its README, on
//! the addresses that they name. And what an operator meets first: settings that are wrong, and things that die.
//! `UPDATE_GOLDEN=1 cargo test --test deploy` writes what `doctor` says anew.

#[path = "deploy/doors.rs"]
mod doors;
#[path = "deploy/golden.rs"]
mod golden;
#[path = "deploy/node.rs"]
mod node;
#[path = "deploy/one_node.rs"]
mod one_node;
#[path = "deploy/outages.rs"]
mod outages;
#[path = "deploy/partner.rs"]
mod partner;
#[path = "deploy/readme.rs"]
mod readme;
#[path = "deploy/room.rs"]
mod room;
#[path = "deploy/three_nodes.rs"]
mod three_nodes;

#[path = "support/all.rs"]
pub mod support;
