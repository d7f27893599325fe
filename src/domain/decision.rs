//! What may be done at a standing: one look into the rule set's table.

use serde::{Deserialize, Serialize};

use super::{
    rules::RuleSet,
    standing::{Evaluation, Ground, Remedy, Standing},
    word::words,
};

words! {
    /// What a carrier or regulator is about to do with an MVNO.
    Action {
        /// Sign a cooperation agreement.
        SignAgreement "SIGN_AGREEMENT";
        /// Renew one.
        RenewAgreement "RENEW_AGREEMENT";
        /// Open a pilot city.
        AddPilotCity "ADD_PILOT_CITY";
        /// Expand the scope of business.
        ExpandScope "EXPAND_SCOPE";
        /// Hand over number blocks.
        AllocateNumbers "ALLOCATE_NUMBERS";
        /// Grant the formal licence.
        GrantFormalLicence "GRANT_FORMAL_LICENCE";
        /// Open new lines.
        NewActivations "NEW_ACTIVATIONS";
        /// Authorise a sales channel.
        OnboardChannel "ONBOARD_CHANNEL";
        /// Sell industry cards.
        SellIndustryCards "SELL_INDUSTRY_CARDS";
        /// Go on serving those who are subscribers already.
        ServeExistingUsers "SERVE_EXISTING_USERS";
    }
}

words! {
    /// The answer, by severity.
    Decision {
        /// Go ahead.
        Allow "ALLOW";
        /// Go ahead under conditions.
        Conditional "CONDITIONAL";
        /// Ask the regulator first.
        Review "REVIEW";
        /// Do not.
        Deny "DENY";
    }
}

words! {
    /// The lane of an answer.
    Lane {
        /// ALLOW at green standing.
        Green "GREEN";
        /// Everything between.
        Normal "NORMAL";
        /// DENY.
        Closed "CLOSED";
    }
}

/// A decision with its grounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// About what.
    pub action: Action,
    /// What to do.
    pub decision: Decision,
    /// The state that it follows from.
    pub standing: Standing,
    /// Green, normal or closed.
    pub lane: Lane,
    /// Why, the gravest first.
    pub reasons: Vec<Ground>,
    /// What would change it.
    pub remedies: Vec<Remedy>,
    /// Under what conditions.
    pub conditions: Vec<Bilingual>,
}

/// A sentence in both languages.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Bilingual {
    /// Simplified Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// The decision of an action at a standing.
pub fn decide(evaluation: &Evaluation, action: Action, rules: &RuleSet) -> Decided {
    let decision = rules.decision(action, evaluation.standing);
    Decided {
        action,
        decision,
        standing: evaluation.standing,
        lane: lane(decision, evaluation.standing),
        reasons: evaluation.reasons.clone(),
        remedies: evaluation.remedies.clone(),
        conditions: rules.conditions(action, evaluation.standing).cloned().into_iter().collect(),
    }
}

fn lane(decision: Decision, standing: Standing) -> Lane {
    match (decision, standing) {
        (Decision::Deny, _) => Lane::Closed,
        (Decision::Allow, Standing::GreenChannel) => Lane::Green,
        (Decision::Allow | Decision::Conditional | Decision::Review, _) => Lane::Normal,
    }
}
