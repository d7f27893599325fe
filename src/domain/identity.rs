//! Is the person real: what the identity authority's answer means, and how often anybody may guess.

pub mod examine;
pub mod ground;
pub mod guess;
pub mod outcome;
