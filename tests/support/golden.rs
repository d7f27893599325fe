//! What a program prints, kept in `tests/golden/` for review. `UPDATE_GOLDEN=1` writes it anew.

use std::{env, fs, path::Path};

/// Compares with the kept file of that name, but for what differs from run to run.
#[track_caller]
pub fn same(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let found = steady(found);
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, &found).expect("written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, kept, "{name} differs from {}", path.display());
}

/// Times, ids, keys, signatures and what is made with keys differ from run to run; the days of 2016 and of the banner do
/// not.
pub fn steady(text: &str) -> String {
    let text = &made_with_keys(text);
    let mut steady = String::new();
    for line in text.lines() {
        let mut rest = line;
        let mut made = String::new();
        while let Some(c) = rest.chars().next() {
            if let Some(length) = id(rest) {
                made.push_str("<id>");
                rest = &rest[length..];
            } else if let Some(length) = time(rest) {
                let kept = ["2013", "2016", "2017", "2035"].iter().any(|year| rest.starts_with(year));
                made.push_str(if kept { &rest[..length] } else { "<time>" });
                rest = &rest[length..];
            } else {
                made.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
        for key in ["\"statement\": ", "\"signature\": ", "\"keyId\": ", "\"publicKey\": "] {
            if let Some(at) = made.find(key) {
                let comma = if made.ends_with(',') { "," } else { "" };
                made = format!("{}{key}\"<bytes>\"{comma}", &made[..at]);
            }
        }
        steady.push_str(made.trim_end());
        steady.push('\n');
    }
    steady
}

/// Without the hashes and codes of plans, wherever they are repeated.
fn made_with_keys(text: &str) -> String {
    let mut made = text.to_owned();
    for field in ["confirmCode", "planSha256"] {
        for after in text.split(&format!("\"{field}\": \"")).skip(1) {
            let value = after.split('"').next().unwrap_or_default();
            if !value.is_empty() {
                made = made.replace(value, &format!("<{field}>"));
            }
        }
    }
    made
}

/// The length of a UUID at the start.
fn id(text: &str) -> Option<usize> {
    let head = text.as_bytes().get(..36)?;
    let shaped = head.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    shaped.then_some(36)
}

/// The length of an RFC 3339 moment at the start.
fn time(text: &str) -> Option<usize> {
    let head = text.as_bytes().get(..19)?;
    let shaped = head.iter().enumerate().all(|(at, byte)| match at {
        4 | 7 => *byte == b'-',
        10 => *byte == b'T',
        13 | 16 => *byte == b':',
        _ => byte.is_ascii_digit(),
    });
    let end = text.find('Z').filter(|end| shaped && *end < 31)?;
    Some(end + 1)
}
