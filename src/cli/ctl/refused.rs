//! What a refusal says, for people: code and reason, both languages, every faulty field, what to do next. For programs
//! the `google.rpc.Status` that came.

use prost::Message;
use tonic::{Code, Status};
use tonic_types::{StatusExt, pb::Status as RichStatus};

use super::output::{Format, json, print_json_error};
use crate::cli::Failure;

/// The failure that a refusal is.
pub(super) fn failure(format: Format, status: &Status) -> Failure {
    let rich = RichStatus::decode(status.details()).ok().filter(|rich| rich.code != 0);
    if let Some(rich) = rich.filter(|_| format == Format::Json)
        && json("google.rpc.Status", &rich).is_ok_and(|rich| print_json_error(&rich))
    {
        return Failure { lines: Vec::new(), code: 1 };
    }
    Failure { lines: lines(status), code: 1 }
}

/// Whether another node, or the same one a moment later, may answer otherwise.
pub(in crate::cli) fn passes(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::Cancelled | Code::Unknown)
}

/// One sentence a line.
pub(in crate::cli) fn lines(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let reason = details.error_info().map(|info| info.reason.as_str());
    let Some(reason) = reason else {
        let text = format!(
            "{:?}: {}; no answer came: `greenlane ctl doctor` looks at every step",
            status.code(),
            status.message()
        );
        return vec![text];
    };
    let mut lines = vec![format!("{:?} {reason}: {}", status.code(), status.message())];
    if let Some(localized) = details.localized_message() {
        lines.push(localized.message.clone());
    }
    if let Some(request) = details.bad_request() {
        let fields = request.field_violations.iter();
        lines.extend(fields.map(|fault| format!("{}: {}", fault.field, fault.description)));
    }
    if let Some(precondition) = details.precondition_failure() {
        let more = precondition.violations.iter().filter(|violation| violation.r#type != reason);
        lines.extend(more.map(|violation| {
            let parts = [&violation.r#type, &violation.subject].map(String::as_str);
            let about = parts.join(" ").trim_end().to_owned();
            if violation.description.is_empty() {
                about
            } else {
                format!("{about}: {}", violation.description)
            }
        }));
    }
    if let Some(delay) = details.retry_info().and_then(|retry| retry.retry_delay) {
        lines.push(format!("try again in {} s", delay.as_secs_f64()));
    }
    if let Some(request) = details.request_info() {
        lines.push(format!("the gateway's log has it as {}", request.request_id));
    }
    lines
}
