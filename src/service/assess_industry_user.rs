//! Records the assessment of an industry user, gated by the standing.

use super::{
    Gateway,
    act::{Answered, Done},
    channels::index_of_code,
    context::Context,
    gate,
    supervise::Faults,
};
use crate::{
    domain::{
        decision::{Action, Decision},
        fault::{At, Faults as Found},
        industry::{self, Assessment, Functions},
        personal::Personal,
        refusal::{Refusal, Violation},
        time::Time,
        unit::{self, UnitCode, UnitName},
    },
    host,
    store::sql::{self, assessment::AssessmentRow},
};

/// An industry user, and what its lines need; nothing judged.
#[derive(Clone, Debug)]
pub struct Request {
    /// The unit's name.
    pub name: Personal,
    /// Its code.
    pub uscc: Personal,
    /// Somebody compared the code with the certificate, though it does not check.
    pub uscc_compared: bool,
    /// What the lines are for.
    pub scene: String,
    /// What they need.
    pub functions: Functions,
    /// Its lines are bound to devices.
    pub imei_binding: bool,
    /// Until when it is valid.
    pub valid_to_time: Option<Time>,
}

/// An assessment recorded: its name, and what it says.
pub type Assessed = (String, Assessment);

impl Gateway {
    /// Records an assessment.
    pub async fn assess_industry_user(
        &self,
        context: Context,
        request: Request,
    ) -> Result<Answered<Assessed>, Refusal> {
        let persons = self.persons()?.clone();
        let context = persons.veil(context);
        let mut found: Vec<At> = Vec::new();
        let mut faults = Found::beneath(&mut found, "");
        faults.keep("unit.name", UnitName::read(request.name));
        let code = faults.keep("unit.uscc", UnitCode::read(request.uscc));
        let checks = code.as_ref().is_none_or(|code| code.checks() || request.uscc_compared);
        faults.require(checks, "unit.uscc", unit::UNCHECKED.code, unit::UNCHECKED.text);
        let (scene, functions, imei_binding) = (request.scene, request.functions, request.imei_binding);
        industry::assess(&scene, functions, request.valid_to_time, self.clock.now(), &mut faults);
        let mut all = Faults::of(&context);
        for at in found {
            all.add(Violation::from(at));
        }
        all.done()?;
        let (Some(code), Some(valid_to_time)) = (code, request.valid_to_time) else {
            return Err(Refusal::field("unit", "REQUIRED", "the unit"));
        };
        let uscc = index_of_code(persons.vault.index(), code.reveal());
        let (mvno, rules) = (context.caller.organisation.clone(), self.rules.clone());
        self.act(context, move |tx, now| {
            let (mvno, rules, scene) = (mvno.clone(), rules.clone(), scene.clone());
            Box::pin(async move {
                let decision = gate::decide(tx, &rules, &mvno, Action::SellIndustryCards, now).await?;
                if matches!(decision, Decision::Review | Decision::Deny) {
                    let decided = gate::grounds(tx, &rules, &mvno, Action::SellIndustryCards, now).await?;
                    return Err(Refusal::standing_denies(&mvno, decided).into());
                }
                let assessment =
                    Assessment { scene, functions, imei_binding, assess_time: now, valid_to_time };
                let row = AssessmentRow {
                    id: host::new_id(now),
                    mvno: mvno.clone(),
                    uscc_index: uscc.as_bytes().to_vec(),
                    assessment: assessment.clone(),
                };
                sql::assessment::add(tx, &row).await?;
                let name = format!("{mvno}/industryAssessments/{}", row.id);
                let detail = serde_json::json!({
                    "decision": decision.as_str(),
                    "sms": functions.sms,
                    "data_cap_mb": functions.data_cap_mb,
                    "imei_binding": imei_binding,
                });
                Ok(Done { answer: (name.clone(), assessment), subject: name, detail, revision: None })
            })
        })
        .await
    }
}
