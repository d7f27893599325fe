//! What a mutating call carries besides its own fields.

use std::time::Duration;

use crate::domain::{caller::Caller, refusal::Violation};

/// Who calls, by what, and under which request id.
#[derive(Clone, Debug)]
pub struct Context {
    /// The caller, from its certificate.
    pub caller: Caller,
    /// SHA-256 of the certificate, lower-case hex.
    pub certificate_sha256: String,
    /// The full method path.
    pub method: &'static str,
    /// SHA-256 of the method and the message, lower-case hex: the payload that a request id stands for.
    pub request_sha256: String,
    /// The caller's own id of this request, 1 to 64 characters.
    pub request_id: Option<String>,
    /// Everything but the write.
    pub validate_only: bool,
    /// The regulator's reason, where the call has one.
    pub reason: String,
    /// Faults found while the message was read; answered together with all others.
    pub faults: Vec<Violation>,
    /// The moment on the monotonic clock after which no write may start.
    pub until: Option<Duration>,
}

// === impl Context ===

impl Context {
    /// Faults found while the message was read, and those of the common fields.
    pub fn violations(&self) -> Vec<Violation> {
        let mut faults = self.faults.clone();
        if self
            .request_id
            .as_ref()
            .is_some_and(|id| id.chars().count() > 64 || id.chars().any(char::is_control))
        {
            faults.push(Violation::new(
                "request_id",
                "BAD_LENGTH",
                "1 to 64 printable characters, best a UUID",
            ));
        }
        faults
    }
}
