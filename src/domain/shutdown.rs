//! Orders to shut numbers down and to let them back: the words that the store, the ledger and the wire share.

pub mod alarm;
pub mod approval;
pub mod citation;
pub mod impact;
pub mod limit;
pub mod list;
pub mod order;
pub mod precedence;
pub mod tenancy;
pub mod terms;
pub mod wave;

use serde::{Deserialize, Serialize};

use super::word::words;

words! {
    /// What can be cut. Emergency calls are none of these: they work always.
    Scope {
        /// Calls made.
        VoiceOut "VOICE_OUT";
        /// Calls received.
        VoiceIn "VOICE_IN";
        /// Messages sent.
        SmsOut "SMS_OUT";
        /// Messages received.
        SmsIn "SMS_IN";
        /// Mobile data.
        Data "DATA";
    }
}

words! {
    /// How fast.
    Urgency {
        /// Acknowledged in 15 minutes, executed in 2 hours.
        Urgent "URGENT";
        /// Executed in 24 hours.
        Normal "NORMAL";
    }
}

words! {
    /// Whether an order needs a second officer.
    ApprovalNeed {
        /// Within the limits.
        NotNeeded "NOT_NEEDED";
        /// Above one of them.
        SecondOfficer "SECOND_OFFICER";
    }
}

words! {
    /// What a command asks for. An order is of the first or the second kind.
    CommandKind {
        /// Cut.
        Shutdown "SHUTDOWN";
        /// Let work again.
        Restore "RESTORE";
        /// Read from the network, change nothing.
        Verify "VERIFY";
    }
}

words! {
    /// Where an order is. A plan that was not issued has none.
    OrderState {
        /// Waits for a second officer.
        PendingApproval "PENDING_APPROVAL";
        /// Being released and executed.
        InProgress "IN_PROGRESS";
        /// Nothing more is released.
        Halted "HALTED";
        /// Every number is verified or restored.
        Completed "COMPLETED";
        /// Every number is final, not every one as ordered.
        Partial "PARTIAL";
        /// Ended by its issuer.
        Cancelled "CANCELLED";
        /// Nobody approved it in time.
        Expired "EXPIRED";
    }
}

words! {
    /// Where one number of an order is, or where one receiver is with it.
    NumberState {
        /// Not released.
        Planned "PLANNED";
        /// In the outbox.
        Released "RELEASED";
        /// Sent.
        Delivered "DELIVERED";
        /// Acknowledged.
        Acked "ACKED";
        /// Done, as the receiver says.
        Executed "EXECUTED";
        /// Done, as the carrier reads.
        Verified "VERIFIED";
        /// The carrier reads otherwise.
        Diverged "DIVERGED";
        /// Nothing was done.
        Refused "REFUSED";
        /// Could not be done.
        Failed "FAILED";
        /// The issuer is asked.
        Held "HELD";
        /// Late.
        Overdue "OVERDUE";
        /// Being let back.
        Restoring "RESTORING";
        /// Let back.
        Restored "RESTORED";
    }
}

words! {
    /// How one number of a command went.
    ResultOutcome {
        /// Done.
        Executed "EXECUTED";
        /// Read as ordered.
        Verified "VERIFIED";
        /// Read otherwise.
        Diverged "DIVERGED";
        /// Not done, and will not be.
        Refused "REFUSED";
        /// Tried in vain.
        Failed "FAILED";
    }
}

words! {
    /// What a plan says of a number, what weighs most first.
    ImpactFlag {
        /// Not an MVNO's.
        NotMvno "NOT_MVNO";
        /// In nobody's block.
        Unallocated "UNALLOCATED";
        /// Outside the caller's area.
        NotInRemit "NOT_IN_REMIT";
        /// Not one that a drill may use.
        NotATestNumber "NOT_A_TEST_NUMBER";
        /// Its holder came after the evidence.
        ReassignedSinceEvidence "REASSIGNED_SINCE_EVIDENCE";
        /// Off already by these scopes.
        AlreadyOff "ALREADY_OFF";
        /// Restored lately.
        RecentlyRestored "RECENTLY_RESTORED";
        /// The only line of its holder.
        SoleLine "SOLE_LINE";
        /// A unit's line.
        UnitLine "UNIT_LINE";
        /// An industry line.
        IndustryLine "INDUSTRY_LINE";
        /// No line on it.
        NoLine "NO_LINE";
        /// Named more than once.
        Duplicate "DUPLICATE";
    }
}

words! {
    /// What becomes of held numbers.
    HeldDecision {
        /// Shut down all the same.
        Cut "CUT";
        /// Left alone.
        Spare "SPARE";
    }
}

words! {
    /// Which of a number's two receivers.
    Side {
        /// Its MVNO.
        Mvno "MVNO";
        /// Its base carrier.
        Carrier "CARRIER";
    }
}

words! {
    /// Why somebody has to look.
    AlarmKind {
        /// Above the limits of one certificate.
        Limit "LIMIT";
        /// A wave went wrong.
        Wave "WAVE";
        /// A command is late.
        Overdue "OVERDUE";
        /// Readings differ.
        Diverged "DIVERGED";
        /// Opposite orders.
        Conflict "CONFLICT";
        /// Nobody confirmed what was issued by break glass.
        BreakGlass "BREAK_GLASS";
        /// An appeal is late.
        AppealOverdue "APPEAL_OVERDUE";
        /// Somebody else has got numbers since the plan.
        Held "HELD";
    }
}

words! {
    /// Where an appeal is.
    AppealState {
        /// Waits.
        Open "OPEN";
        /// Decided.
        Decided "DECIDED";
    }
}

words! {
    /// How an appeal was decided.
    AppealOutcome {
        /// The number is let back.
        Upheld "UPHELD";
        /// It stays off.
        Rejected "REJECTED";
    }
}

/// What the header of a plan says beside what its row has in columns.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Header {
    /// Why.
    pub reason: String,
    /// The articles that it rests on.
    pub legal_basis: Vec<String>,
    /// The case.
    pub case_number: String,
}

/// A set of scopes as bits, in the order of [`Scope::ALL`].
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Scopes(u8);

/// A set of flags as bits, in the order of [`ImpactFlag::ALL`].
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Flags(u16);

// === impl Scopes ===

impl Scopes {
    /// Of these.
    pub fn of(scopes: impl IntoIterator<Item = Scope>) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | 1 << scope as u8))
    }

    /// Of the bits of a row; bits of no scope are dropped.
    pub fn from_bits(bits: i64) -> Self {
        Self::of(Scope::ALL.iter().copied().filter(|scope| bits >> *scope as u8 & 1 == 1))
    }

    /// For a row.
    pub fn bits(self) -> i64 {
        i64::from(self.0)
    }

    /// Whether it is in.
    pub fn has(self, scope: Scope) -> bool {
        self.0 >> scope as u8 & 1 == 1
    }

    /// Whether all of those are in.
    pub fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Those of either.
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Without those.
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether any is in both.
    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// In the order of declaration.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |scope| self.has(*scope))
    }
}

// === impl Flags ===

impl Flags {
    /// With one more.
    #[must_use]
    pub fn with(self, flag: ImpactFlag) -> Self {
        Self(self.0 | 1 << flag as u16)
    }

    /// Of the bits of a row; bits of no flag are dropped.
    pub fn from_bits(bits: i64) -> Self {
        let set = ImpactFlag::ALL.iter().copied().filter(|flag| bits >> *flag as u16 & 1 == 1);
        set.fold(Self::default(), Self::with)
    }

    /// For a row.
    pub fn bits(self) -> i64 {
        i64::from(self.0)
    }

    /// Whether it is in.
    pub fn has(self, flag: ImpactFlag) -> bool {
        self.0 >> flag as u16 & 1 == 1
    }

    /// What weighs most.
    pub fn first(self) -> Option<ImpactFlag> {
        self.iter().next()
    }

    /// What weighs most first.
    pub fn iter(self) -> impl Iterator<Item = ImpactFlag> {
        ImpactFlag::ALL.iter().copied().filter(move |flag| self.has(*flag))
    }
}
