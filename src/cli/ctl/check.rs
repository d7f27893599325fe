//! `greenlane ctl check`: may this be done with that MVNO, now?

use super::{
    Common,
    call::{answer, block_on, request},
    output::{Format, Sheet, json, print_json},
    stamp, word,
};
use crate::{
    cli::Failure,
    rpc::pb::{self, compliance_service_client::ComplianceServiceClient},
};

/// What to ask.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The MVNO, like mvnos/m07 or m07.
    mvno: String,
    /// What is to be done, like NEW_ACTIVATIONS or allocate-numbers.
    action: String,
    /// Enter this check in the ledger by itself, and sign the answer: keep the JSON of it.
    #[arg(long)]
    receipt: bool,
}

/// Runs it.
pub(super) fn run(common: &Common, args: &Args) -> Result<(), Failure> {
    let question = pb::CheckStatusRequest {
        mvno: full(&args.mvno),
        action: word::parse("Action", "ACTION_", &args.action)?,
        with_receipt: args.receipt,
        ..Default::default()
    };
    let ask =
        async |channel| ComplianceServiceClient::new(channel).check_status(request(question.clone())).await;
    let said = block_on(answer(common, ask))?;
    match common.output {
        Format::Json => print_json(&json("CheckStatusResponse", &said)?)?,
        Format::Table => print(&said),
    }
    match said.decision() {
        pb::Decision::Allow | pb::Decision::Conditional => Ok(()),
        pb::Decision::Review | pb::Decision::Deny | pb::Decision::Unspecified => {
            Err(Failure { lines: Vec::new(), code: 1 })
        }
    }
}

/// An MVNO's name as the gateway takes it.
pub(super) fn full(mvno: &str) -> String {
    if mvno.contains('/') { mvno.to_owned() } else { format!("mvnos/{mvno}") }
}

fn print(said: &pb::CheckStatusResponse) {
    let mut sheet = Sheet::pairs();
    sheet.row(["decision", &word::bare(said.decision().as_str_name(), "DECISION_")]);
    sheet.row(["standing", &word::bare(said.standing().as_str_name(), "STANDING_")]);
    sheet.row(["lane", &word::bare(said.lane().as_str_name(), "LANE_")]);
    sheet.row(["rules", &format!("{}, revision {}", said.rule_version, said.revision)]);
    sheet.row(["decided", &stamp::text(said.decide_time.as_ref())]);
    sheet.row(["stands until", &stamp::text(said.expire_time.as_ref())]);
    sheet.print();
    for reason in &said.reasons {
        let text = reason.text.clone().unwrap_or_default();
        println!("\n {} ({})", reason.code, reason.law);
        let rule = if reason.threshold.is_empty() { "" } else { "; the rule: " };
        println!("   {}{rule}{}", reason.fact, reason.threshold);
        println!("   {}\n   {}", text.en, text.zh);
    }
    for condition in &said.conditions {
        println!("\n on condition: {}\n   {}", condition.en, condition.zh);
    }
    for remedy in &said.remedies {
        let text = remedy.text.clone().unwrap_or_default();
        println!("\n to do: {}: have {}, need {}", remedy.fact, remedy.have, remedy.need);
        println!("   {}\n   {}", text.en, text.zh);
    }
}
