//! A plan as it is shown: what it would do, what to read before going on, and what to send next.

use crate::{
    domain::{
        name::ParticipantName,
        number::Msisdn,
        shutdown::{
            ApprovalNeed, CommandKind, Flags, ImpactFlag,
            impact::{Fate, fate},
            limit::Over,
        },
        time::Time,
    },
    store::sql::shutdown::OrderRow,
};

/// Impacts in an answer at most.
pub(super) const MOST: usize = 1000;

/// A plan.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The key of its row.
    pub id: String,
    /// SHUTDOWN or RESTORE.
    pub kind: CommandKind,
    /// What a second officer approves.
    pub plan_sha256: String,
    /// What its issuer repeats.
    pub confirm_code: String,
    /// Distinct numbers.
    pub number_count: i64,
    /// Number by number: all of a small plan, of a large one those with a flag first.
    pub impacts: Vec<NumberImpact>,
    /// How many numbers each flag has.
    pub flags: Vec<(ImpactFlag, i64)>,
    /// What to read first.
    pub warnings: Vec<String>,
    /// Whether it needs a second officer.
    pub approval: ApprovalNeed,
    /// Until when it can be issued.
    pub expire_time: Time,
    /// Whether it was issued.
    pub issued: bool,
}

/// What a plan says of one number.
#[derive(Clone, Debug)]
pub struct NumberImpact {
    /// The number.
    pub msisdn: Msisdn,
    /// All that is to be said of it.
    pub flags: Flags,
    /// Whose it is.
    pub mvno: Option<ParticipantName>,
    /// On whose network.
    pub carrier: Option<ParticipantName>,
}

/// A plan, with how many of its numbers have which flags, and those to be shown.
pub(super) fn planned(
    order: &OrderRow,
    counted: &[(Flags, i64)],
    impacts: Vec<NumberImpact>,
    over: Option<&Over>,
) -> Planned {
    let count = |flag: ImpactFlag| {
        let with = counted.iter().filter(|(flags, _)| flags.has(flag));
        let count = with.map(|(_, count)| count).sum::<i64>();
        (count > 0).then_some((flag, count))
    };
    let flags: Vec<(ImpactFlag, i64)> = ImpactFlag::ALL.iter().filter_map(|flag| count(*flag)).collect();
    Planned {
        id: order.id.clone(),
        kind: order.kind,
        plan_sha256: order.plan_sha256.clone(),
        confirm_code: order.confirm_code.clone(),
        number_count: order.number_count,
        impacts,
        warnings: warnings(order, &flags, over),
        flags,
        approval: order.approval,
        expire_time: order.plan_expire_time,
        issued: order.issue_time.is_some(),
    }
}

/// Whether a number of so many is to be shown: of a small plan each of them.
pub(super) fn is_shown(flags: Flags, numbers: usize) -> bool {
    numbers <= MOST || flags != Flags::default()
}

/// What to read before going on; the first word of each is its code.
fn warnings(order: &OrderRow, flags: &[(ImpactFlag, i64)], over: Option<&Over>) -> Vec<String> {
    let mut warnings = Vec::new();
    if order.approval == ApprovalNeed::SecondOfficer {
        let why = match over {
            Some(over) => over.to_string(),
            None if order.break_glass => "break glass".to_owned(),
            None => "above the limits of one officer".to_owned(),
        };
        warnings.push(if order.break_glass && over.is_none() {
            "BREAK_GLASS: another officer confirms it within 24 hours, or it is restored by itself".to_owned()
        } else {
            format!("SECOND_OFFICER: {why}; another officer has to approve it before anything is released")
        });
    }
    if order.kind == CommandKind::Shutdown && order.evidence_time.is_none() {
        warnings
            .push("NO_EVIDENCE_TIME: nobody who got a number lately can be told apart and spared".to_owned());
    }
    if order.drill {
        warnings.push("DRILL: goes the whole way and cuts nothing".to_owned());
    }
    for (flag, count) in flags {
        let code = flag.as_str();
        warnings.extend(match fate(Flags::default().with(*flag)) {
            Fate::Refused(_) => Some(format!("{code}: {count} refused when the order is issued")),
            Fate::Held => Some(format!(
                "{code}: {count} have a holder who came after the evidence, and are held until you decide"
            )),
            Fate::Goes(CommandKind::Verify) => {
                Some(format!("{code}: {count} are off already, and are only read"))
            }
            Fate::Goes(_) => remark(*flag).map(|remark| format!("{code}: {count} {remark}")),
        });
    }
    warnings
}

fn remark(flag: ImpactFlag) -> Option<&'static str> {
    match flag {
        ImpactFlag::RecentlyRestored => {
            Some("were let back within 30 days; the last order may have been an error")
        }
        ImpactFlag::SoleLine => Some("are the only line of their holder"),
        ImpactFlag::UnitLine => Some("are lines of units"),
        ImpactFlag::IndustryLine => Some("are industry lines"),
        ImpactFlag::NoLine => Some("have no line, and are ordered all the same"),
        ImpactFlag::Duplicate => Some("were named more than once, and count once"),
        _ => None,
    }
}
