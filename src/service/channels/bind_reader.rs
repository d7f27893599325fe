//! Binds a reader to an outlet. Its serial number is a key, so that of two outlets that bind it at once one is told.

use super::{Shown, own, whole, wrong_state};
use crate::{
    domain::{
        channel::{
            ChannelState,
            outlet::OutletName,
            reader::{Ownership, ReaderSerial},
        },
        refusal::{Reason, Refusal},
    },
    service::{
        Gateway,
        act::{Answered, Done},
        context::Context,
        supervise::Faults,
    },
    store::sql,
};

impl Gateway {
    /// Binds a reader to an outlet of the caller's.
    pub async fn bind_reader(
        &self,
        context: Context,
        name: OutletName,
        serial: String,
    ) -> Result<Answered<Shown>, Refusal> {
        let mut faults = Faults::of(&context);
        let serial = match ReaderSerial::read(&serial) {
            Ok(serial) => Some(serial),
            Err(fault) => {
                faults.require(false, "reader_serial", fault.code.as_str(), fault.text);
                None
            }
        };
        faults.done()?;
        let caller = context.caller.clone();
        self.act(context, move |tx, now| {
            let (caller, name, serial) = (caller.clone(), name.clone(), serial.clone());
            Box::pin(async move {
                let outlet = own(tx, &caller, &name).await?;
                if outlet.state == ChannelState::Blacklisted {
                    return Err(wrong_state(&outlet).into());
                }
                let serial = serial.as_ref().map_or("", ReaderSerial::as_str);
                let is_new = sql::reader::bind(tx, serial, &outlet.id, now).await?;
                let owner = sql::reader::owner(tx, serial).await?;
                let ownership = if owner.as_deref() == Some(&*outlet.id) {
                    Ownership::Here
                } else {
                    Ownership::Elsewhere
                };
                ownership.bind().map_err(|_| taken(serial))?;
                let detail = serde_json::json!({ "reader": serial, "new": is_new });
                let answer = whole(tx, outlet).await?;
                Ok(Done { answer, subject: name.to_string(), detail, revision: None })
            })
        })
        .await
    }
}

/// Whose it is, is that one's own.
fn taken(serial: &str) -> Refusal {
    let message = format!("The reader {serial} is bound to another outlet; a reader belongs to one.");
    Refusal::new(Reason::ReaderTaken, message).with("reader_serial", serial)
}
