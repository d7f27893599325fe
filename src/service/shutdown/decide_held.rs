//! What becomes of numbers that are held, because their holder came after the evidence: cut all the same, or left alone.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{
    batch::{self, Way},
    order_name,
    plan::asked,
    shown::{Shown, wrong_state},
    step::{self, Bells},
    weigh::{self, Sole},
};
use crate::{
    domain::{
        personal::Personal,
        refusal::{Reason, Refusal, Violation},
        shutdown::{
            CommandKind, HeldDecision, ImpactFlag, NumberState,
            limit::{self, IN_ORDER, Load},
            list::List,
            order::{Step, after},
            wave,
        },
        time::Time,
    },
    service::{
        Gateway,
        act::{Answered, Done},
        command::release::release,
        context::Context,
        supervise::Faults,
    },
    store::{
        Abort, Tx,
        sql::{self, shutdown::OrderRow, shutdown_known, shutdown_number::NumberRow},
    },
    vault::index::Index,
};

/// An order with held numbers decided.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Decided {
    /// As it is now.
    pub order: Shown,
    /// How many were decided.
    pub count: i64,
}

impl Gateway {
    /// Decides held numbers of an order: those named, or all of them.
    pub async fn decide_held_numbers(
        &self,
        context: Context,
        order: String,
        msisdns: Vec<Personal>,
        decision: Option<HeldDecision>,
    ) -> Result<Answered<Decided>, Refusal> {
        let persons = self.persons()?.clone();
        let mut faults = Faults::of(&context);
        faults.reason(&context.reason);
        faults.require(decision.is_some(), "decision", "REQUIRED", "what becomes of them");
        let list = List::read(msisdns).unwrap_or_else(|found| {
            found.into_iter().for_each(|fault| faults.add(fault));
            List::default()
        });
        faults.done()?;
        let decision = decision.unwrap_or(HeldDecision::Spare); // refused above where there was none
        let context = persons.veil(context);
        let named: Vec<Vec<u8>> =
            asked(&persons, list).into_iter().map(|asked| asked.number_index.to_vec()).collect();
        let (caller, bells) = (context.caller.clone(), Bells::default());
        let (rings, validate_only) = (bells.clone(), context.validate_only);
        let done = self
            .act(context, move |tx, now| {
                let (caller, id, named) = (caller.clone(), order.clone(), named.clone());
                let (persons, bells) = (persons.clone(), bells.clone());
                Box::pin(async move {
                    bells.silence();
                    // Whoever weighs keeps the organisation's others waiting, before any order.
                    if let Some(order) = sql::shutdown::lookup(tx, &id).await? {
                        sql::participant::lock(tx, &order.organisation).await?;
                    }
                    let mut order = step::lock(tx, &caller, &id).await?;
                    let next = after(order.state, Step::CutHeld);
                    let next = next.ok_or_else(|| Abort::Refused(wrong_state(&order)))?;
                    let held = chosen(tx, &order, &named).await?;
                    let count = i64::try_from(held.len()).unwrap_or(i64::MAX);
                    match decision {
                        HeldDecision::Spare => {
                            sql::shutdown_number::spare(tx, &order.id, &places(&held)).await?;
                        }
                        HeldDecision::Cut => {
                            step::is_not_over(&order, now)?;
                            weighed(tx, &order, &held, now).await?;
                            cut(tx, persons.vault.index(), &order, held).await?;
                            if order.state != Some(next) {
                                order.state = Some(next);
                                order.update_time = now;
                            }
                            bells.settle(tx, &order, now).await?;
                        }
                    }
                    let raised = release(tx, &persons, &mut order, now).await?;
                    raised.into_iter().for_each(|raised| bells.add(raised));
                    let detail = serde_json::json!({ "decision": decision.as_str(), "decided": count });
                    let Done { answer, subject, detail, revision } =
                        step::done(tx, &order, false, detail).await?;
                    Ok(Done { answer: Decided { order: answer.order, count }, subject, detail, revision })
                })
            })
            .await?;
        if !validate_only {
            rings.sound();
        }
        Ok(done)
    }
}

/// The held numbers meant.
async fn chosen(tx: &mut dyn Tx, order: &OrderRow, named: &[Vec<u8>]) -> Result<Vec<NumberRow>, Abort> {
    let nobody = sql::shutdown_number::of_batch(tx, &order.id, 0).await?;
    let held: Vec<NumberRow> =
        nobody.into_iter().filter(|row| row.state == NumberState::Held && row.number.is_some()).collect();
    if named.is_empty() {
        if held.is_empty() {
            let message = "No number of this order is held; ListNumberActions shows them.";
            let refusal = Refusal::new(Reason::OrderState, message).with("order", order_name(&order.id));
            return Err(Abort::Refused(refusal));
        }
        return Ok(held);
    }
    let mut by_index: HashMap<Vec<u8>, NumberRow> =
        held.into_iter().map(|row| (row.number_index.clone(), row)).collect();
    let found: Vec<NumberRow> = named.iter().filter_map(|index| by_index.remove(index)).collect();
    if found.len() < named.len() {
        // By their count alone: which is held, and which never was in the order, is nobody's to be told one by one.
        let missing = named.len() - found.len();
        let text = format!("{missing} of these are not held by this order");
        return Err(Abort::Refused(Refusal::fields(vec![Violation::new("msisdns", "NOT_HELD", text)])));
    }
    Ok(found)
}

/// Puts held numbers into batches of their own, which go with the wave that is out.
async fn cut(tx: &mut dyn Tx, index: &Index, order: &OrderRow, held: Vec<NumberRow>) -> Result<(), Abort> {
    within_limit(tx, order, &held).await?;
    still_theirs(tx, order, &held).await?;
    let batches = sql::shutdown::batches(tx, &order.id).await?;
    let first = batches.iter().map(|batch| batch.batch).max().unwrap_or(0) + 1;
    let going: Vec<(Way, NumberRow)> = held
        .into_iter()
        .map(|row| {
            let wave = order.wave.max(wave::FIRST);
            // One that was only to be read had no code to appeal by.
            let appeal_index = row
                .appeal_index
                .unwrap_or_else(|| index.appeal(&index.appeal_code(&order.id, row.n)).to_vec());
            let appeal_index = Some(appeal_index);
            let row = NumberRow { state: NumberState::Planned, code: None, appeal_index, ..row };
            (Some((wave, CommandKind::Shutdown)), row)
        })
        .collect();
    let ns: Vec<i64> = going.iter().map(|(_, row)| row.n).collect();
    sql::shutdown_number::take_out(tx, &order.id, &ns).await?;
    batch::write(tx, &batch::of(&order.id, order.kind, first, going)).await?;
    Ok(())
}

/// One officer decides over so many holders of an order, and no more: an approval was not of cutting these.
async fn within_limit(tx: &mut dyn Tx, order: &OrderRow, held: &[NumberRow]) -> Result<(), Abort> {
    let before = sql::shutdown_number::decided(tx, &order.id, ImpactFlag::ReassignedSinceEvidence).await?;
    let all = before + i64::try_from(held.len()).unwrap_or(i64::MAX);
    if all <= IN_ORDER {
        return Ok(());
    }
    let message = format!(
        "{all} held numbers of one order would be cut, over {IN_ORDER}; plan them as an order of its own, with the \
         evidence against their present holders."
    );
    Err(Abort::Refused(Refusal::new(Reason::ShutdownLimit, message).with("limit", IN_ORDER)))
}

/// Held numbers weigh with their order as long as that does. Those that are decided later weigh anew, by the limits of one
/// officer: else many could be held back, and cut at one moment.
async fn weighed(tx: &mut dyn Tx, order: &OrderRow, held: &[NumberRow], now: Time) -> Result<(), Abort> {
    let since = limit::window_start(now);
    if order.issue_time.max(order.effective_time).is_some_and(|time| time > since) {
        return Ok(());
    }
    let load = Load::of_each(held.iter().filter_map(|row| row.mvno.clone()));
    let Some(over) = weigh::over(tx, &step::terms(order)?, &load, Sole::Count(0), now).await? else {
        return Ok(());
    };
    let message =
        format!("{over}: plan the held numbers as an order of its own, which a second officer approves.");
    Err(Abort::Refused(Refusal::new(Reason::ShutdownLimit, message).with("order", order_name(&order.id))))
}

/// Whoever has a held number now is whom the plan showed.
async fn still_theirs(tx: &mut dyn Tx, order: &OrderRow, held: &[NumberRow]) -> Result<(), Abort> {
    let indexes: Vec<shutdown_known::Index> =
        held.iter().filter_map(|row| row.number_index.as_slice().try_into().ok()).collect();
    let live: HashSet<String> =
        shutdown_known::live(tx, &indexes).await?.into_iter().map(|line| line.id).collect();
    if held.iter().all(|row| row.line.as_ref().is_some_and(|line| live.contains(line))) {
        return Ok(());
    }
    let message = "A held number has another holder since the plan; make another plan of it.";
    Err(Abort::Refused(Refusal::new(Reason::PlanStale, message).with("order", order_name(&order.id))))
}

fn places(rows: &[NumberRow]) -> Vec<i64> {
    rows.iter().map(|row| row.n).collect()
}
