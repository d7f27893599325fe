//! Who may act on whose order, and whose yes counts as a second officer's.

use super::OrderState;
use crate::domain::{
    caller::{Caller, Class},
    name::ParticipantName,
    participant::Level,
    time::Time,
};

/// How long an order waits for its second officer, and break glass for its confirmation.
pub const WAITS: std::time::Duration = crate::domain::time::DAY;

/// An authority.
#[derive(Clone, Copy, Debug)]
pub struct Authority<'a> {
    /// Which.
    pub organisation: &'a ParticipantName,
    /// Its level; one without counts as the lowest.
    pub level: Option<Level>,
}

/// An order as an approval meets it.
#[derive(Clone, Copy, Debug)]
pub struct Waiting<'a> {
    /// Whose it is.
    pub issuer: Authority<'a>,
    /// Who planned it: organisation and person.
    pub planned_by: &'a str,
    /// Who issued it.
    pub issued_by: &'a str,
    /// What is approved.
    pub plan_sha256: &'a str,
    /// Where it is.
    pub state: Option<OrderState>,
    /// Released by one officer, to be confirmed.
    pub break_glass: bool,
    /// Whether somebody said yes already.
    pub approved: bool,
    /// Until when.
    pub until: Option<Time>,
}

/// Why a yes does not count.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum No {
    /// The order is not for this caller to know of.
    Unseen,
    /// Of another authority, of the same or a higher level.
    NotYours,
    /// The same person planned or issued it.
    Proposer,
    /// Not what waits there.
    OtherPlan,
    /// It does not wait, or not any more.
    State,
}

/// Whether the caller may know of an order.
pub fn may_see(caller: &Caller, issuer: &ParticipantName) -> bool {
    match caller.class() {
        Class::Regulator | Class::Auditor => true,
        Class::Police => caller.organisation == *issuer,
        Class::Carrier | Class::Mvno | Class::Operator | Class::Portal => false,
    }
}

/// Whether the caller may halt, cancel, decide or restore an order: its own organisation's, or one of a lower level.
pub fn may_act(caller: &Caller, level: Option<Level>, issuer: Authority<'_>) -> Result<(), No> {
    if caller.organisation == *issuer.organisation {
        return Ok(());
    }
    let above = rank(level) > rank(issuer.level);
    match caller.class() {
        Class::Regulator if above => Ok(()),
        Class::Police if above && issuer.organisation.class == Class::Police => Ok(()),
        _ if may_see(caller, issuer.organisation) => Err(No::NotYours),
        _ => Err(No::Unseen),
    }
}

/// Whether the caller's yes to that plan is the second officer's.
pub fn judge(
    caller: &Caller,
    level: Option<Level>,
    plan_sha256: &str,
    order: &Waiting<'_>,
    now: Time,
) -> Result<(), No> {
    // A regulator is a second officer of any police order, whatever the levels.
    let of_police = order.issuer.organisation.class == Class::Police;
    if !(of_police && caller.class() == Class::Regulator) {
        may_act(caller, level, order.issuer)?;
    }
    let person = caller.to_string();
    if person == order.planned_by || person == order.issued_by {
        return Err(No::Proposer);
    }
    if plan_sha256 != order.plan_sha256 {
        return Err(No::OtherPlan);
    }
    let waits = match order.state {
        Some(OrderState::PendingApproval) => true,
        Some(OrderState::InProgress | OrderState::Halted | OrderState::Completed | OrderState::Partial) => {
            order.break_glass && !order.approved
        }
        Some(OrderState::Cancelled | OrderState::Expired) | None => false,
    };
    if waits && order.until.is_some_and(|until| now < until) { Ok(()) } else { Err(No::State) }
}

/// The higher the more.
fn rank(level: Option<Level>) -> u8 {
    match level {
        Some(Level::Ministry) => 3,
        Some(Level::Province) => 2,
        Some(Level::City) => 1,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(path: &str) -> Caller {
        Caller::parse("t", &format!("spiffe://t/{path}")).expect("an identity")
    }

    fn now() -> Time {
        Time::of_date(2026, 3, 1)
    }

    const PLAN: &str = "0a";

    fn judged(
        path: &str,
        level: Option<Level>,
        issuer: &str,
        change: impl Fn(&mut Waiting<'_>),
    ) -> Result<(), No> {
        let issuer = ParticipantName::parse(issuer).expect("a name");
        let (planned, issued) = (format!("{issuer}/a"), format!("{issuer}/b"));
        let mut order = Waiting {
            issuer: Authority { organisation: &issuer, level: Some(Level::Province) },
            planned_by: &planned,
            issued_by: &issued,
            plan_sha256: PLAN,
            state: Some(OrderState::PendingApproval),
            break_glass: false,
            approved: false,
            until: Some(now().plus(WAITS)),
        };
        change(&mut order);
        judge(&caller(path), level, PLAN, &order, now())
    }

    #[test]
    fn who_says_yes() {
        let (city, province, ministry) = (Some(Level::City), Some(Level::Province), Some(Level::Ministry));
        for (path, level, issuer, expected) in [
            ("regulator/gd/c", province, "regulators/gd", Ok(())),
            ("regulator/gd/a", province, "regulators/gd", Err(No::Proposer)),
            ("regulator/gd/b", province, "regulators/gd", Err(No::Proposer)),
            ("regulator/miit/a", ministry, "regulators/gd", Ok(())),
            ("regulator/hn/a", province, "regulators/gd", Err(No::NotYours)),
            ("regulator/sz/a", city, "regulators/gd", Err(No::NotYours)),
            ("regulator/x/a", None, "regulators/gd", Err(No::NotYours)),
            ("police/mps/a", ministry, "regulators/gd", Err(No::Unseen)),
            ("police/gd/c", province, "police/gd", Ok(())),
            ("police/gd/a", province, "police/gd", Err(No::Proposer)),
            ("police/mps/a", ministry, "police/gd", Ok(())),
            ("police/hn/a", province, "police/gd", Err(No::Unseen)),
            ("regulator/sz/a", city, "police/gd", Ok(())),
            ("auditor/audit", None, "police/gd", Err(No::NotYours)),
            ("mvno/m01", None, "police/gd", Err(No::Unseen)),
            ("carrier/unicom", None, "regulators/gd", Err(No::Unseen)),
        ] {
            assert_eq!(judged(path, level, issuer, |_| ()), expected, "{path} {issuer}");
        }
    }

    #[test]
    fn to_what_and_when() {
        let say = |change: &dyn Fn(&mut Waiting<'_>)| {
            judged("police/gd/c", Some(Level::Province), "police/gd", change)
        };
        assert_eq!(say(&|order| order.plan_sha256 = "0b"), Err(No::OtherPlan));
        assert_eq!(say(&|order| order.until = Some(now())), Err(No::State));
        assert_eq!(say(&|order| order.until = None), Err(No::State));
        for state in OrderState::ALL {
            let expected = if *state == OrderState::PendingApproval { Ok(()) } else { Err(No::State) };
            assert_eq!(say(&|order| order.state = Some(*state)), expected, "{state}");
        }
        assert_eq!(say(&|order| order.state = None), Err(No::State));
        let glass = |order: &mut Waiting<'_>| {
            order.state = Some(OrderState::InProgress);
            order.break_glass = true;
        };
        assert_eq!(say(&glass), Ok(()));
        let twice = |order: &mut Waiting<'_>| {
            glass(order);
            order.approved = true;
        };
        assert_eq!(say(&twice), Err(No::State));
    }
}
