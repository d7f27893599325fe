//! What may be done at a standing.

/// A decision with its grounds.
#[derive(Clone, Debug)]
pub struct Decided;
