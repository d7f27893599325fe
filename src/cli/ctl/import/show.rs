//! `greenlane ctl import show`: how an import is, and the rows of it that were rejected, with the original row: out of the
//! user's own file where it is still there, and of what the gateway keeps for its sender where it is not.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufReader, Write},
    path::{Path, PathBuf},
};

use encoding_rs::Encoding;
use serde::Serialize;

use super::{
    columns::{self, Columns, TOLD},
    encoding,
    reader::Reader,
    state::{State, States},
    summary,
    survey::survey,
    written,
};
use crate::{
    cli::{
        Failure,
        ctl::{
            Common,
            call::{answer, block_on, request},
            output::{Format, print_json},
            wrong,
        },
    },
    rpc::pb::{self, registration_service_client::RegistrationServiceClient},
};

/// Rows a page.
const PAGE: i32 = 1000;
/// Without it Excel takes UTF-8 for something else.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// What to show.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The import.
    #[arg(value_name = "ID")]
    import_id: String,
    /// List the rows that were rejected: as CSV, the original row and why; mend it, and import it as it is.
    #[arg(long)]
    rejected: bool,
    /// The file that was imported, where it is not any more where it was.
    #[arg(long, value_name = "FILE.csv")]
    file: Option<PathBuf>,
    /// How the file is written; found out where it is not named.
    #[arg(long, value_name = "ENCODING", value_parser = encoding)]
    encoding: Option<&'static Encoding>,
}

/// Why a row was not taken in.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Why {
    row_number: u64,
    #[serde(skip_serializing_if = "String::is_empty")]
    column: String,
    code: String,
    text: String,
}

/// By the number of the row: why.
type Whys = BTreeMap<u64, Why>;
/// By the number of the row: what it said, in every column there is.
type Originals = BTreeMap<u64, Vec<String>>;

/// Runs it.
pub(super) fn run(common: &Common, args: &Args) -> Result<(), Failure> {
    let state = States(common.contexts()?.imports()).get(&args.import_id)?;
    if !args.rejected {
        let state = state.ok_or_else(|| {
            wrong(format!("import {} was not made from here; --rejected asks the gateway", args.import_id))
        })?;
        return summary(
            common.output,
            &state,
            u64::try_from(state.durable_through_row.max(1) - 1).unwrap_or(0),
            false,
        );
    }
    let file = local(args, state.as_ref())?;
    let originals = file.is_none() && common.output == Format::Table;
    let (mut rejected, originals) = block_on(listed(common, &args.import_id, originals))?;
    if common.output == Format::Json {
        if let Some((file, encoding)) = &file {
            rows(file, encoding, |row, _, fault| {
                rejected.extend(fault.map(|why| (row, why)));
                Ok(())
            })?;
        }
        return print_json(&BTreeMap::from([("rejectedRows", rejected.values().collect::<Vec<_>>())]));
    }
    let written = match &file {
        Some((file, encoding)) => with_rows(file, encoding, &rejected),
        None => without_file(&rejected, &originals),
    };
    written?;
    if file.is_none() {
        missing(state.as_ref(), rejected.len() - originals.len());
    }
    Ok(())
}

/// What cannot be shown without the file.
fn missing(state: Option<&State>, not_kept: usize) {
    let unreadable = state.map_or(0, |state| state.unreadable);
    if not_kept > 0 {
        eprintln!(
            "not kept by the gateway, and in the file alone (--file): what {not_kept} of these rows say"
        );
    }
    if unreadable > 0 {
        eprintln!(
            "never sent, and in the file alone (--file): rows that could not be read, {unreadable} in all"
        );
    }
}

/// What the gateway rejected, by the number of the row, and what the rows said where it is asked for.
async fn listed(
    common: &Common,
    import_id: &str,
    with_originals: bool,
) -> Result<(Whys, Originals), Failure> {
    let (mut rejected, mut originals) = (Whys::new(), Originals::new());
    let mut page_token = String::new();
    loop {
        let asked = pb::ListRejectedRowsRequest {
            import_id: import_id.to_owned(),
            page_size: PAGE,
            page_token,
            with_originals,
        };
        let ask = async |channel| {
            RegistrationServiceClient::new(channel).list_rejected_rows(request(asked.clone())).await
        };
        let page = answer(common, ask).await?;
        for row in page.rejected_rows {
            let row_number = u64::try_from(row.row_number).unwrap_or(0);
            let (column, text) = columns::told(&row.text);
            let column = column.unwrap_or_default();
            let why = Why { row_number, column, code: row.code, text: text.to_owned() };
            rejected.insert(row_number, why);
            originals.extend(row.original.map(|original| (row_number, written::cells(&original))));
        }
        if page.next_page_token.is_empty() {
            return Ok((rejected, originals));
        }
        page_token = page.next_page_token;
    }
}

/// The file, where it is still the one that was imported.
fn local(args: &Args, state: Option<&State>) -> Result<Option<(PathBuf, &'static Encoding)>, Failure> {
    let told = |path: &Path, error: io::Error| wrong(format!("{}: {error}", path.display()));
    let (path, found) = match (&args.file, state) {
        (Some(path), _) => (path.clone(), survey(path, args.encoding).map_err(|error| told(path, error))?),
        (None, Some(state)) => match survey(state.file(), args.encoding) {
            Ok(found) => (state.file().to_owned(), found),
            Err(_) => return Ok(None),
        },
        (None, None) => return Ok(None),
    };
    let same = state.is_none_or(|state| state.file_sha256 == found.sha256);
    if !same && args.file.is_some() {
        return Err(wrong(format!("{} is not the file that was imported", path.display())));
    }
    Ok(same.then_some((path, found.encoding)))
}

/// Every row of a file: its number, its cells, and why it could not be sent.
fn rows(
    path: &Path,
    encoding: &'static Encoding,
    mut each: impl FnMut(u64, &[String], Option<Why>) -> Result<(), String>,
) -> Result<(), String> {
    let at = |error: io::Error| format!("{}: {error}", path.display());
    let mut reader = Reader::new(BufReader::new(File::open(path).map_err(at)?), encoding).map_err(at)?;
    let header: Vec<String> = reader.header().to_vec();
    let columns = Columns::of(&header, &header).map_err(|faults| faults.join("; "))?;
    while let Some(read) = reader.next().map_err(at)? {
        let why = |fault: super::reader::Fault| Why {
            row_number: fault.row,
            column: fault.column,
            code: fault.code.to_owned(),
            text: fault.text,
        };
        match read {
            Ok(row) => each(row.number, &row.cells, columns.registration(&row).err().map(why))?,
            Err(fault) => {
                let number = fault.row;
                each(number, reader.as_it_stands(), Some(why(fault)))?;
            }
        }
    }
    Ok(())
}

/// The original rows, and why.
fn with_rows(path: &Path, encoding: &'static Encoding, rejected: &Whys) -> Result<(), String> {
    let at = |error: io::Error| format!("{}: {error}", path.display());
    let reader = Reader::new(BufReader::new(File::open(path).map_err(at)?), encoding).map_err(at)?;
    let header: Vec<String> = reader.header().to_vec();
    // A file of rejected rows may be imported again: why it was rejected then is of no use now.
    let keep = |at: &usize| header.get(*at).is_none_or(|name| !TOLD.contains(&name.as_str()));
    let mut out = csv_out()?;
    let cells = |cells: &[String]| -> Vec<String> {
        let shown = (0..header.len()).filter(keep);
        shown.map(|at| cells.get(at).cloned().unwrap_or_default()).collect()
    };
    write(&mut out, [cells(&header), TOLD.map(str::to_owned).to_vec()].concat())?;
    rows(path, encoding, |number, row, fault| {
        let Some(why) = fault.as_ref().or_else(|| rejected.get(&number)) else { return Ok(()) };
        write(&mut out, [cells(row), why.cells()].concat())
    })?;
    out.flush().map_err(|error| error.to_string())
}

/// The rows that the gateway has kept, in the columns that any of them fills, and why.
fn without_file(rejected: &Whys, originals: &Originals) -> Result<(), String> {
    let mut out = csv_out()?;
    let names = written::names();
    let fills = |at: &usize| originals.values().any(|cells| !cells[*at].is_empty());
    let filled: Vec<usize> = (0..names.len()).filter(fills).collect();
    let header = filled.iter().map(|at| names[*at].clone());
    write(&mut out, header.chain(TOLD.map(str::to_owned)).collect())?;
    for (number, why) in rejected {
        let original = originals.get(number);
        let cells = filled.iter().map(|at| original.map(|cells| cells[*at].clone()).unwrap_or_default());
        write(&mut out, cells.chain(why.cells()).collect())?;
    }
    out.flush().map_err(|error| error.to_string())
}

fn csv_out() -> Result<csv::Writer<io::Stdout>, String> {
    let mut out = io::stdout();
    out.write_all(BOM).map_err(|error| error.to_string())?;
    Ok(csv::Writer::from_writer(out))
}

fn write(out: &mut csv::Writer<io::Stdout>, record: Vec<String>) -> Result<(), String> {
    out.write_record(record).map_err(|error| error.to_string())
}

// === impl Why ===

impl Why {
    fn cells(&self) -> Vec<String> {
        let column = if self.column.is_empty() { String::new() } else { format!("column {}: ", self.column) };
        vec![self.row_number.to_string(), self.code.clone(), format!("{column}{}", self.text)]
    }
}
