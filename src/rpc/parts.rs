//! Parts of a call. A call that is answered, or a stream that goes on, may have refused much of what it was sent; that is
//! charged where refused calls are.

use std::sync::Arc;

use crate::domain::refusal::Refusal;

/// Charges so many refused parts; the refusal is for a call that goes on, and is to end by it.
type Charge = Arc<dyn Fn(usize) -> Result<(), Refusal> + Send + Sync>;

/// Among a request's extensions, where somebody counts.
#[derive(Clone)]
pub struct Parts(pub Charge);

// === impl Parts ===

impl Parts {
    /// So many parts were refused.
    pub fn refused(&self, count: usize) -> Result<(), Refusal> {
        if count == 0 { Ok(()) } else { (self.0)(count) }
    }
}
