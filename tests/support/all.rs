//! What several test programs stand on: servers on loopback in folders of their own, ways to harm them, and a check of
//! what is left. A test program takes all of it by one line, `#[path = "support/all.rs"] pub mod support;`; it is
//! `pub` there because no program uses everything. Folders are made where TMPDIR says.

pub mod blocks;
pub mod cuts;
pub mod figure;
pub mod folder;
pub mod golden;
pub mod load;
pub mod network;
pub mod node;
pub mod officers;
pub mod pair;
pub mod port;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod record;
pub mod redis;
pub mod tls;
