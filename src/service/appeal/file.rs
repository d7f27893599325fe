//! Files an appeal by the code of a notice. The same code again answers the appeal that is there, whatever is said.

use std::sync::Arc;

use super::unknown_code;
use crate::{
    domain::{
        appeal::{Appeal, code},
        personal::Personal,
        refusal::{Reason, Refusal, Violation},
        shutdown::NumberState,
        time::Time,
    },
    host,
    service::{
        Gateway,
        act::{Answered, Done},
        context::Context,
        floor::Floor,
        persons::Persons,
        register::seal::closed,
        shutdown::order_name,
        supervise::Faults,
    },
    store::{Abort, Tx, sql},
    vault::Owner,
};

/// What a statement has.
const LEAST: usize = 4;
const MOST: usize = 2_000;

impl Gateway {
    /// Files an appeal.
    pub async fn file_appeal(
        &self,
        context: Context,
        appeal_code: Personal,
        statement: Personal,
    ) -> Result<Answered<Appeal>, Refusal> {
        let floor = Floor::begin(&self.clock);
        let answer = self.filed(context, appeal_code, statement).await;
        floor.held(answer).await
    }

    async fn filed(
        &self,
        context: Context,
        appeal_code: Personal,
        statement: Personal,
    ) -> Result<Answered<Appeal>, Refusal> {
        let persons = self.persons()?.clone();
        let context = persons.veil(context);
        let mut faults = Faults::of(&context);
        let code = code::read(appeal_code)
            .map_err(|fault| faults.push(Violation::new("appeal_code", fault.code.as_str(), fault.text)));
        faults.text("statement", statement.reveal(), LEAST, MOST);
        faults.done()?;
        let Ok(code) = code else { return Err(unknown_code()) };
        let caller = context.caller.clone();
        persons.codes.before(&caller).map_err(|suspected| suspected.refusal(self.clock.now()))?;
        let index = persons.vault.index().appeal(code.reveal());
        let (keeper, said) = (persons.clone(), Arc::new(statement));
        let done = self.act(context, move |tx, now| {
            let (persons, said) = (keeper.clone(), said.clone());
            Box::pin(async move { run(tx, &persons, &index, &said, now).await })
        });
        let done = done.await.inspect_err(|refusal| {
            if refusal.reason == Reason::AppealNotFound {
                persons.codes.missed(&caller, &index);
            }
        })?;
        let replayed = done.replayed || done.answer.1;
        Ok(Answered { answer: done.answer.0, replayed })
    }
}

async fn run(
    tx: &mut dyn Tx,
    persons: &Persons,
    appeal_index: &[u8; 32],
    statement: &Personal,
    now: Time,
) -> Result<Done<(Appeal, bool)>, Abort> {
    if let Some(appeal) = sql::appeal::by_code(tx, appeal_index).await? {
        let detail = serde_json::json!({ "again": true });
        return Ok(Done { subject: appeal.name(), answer: (appeal, true), detail, revision: None });
    }
    let number = sql::shutdown_number::of_appeal(tx, appeal_index).await?;
    // Before its release nobody has the code.
    let told = number.filter(|number| {
        number.batch > 0 && !matches!(number.state, NumberState::Planned | NumberState::Held)
    });
    let (Some(number), Some(mvno)) = (told.clone(), told.and_then(|number| number.mvno)) else {
        return Err(unknown_code().into());
    };
    let order = sql::shutdown::lookup(tx, &number.order_id).await?.ok_or_else(unknown_code)?;
    let owner = Owner::new(&order.organisation, &order.id);
    let key = persons.vault.unlock(owner, &order.wrapped_key).map_err(|error| closed(&order.id, error))?;
    let id = host::new_id(now);
    let sealed = key.seal(sql::appeal::STATEMENT.at(&id), statement.reveal().as_bytes());
    let appeal = Appeal::file(id, (order.id, number.n), order.organisation, mvno, now);
    sql::appeal::add(tx, &appeal, appeal_index, sealed).await?;
    let detail = serde_json::json!({
        "order": order_name(&appeal.order_id),
        "due_time": appeal.due_time.to_string(),
    });
    Ok(Done { subject: appeal.name(), answer: (appeal, false), detail, revision: None })
}
