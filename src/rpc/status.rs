//! The only place that makes a gRPC status. A [`Refusal`] goes in; a status with exactly one `ErrorInfo`, every
//! field violation, the zh-CN sentence, an id that the log has too and, where it helps, the time to retry comes out,
//! under 4 KiB in all.

use bytes::Bytes;
use http::HeaderMap;
use prost::Message;
use prost_types::Any;
use tonic::{Code, Status, body::Body};
use tonic_types::pb::{
    BadRequest, ErrorInfo, LocalizedMessage, PreconditionFailure, QuotaFailure, RequestInfo, ResourceInfo,
    RetryInfo, Status as RichStatus, bad_request, precondition_failure, quota_failure,
};

use crate::{
    domain::{
        decision::Decided,
        refusal::{Kind, Reason, Refusal},
        registration::judge::Checked,
    },
    host,
};

/// `ErrorInfo.domain` of every refusal.
pub const DOMAIN: &str = "greenlane.v1";

/// Details travel base64-coded in a trailer: this many raw bytes stay under 4 KiB there.
const MAX_DETAILS: usize = 2900;

/// More violations than this are counted (`violations_total`) but not listed.
const MAX_VIOLATIONS: usize = 20;

/// The status of a refusal.
pub fn status(refusal: &Refusal) -> Status {
    let code = code(refusal.reason.kind());
    let id = host::chance_id();
    // The fullest form that fits: long lists give way before the codes do.
    let details = [MAX_VIOLATIONS, 10, 5, 2, 0]
        .into_iter()
        .map(|limit| encode(refusal, code, limit, Some(&id)))
        .find(|bytes| bytes.len() <= MAX_DETAILS)
        .unwrap_or_else(|| encode(&Refusal::new(refusal.reason, ""), code, 0, Some(&id)));
    Status::with_details(code, clip(&refusal.message), details.into())
}

/// A refusal as a whole answer, for the layers outside the services.
pub fn response(refusal: &Refusal) -> http::Response<Body> {
    status(refusal).into_http()
}

/// A refusal inside an answer, as batches have it.
pub fn rich(refusal: &Refusal) -> RichStatus {
    let code = code(refusal.reason.kind());
    RichStatus::decode(&*encode(refusal, code, MAX_VIOLATIONS, None)).expect("what was just encoded")
}

/// The answer to a path that is of no service.
pub fn no_such_method() -> http::Response<Body> {
    response(&Refusal::new(
        Reason::MethodUnknown,
        "This server has no such method; list what it has by reflection.",
    ))
}

/// A refusal as its answer's headers show it. One that is not ours (made by the transport) has no reason and no id.
pub struct Refused {
    /// The gRPC code.
    pub code: Code,
    /// `ErrorInfo.reason`.
    pub reason: Option<String>,
    /// `RequestInfo.request_id`: what its caller can quote, and the log has.
    pub id: Option<String>,
}

/// What an answer's headers say, where it is a refusal; `None` for an answer that has begun well.
pub fn refused(headers: &HeaderMap) -> Option<Refused> {
    if !headers.contains_key(Status::GRPC_STATUS) {
        return None;
    }
    let status = Status::from_header_map(headers)?;
    if status.code() == Code::Ok {
        return None;
    }
    let id = detail::<RequestInfo>(&status, "RequestInfo").map(|info| info.request_id);
    Some(Refused { code: status.code(), reason: reason_of(&status), id })
}

/// The message of a status made by the transport, to tell its faults apart.
pub fn message_of(headers: &HeaderMap) -> String {
    Status::from_header_map(headers).map(|status| status.message().to_owned()).unwrap_or_default()
}

/// `ErrorInfo.reason` of a status, where it has one.
pub fn reason_of(status: &Status) -> Option<String> {
    detail::<ErrorInfo>(status, "ErrorInfo").map(|info| info.reason)
}

fn detail<M: Message + Default>(status: &Status, name: &str) -> Option<M> {
    let rich = RichStatus::decode(status.details()).ok()?;
    let found = rich.details.iter().find(|any| any.type_url == url(name))?;
    M::decode(&*found.value).ok()
}

fn code(kind: Kind) -> Code {
    match kind {
        Kind::AlreadyExists => Code::AlreadyExists,
        Kind::DeadlineExceeded => Code::DeadlineExceeded,
        Kind::FailedPrecondition => Code::FailedPrecondition,
        Kind::Internal => Code::Internal,
        Kind::InvalidArgument => Code::InvalidArgument,
        Kind::NotFound => Code::NotFound,
        Kind::OutOfRange => Code::OutOfRange,
        Kind::PermissionDenied => Code::PermissionDenied,
        Kind::ResourceExhausted => Code::ResourceExhausted,
        Kind::Unauthenticated => Code::Unauthenticated,
        Kind::Unavailable => Code::Unavailable,
        Kind::Unimplemented => Code::Unimplemented,
    }
}

fn encode(refusal: &Refusal, code: Code, limit: usize, id: Option<&str>) -> Vec<u8> {
    let mut details = vec![any("ErrorInfo", &info(refusal))];
    if !refusal.violations.is_empty() && limit > 0 {
        details.push(any("BadRequest", &bad_request_of(refusal, limit)));
    }
    match refusal.reason.kind() {
        _ if !refusal.checks.is_empty() => {
            details.push(any("PreconditionFailure", &precondition(refusal, limit)));
        }
        Kind::FailedPrecondition => details.push(any("PreconditionFailure", &precondition(refusal, limit))),
        Kind::ResourceExhausted => details.push(any("QuotaFailure", &quota(refusal))),
        Kind::NotFound | Kind::AlreadyExists => details.extend(resource(refusal)),
        _ => {}
    }
    if let Some(after) = refusal.retry_after {
        details.push(any("RetryInfo", &RetryInfo { retry_delay: after.try_into().ok() }));
    }
    if let Some(id) = id {
        let request = RequestInfo { request_id: id.to_owned(), ..Default::default() };
        details.push(any("RequestInfo", &request));
    }
    details.push(any(
        "LocalizedMessage",
        &LocalizedMessage { locale: "zh-CN".to_owned(), message: refusal.reason.zh().to_owned() },
    ));
    RichStatus { code: code as i32, message: clip(&refusal.message), details }.encode_to_vec()
}

fn info(refusal: &Refusal) -> ErrorInfo {
    let mut metadata: std::collections::HashMap<String, String> =
        refusal.metadata.iter().map(|(key, value)| ((*key).to_owned(), clip(value))).collect();
    if !refusal.violations.is_empty() {
        metadata.insert("violations_total".to_owned(), refusal.violations.len().to_string());
    }
    ErrorInfo { reason: refusal.reason.as_str().to_owned(), domain: DOMAIN.to_owned(), metadata }
}

fn bad_request_of(refusal: &Refusal, limit: usize) -> BadRequest {
    let field_violations = refusal
        .violations
        .iter()
        .take(limit)
        .map(|violation| bad_request::FieldViolation {
            field: violation.field.clone(),
            description: clip(&violation.description),
            ..Default::default()
        })
        .collect();
    BadRequest { field_violations }
}

fn precondition(refusal: &Refusal, limit: usize) -> PreconditionFailure {
    let own = precondition_failure::Violation {
        r#type: refusal.reason.as_str().to_owned(),
        subject: refusal.metadata.first().map(|(_, value)| clip(value)).unwrap_or_default(),
        description: clip(&refusal.message),
    };
    let decided = refusal.decided.iter().flat_map(|decided| grounds(decided)).take(limit);
    let checks = refusal.checks.iter().map(check);
    PreconditionFailure { violations: std::iter::once(own).chain(checks).chain(decided).collect() }
}

/// One check of a registration: `CHECK <check>`, how it ended, and why it did not pass.
fn check(checked: &Checked) -> precondition_failure::Violation {
    let why = checked.fault.map(|fault| format!("{}: {}", fault.code, fault.text));
    precondition_failure::Violation {
        r#type: format!("CHECK {}", checked.check),
        subject: checked.outcome.as_str().to_owned(),
        description: why.as_deref().map(clip).unwrap_or_default(),
    }
}

/// The reasons and remedies of a denied act: `REASON <code>` and `REMEDY`, each with what is and what is needed.
fn grounds(decided: &Decided) -> impl Iterator<Item = precondition_failure::Violation> + '_ {
    let reasons = decided.reasons.iter().map(|ground| precondition_failure::Violation {
        r#type: format!("REASON {}", ground.code),
        subject: ground.fact.clone(),
        description: clip(&format!("{} [{}] {}", ground.en, ground.law, ground.zh)),
    });
    let remedies = decided.remedies.iter().map(|remedy| precondition_failure::Violation {
        r#type: "REMEDY".to_owned(),
        subject: remedy.fact.clone(),
        description: clip(&format!(
            "have {}, need {}. {} {}",
            remedy.have, remedy.need, remedy.en, remedy.zh
        )),
    });
    reasons.chain(remedies)
}

/// What was not found, or is there already: the refusal's first value.
fn resource(refusal: &Refusal) -> Option<Any> {
    let (kind, name) = refusal.metadata.first()?;
    let resource = ResourceInfo {
        resource_type: (*kind).to_owned(),
        resource_name: clip(name),
        description: clip(&refusal.message),
        ..Default::default()
    };
    Some(any("ResourceInfo", &resource))
}

fn quota(refusal: &Refusal) -> QuotaFailure {
    let violation = quota_failure::Violation {
        subject: refusal.metadata.first().map(|(_, value)| clip(value)).unwrap_or_default(),
        description: clip(&refusal.message),
        ..Default::default()
    };
    QuotaFailure { violations: vec![violation] }
}

fn any(name: &str, message: &impl Message) -> Any {
    Any { type_url: url(name), value: message.encode_to_vec() }
}

fn url(name: &str) -> String {
    format!("type.googleapis.com/google.rpc.{name}")
}

/// At most 300 bytes, on a character's edge: no peer's text can fill a trailer.
fn clip(text: &str) -> String {
    let end = (0..=text.len().min(300)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text[..end].to_owned()
}

/// A refusal of the transport itself: faults that tonic finds before a handler runs.
pub fn mended(code: Code, message: &str) -> Option<Refusal> {
    let refusal = match code {
        Code::OutOfRange | Code::ResourceExhausted => too_large(message),
        Code::Internal
            if message.contains("decode")
                || message.contains("flag")
                || message.contains("EOF")
                || message.contains("Missing") =>
        {
            Refusal::new(
                Reason::MalformedMessage,
                "The body is not a message of this method; check the definition that your client was built from.",
            )
        }
        Code::Unimplemented if message.contains("compress") || message.contains("ncoding") => Refusal::new(
            Reason::MalformedMessage,
            "Compressed messages are not taken; send the message uncompressed.",
        ),
        Code::Unimplemented => Refusal::new(
            Reason::MethodUnknown,
            "This server has no such method; list what it has by reflection.",
        ),
        Code::Ok | Code::NotFound | Code::Cancelled => return None,
        _ => Refusal::new(
            Reason::Internal,
            "The server failed; nothing is promised about this call. Retry with the same request_id.",
        ),
    };
    Some(refusal)
}

/// The transport says "found 2000017 bytes": whoever has to split a message wants to know into how many.
fn too_large(message: &str) -> Refusal {
    let found = message.split("found ").nth(1).and_then(|rest| rest.split(' ').next());
    let found = found.and_then(|digits| digits.parse::<u64>().ok());
    let refusal = |text: String| Refusal::new(Reason::MessageTooLarge, text).with("limit_bytes", 1 << 20);
    match found {
        None => refusal(
            "The message is over the limit of 1 MiB; split the request and send it in parts.".to_owned(),
        ),
        Some(bytes) => refusal(format!(
            "The message has {bytes} bytes, over the limit of 1 MiB; split the request and send it in parts."
        ))
        .with("size_bytes", bytes),
    }
}

/// An answer's raw details, for tests and the client side of the command line.
pub fn details_of(status: &Status) -> Bytes {
    Bytes::copy_from_slice(status.details())
}
