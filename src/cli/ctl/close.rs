//! `greenlane ctl close`: ends a line.

use super::{
    Common,
    call::{answer, block_on, request},
    output::{Format, Sheet, json, print_json},
    stamp, word,
};
use crate::{
    cli::Failure,
    domain::time::Clock,
    host::{self, SystemClock},
    rpc::pb::{self, registration_service_client::RegistrationServiceClient},
};

/// Which line, and why.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The registration, like mvnos/m07/registrations/<id>.
    registration: String,
    /// Why, for the record: 4 to 500 characters, no personal data.
    #[arg(long)]
    reason: String,
    /// Your own id of this request, so that it can be sent again; made where none is given.
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
    /// Run every check and write nothing.
    #[arg(long)]
    validate_only: bool,
}

/// Runs it.
pub(super) fn run(common: &Common, args: &Args) -> Result<(), Failure> {
    let message = pb::CloseLineRequest {
        registration: args.registration.clone(),
        reason: args.reason.clone(),
        request_id: args.request_id.clone().unwrap_or_else(|| host::new_id(SystemClock::start().now())),
        validate_only: args.validate_only,
    };
    let ask =
        async |channel| RegistrationServiceClient::new(channel).close_line(request(message.clone())).await;
    let said = block_on(answer(common, ask))?;
    if common.output == Format::Json {
        return print_json(&json("CloseLineResponse", &said)?);
    }
    let closed = said.registration.unwrap_or_default();
    let mut sheet = Sheet::pairs();
    sheet.row(["registration", &closed.name]);
    sheet.row(["state", &word::bare(closed.state().as_str_name(), "REGISTRATION_STATE_")]);
    sheet.row(["line", &word::bare(closed.line_state().as_str_name(), "LINE_STATE_")]);
    sheet.row(["closed", &stamp::text(closed.close_time.as_ref())]);
    sheet.row(["erase from", &stamp::text(closed.erase_time.as_ref())]);
    sheet.print();
    Ok(())
}
