//! Sessions of receivers. One of each counts: the newer one wins, and what the older one still says is void, because who
//! acknowledges holds the session's row until it is durable.

use std::time::Duration;

use crate::{
    domain::{
        name::ParticipantName,
        refusal::{Reason, Refusal},
        time::Time,
    },
    host,
    store::{Abort, StoreError, Tx, sql},
};

/// A session without a stream lives so long past its last call.
const LIVES: Duration = Duration::from_secs(10 * 60);
/// Its last call is written down so often.
const TOUCHED: Duration = Duration::from_secs(60);

/// A session, as its holder claims it.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Whose.
    pub receiver: ParticipantName,
    /// Its id.
    pub session: String,
    /// A stream that is open holds it.
    pub streams: bool,
}

// === impl Claim ===

impl Claim {
    /// Begins a session; the one before it is over once this is durable.
    pub async fn begin(
        tx: &mut dyn Tx,
        receiver: &ParticipantName,
        streams: bool,
        now: Time,
    ) -> Result<Self, StoreError> {
        let session = host::chance_id();
        sql::receiver::begin(tx, receiver, &session, now).await?;
        // The stream before it ends, on whichever node it is.
        tx.mark_changed();
        Ok(Self { receiver: receiver.clone(), session, streams })
    }

    /// Whether this session still counts; if so, it does until this transaction ends.
    pub async fn hold(&self, tx: &mut dyn Tx, now: Time) -> Result<(), Abort> {
        let Some(held) = sql::receiver::session_locked(tx, &self.receiver).await? else {
            return Err(Abort::Refused(fenced()));
        };
        let idle = now.since(held.time);
        if held.id != self.session || (!self.streams && idle > LIVES) {
            return Err(Abort::Refused(fenced()));
        }
        if idle > TOUCHED {
            sql::receiver::begin(tx, &self.receiver, &self.session, now).await?;
        }
        Ok(())
    }
}

/// The refusal of a session that is over.
pub fn fenced() -> Refusal {
    let text = "A newer session of this receiver took over, or this one ended; open a stream or pull again.";
    Refusal::new(Reason::SessionFenced, text)
}
