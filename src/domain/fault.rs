//! What can be wrong with a registration: a closed set of codes, each the first word of its violation. A fault never
//! repeats what it is about, and never tells what a check character should have been.

use serde::{Deserialize, Serialize};

use super::{refusal::Violation, word::words};

words! {
    /// Codes of faults, as they stand in field violations, checks and rejected rows.
    Code {
        /// The use differs from what was assessed.
        AssessmentExpired "ASSESSMENT_EXPIRED";
        /// An industry line needs an assessment of its user.
        AssessmentRequired "ASSESSMENT_REQUIRED";
        /// The agreement with the outlet has ended.
        AgreementExpired "AGREEMENT_EXPIRED";
        /// The actual user of a unit's ordinary line must be named.
        ActualUserRequired "ACTUAL_USER_REQUIRED";
        /// The identity authority did not answer.
        AuthorityUnavailable "AUTHORITY_UNAVAILABLE";
        /// The unit's letter of authorisation has ended.
        AuthorisationExpired "AUTHORISATION_EXPIRED";
        /// A unit's handler shows a letter of authorisation.
        AuthorisationRequired "AUTHORISATION_REQUIRED";
        /// No such day, a day ahead, or before 1900.
        BadBirthdate "BAD_BIRTHDATE";
        /// A character that cannot stand there.
        BadChar "BAD_CHAR";
        /// The check character does not fit the others.
        BadChecksum "BAD_CHECKSUM";
        /// Not a day.
        BadDate "BAD_DATE";
        /// Not the length that it must have.
        BadLength "BAD_LENGTH";
        /// Not a nationality, or none that this document can have.
        BadNationality "BAD_NATIONALITY";
        /// No such range of numbers.
        BadPrefix "BAD_PREFIX";
        /// No such region.
        BadRegion "BAD_REGION";
        /// A term that is never issued at that age.
        BadTerm "BAD_TERM";
        /// The day of birth differs from the one in the number.
        BirthdateMismatch "BIRTHDATE_MISMATCH";
        /// Data of this document may not be taken in this way.
        CaptureForbidden "CAPTURE_FORBIDDEN";
        /// The person holds as many lines as one may.
        CardLimitReached "CARD_LIMIT_REACHED";
        /// The outlet is on the blacklist of all.
        ChannelBlacklisted "CHANNEL_BLACKLISTED";
        /// The outlet is not authorised.
        ChannelNotAuthorised "CHANNEL_NOT_AUTHORISED";
        /// The outlet is suspended.
        ChannelSuspended "CHANNEL_SUSPENDED";
        /// No such outlet of this operator.
        ChannelUnknown "CHANNEL_UNKNOWN";
        /// More data than an industry line may have.
        DataCapExceeded "DATA_CAP_EXCEEDED";
        /// Too many different values were tried.
        EnumerationSuspected "ENUMERATION_SUSPECTED";
        /// The document's term has ended.
        Expired "EXPIRED";
        /// A function that the assessment does not have.
        FunctionNotAssessed "FUNCTION_NOT_ASSESSED";
        /// The guardian must be of full age.
        GuardianNotAdult "GUARDIAN_NOT_ADULT";
        /// A minor comes with a guardian.
        GuardianRequired "GUARDIAN_REQUIRED";
        /// A unit comes with a handler.
        HandlerRequired "HANDLER_REQUIRED";
        /// The line is another person's.
        HolderMismatch "HOLDER_MISMATCH";
        /// The authority knows the person otherwise.
        IdentityMismatch "IDENTITY_MISMATCH";
        /// A line of that assessment is bound to its device's IMEI.
        ImeiRequired "IMEI_REQUIRED";
        /// Not later than now.
        InFuture "IN_FUTURE";
        /// A number of things, not of persons.
        IotNumber "IOT_NUMBER";
        /// A person under a joint punishment gets no new line.
        JointPunishment "JOINT_PUNISHMENT";
        /// More lines than one may hold, from the time before: each is verified again.
        LegacyExcess "LEGACY_EXCESS";
        /// A sale from afar needs live video.
        LiveVideoRequired "LIVE_VIDEO_REQUIRED";
        /// A minor cannot act for others.
        MinorCannotAct "MINOR_CANNOT_ACT";
        /// A household register is for minors.
        MinorsOnly "MINORS_ONLY";
        /// Two things that exclude each other.
        NotTogether "NOT_TOGETHER";
        /// Not a mainland number.
        NotMainland "NOT_MAINLAND";
        /// Not of an MVNO range.
        NotMvno "NOT_MVNO";
        /// The document's term has not begun.
        NotYetValid "NOT_YET_VALID";
        /// The number has a live line.
        NumberInUse "NUMBER_IN_USE";
        /// The number is not in this operator's blocks.
        NumberNotAllocated "NUMBER_NOT_ALLOCATED";
        /// The number has no live line.
        NumberNotInUse "NUMBER_NOT_IN_USE";
        /// The old form of 15 digits; no longer in force.
        ObsoleteForm "OBSOLETE_FORM";
        /// Industry lines are not sold online.
        OnlineSaleForbidden "ONLINE_SALE_FORBIDDEN";
        /// Only at one of the operator's own halls.
        OwnHallRequired "OWN_HALL_REQUIRED";
        /// The person is on the blacklist of all.
        PersonBlacklisted "PERSON_BLACKLISTED";
        /// The person does not work at that outlet.
        PersonNotOfChannel "PERSON_NOT_OF_CHANNEL";
        /// A photo of the person on the spot.
        PhotoRequired "PHOTO_REQUIRED";
        /// An outlet has a plate.
        PlateRequired "PLATE_REQUIRED";
        /// The reader is bound to no outlet.
        ReaderNotBound "READER_NOT_BOUND";
        /// The reader belongs to another outlet.
        ReaderOfAnother "READER_OF_ANOTHER";
        /// Only by a reader.
        ReaderRequired "READER_REQUIRED";
        /// Must be given.
        Required "REQUIRED";
        /// The responsible person of an industry line must be named.
        ResponsiblePersonRequired "RESPONSIBLE_PERSON_REQUIRED";
        /// One person in two parts.
        SamePerson "SAME_PERSON";
        /// The sex differs from the one in the number.
        SexMismatch "SEX_MISMATCH";
        /// Text messages are off on an industry line.
        SmsNotAllowed "SMS_NOT_ALLOWED";
        /// The count is too old to rely on.
        StaleQuota "STALE_QUOTA";
        /// The operator's standing does not allow it.
        StandingDenies "STANDING_DENIES";
        /// The operator's standing asks for a review first.
        StandingReview "STANDING_REVIEW";
        /// An agent of an agent.
        SubDelegation "SUB_DELEGATION";
        /// Longer than anything of its kind.
        TooLong "TOO_LONG";
        /// Further back than a registration may lie.
        TooOld "TOO_OLD";
        /// Training comes before work.
        TrainingMissing "TRAINING_MISSING";
        /// The number is of another type of document.
        TypeMismatch "TYPE_MISMATCH";
        /// Calls are off on an industry line.
        VoiceNotAllowed "VOICE_NOT_ALLOWED";
    }
}

/// One fault: its code and what would be right.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fault {
    /// First word of the violation.
    pub code: Code,
    /// What would be right.
    pub text: &'static str,
}

/// A fault and the field that has it, as the proto names it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct At {
    /// `registration.individual.document.number`.
    pub field: String,
    /// What is wrong.
    pub fault: Fault,
}

/// Collects faults beneath one field. A path is put together only when there is a fault to tell.
pub struct Faults<'f> {
    found: &'f mut Vec<At>,
    prefix: &'f str,
}

// === impl Fault ===

impl Fault {
    /// A fault.
    pub const fn new(code: Code, text: &'static str) -> Self {
        Self { code, text }
    }
}

// === impl At ===

impl From<At> for Violation {
    fn from(at: At) -> Self {
        Self::new(at.field, at.fault.code.as_str(), at.fault.text)
    }
}

// === impl Faults ===

impl<'f> Faults<'f> {
    /// Faults beneath a field: `prefix` is its path, empty for the message itself.
    pub fn beneath(found: &'f mut Vec<At>, prefix: &'f str) -> Self {
        Self { found, prefix }
    }

    /// Adds a fault of a field.
    pub fn add(&mut self, field: &str, fault: Fault) {
        let field = match (self.prefix, field) {
            ("", field) => field.to_owned(),
            (prefix, "") => prefix.to_owned(),
            (prefix, field) => format!("{prefix}.{field}"),
        };
        self.found.push(At { field, fault });
    }

    /// Adds a fault unless `fine`.
    pub fn require(&mut self, fine: bool, field: &str, code: Code, text: &'static str) {
        if !fine {
            self.add(field, Fault::new(code, text));
        }
    }

    /// What was read, or its fault is kept.
    pub fn keep<T>(&mut self, field: &str, read: Result<T, Fault>) -> Option<T> {
        read.map_err(|fault| self.add(field, fault)).ok()
    }
}
