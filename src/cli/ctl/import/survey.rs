//! What a file is, before any of its rows is sent: its hash, its encoding, how many rows it has.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

use aws_lc_rs::digest;
use encoding_rs::{Encoding, GB18030, UTF_8};

use super::lines::Lines;
use crate::service::receipt::hex;

/// What was found.
#[derive(Clone, Debug)]
pub(super) struct Survey {
    /// SHA-256 of its bytes, in hex.
    pub(super) sha256: String,
    /// How its text is written.
    pub(super) encoding: &'static Encoding,
    /// Lines that are not blank, without the header.
    pub(super) rows: u64,
}

/// Counts what passes.
struct Hashed<R> {
    source: R,
    hash: digest::Context,
}

/// What Excel calls Unicode text.
const UTF_16: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// Reads it once. `forced` is an encoding that the user knows better.
pub(super) fn survey(path: &Path, forced: Option<&'static Encoding>) -> io::Result<Survey> {
    let hashed = Hashed { source: File::open(path)?, hash: digest::Context::new(&digest::SHA256) };
    let mut lines = Lines::new(BufReader::with_capacity(256 * 1024, hashed));
    let (mut rows, mut sound, mut unsound, mut first) = (0_u64, 0_u64, 0_u64, true);
    while let Some(line) = lines.next()? {
        if first && UTF_16.iter().any(|mark| line.bytes.starts_with(mark)) {
            return Err(io::Error::other("it is UTF-16; save it as CSV UTF-8"));
        }
        first = false;
        rows += u64::from(!line.bytes.trim_ascii().is_empty() || line.too_long);
        if !line.bytes.is_ascii() {
            let is_utf_8 = Encoding::utf8_valid_up_to(&line.bytes) == line.bytes.len();
            if is_utf_8 { sound += 1 } else { unsound += 1 }
        }
    }
    // Text of another encoding is hardly ever UTF-8 by chance, while UTF-8 often passes for GB18030.
    let found = if sound >= unsound { UTF_8 } else { GB18030 };
    let sha256 = hex(lines.into_source().into_inner().hash.finish().as_ref());
    Ok(Survey { sha256, encoding: forced.unwrap_or(found), rows: rows.saturating_sub(1) })
}

// === impl Hashed ===

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.source.read(into)?;
        self.hash.update(&into[..length]);
        Ok(length)
    }
}
