//! What the other test programs stand on, tested by itself: that it starts, dies, comes back and ends with whoever
//! started it. Each with its control.

#[path = "support/all.rs"]
pub mod support;

#[path = "support/tests/death.rs"]
mod death;
#[path = "support/tests/load.rs"]
mod load;
#[path = "support/tests/node.rs"]
mod node;
#[path = "support/tests/pair.rs"]
mod pair;
#[path = "support/tests/postgres.rs"]
mod postgres;
#[path = "support/tests/proxy.rs"]
mod proxy;
#[path = "support/tests/redis.rs"]
mod redis;
