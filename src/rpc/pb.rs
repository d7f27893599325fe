//! The messages and services made from the protos, and the table of who may call what, made from the option beside
//! each RPC. `build.rs` makes both; nothing here is written by hand but the rows of services that are not ours.

#![expect(
    clippy::allow_attributes,
    clippy::large_enum_variant,
    reason = "what is generated is as its generator writes it"
)]

use std::fmt;

use crate::domain::{
    access::{Effect, Rule},
    caller::Class,
};

tonic::include_proto!("greenlane.v1");

include!(concat!(env!("OUT_DIR"), "/access.rs"));

/// Every file of ours and what it imports, with comments: what reflection serves and `greenlane protoset` writes.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/greenlane.bin"));

/// One method and its rule.
#[derive(Debug, Eq, PartialEq)]
pub struct Method {
    /// `/package.Service/Method`.
    pub path: &'static str,
    /// Either side streams.
    pub streams: bool,
    /// Who may call it.
    pub rule: Rule,
}

const fn anyone(path: &'static str, streams: bool) -> Method {
    Method {
        path,
        streams,
        rule: Rule { roles: &[], anyone: true, effect: Effect::Read, dual_control: false },
    }
}

/// Health and reflection: for every caller with a certificate.
pub const COMMON: &[Method] = &[
    anyone("/grpc.health.v1.Health/Check", false),
    anyone("/grpc.health.v1.Health/List", false),
    anyone("/grpc.health.v1.Health/Watch", true),
    anyone("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", true),
    anyone("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", true),
];

/// Every method that this server has.
pub fn methods() -> impl Iterator<Item = &'static Method> {
    GREENLANE.iter().chain(COMMON)
}

/// The method of a path; `None` is denied.
pub fn method(path: &str) -> Option<&'static Method> {
    match GREENLANE.binary_search_by(|method| method.path.cmp(path)) {
        Ok(at) => GREENLANE.get(at),
        Err(_) => COMMON.iter().find(|method| method.path == path),
    }
}

impl Method {
    /// `Service/Method`, as a person types it.
    pub fn name(&self) -> &'static str {
        self.path.rsplit_once('.').map_or(self.path, |(_, name)| name)
    }

    /// The full name of the service.
    pub fn service(&self) -> &'static str {
        self.path.trim_start_matches('/').split_once('/').map_or("", |(service, _)| service)
    }
}

// === impl Debug of messages about persons ===

/// Nothing of them but what they are.
macro_rules! silent {
    ($($message:ident)*) => {
        $(
            impl fmt::Debug for $message {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(stringify!($message))
                }
            }
        )*
    };
}

silent! {
    Appeal Command CommandedNumber DecideHeldNumbersRequest FileAppealRequest GetAppealRequest IndustryLine
    ListNumberActionsRequest LookupNumberRequest MatchIdentityRequest Notice NumberAction NumberImpact NumberResult
    PhoneNumber PlanRestorationRequest PlanShutdownRequest Registration RegistrationRecord RequestSupplementRequest
}

// === impl Document ===

impl fmt::Debug for Document {
    /// Its type alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({})", self.r#type().as_str_name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_and_no_word_of_a_subscriber_is_printed() {
        let (msisdn, said) = ("+8617000000001".to_owned(), "it was not me".to_owned());
        let notice = Notice { msisdn: msisdn.clone(), appeal_code: "K7Q2-M4TX-9RBD".to_owned(), text: None };
        let command =
            Command { msisdns: vec![msisdn.clone()], notices: vec![notice.clone()], ..Command::default() };
        let result = NumberResult { msisdn: msisdn.clone(), ..NumberResult::default() };
        let ack = CommandAck { sequence: 7, results: vec![result], outcome: 0 };
        let plan = PlanShutdownRequest { msisdns: vec![msisdn.clone()], ..PlanShutdownRequest::default() };
        let impact = NumberImpact { msisdn: msisdn.clone(), ..NumberImpact::default() };
        let planned = PlanShutdownResponse { impacts: vec![impact], ..PlanShutdownResponse::default() };
        let appeal = Appeal { msisdn, statement: said.clone(), ..Appeal::default() };
        let filed = FileAppealRequest { statement: said, ..FileAppealRequest::default() };
        let printed = format!("{notice:?} {command:?} {ack:?} {plan:?} {planned:?} {appeal:?} {filed:?}");
        assert!(printed.contains("sequence: 7") && printed.contains("FileAppealRequest"));
        for telling in ["17000000001", "M4TX", "not me"] {
            assert!(!printed.contains(telling), "{printed}");
        }
    }
}
