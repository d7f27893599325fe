//! How a registration is refused: what the request itself has wrong is a faulty field, what the state of things does not
//! allow is a precondition, and what somebody has to look at says so. The checks go along.

use super::judge::{Check, Judged, Verdict};
use crate::domain::{
    fault::{Code, Fault},
    refusal::{Reason, Refusal},
};

/// The refusal of what was judged; `None` where it is accepted. `prefix` is the path of the message. Where the standing
/// decides, [`Refusal::standing_denies`] with the decision says more.
pub fn refusal(judged: &Judged, prefix: &str) -> Option<Refusal> {
    let (check, fault) = match judged.verdict {
        Verdict::Accept => return None,
        Verdict::Review(check, fault) => return Some(precondition(Reason::ReviewNeeded, check, fault)),
        Verdict::Refuse(check, fault) => (check, fault),
    };
    Some(match field(check, fault.code) {
        Some(field) => Refusal::field(format!("{prefix}.{field}"), fault.code.as_str(), fault.text),
        None => precondition(reason(check, fault.code), check, fault),
    })
}

fn precondition(reason: Reason, check: Check, fault: Fault) -> Refusal {
    let message = format!("Not registered, the check {check} did not pass. The rule: {}.", fault.text);
    Refusal::new(reason, message).with("check", check).with("code", fault.code)
}

/// The field that has it wrong, where it is the request's own fault.
fn field(check: Check, code: Code) -> Option<&'static str> {
    match (check, code) {
        (Check::Documents, _) => Some("individual"),
        (Check::Capture, Code::PhotoRequired) => Some("capture.photo_sha256"),
        (Check::Capture, Code::OwnHallRequired | Code::OnlineSaleForbidden) => Some("capture.channel"),
        (Check::Capture, _) => Some("capture.method"),
        (Check::Channel, Code::ChannelUnknown) => Some("capture.channel"),
        (Check::Assessment, Code::AssessmentRequired) => Some("unit.industry.assessment"),
        (Check::Assessment, Code::ImeiRequired) => Some("unit.industry.imei"),
        (Check::Assessment, Code::FunctionNotAssessed) => Some("unit.industry.functions"),
        _ => None,
    }
}

fn reason(check: Check, code: Code) -> Reason {
    match (check, code) {
        (_, Code::NumberInUse) => Reason::NumberInUse,
        (_, Code::NumberNotInUse) => Reason::NumberNotInUse,
        (_, Code::HolderMismatch) => Reason::HolderMismatch,
        (Check::Number, _) => Reason::NumberNotAllocated,
        (_, Code::JointPunishment) => Reason::JointPunishment,
        (_, Code::LegacyExcess) => Reason::LegacyExcess,
        (Check::Quota, _) => Reason::CardLimitReached,
        (Check::Channel | Check::Reader, _) => Reason::ChannelRefused,
        (Check::Standing, _) => Reason::StandingDenies,
        (Check::Assessment, _) => Reason::AssessmentExpired,
        (Check::Authority, _) => Reason::IdentityMismatch,
        (Check::Documents | Check::UnitCode | Check::Capture, _) => Reason::ReviewNeeded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{refusal::Kind, registration::judge::Verdict};

    fn refused(verdict: Verdict) -> Option<(Reason, Kind)> {
        let refusal = refusal(&Judged { checks: Vec::new(), verdict }, "registration");
        refusal.map(|refusal| (refusal.reason, refusal.reason.kind()))
    }

    /// Ruling 39.
    #[test]
    fn by_which_code() {
        let refuse = |check, code| refused(Verdict::Refuse(check, Fault::new(code, "right")));
        let state = |reason| Some((reason, Kind::FailedPrecondition));
        let request = Some((Reason::InvalidFields, Kind::InvalidArgument));
        assert_eq!(refused(Verdict::Accept), None);
        for (check, code, expected) in [
            (Check::Quota, Code::CardLimitReached, state(Reason::CardLimitReached)),
            (Check::Quota, Code::LegacyExcess, state(Reason::LegacyExcess)),
            (Check::Quota, Code::JointPunishment, state(Reason::JointPunishment)),
            (Check::Number, Code::NumberNotAllocated, state(Reason::NumberNotAllocated)),
            (Check::Number, Code::NumberInUse, state(Reason::NumberInUse)),
            (Check::Standing, Code::OwnHallRequired, state(Reason::StandingDenies)),
            (Check::Reader, Code::ReaderOfAnother, state(Reason::ChannelRefused)),
            (Check::Authority, Code::IdentityMismatch, state(Reason::IdentityMismatch)),
            (Check::Capture, Code::CaptureForbidden, request),
            (Check::Channel, Code::ChannelUnknown, request),
        ] {
            assert_eq!(refuse(check, code), expected, "{check} {code}");
        }
        let review = Verdict::Review(Check::Authority, Fault::new(Code::AuthorityUnavailable, "again"));
        assert_eq!(refused(review), state(Reason::ReviewNeeded));
    }

    #[test]
    fn the_field_is_named() {
        let verdict = Verdict::Refuse(Check::Capture, Fault::new(Code::CaptureForbidden, "a reader"));
        let refusal = refusal(&Judged { checks: Vec::new(), verdict }, "registration").expect("refused");
        assert_eq!(refusal.violations[0].field, "registration.capture.method");
        assert_eq!(refusal.violations[0].description, "CAPTURE_FORBIDDEN: a reader");
    }
}
