//! Appeals: whose number was shut down in error asks for it back by the code of the notice. An appeal is decided once,
//! by a due time; what is late stays open and is alarmed.

pub mod code;
pub mod statement;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    day,
    decision::Bilingual,
    name::ParticipantName,
    shutdown::{AppealOutcome, AppealState},
    time::{DAY, Time},
};

/// An appeal is decided within this time.
pub const DECIDED_WITHIN: Duration = DAY.saturating_mul(5);

/// An appeal. It names nobody: number and statement lie sealed beside it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Appeal {
    /// The last part of its name.
    pub id: String,
    /// The order that cut the number.
    pub order_id: String,
    /// The number's place in it.
    pub n: i64,
    /// Whose order.
    pub organisation: ParticipantName,
    /// Whose number.
    pub mvno: ParticipantName,
    /// Where it is.
    pub state: AppealState,
    /// When it was filed.
    pub file_time: Time,
    /// Until when it is to be decided.
    pub due_time: Time,
    /// When it was alarmed as late.
    pub alarm_time: Option<Time>,
    /// How it was decided.
    pub outcome: Option<AppealOutcome>,
    /// By whom: organisation and person.
    pub decided_by: Option<String>,
    /// When.
    pub decide_time: Option<Time>,
    /// Why, for the subscriber to read.
    pub reason: Option<String>,
    /// The order that lets the number back.
    pub restoration: Option<String>,
}

/// What a decision finds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Found {
    /// Not decided yet: it is now.
    Open,
    /// Decided so already.
    Same,
    /// Decided otherwise; that stands.
    Other,
}

// === impl Appeal ===

impl Appeal {
    /// Files one.
    pub fn file(
        id: String,
        of: (String, i64),
        organisation: ParticipantName,
        mvno: ParticipantName,
        now: Time,
    ) -> Self {
        Self {
            id,
            order_id: of.0,
            n: of.1,
            organisation,
            mvno,
            state: AppealState::Open,
            file_time: now,
            due_time: now.plus(DECIDED_WITHIN),
            alarm_time: None,
            outcome: None,
            decided_by: None,
            decide_time: None,
            reason: None,
            restoration: None,
        }
    }

    /// Its resource name.
    pub fn name(&self) -> String {
        format!("appeals/{}", self.id)
    }

    /// What a decision of that outcome finds.
    pub fn finds(&self, outcome: AppealOutcome) -> Found {
        match (self.state, self.outcome) {
            (AppealState::Open, _) => Found::Open,
            (AppealState::Decided, Some(before)) if before == outcome => Found::Same,
            (AppealState::Decided, _) => Found::Other,
        }
    }

    /// Decides it. One that was decided stays as it was.
    #[must_use]
    pub fn decide(self, outcome: AppealOutcome, by: &str, reason: &str, now: Time) -> Self {
        if self.state == AppealState::Decided {
            return self;
        }
        Self {
            state: AppealState::Decided,
            outcome: Some(outcome),
            decided_by: Some(by.to_owned()),
            decide_time: Some(now),
            reason: Some(reason.to_owned()),
            ..self
        }
    }

    /// Whether it is late: its due time is over, and nobody has decided it.
    pub fn is_overdue(&self, now: Time) -> bool {
        self.state == AppealState::Open && self.due_time <= now
    }

    /// What happens now, and what the subscriber can do.
    pub fn text(&self) -> Bilingual {
        let (zh, en) = match (self.outcome, &self.restoration) {
            (None, _) => {
                let due = day::of(self.due_time);
                (
                    format!("申诉已受理，将于{due}前作出决定。请凭申诉码查询结果；在此期间紧急呼叫不受影响。"),
                    format!(
                        "The appeal is filed and will be decided by {due}. Ask again with the code; emergency calls \
                         work meanwhile."
                    ),
                )
            }
            (Some(AppealOutcome::Upheld), Some(_)) => (
                "申诉成立，已向运营企业下达恢复指令。若两小时后仍未恢复，请联系本企业客服。".to_owned(),
                "The appeal is upheld, and your operator has been told to restore the number. If it does not work in \
                 two hours, ask your operator's customer service."
                    .to_owned(),
            ),
            (Some(AppealOutcome::Upheld), None) => (
                "申诉成立，原指令不再限制该号码；如仍无法使用，可能另有指令，请联系本企业客服或96110。".to_owned(),
                "The appeal is upheld, and the order holds the number no more. If it does not work, another order may \
                 hold it: ask your operator's customer service, or 96110."
                    .to_owned(),
            ),
            (Some(AppealOutcome::Rejected), _) => (
                "申诉未获支持，理由见决定。如不服，可依法申请行政复议或提起行政诉讼。".to_owned(),
                "The appeal is rejected, for the reason given. You may ask for administrative reconsideration or go \
                 to court."
                    .to_owned(),
            ),
        };
        Bilingual { zh, en }
    }
}

#[cfg(test)]
mod tests;
