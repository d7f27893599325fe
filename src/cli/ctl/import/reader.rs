//! Rows of a CSV file. One that cannot be read is told with its row and column, and the next one is read: an open quote
//! or a line that is cut in half takes no other row with it. What a row says is never in what is told about it.

use std::io::{self, BufRead};

use csv_core::ReadRecordResult;
use encoding_rs::Encoding;

use super::lines::{LONGEST, Line, Lines};

/// A row.
#[derive(Debug, Eq, PartialEq)]
pub(in crate::cli::ctl) struct Row {
    /// Where a spreadsheet shows it; the header is 1.
    pub(in crate::cli::ctl) number: u64,
    /// Its cells, as many as the header has, without blanks around them.
    pub(in crate::cli::ctl) cells: Vec<String>,
}

/// Why a row cannot be sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::cli::ctl) struct Fault {
    /// Which row.
    pub(in crate::cli::ctl) row: u64,
    /// Which column; empty where it is the whole row.
    pub(in crate::cli::ctl) column: String,
    /// Stable, like TOO_FEW_COLUMNS.
    pub(in crate::cli::ctl) code: &'static str,
    /// What would be right.
    pub(in crate::cli::ctl) text: String,
}

/// The rows of a file.
pub(super) struct Reader<R> {
    lines: Lines<R>,
    encoding: &'static Encoding,
    parser: csv_core::Reader,
    header: Vec<String>,
    /// Of the line read last.
    number: u64,
    cells: Box<[u8]>,
    ends: [usize; MOST_COLUMNS],
    /// Of a row that cannot be sent.
    stands: Vec<String>,
}

/// More columns than a header may have.
const MOST_COLUMNS: usize = 256;
/// Lines that one row may be broken into by cells with line ends.
const MOST_LINES: usize = 16;
const BOM: &[u8] = b"\xef\xbb\xbf";

/// What became of a text.
enum Parsed {
    /// So many cells.
    Cells(usize),
    /// It ends within quotes.
    Open,
    /// More cells than there can be.
    Many,
}

/// Whether every quote that closes a cell stands at the cell's end, as RFC 4180 has it: one that stands elsewhere was
/// meant to open another cell.
fn strict(text: &[u8]) -> bool {
    let mut bytes = text.iter().copied().peekable();
    let (mut quoted, mut before) = (false, b',');
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' if !quoted => quoted = matches!(before, b',' | b'\n'),
            b'"' if bytes.next_if_eq(&b'"').is_some() => {}
            b'"' if !matches!(bytes.peek(), None | Some(b',' | b'\r' | b'\n')) => return false,
            b'"' => quoted = false,
            _ => {}
        }
        before = byte;
    }
    !quoted
}

// === impl Reader ===

impl<R: BufRead> Reader<R> {
    /// Reads the header, and is then at the first row.
    pub(super) fn new(source: R, encoding: &'static Encoding) -> io::Result<Self> {
        let mut reader = Self {
            lines: Lines::new(source),
            encoding,
            parser: csv_core::Reader::new(),
            header: Vec::new(),
            number: 0,
            cells: vec![0; LONGEST + MOST_LINES + 2].into(),
            ends: [0; MOST_COLUMNS],
            stands: Vec::new(),
        };
        match reader.read(true)? {
            Some(Ok(row)) => reader.header = row.cells,
            Some(Err(fault)) => return Err(io::Error::other(format!("its header: {}", fault.text))),
            None => return Err(io::Error::other("it is empty; its first row names the columns")),
        }
        Ok(reader)
    }

    /// The names of the columns.
    pub(super) fn header(&self) -> &[String] {
        &self.header
    }

    /// The next row, or why it is none. Blank lines are passed over.
    pub(super) fn next(&mut self) -> io::Result<Option<Result<Row, Fault>>> {
        self.read(false)
    }

    /// The cells of the row read last, however it was written, for the user's own file of what was rejected.
    pub(super) fn as_it_stands(&self) -> &[String] {
        &self.stands
    }

    fn read(&mut self, is_header: bool) -> io::Result<Option<Result<Row, Fault>>> {
        let line = loop {
            let Some(mut line) = self.lines.next()? else { return Ok(None) };
            self.number += 1;
            if self.number == 1 && line.bytes.starts_with(BOM) {
                line.bytes.drain(..BOM.len());
            }
            if line.too_long || !line.bytes.trim_ascii().is_empty() {
                break line;
            }
        };
        let number = self.number;
        self.stands.clear();
        if line.too_long {
            let text = format!("a row has at most {LONGEST} bytes; are these the line ends of an old Mac?");
            return Ok(Some(Err(Fault::of_row(number, "ROW_TOO_LONG", text))));
        }
        let ended = line.ended;
        let count = match self.whole(&line, is_header)? {
            Ok(count) => count,
            Err(code) if !ended => {
                let text = format!("the file stops within this row ({code}); is it whole?");
                return Ok(Some(Err(Fault::of_row(number, "ROW_CUT_SHORT", text))));
            }
            Err(code) => {
                let text = "a quote is opened and not closed, or there are more than 256 columns".to_owned();
                return Ok(Some(Err(Fault::of_row(number, code, text))));
            }
        };
        if !is_header && count != self.header.len() {
            self.stands = self.lossy(count);
            return Ok(Some(Err(self.other_width(number, count, ended))));
        }
        let row = self.decoded(number, count);
        if row.is_err() {
            self.stands = self.lossy(count);
        }
        Ok(Some(row))
    }

    /// Cells with a sign in place of what cannot be read.
    fn lossy(&self, count: usize) -> Vec<String> {
        let starts = std::iter::once(&0).chain(&self.ends[..count]);
        let cells = starts.zip(&self.ends[..count]).map(|(start, end)| &self.cells[*start..*end]);
        cells.map(|bytes| self.encoding.decode_without_bom_handling(bytes).0.into_owned()).collect()
    }

    /// Parses a line, with those after it where its quotes go on there. How many cells there are, or why there are none.
    fn whole(&mut self, first: &Line, is_header: bool) -> io::Result<Result<usize, &'static str>> {
        let mut text = first.bytes.clone();
        let mut more: Vec<Line> = Vec::new();
        loop {
            text.push(b'\n');
            match self.parse(&text) {
                // A quote that some other row closed: the rows between are none of this one's.
                Parsed::Cells(count) if !more.is_empty() => {
                    if strict(&text) && (is_header || count == self.header.len()) {
                        return Ok(Ok(count));
                    }
                    break;
                }
                Parsed::Cells(count) => return Ok(Ok(count)),
                Parsed::Many => break,
                Parsed::Open if more.len() + 1 < MOST_LINES => {}
                Parsed::Open => break,
            }
            let Some(next) = self.lines.next()? else { break };
            if next.too_long || text.len() + next.bytes.len() > LONGEST {
                more.push(next);
                break;
            }
            text.extend_from_slice(&next.bytes);
            more.push(next);
        }
        self.lines.give_back(more.into_iter());
        Ok(Err("QUOTE_NOT_CLOSED"))
    }

    fn parse(&mut self, text: &[u8]) -> Parsed {
        self.parser.reset();
        match self.parser.read_record(text, &mut self.cells, &mut self.ends) {
            (ReadRecordResult::Record, _, _, count) => Parsed::Cells(count),
            (ReadRecordResult::InputEmpty | ReadRecordResult::End, ..) => Parsed::Open,
            (ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull, ..) => Parsed::Many,
        }
    }

    fn other_width(&self, row: u64, count: usize, ended: bool) -> Fault {
        let wanted = self.header.len();
        if count > wanted {
            let text = format!(
                "{count} columns instead of {wanted}; a comma within a cell needs quotes around the cell"
            );
            return Fault::of_row(row, "TOO_MANY_COLUMNS", text);
        }
        let column = self.header[count].clone();
        let (code, text) = if ended {
            (
                "TOO_FEW_COLUMNS",
                format!("{count} columns instead of {wanted}; the first that is missing is {column}"),
            )
        } else {
            ("ROW_CUT_SHORT", format!("the file stops within this row, before {column}; is it whole?"))
        };
        Fault { row, column, code, text }
    }

    fn decoded(&self, number: u64, count: usize) -> Result<Row, Fault> {
        let mut start = 0;
        let mut cells = Vec::with_capacity(count);
        for (at, end) in self.ends[..count].iter().enumerate() {
            let bytes = &self.cells[start..*end];
            start = *end;
            let Some(text) = self.encoding.decode_without_bom_handling_and_without_replacement(bytes) else {
                let column = self.header.get(at).cloned().unwrap_or_default();
                let text =
                    format!("not {}; save the file as CSV UTF-8, or name its encoding", self.encoding.name());
                return Err(Fault { row: number, column, code: "BAD_ENCODING", text });
            };
            cells.push(text.trim().to_owned());
        }
        Ok(Row { number, cells })
    }
}

// === impl Fault ===

impl Fault {
    fn of_row(row: u64, code: &'static str, text: String) -> Self {
        Self { row, column: String::new(), code, text }
    }
}

#[cfg(test)]
mod tests;
