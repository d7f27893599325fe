//! Where to begin whose cursor is older than what the gateway keeps: with the list of everything that is to be off.

use tonic::transport::Channel;
use tracing::{error, info};

use super::{
    hook::{Hook, Slip},
    pause::Pause,
    print::Printer,
    session::{Cut, Desk, cut},
    worker::Terms,
};
use crate::{
    cli::ctl::call::request,
    rpc::pb::{self, command_service_client::CommandServiceClient},
};

/// Takes the list, hands it over as one, and goes on with the oldest command that is kept. In their order they end where
/// the list is, or beyond.
pub(super) async fn take(
    desk: &mut Desk,
    hook: &Hook,
    terms: Terms,
    printer: &Printer,
    receiver: &str,
    channel: Channel,
    oldest: i64,
) -> Result<(), Cut> {
    let list = list(channel).await?;
    // What was begun before is older than the list.
    while !desk.waiting.is_empty() {
        tokio::select! {
            command = desk.done.recv() => match command {
                Some(command) => desk.left(&command),
                None => return Err(Cut::Stopped),
            },
            () = desk.stop.asked() => {
                desk.end()?;
                return Err(Cut::Stopped);
            }
        }
    }
    info!(numbers = list.numbers.len(), after = list.after_sequence, "starting from the list of all numbers");
    let json = printer.snapshot(receiver, &list).map_err(Cut::Fatal)?;
    let mut pause = Pause::from(terms.pause, terms.pause * 60);
    for times in 1.. {
        let slip = Slip { kind: "SNAPSHOT", command_id: "", drill: false, times };
        match hook.hand(&json, slip, terms.patience).await {
            Ok(_) => break,
            // There is no other way on.
            Err(fault) => {
                error!(fault = fault.text, "the hook did not take the list of all numbers; once more")
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pause.next()) => {}
            () = desk.stop.asked() => {
                desk.end()?;
                return Err(Cut::Stopped);
            }
        }
    }
    // The list has those that are kept in it too; but they are to be acknowledged, and their subscribers to be told.
    let moved = desk.journal.lock().move_to(list.after_sequence.min(oldest.saturating_sub(1)));
    moved.map_err(|error| Cut::Fatal(format!("the journal cannot be written: {error}")))
}

/// Every page.
async fn list(channel: Channel) -> Result<pb::ListCommandedNumbersResponse, Cut> {
    let mut client = CommandServiceClient::new(channel);
    let mut ask = pb::ListCommandedNumbersRequest { page_size: 1_000, ..Default::default() };
    let mut whole: Option<pb::ListCommandedNumbersResponse> = None;
    loop {
        let page = client.list_commanded_numbers(request(ask.clone())).await;
        let mut page = page.map_err(|status| cut(&status))?.into_inner();
        ask.page_token = std::mem::take(&mut page.next_page_token);
        match &mut whole {
            Some(whole) => whole.numbers.append(&mut page.numbers),
            None => whole = Some(page),
        }
        if ask.page_token.is_empty() {
            return Ok(whole.unwrap_or_default());
        }
    }
}
