//! How much somebody may have in a time, and what came of asking for some of it; and how many different values one may
//! try, where nodes count together.

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

/// A value tried on something.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tried {
    /// The budget it is counted in: a keyed pseudonym of who tries on whom.
    pub budget: String,
    /// The first bytes of the value's pseudonym; `None` only asks how the budget is.
    pub value: Option<u64>,
    /// Different values within the window, at most.
    pub most: u32,
    /// How long a value counts, and how long a tripped budget stays so.
    pub window: Duration,
}
