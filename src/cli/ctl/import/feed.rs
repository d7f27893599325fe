//! A file as the messages of an import: up to 500 rows each, and none that is over the gateway's limit. Rows that cannot
//! be sent are set aside on the way.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, BufReader},
    path::Path,
};

use encoding_rs::Encoding;
use prost::Message;

use super::{
    columns::Columns,
    reader::{Fault, Reader},
};
use crate::rpc::pb;

/// Rows of a message.
const ROWS: usize = 500;
/// The gateway takes 1 MiB; this leaves room for what is around the rows.
const BYTES: usize = 1000 * 1024;

/// Rows under way.
pub(super) struct Batch {
    /// The last of its rows.
    pub(super) last: i64,
    /// As it is sent, once more where the answer did not come.
    pub(super) message: pb::ImportRegistrationsRequest,
}

/// The messages of a file.
pub(super) struct Feed {
    reader: Reader<BufReader<File>>,
    columns: Columns,
    /// A row that did not fit into the message before.
    over: Option<pb::ImportRow>,
    /// Rows that cannot be sent, since somebody last looked.
    pub(super) faults: VecDeque<Fault>,
    /// Rows read so far, with those.
    pub(super) read: u64,
}

/// Why a file cannot be imported: one mistake a line.
pub(super) type Mistakes = Vec<String>;

// === impl Feed ===

impl Feed {
    /// Opens the file and reads its header.
    pub(super) fn open(
        path: &Path,
        encoding: &'static Encoding,
        ignored: &[String],
    ) -> Result<Self, Mistakes> {
        let at = |error: io::Error| vec![format!("{}: {error}", path.display())];
        let file = BufReader::with_capacity(256 * 1024, File::open(path).map_err(at)?);
        let reader = Reader::new(file, encoding).map_err(at)?;
        let columns = Columns::of(reader.header(), ignored).map_err(|faults| {
            faults.into_iter().map(|fault| format!("{}: {fault}", path.display())).collect::<Mistakes>()
        })?;
        Ok(Self { reader, columns, over: None, faults: VecDeque::new(), read: 0 })
    }

    /// The next message, of rows after that one. None at the end of the file.
    pub(super) fn next(&mut self, after: i64) -> io::Result<Option<Batch>> {
        let (mut rows, mut bytes) = (Vec::new(), 0);
        rows.extend(self.over.take().filter(|row| row.row_number > after));
        while rows.len() < ROWS && bytes < BYTES {
            let Some(read) = self.reader.next()? else { break };
            self.read += 1;
            let made = read.and_then(|row| {
                let number = i64::try_from(row.number).unwrap_or(i64::MAX);
                // Durable already: nothing of it is needed but whether it could be sent.
                let registration = self.columns.registration(&row)?;
                Ok((number > after)
                    .then_some(pb::ImportRow { row_number: number, registration: Some(registration) }))
            });
            match made {
                Ok(None) => {}
                Err(fault) => self.faults.push_back(fault),
                Ok(Some(row)) => {
                    bytes += row.encoded_len() + 8;
                    if bytes > BYTES && !rows.is_empty() {
                        self.over = Some(row);
                        break;
                    }
                    rows.push(row);
                }
            }
        }
        let last = rows.last().map(|row| row.row_number);
        Ok(last.map(|last| Batch { last, message: pb::ImportRegistrationsRequest { header: None, rows } }))
    }
}
