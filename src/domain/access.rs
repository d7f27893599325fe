//! The rule of one method: which classes may call it. What the rule does not name is denied.

use super::caller::Class;

/// What a method does to the world.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Effect {
    /// Reads only.
    Read,
    /// Changes the record.
    Write,
}

/// Who may call a method, as its proto says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rule {
    /// The classes that may.
    pub roles: &'static [Class],
    /// Every class may.
    pub anyone: bool,
    /// What the method does.
    pub effect: Effect,
    /// It completes what another person began.
    pub dual_control: bool,
}

/// The answer of a rule.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Goes on.
    Allowed,
    /// Stops here.
    Denied,
}

/// Judges a class by a rule.
pub fn decide(rule: &Rule, class: Class) -> Verdict {
    if rule.anyone || rule.roles.contains(&class) { Verdict::Allowed } else { Verdict::Denied }
}
