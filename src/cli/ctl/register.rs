//! `greenlane ctl register`: registers one line, out of flags or of the JSON that the wire has.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use prost_reflect::{DeserializeOptions, DynamicMessage};

use super::{
    Common,
    call::{answer, block_on, request},
    import::{
        columns::Columns,
        reader::{Fault, Row},
    },
    output::{Format, Sheet, json, pool, print_json},
    word, wrong,
};
use crate::{
    cli::Failure,
    domain::time::Clock,
    host::{self, SystemClock},
    rpc::pb::{self, registration_service_client::RegistrationServiceClient},
};

/// What to register.
#[derive(clap::Args)]
pub(super) struct Args {
    /// A RegisterRequest or its registration, in JSON; - reads it from standard input. For units, guardians and whatever
    /// else there is no flag for.
    #[arg(long, value_name = "FILE.json", conflicts_with = "msisdn")]
    file: Option<PathBuf>,
    /// The number.
    #[arg(long, required_unless_present = "file")]
    msisdn: Option<String>,
    /// OPEN, TRANSFER, SIM_CHANGE or SUPPLEMENT.
    #[arg(long, default_value = "OPEN")]
    event: String,
    /// RESIDENT_ID and so on.
    #[arg(long, required_unless_present = "file")]
    document_type: Option<String>,
    /// Its number; - reads it from standard input, so that neither the shell's history nor other users see it.
    #[arg(long, required_unless_present = "file")]
    document_number: Option<String>,
    /// The name on it.
    #[arg(long, required_unless_present = "file")]
    name: Option<String>,
    /// The last day of its term, like 2036-01-31.
    #[arg(long)]
    valid_to_date: Option<String>,
    /// Three letters, like CAN.
    #[arg(long)]
    nationality: Option<String>,
    /// READER, ONLINE_CHECK, LIVE_VIDEO or MANUAL.
    #[arg(long, default_value = "READER")]
    capture_method: String,
    /// The reader's serial number.
    #[arg(long)]
    reader_serial: Option<String>,
    /// The outlet, like mvnos/m07/channels/<id>.
    #[arg(long)]
    channel: Option<String>,
    /// The outlet's own id of who did it.
    #[arg(long)]
    operator_id: Option<String>,
    /// SHA-256 of the photo.
    #[arg(long)]
    photo_sha256: Option<String>,
    /// Your own id of this request, so that it can be sent again; made where none is given.
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
    /// Run every check and write nothing.
    #[arg(long)]
    validate_only: bool,
}

/// Runs it.
pub(super) fn run(common: &Common, args: &Args) -> Result<(), Failure> {
    let mut message = match &args.file {
        Some(path) => of_file(path)?,
        None => pb::RegisterRequest { registration: Some(of_flags(args)?), ..Default::default() },
    };
    if let Some(id) = &args.request_id {
        message.request_id.clone_from(id);
    }
    if message.request_id.is_empty() {
        message.request_id = host::new_id(SystemClock::start().now());
    }
    message.validate_only |= args.validate_only;
    let ask =
        async |channel| RegistrationServiceClient::new(channel).register(request(message.clone())).await;
    let said = block_on(answer(common, ask))?;
    if common.output == Format::Json {
        return print_json(&json("RegisterResponse", &said)?);
    }
    let mut sheet = Sheet::pairs();
    sheet.row(["registration", &said.registration]);
    sheet.row(["state", &word::bare(said.state().as_str_name(), "REGISTRATION_STATE_")]);
    let quota = said.quota.unwrap_or_default();
    let counted = format!("{} of {} in use, {} remaining", quota.in_use, quota.limit, quota.remaining);
    sheet.row(["lines", &counted]);
    sheet.row(["subject token", &said.subject_token]);
    for check in &said.checks {
        let outcome = word::bare(check.outcome().as_str_name(), "CHECK_OUTCOME_");
        sheet.row([&check.check.to_ascii_lowercase(), &format!("{outcome} {}", check.code)]);
    }
    sheet.print();
    Ok(())
}

/// The flags are the columns of a file with one row.
fn of_flags(args: &Args) -> Result<pb::Registration, Failure> {
    let number = match args.document_number.as_deref() {
        Some("-") => Some(one_line()?),
        other => other.map(str::to_owned),
    };
    let cells = [
        ("msisdn", args.msisdn.clone()),
        ("event", Some(args.event.clone())),
        ("document_type", args.document_type.clone()),
        ("document_number", number),
        ("name", args.name.clone()),
        ("valid_to_date", args.valid_to_date.clone()),
        ("nationality", args.nationality.clone()),
        ("capture_method", Some(args.capture_method.clone())),
        ("reader_serial", args.reader_serial.clone()),
        ("channel", args.channel.clone()),
        ("operator_id", args.operator_id.clone()),
        ("photo_sha256", args.photo_sha256.clone()),
    ];
    let header: Vec<String> = cells.iter().map(|(name, _)| (*name).to_owned()).collect();
    let cells = cells.into_iter().map(|(_, cell)| cell.unwrap_or_default()).collect();
    let columns = Columns::of(&header, &[]).map_err(|lines| Failure { lines, code: 64 })?;
    let told =
        |fault: Fault| wrong(format!("--{}: {}: {}", fault.column.replace('_', "-"), fault.code, fault.text));
    columns.registration(&Row { number: 1, cells }).map_err(told)
}

/// A document's number, typed or piped.
pub(super) fn one_line() -> Result<String, Failure> {
    let mut line = String::new();
    io::stdin().read_line(&mut line).map_err(|error| error.to_string())?;
    Ok(line.trim().to_owned())
}

fn of_file(path: &Path) -> Result<pb::RegisterRequest, Failure> {
    let told = |error: io::Error| wrong(format!("{}: {error}", path.display()));
    let mut text = String::new();
    if path == Path::new("-") {
        io::stdin().read_to_string(&mut text).map_err(told)?;
    } else {
        text = fs::read_to_string(path).map_err(told)?;
    }
    // Where it is wrong is told by line and column, and not with what stands there.
    let wrong = |fault: serde_json::Error| {
        wrong(format!(
            "{}: line {}, column {}: not a RegisterRequest",
            path.display(),
            fault.line(),
            fault.column()
        ))
    };
    let bare = serde_json::from_str::<serde_json::Value>(&text).map_err(wrong)?.get("registration").is_none();
    let name = if bare { "greenlane.v1.Registration" } else { "greenlane.v1.RegisterRequest" };
    let kind = pool()?.get_message_by_name(name).ok_or_else(|| format!("there is no message {name}"))?;
    let mut reader = serde_json::Deserializer::from_str(&text);
    let read = DynamicMessage::deserialize_with_options(kind, &mut reader, &DeserializeOptions::new())
        .map_err(wrong)?;
    if bare {
        let registration = read.transcode_to().map_err(|fault| fault.to_string())?;
        return Ok(pb::RegisterRequest { registration: Some(registration), ..Default::default() });
    }
    read.transcode_to().map_err(|fault| fault.to_string().into())
}
