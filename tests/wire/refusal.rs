//! What a refusal must have: one `ErrorInfo` of ours, a Chinese sentence, and less than 4 KiB in all.

use prost::Message;
use tonic::{Code, Status};
use tonic_types::pb::{BadRequest, ErrorInfo, LocalizedMessage, RequestInfo};

/// A refusal taken apart.
#[derive(Debug)]
pub struct Refused {
    pub code: Code,
    pub reason: String,
    pub message: String,
    /// `field: CODE` of every violation.
    pub violations: Vec<String>,
    pub total: Option<usize>,
}

/// Takes a refusal apart, and holds it to its form.
pub fn read(status: &Status) -> Refused {
    let rich = tonic_types::pb::Status::decode(status.details()).expect("rich details");
    let of = |name: &str| {
        let url = format!("type.googleapis.com/google.rpc.{name}");
        rich.details
            .iter()
            .filter(move |any| any.type_url == url)
            .map(|any| any.value.clone())
            .collect::<Vec<_>>()
    };
    let infos = of("ErrorInfo");
    assert_eq!(infos.len(), 1, "exactly one ErrorInfo: {status:?}");
    let info = ErrorInfo::decode(&*infos[0]).expect("ErrorInfo");
    assert_eq!(info.domain, "greenlane.v1");
    let request = of("RequestInfo");
    let request = RequestInfo::decode(&**request.first().expect("an id to quote")).expect("RequestInfo");
    assert_eq!(request.request_id.len(), 36);
    let localized = of("LocalizedMessage");
    let localized = LocalizedMessage::decode(&**localized.first().expect("a Chinese sentence"))
        .expect("LocalizedMessage");
    assert_eq!(localized.locale, "zh-CN");
    assert!(
        localized.message.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)),
        "{}",
        localized.message
    );
    assert_eq!(rich.code, status.code() as i32);
    let size = status.message().len() + status.details().len() * 4 / 3;
    assert!(size < 4096, "{size} bytes: {status:?}");
    let violations = of("BadRequest")
        .iter()
        .flat_map(|bytes| BadRequest::decode(&**bytes).expect("BadRequest").field_violations)
        .map(|fault| {
            let code = fault.description.split(':').next().unwrap_or_default().to_owned();
            assert!(code.chars().all(|c| c.is_ascii_uppercase() || c == '_'), "{}", fault.description);
            format!("{}: {code}", fault.field)
        })
        .collect();
    let total = info.metadata.get("violations_total").and_then(|n| n.parse().ok());
    let named = matches!(status.code(), Code::NotFound | Code::AlreadyExists);
    assert_eq!(of("ResourceInfo").len(), usize::from(named), "{status:?}");
    let message = status.message().to_owned();
    Refused { code: status.code(), reason: info.reason, message, violations, total }
}
