//! `greenlane ctl import`: takes subscribers in by file. Rows that are wrong are told and stop nothing; Ctrl-C loses
//! nothing; the same command goes on where the last one ended.

mod cell;
pub(super) mod columns;
mod feed;
mod lines;
mod progress;
pub(super) mod reader;
mod send;
mod show;
mod state;
mod survey;
mod written;

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
};

use encoding_rs::Encoding;

use self::{
    feed::Feed,
    progress::Progress,
    send::{End, Sending},
    state::{State, States},
    survey::{Survey, survey},
};
use super::{
    Common,
    call::{block_on, links},
    output::{Format, Sheet, print_json},
    wrong,
};
use crate::{
    cli::{Failure, stop::Stop},
    domain::time::Clock,
    host,
    host::SystemClock,
    rpc::pb,
};

/// What to import.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true, after_help = columns::page())]
pub(super) struct Args {
    /// The file.
    #[arg(required = true, value_name = "FILE.csv")]
    file: Option<PathBuf>,
    /// Run every check and write nothing.
    #[arg(long)]
    validate_only: bool,
    /// What to do with numbers that have a live line.
    #[arg(long, value_enum, default_value_t = OnDuplicate::Skip)]
    on_duplicate: OnDuplicate,
    /// The import's own id; without one it is made, and remembered for this file.
    #[arg(long, value_name = "ID")]
    import_id: Option<String>,
    /// How the file is written, like gb18030; found out where it is not named.
    #[arg(long, value_name = "ENCODING", value_parser = encoding)]
    encoding: Option<&'static Encoding>,
    /// A column to leave out; as many of these as like.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    ignore: Vec<String>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(clap::Subcommand)]
enum Command {
    /// How an import is; with --rejected the rows that were rejected, as CSV that can be mended and imported.
    Show(show::Args),
}

/// What to do with numbers that have a live line.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum OnDuplicate {
    /// Pass over the row.
    Skip,
    /// Reject the row.
    Error,
}

/// Runs it.
pub(super) fn run(common: &Common, args: &Args) -> Result<(), Failure> {
    match (&args.command, &args.file) {
        (Some(Command::Show(args)), _) => show::run(common, args),
        (None, Some(file)) => import(common, args, file),
        (None, None) => Err(wrong("name the file")),
    }
}

/// An encoding by any of its names.
fn encoding(name: &str) -> Result<&'static Encoding, String> {
    let found = Encoding::for_label(name.as_bytes());
    // What ASCII's commas and quotes cannot be found in is none.
    found.filter(|found| found.is_ascii_compatible()).ok_or_else(|| "name utf-8 or gb18030".to_owned())
}

fn import(common: &Common, args: &Args, path: &Path) -> Result<(), Failure> {
    let context = common.context()?;
    let told = |error: std::io::Error| wrong(format!("{}: {error}", path.display()));
    let path = path.canonicalize().map_err(told)?;
    let lock = File::open(&path).map_err(told)?;
    if let Err(TryLockError::WouldBlock) = lock.try_lock() {
        return Err(format!("{} is being imported by another process", path.display()).into());
    }
    let found = survey(&path, args.encoding).map_err(told)?;
    let ignored: Vec<String> = args.ignore.iter().map(|name| name.to_ascii_lowercase()).collect();
    let feed = Feed::open(&path, found.encoding, &ignored).map_err(|lines| Failure { lines, code: 64 })?;
    let states = States(common.contexts()?.imports());
    let states = (!args.validate_only).then_some(&states);
    let state = begun(args, &context.name, &path, &found, states)?;
    let header = pb::ImportHeader {
        import_id: state.import_id.clone(),
        on_duplicate: match args.on_duplicate {
            OnDuplicate::Skip => pb::OnDuplicate::Skip.into(),
            OnDuplicate::Error => pb::OnDuplicate::Error.into(),
        },
        validate_only: args.validate_only,
    };
    let links: Vec<_> = links(&context).collect();
    block_on(async {
        let progress = Progress::of(found.rows, args.validate_only);
        let (what, by) = match args.validate_only {
            true => ("checking", context.name.clone()),
            false => ("importing", format!("{} as import {}", context.name, state.import_id)),
        };
        let (path, encoding) = (path.display(), found.encoding.name());
        progress.say(&format!("{what} {} rows of {path} ({encoding}) by {by}", found.rows));
        let mut sending = Sending::new(feed, header, state, states, progress, Stop::listen()?, common.output);
        let ended = sending.run(&links).await;
        sending.progress.end();
        let ended = ended?;
        if ended == End::Whole {
            sending.state.complete = true;
        }
        if let Some(states) = states {
            states.keep(&sending.state)?;
        }
        summary(common.output, &sending.state, sending.feed.read, args.validate_only)?;
        outcome(ended, &sending, args.validate_only)
    })
}

/// The state to go on from: of that id, of that file, or none.
fn begun(
    args: &Args,
    context: &str,
    path: &Path,
    found: &Survey,
    states: Option<&States>,
) -> Result<State, Failure> {
    let fresh = State {
        import_id: args.import_id.clone().unwrap_or_else(|| host::new_id(SystemClock::start().now())),
        context: context.to_owned(),
        file: path.to_owned(),
        file_sha256: found.sha256.clone(),
        on_duplicate: format!("{:?}", args.on_duplicate).to_ascii_lowercase(),
        durable_through_row: 0,
        accepted: 0,
        skipped: 0,
        rejected: 0,
        unreadable: 0,
        complete: false,
    };
    let Some(states) = states else { return Ok(fresh) };
    let known = match &args.import_id {
        Some(id) => states.get(id)?,
        None => states.of(&fresh)?,
    };
    if let Some(known) = &known
        && known.file_sha256 != fresh.file_sha256
    {
        let line = format!(
            "import {} is of another file, or this one was changed; take another id",
            known.import_id
        );
        return Err(wrong(line));
    }
    // How far it is the gateway says.
    let state = State { import_id: known.map_or(fresh.import_id.clone(), |known| known.import_id), ..fresh };
    states.keep(&state)?;
    Ok(state)
}

fn summary(format: Format, state: &State, read: u64, validate_only: bool) -> Result<(), Failure> {
    if format == Format::Json {
        return print_json(state);
    }
    let mut sheet = Sheet::pairs();
    // What was only checked is no import, and is not found again by an id.
    if !validate_only {
        sheet.row(["import", &state.import_id]);
    }
    sheet.row(["rows read", &read.to_string()]);
    sheet.row(["accepted", &state.accepted.to_string()]);
    sheet.row(["skipped", &state.skipped.to_string()]);
    sheet.row(["rejected", &state.rejected.to_string()]);
    sheet.row(["unreadable", &state.unreadable.to_string()]);
    sheet.print();
    Ok(())
}

/// Done, or what is left to do.
fn outcome(ended: End, sending: &Sending<'_>, validate_only: bool) -> Result<(), Failure> {
    if ended == End::Stopped {
        return Err(format!("stopped; {}", sending.where_it_is()).into());
    }
    let bad = sending.state.rejected + sending.state.unreadable;
    if bad == 0 {
        return Ok(());
    }
    if validate_only {
        return Err(format!("{bad} rows would be rejected; nothing was written").into());
    }
    let id = &sending.state.import_id;
    Err(format!("{bad} rows were rejected; `greenlane ctl import show {id} --rejected` lists them, to mend and import again").into())
}
