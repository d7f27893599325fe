//! Files an appeal by the code of a notice. The same code again adds to the appeal what was not said yet, while it is
//! open; otherwise it answers the appeal that is there.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{shown, told, unknown_code};
use crate::{
    domain::{
        appeal::{Appeal, code, statement},
        personal::Personal,
        refusal::{Reason, Refusal, Violation},
        shutdown::AppealState,
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

/// What became of a filing.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Filed {
    /// The appeal.
    pub appeal: Appeal,
    /// It was there already.
    pub again: bool,
    /// What was said was added to it.
    #[serde(default)]
    pub added: bool,
}

impl Gateway {
    /// Files an appeal.
    pub async fn file_appeal(
        &self,
        context: Context,
        appeal_code: Personal,
        statement: Personal,
    ) -> Result<Answered<Filed>, Refusal> {
        let floor = Floor::begin(&self.clock);
        let answer = self.filed(context, appeal_code, statement).await;
        floor.held(answer).await
    }

    async fn filed(
        &self,
        context: Context,
        appeal_code: Personal,
        statement: Personal,
    ) -> Result<Answered<Filed>, Refusal> {
        let persons = self.persons()?.clone();
        let context = persons.veil(context);
        let mut faults = Faults::of(&context);
        let code = code::read(appeal_code)
            .map_err(|fault| faults.push(Violation::new("appeal_code", fault.code.as_str(), fault.text)));
        faults.text("statement", statement.reveal(), statement::LEAST, statement::MOST);
        faults.done()?;
        let Ok(code) = code else { return Err(unknown_code()) };
        let caller = context.caller.clone();
        let index = persons.vault.index().appeal(code.reveal());
        let (keeper, said) = (persons.clone(), Arc::new(statement));
        let done = self.act(context, move |tx, now| {
            let (persons, said) = (keeper.clone(), said.clone());
            Box::pin(async move { run(tx, &persons, &index, &said, now).await })
        });
        let done = done.await.map_err(|refusal| match refusal.reason {
            Reason::AppealNotFound => persons.codes.missed(&caller, &index).err().unwrap_or(refusal),
            _ => refusal,
        })?;
        let replayed = done.replayed || (done.answer.again && !done.answer.added);
        Ok(Answered { answer: done.answer, replayed })
    }
}

async fn run(
    tx: &mut dyn Tx,
    persons: &Persons,
    appeal_index: &[u8; 32],
    statement: &Personal,
    now: Time,
) -> Result<Done<Filed>, Abort> {
    if let Some(appeal) = sql::appeal::by_code(tx, appeal_index).await? {
        return again(tx, persons, &appeal.id, statement, now).await;
    }
    let number = told(tx, appeal_index).await?;
    let (Some(number), Some(mvno)) = (number.clone(), number.and_then(|number| number.mvno)) else {
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
    let subject = appeal.name();
    Ok(Done { subject, answer: Filed { appeal, again: false, added: false }, detail, revision: None })
}

/// Adds what was not said yet. The order need not be locked: whoever decides locks the appeal after it.
async fn again(
    tx: &mut dyn Tx,
    persons: &Persons,
    id: &str,
    said: &Personal,
    now: Time,
) -> Result<Done<Filed>, Abort> {
    sql::appeal::lookup_locked(tx, id).await?.ok_or_else(unknown_code)?;
    let sealed = sql::appeal::lookup_sealed(tx, id).await?.ok_or_else(unknown_code)?;
    let appeal = sealed.appeal;
    let order_id = appeal.order_id.clone();
    let mut added = false;
    // Of an order that is erased nothing is kept any more.
    if appeal.state == AppealState::Open && !sealed.wrapped_key.is_empty() {
        let owner = Owner::new(&appeal.organisation, &order_id);
        let key =
            persons.vault.unlock(owner, &sealed.wrapped_key).map_err(|error| closed(&order_id, error))?;
        let kept = shown::text(&key, sql::appeal::STATEMENT, id, sealed.statement)?;
        if !statement::has(&kept, said) {
            let all = statement::add(&kept, said, now).ok_or_else(too_much)?;
            let sealed = key.seal(sql::appeal::STATEMENT.at(id), all.reveal().as_bytes());
            sql::appeal::say(tx, id, sealed).await?;
            added = true;
        }
    }
    let detail = serde_json::json!({ "again": true, "added": added });
    Ok(Done { subject: appeal.name(), answer: Filed { appeal, again: true, added }, detail, revision: None })
}

fn too_much() -> Refusal {
    let text = format!(
        "with what was said before more than {} characters; shorten it, or bring it to whoever decides",
        statement::MOST_TOGETHER
    );
    Refusal::field("statement", "BAD_LENGTH", text)
}
