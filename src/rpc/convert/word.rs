//! Enums of the wire and words of the domain, one to one. A match in each direction: a variant that one side lacks
//! does not compile.

use crate::{
    domain::{
        caller, capture, channel, decision, dispute, document, fact,
        identity::outcome,
        line::{self, ladder},
        number, participant, quota,
        registration::{self, import},
        shutdown, standing,
    },
    rpc::pb,
};

/// A domain word that has an enum on the wire.
pub trait Word: Sized + Copy + 'static {
    /// Its value on the wire.
    fn wire(self) -> i32;
    /// The word of a value; `None` where the value is unset or unknown.
    fn read(value: i32) -> Option<Self>;
    /// What can be chosen, for the refusal.
    fn choices() -> String;
}

macro_rules! wire {
    ($($domain:path => $wire:ident { $($variant:ident),* $(,)? })*) => {
        $(impl Word for $domain {
            fn wire(self) -> i32 {
                match self { $(Self::$variant => pb::$wire::$variant as i32),* }
            }

            fn read(value: i32) -> Option<Self> {
                match pb::$wire::try_from(value).ok()? {
                    pb::$wire::Unspecified => None,
                    $(pb::$wire::$variant => Some(Self::$variant)),*
                }
            }

            fn choices() -> String {
                [$(pb::$wire::$variant.as_str_name()),*].join(", ")
            }
        })*
    };
}

wire! {
    caller::Class => ParticipantClass { Regulator, Police, Carrier, Mvno, Auditor, Operator, Portal }
    capture::CaptureMethod => CaptureMethod { Reader, OnlineCheck, LiveVideo, Manual }
    channel::ChannelKind => ChannelKind { OwnHall, PhysicalAgent, OnlineAgent, Platform }
    channel::ChannelState => ChannelState { Authorised, Suspended, Blacklisted }
    decision::Action => Action {
        SignAgreement, RenewAgreement, AddPilotCity, ExpandScope, AllocateNumbers, GrantFormalLicence,
        NewActivations, OnboardChannel, SellIndustryCards, ServeExistingUsers,
    }
    decision::Decision => Decision { Allow, Conditional, Review, Deny }
    decision::Lane => Lane { Green, Normal, Closed }
    dispute::DisputeState => DisputeState { Open, Answered }
    dispute::DisputeOutcome => DisputeOutcome { Confirmed, Reassigned, Stopped, Closed }
    document::DocumentType => DocumentType {
        ResidentId, TemporaryResidentId, HouseholdRegister, HkMacauPermit, TaiwanPermit, ResidencePermitHmt,
        PassportCn, PassportForeign, ForeignPermanentResidence, MilitaryId, ArmedPoliceId,
    }
    document::Sex => Sex { Female, Male }
    fact::AssessmentCriterion => AssessmentCriterion { LawfulOperation, RealNameRegistration, SocialResponse }
    fact::AssessmentOutcome => AssessmentOutcome { Met, NotMet }
    fact::FindingOutcome => FindingOutcome { Verified, Dismissed }
    fact::FindingSeverity => FindingSeverity { Minor, Severe }
    fact::InspectionMethod => InspectionMethod { OutletCovert, DataSample }
    fact::LicenceKind => LicenceKind { Pilot, Formal }
    outcome::AuthorityMatch => AuthorityMatch { Match, Mismatch, NotAvailable }
    outcome::CheckOutcome => CheckOutcome { Pass, Fail, NotChecked }
    import::OnDuplicate => OnDuplicate { Skip, Error }
    ladder::Step => SupplementStep { Notice, OneWayStop, SecondNotice, TwoWayStop, Close }
    line::LineState => LineState { Active, OneWayStop, TwoWayStop, Closed }
    registration::RegistrationEvent => RegistrationEvent { Open, Transfer, SimChange, Supplement }
    registration::RegistrationState => RegistrationState { Verified, SupplementDue, Closed, Erased }
    number::NumberKind => NumberKind { Mvno, Ordinary, Satellite, Iot }
    participant::Level => Level { Ministry, Province, City }
    participant::ParticipantState => ParticipantState { Proposed, Active, Suspended, ResumeProposed }
    quota::QuotaBucket => QuotaBucket { None, OneToFour, FiveToNine, TenOrMore }
    shutdown::AlarmKind => AlarmKind { Limit, Wave, Overdue, Diverged, Conflict, BreakGlass, AppealOverdue, Held }
    shutdown::AppealOutcome => AppealOutcome { Upheld, Rejected }
    shutdown::AppealState => AppealState { Open, Decided }
    shutdown::ApprovalNeed => ApprovalNeed { NotNeeded, SecondOfficer }
    shutdown::CommandKind => CommandKind { Shutdown, Restore, Verify }
    shutdown::HeldDecision => HeldDecision { Cut, Spare }
    shutdown::ImpactFlag => ImpactFlag {
        NotMvno, Unallocated, NotInRemit, NotATestNumber, ReassignedSinceEvidence, AlreadyOff, RecentlyRestored,
        SoleLine, UnitLine, IndustryLine, NoLine, Duplicate,
    }
    shutdown::NumberState => NumberState {
        Planned, Released, Delivered, Acked, Executed, Verified, Diverged, Refused, Failed, Held, Overdue, Restoring,
        Restored,
    }
    shutdown::OrderState => OrderState {
        PendingApproval, InProgress, Halted, Completed, Partial, Cancelled, Expired,
    }
    shutdown::ResultOutcome => ResultOutcome { Executed, Verified, Diverged, Refused, Failed }
    shutdown::Scope => Scope { VoiceOut, VoiceIn, SmsOut, SmsIn, Data }
    shutdown::Urgency => Urgency { Urgent, Normal }
    standing::Standing => Standing { GreenChannel, Compliant, Watch, Rectifying, Suspended, Revoked, Unknown }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{refusal::Reason, standing::Standing};

    #[test]
    fn words_and_values_go_both_ways() {
        for standing in Standing::ALL {
            assert_eq!(Standing::read(standing.wire()), Some(*standing));
            let name = pb::Standing::try_from(standing.wire()).expect("a value").as_str_name();
            assert_eq!(name, format!("STANDING_{standing}"));
        }
        assert_eq!(Standing::read(0), None);
        assert_eq!(Standing::read(99), None);
    }

    /// `error.proto` is the manual of refusals: it and the table of reasons name the same ones.
    #[test]
    fn every_reason_is_in_the_manual() {
        for reason in Reason::ALL {
            let name = format!("ERROR_REASON_{}", reason.as_str());
            assert!(pb::ErrorReason::from_str_name(&name).is_some(), "{name}");
        }
        let last = (1..).take_while(|value| pb::ErrorReason::try_from(*value).is_ok()).count();
        assert_eq!(last, Reason::ALL.len());
    }
}
