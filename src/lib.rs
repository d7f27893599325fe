//! greenlane: the gateway between base carriers and mobile virtual network operators.
//!
//! # Layout, in the order in which a request walks inward
//!
//! * `net` accepts connections, ends TLS and says who is there
//! * `layer` decides who may call what, keeps time and enters refusals
//! * `rpc` turns messages into use cases and refusals into statuses
//! * `service` is the use cases, one verb per file
//! * `domain` is the rules, pure
//! * `store` is the system of record
//! * `cache` is what nodes share to be fast, never to be right
//! * `host` is the one door to clocks and randomness
//! * `pki` makes certificates and revocation lists
//! * `vault` seals names and numbers, and knows no table
//! * `authority` asks whether a document is genuine

pub mod app;
pub mod authority;
pub mod cache;
pub mod cli;
pub mod config;
pub mod domain;
pub mod host;
pub mod layer;
pub mod net;
pub mod pki;
pub mod rpc;
pub mod service;
pub mod store;
pub mod vault;
