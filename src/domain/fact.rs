//! Facts: what a regulator recorded about an MVNO. Append-only, with two times: when it was true, and when it was
//! recorded. A correction is a new fact that supersedes one.

use serde::{Deserialize, Serialize};

use super::{name::ParticipantName, time::Time, word::words};

/// One recorded fact.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Fact {
    /// `mvnos/m01/inspections/<uuid7>`.
    pub name: String,
    /// About whom.
    pub mvno: ParticipantName,
    /// The order of record.
    pub seq: i64,
    /// When it was true, or from when.
    pub true_time: Time,
    /// When it was recorded.
    pub record_time: Time,
    /// The name of the fact that it corrects.
    pub supersedes: Option<String>,
    /// `regulators/miit/officer-1`.
    pub recorded_by: String,
    /// What it says.
    pub body: FactBody,
}

/// What a fact says. `true_time` is the moment named beside each.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FactBody {
    /// An inspection; true at its inspect_time.
    Inspection {
        /// How it was done; fixes which counts are used.
        method: InspectionMethod,
        /// Outlets visited.
        outlets_checked: i32,
        /// Of them in breach.
        outlets_breach: i32,
        /// Records compared.
        sample_size: i32,
        /// Of them in order.
        sample_ok: i32,
        /// SHA-256 of each piece of evidence.
        evidence_hashes: Vec<String>,
    },
    /// A finding; true from its effective_time.
    FindingOpened {
        /// How grave.
        severity: FindingSeverity,
        /// What was found.
        text: String,
        /// The end of the time to cure it.
        cure_by_time: Time,
    },
    /// The MVNO's word that a finding is cured; true when submitted. Changes no standing.
    RectificationSubmitted {
        /// The finding's name.
        finding: String,
        /// What was done.
        text: String,
        /// SHA-256 of each piece of evidence.
        evidence_hashes: Vec<String>,
    },
    /// The close of a finding. VERIFIED ends it at true_time; DISMISSED makes it never true.
    FindingClosed {
        /// The finding's name.
        finding: String,
        /// Cured, or never one.
        outcome: FindingOutcome,
    },
    /// A suspension; true from its effective_time.
    Suspended {
        /// Why.
        reason: String,
    },
    /// The end of a suspension; true from its effective_time.
    SuspensionLifted {
        /// The suspension's name.
        suspension: String,
        /// Why.
        reason: String,
    },
    /// A licence; true from valid_from_time.
    Licence {
        /// Pilot or formal.
        licence: LicenceKind,
        /// Its first moment.
        valid_from_time: Time,
        /// Its end; `None` for no end.
        valid_to_time: Option<Time>,
    },
    /// The end of a licence by order; true from its effective_time.
    LicenceRevoked {
        /// The licence's name.
        licence: String,
        /// Why.
        reason: String,
    },
    /// An assessment of one criterion; true at its assess_time.
    Assessment {
        /// Which criterion.
        criterion: AssessmentCriterion,
        /// Met or not.
        outcome: AssessmentOutcome,
        /// Subscribers under a real name, in basis points.
        real_name_completion_bp: Option<i32>,
    },
    /// A talk; true when it was held. Changes no standing.
    Talk {
        /// The organisations at the table.
        parties: Vec<String>,
        /// SHA-256 of the minutes.
        minutes_sha256: String,
        /// What the MVNO undertook to do.
        undertakings: Vec<String>,
    },
    /// Commands of orders that the MVNO had not executed in time; true from the due time of the oldest. Recorded by the
    /// gateway.
    CommandsOverdue {
        /// How many there were when that was recorded.
        count: i64,
    },
    /// None of them is overdue any more; true from then on.
    CommandsCaughtUp {
        /// The name of the fact that it ends.
        overdue: String,
    },
}

words! {
    /// How an inspection was done.
    InspectionMethod {
        /// Outlets visited covertly.
        OutletCovert "OUTLET_COVERT";
        /// Subscriber records compared.
        DataSample "DATA_SAMPLE";
    }
}

words! {
    /// How grave a finding is.
    FindingSeverity {
        /// To be cured.
        Minor "MINOR";
        /// To be cured, and partnership narrows until it is.
        Severe "SEVERE";
    }
}

words! {
    /// How a finding was closed.
    FindingOutcome {
        /// Cured.
        Verified "VERIFIED";
        /// Never one.
        Dismissed "DISMISSED";
    }
}

words! {
    /// Kinds of licence.
    LicenceKind {
        /// Of the pilot.
        Pilot "PILOT";
        /// Formal.
        Formal "FORMAL";
    }
}

words! {
    /// The three criteria of the green channel.
    AssessmentCriterion {
        /// Operates lawfully.
        LawfulOperation "LAWFUL_OPERATION";
        /// Registers every subscriber under a real name.
        RealNameRegistration "REAL_NAME_REGISTRATION";
        /// Is well received by the public.
        SocialResponse "SOCIAL_RESPONSE";
    }
}

words! {
    /// How an assessment ended.
    AssessmentOutcome {
        /// Met.
        Met "MET";
        /// Not met.
        NotMet "NOT_MET";
    }
}

// === impl FactBody ===

impl FactBody {
    /// The word for this kind of fact, as in its JSON.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Inspection { .. } => "INSPECTION",
            Self::FindingOpened { .. } => "FINDING_OPENED",
            Self::RectificationSubmitted { .. } => "RECTIFICATION_SUBMITTED",
            Self::FindingClosed { .. } => "FINDING_CLOSED",
            Self::Suspended { .. } => "SUSPENDED",
            Self::SuspensionLifted { .. } => "SUSPENSION_LIFTED",
            Self::Licence { .. } => "LICENCE",
            Self::LicenceRevoked { .. } => "LICENCE_REVOKED",
            Self::Assessment { .. } => "ASSESSMENT",
            Self::Talk { .. } => "TALK",
            Self::CommandsOverdue { .. } => "COMMANDS_OVERDUE",
            Self::CommandsCaughtUp { .. } => "COMMANDS_CAUGHT_UP",
        }
    }

    /// What it says, in one line of English without anybody's words.
    pub fn summary(&self) -> String {
        match self {
            Self::Inspection {
                method: InspectionMethod::OutletCovert,
                outlets_checked,
                outlets_breach,
                ..
            } => {
                format!("{outlets_breach} of {outlets_checked} outlets in breach")
            }
            Self::Inspection { method: InspectionMethod::DataSample, sample_size, sample_ok, .. } => {
                format!("{sample_ok} of {sample_size} records in order")
            }
            Self::FindingOpened { severity, cure_by_time, .. } => {
                format!("{severity}, to be cured by {cure_by_time}")
            }
            Self::RectificationSubmitted { finding, .. } => format!("about {finding}"),
            Self::FindingClosed { finding, outcome } => format!("{outcome}, {finding}"),
            Self::Suspended { .. } => "suspended".to_owned(),
            Self::SuspensionLifted { suspension, .. } => format!("ends {suspension}"),
            Self::Licence { licence, valid_from_time, valid_to_time } => match valid_to_time {
                Some(end) => format!("{licence} from {valid_from_time} to {end}"),
                None => format!("{licence} from {valid_from_time}, no end"),
            },
            Self::LicenceRevoked { licence, .. } => format!("ends {licence}"),
            Self::Assessment { criterion, outcome, real_name_completion_bp } => match real_name_completion_bp
            {
                Some(bp) => format!("{criterion} {outcome}, completion {bp} bp"),
                None => format!("{criterion} {outcome}"),
            },
            Self::Talk { parties, undertakings, .. } => {
                format!("{} parties, {} undertakings", parties.len(), undertakings.len())
            }
            Self::CommandsOverdue { count } => format!("{count} commands of orders not executed in time"),
            Self::CommandsCaughtUp { overdue } => format!("ends {overdue}"),
        }
    }
}
