//! What came out of a seal: wiped when it is dropped, and nothing prints it.

use zeroize::Zeroizing;

use super::OpenError;

/// An opened value. Without `Debug`, `Display`, `Clone` or a comparison on purpose: whoever wants it says so.
pub struct Opened(Zeroizing<Vec<u8>>);

// === impl Opened ===

impl Opened {
    pub(super) fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// The bytes. They must not outlive this, nor reach a log.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as text.
    pub fn expose_text(&self) -> Result<&str, OpenError> {
        std::str::from_utf8(&self.0).map_err(|_| OpenError::Torn)
    }
}
