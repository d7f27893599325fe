//! The wire: turns messages into use cases, answers into messages and refusals into statuses. One thin file per gRPC
//! service; owns no rule and no transaction.

pub mod appeal;
pub mod channel;
pub mod command;
pub mod compliance;
pub mod convert;
pub mod identity;
mod import;
pub mod numbering;
pub mod participant;
pub mod parts;
pub mod pb;
pub mod registration;
pub mod routes;
pub mod server_info;
pub mod shutdown;
pub mod status;
pub mod supervision;
