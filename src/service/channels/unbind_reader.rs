//! Takes a reader from an outlet, so that another may have it. Whoever registers by it there has done so before, or is told
//! that it is not bound: the outlet's row is locked here, and shared by each of its registrations.

use super::{Shown, own, whole};
use crate::{
    domain::{
        channel::{outlet::OutletName, reader::ReaderSerial},
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
    /// Unbinds a reader of an outlet of the caller's.
    pub async fn unbind_reader(
        &self,
        context: Context,
        name: OutletName,
        serial: String,
    ) -> Result<Answered<Shown>, Refusal> {
        let mut faults = Faults::of(&context);
        faults.optional_reason(&context.reason);
        let serial = match ReaderSerial::read(&serial) {
            Ok(serial) => Some(serial),
            Err(fault) => {
                faults.require(false, "reader_serial", fault.code.as_str(), fault.text);
                None
            }
        };
        faults.done()?;
        let caller = context.caller.clone();
        self.act(context, move |tx, _| {
            let (caller, name, serial) = (caller.clone(), name.clone(), serial.clone());
            Box::pin(async move {
                let outlet = own(tx, &caller, &name).await?;
                let serial = serial.as_ref().map_or("", ReaderSerial::as_str);
                if !sql::reader::unbind(tx, serial, &outlet.id).await? {
                    return Err(not_bound(serial, &name).into());
                }
                let detail = serde_json::json!({ "reader": serial });
                let answer = whole(tx, outlet).await?;
                Ok(Done { answer, subject: name.to_string(), detail, revision: None })
            })
        })
        .await
    }
}

/// Whether it is bound elsewhere is another's own.
fn not_bound(serial: &str, name: &OutletName) -> Refusal {
    let message = format!("The reader {serial} is not bound to {name}; GetChannel lists those that are.");
    Refusal::new(Reason::ReaderNotBound, message).with("reader_serial", serial).with("channel", name)
}
