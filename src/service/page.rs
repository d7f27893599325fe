//! Page tokens: where a list goes on, bound by HMAC to the list, its filter and its caller. A token of another
//! filter is refused, never misread.

use aws_lc_rs::hmac;

use super::receipt::hex;
use crate::domain::refusal::{Reason, Refusal, Violation};

/// Makes and reads tokens.
pub struct Pages(hmac::Key);

/// One page asked for.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Rows at most, 1 to 1000.
    pub size: i64,
    /// The key after which the page starts; `None` for the first.
    pub after: Option<String>,
}

const DEFAULT: i32 = 50;
const MOST: i32 = 1000;
/// Bytes of rows in a page at most, about: an answer carries 4 MiB.
const HEAVIEST: usize = 3 << 20;

/// Fills a page until its size or its weight is reached. A page that has a row fewer than asked for, for its weight,
/// has a token like any other.
pub struct Filling {
    rows: usize,
    weight: usize,
}

// === impl Filling ===

impl Filling {
    /// An empty page of that many rows at most.
    pub fn new(rows: i64) -> Self {
        Self { rows: usize::try_from(rows).unwrap_or(usize::MAX), weight: 0 }
    }

    /// Whether a row of about that many bytes still goes in; the first always does.
    pub fn takes(&mut self, held: usize, weight: usize) -> bool {
        self.weight += weight;
        held == 0 || (held < self.rows && self.weight <= HEAVIEST)
    }
}

// === impl Pages ===

impl Pages {
    /// Tokens under that key.
    pub fn new(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// Reads a page's size and token. `list` names the list, its filter and its caller.
    pub fn ask(&self, list: &str, size: i32, token: &str) -> Result<Ask, Refusal> {
        if size < 0 {
            return Err(Refusal::field("page_size", "OUT_OF_RANGE", "0 (for 50) to 1000"));
        }
        let size = i64::from(if size == 0 { DEFAULT } else { size.min(MOST) });
        if token.is_empty() {
            return Ok(Ask { size, after: None });
        }
        let mismatch = || {
            let text = "not of this list and filter; start again without a token";
            let violations = vec![Violation::new("page_token", "MISMATCH", text)];
            Refusal {
                violations,
                ..Refusal::new(Reason::PageTokenMismatch, format!("The page_token is {text}."))
            }
        };
        let (tag, after) = token.split_once('.').ok_or_else(mismatch)?;
        let after = String::from_utf8(unhex(after).ok_or_else(mismatch)?).map_err(|_| mismatch())?;
        let tag = unhex(tag).ok_or_else(mismatch)?;
        if aws_lc_rs::constant_time::verify_slices_are_equal(&self.tag(list, &after), &tag).is_err() {
            return Err(mismatch());
        }
        Ok(Ask { size, after: Some(after) })
    }

    /// The token of the page after that key.
    pub fn token(&self, list: &str, after: &str) -> String {
        format!("{}.{}", hex(&self.tag(list, after)), hex(after.as_bytes()))
    }

    fn tag(&self, list: &str, after: &str) -> [u8; 16] {
        let mut context = hmac::Context::with_key(&self.0);
        // Length first: no two pairs of texts run together into one.
        context.update(&(list.len() as u64).to_be_bytes());
        context.update(list.as_bytes());
        context.update(after.as_bytes());
        let mut tag = [0; 16];
        tag.copy_from_slice(&context.sign().as_ref()[..16]);
        tag
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || text.len() > 1024 {
        return None;
    }
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_full_by_rows_or_by_weight() {
        let fill = |rows, weight| {
            let mut filling = Filling::new(rows);
            (0..5000).take_while(|held| filling.takes(*held, weight)).count()
        };
        assert_eq!(fill(50, 100), 50);
        assert_eq!(fill(1000, 6600), HEAVIEST / 6600);
        assert_eq!(fill(1000, 2 * HEAVIEST), 1, "a page has a row at least");
    }

    #[test]
    fn a_token_goes_with_its_list() {
        let pages = Pages::new(b"key");
        let token = pages.token("standings|", "mvnos/m07");
        assert_eq!(pages.ask("standings|", 0, &token).expect("page").after.as_deref(), Some("mvnos/m07"));
        for (list, token) in [
            ("standings|GREEN", token.as_str()),
            ("standings|", "x"),
            ("standings|", "00.é"),
            ("standings|", "a.b"),
        ] {
            let refusal = pages.ask(list, 0, token).expect_err("refused");
            assert_eq!(refusal.reason, Reason::PageTokenMismatch);
        }
        assert!(pages.ask("standings|", -1, "").is_err());
        assert_eq!(pages.ask("standings|", 5000, "").expect("page").size, 1000);
    }
}
