//! Climbs the ladder of lines whose registration is to be supplemented: a step when it is due, none left out.

use super::BATCH;
use crate::{
    domain::{
        line::ladder::{Days, Step},
        refusal::Refusal,
        time::Time,
    },
    service::{Gateway, record, refusal, register},
    store::{
        StoreError, Tx,
        sql::{self, line::LineRow},
    },
};

impl Gateway {
    /// Takes the step that is due of a batch of lines. How many were taken.
    pub async fn climb_ladders(&self) -> Result<u64, Refusal> {
        let now = self.clock.now();
        let climbed = self.store.write(move |tx| {
            Box::pin(async move {
                let due = sql::line::due(tx, now, BATCH).await?;
                let steps = due.len() as u64;
                for line in due {
                    let name = register::name(&line);
                    let step = climb(tx, line, now).await?;
                    let detail = serde_json::json!({ "step": step.map(Step::as_str) });
                    record::entry(tx, "ladder", &name, now, detail, None).await?;
                }
                Ok(steps)
            })
        });
        climbed.await.map_err(refusal)
    }
}

async fn climb(tx: &mut dyn Tx, line: LineRow, now: Time) -> Result<Option<Step>, StoreError> {
    let days = Days::default();
    let next = line.ladder.and_then(|ladder| Some((ladder, ladder.next(&days)?.0)));
    let taken = next.and_then(|(ladder, step)| ladder.take(step, now, &days).ok());
    let Some(ladder) = taken else {
        // It has ended: nothing is due of it.
        sql::line::save(tx, &LineRow { next_step_time: None, ..line }).await?;
        return Ok(None);
    };
    if ladder.step == Step::Close {
        register::end(tx, line, now).await?;
    } else {
        let state = line.state.stricter(ladder.holds());
        let next_step_time = ladder.next(&days).map(|(_, time)| time);
        sql::line::save(tx, &LineRow { state, ladder: Some(ladder), next_step_time, ..line }).await?;
    }
    Ok(Some(ladder.step))
}
