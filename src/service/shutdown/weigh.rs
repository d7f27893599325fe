//! Weighs an order against the limits of its organisation. The organisation's row is locked by whoever goes by the
//! answer, so that two orders never both find room for one.

use crate::{
    domain::{
        shutdown::{
            CommandKind, Urgency,
            limit::{self, Load, Over},
            terms::Terms,
        },
        time::Time,
    },
    store::{
        StoreError, Tx,
        sql::{shutdown_known, shutdown_weight},
    },
};

/// Who loses the only line there is: counted just now, or to be counted of an order where that matters. What its plan said
/// may be half an hour old.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sole<'o> {
    /// So many.
    Count(i64),
    /// Those of this order.
    Of(&'o str),
}

/// Why a second officer is needed, where one is. A restoration needs none where what it undoes needed none.
pub(super) async fn over(
    tx: &mut dyn Tx,
    terms: &Terms,
    load: &Load,
    sole: Sole<'_>,
    now: Time,
) -> Result<Option<Over>, StoreError> {
    let window =
        shutdown_weight::since(tx, &terms.organisation, terms.kind, terms.drill, limit::window_start(now))
            .await?;
    if let Some(over) = limit::over(load, &window) {
        return Ok(Some(over));
    }
    // Practice cuts nobody off, and what break glass is for does not wait for this.
    if terms.drill || terms.break_glass {
        return Ok(None);
    }
    if terms.kind == CommandKind::Shutdown && terms.urgency == Urgency::Normal {
        let sole = match sole {
            Sole::Count(count) => count,
            Sole::Of(id) => shutdown_known::count_sole(tx, id).await?,
        };
        if sole > 0 {
            return Ok(Some(Over::SoleLine(sole)));
        }
    }
    for (mvno, sum) in limit::shares(load, &window) {
        let Some(least) = limit::lines_for(sum) else { continue };
        if !shutdown_known::has_lines(tx, mvno, least).await? {
            return Ok(Some(Over::Share(mvno.clone(), sum)));
        }
    }
    Ok(None)
}
