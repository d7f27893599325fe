//! A file line by line, with a bound on how long one may be, and the row that a spreadsheet would show it at.

use std::{
    collections::VecDeque,
    io::{self, BufRead, Read},
};

/// No row of a registration comes near it.
pub(super) const LONGEST: usize = 64 * 1024;

/// A line as it stands in the file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Line {
    /// Without its end; empty where it was too long.
    pub(super) bytes: Vec<u8>,
    /// It has an end: the file does not stop within it.
    pub(super) ended: bool,
    /// It was longer than [`LONGEST`].
    pub(super) too_long: bool,
}

/// The lines of a file.
pub(super) struct Lines<R> {
    source: R,
    /// Lines that were read and given back.
    back: VecDeque<Line>,
}

// === impl Lines ===

impl<R: BufRead> Lines<R> {
    /// Of that file, from where it is.
    pub(super) fn new(source: R) -> Self {
        Self { source, back: VecDeque::new() }
    }

    /// The next one; `\n` and `\r\n` both end a line.
    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        if let Some(line) = self.back.pop_front() {
            return Ok(Some(line));
        }
        let mut bytes = Vec::new();
        let limit = u64::try_from(LONGEST + 2).unwrap_or(u64::MAX);
        if (&mut self.source).take(limit).read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        let mut ended = bytes.pop_if(|last| *last == b'\n').is_some();
        let too_long = bytes.len() > LONGEST;
        if too_long {
            bytes.clear();
            ended = ended || self.skip()?;
        } else if ended {
            bytes.pop_if(|last| *last == b'\r');
        }
        Ok(Some(Line { bytes, ended, too_long }))
    }

    /// Gives lines back that belong to other rows after all, in their order.
    pub(super) fn give_back(&mut self, lines: impl DoubleEndedIterator<Item = Line>) {
        lines.rev().for_each(|line| self.back.push_front(line));
    }

    /// What the lines come from, read to where they end.
    pub(super) fn into_source(self) -> R {
        self.source
    }

    /// Goes to the end of the line. Whether it has one.
    fn skip(&mut self) -> io::Result<bool> {
        loop {
            let part = self.source.fill_buf()?;
            if part.is_empty() {
                return Ok(false);
            }
            match part.iter().position(|byte| *byte == b'\n') {
                Some(at) => {
                    self.source.consume(at + 1);
                    return Ok(true);
                }
                None => {
                    let length = part.len();
                    self.source.consume(length);
                }
            }
        }
    }
}
