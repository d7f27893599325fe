//! Commands: what an order has its receivers do, and what becomes of it. Whatever changes an order's numbers locks the
//! order first; several orders in the order of their ids, the youngest first, so that a restoration comes before what it
//! restores.

pub mod advance;
pub mod commanded;
pub mod count;
pub mod due;
pub mod figures;
mod hold;
pub mod judge;
pub mod look;
pub mod mirror;
pub mod outbox;
mod places;
pub mod prune;
pub mod pull;
pub mod redeliver;
pub mod release;
mod seals;
pub mod session;
pub mod settle;
pub mod settler;
pub mod sign;
pub mod signal;
pub mod stream;
