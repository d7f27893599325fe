//! How much somebody may have in a time, and what came of asking for some of it.

use std::time::Duration;

/// So many a second, and so many at once after a pause.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rate {
    /// In the long run.
    pub per_second: u32,
    /// At once, after nothing was asked for long enough.
    pub burst: u32,
}

/// What came of asking.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Spent {
    /// How many were given: all that were asked for, some, or none.
    pub granted: u32,
    /// When the next one can be given; zero when it can be at once.
    pub wait: Duration,
}
