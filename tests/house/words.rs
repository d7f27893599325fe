//! What must never be in the repository: private keys, the paths of somebody's machine, the hosts of package
//! registries, and real people's numbers. The words looked for are put together here, so as not to find themselves.

use crate::{
    none,
    source::{read, tracked},
};

/// Files that are written by a tool, in the tool's own words.
const BY_TOOLS: &[&str] = &["Cargo.lock"];

/// Numbers of identity documents that are published examples; what else checks is somebody's, unless it is made up so
/// that nobody can have it: of an area 9999, or of somebody born before 1910.
const EXAMPLES: &[&str] = &["11010519491231002X", "911124198108030028", "932682198501010017"];

fn forbidden() -> Vec<String> {
    let mut words: Vec<String> = ["", "RSA ", "EC ", "ENCRYPTED ", "OPENSSH "]
        .iter()
        .map(|kind| format!("BEGIN {kind}PRIVATE{}", " KEY"))
        .collect();
    for folder in ["work", "root", "home"] {
        words.push(format!("/{folder}/"));
    }
    for (name, end) in [
        ("index.crates", "io"),
        ("static.crates", "io"),
        ("registry.npmjs", "org"),
        ("pypi", "org"),
        ("proxy.golang", "org"),
    ] {
        words.push(format!("{name}.{end}"));
    }
    words
}

fn texts() -> impl Iterator<Item = (String, String)> {
    let files = tracked().into_iter().filter(|path| !BY_TOOLS.contains(&path.as_str()));
    files.map(|path| (path.clone(), read(&path)))
}

#[test]
fn no_word_that_gives_something_away() {
    let words = forbidden();
    let complain = |(path, text): (String, String)| -> Vec<String> {
        let found = words.iter().filter(|word| text.contains(word.as_str()));
        found.map(|word| format!("{path}: {word}")).collect()
    };
    none(texts().flat_map(complain).collect());
}

#[test]
fn no_key_is_kept() {
    let key = |path: &String| path.ends_with(".key") || path.ends_with("key.pem") || path.ends_with(".p12");
    none(tracked().into_iter().filter(key).collect());
}

#[test]
fn no_number_of_a_person() {
    let complain = |(path, text): (String, String)| -> Vec<String> {
        let runs = runs(&text).into_iter().filter(|run| is_phone(run) || is_document(run));
        runs.map(|run| format!("{path}: {}...", &run[..6])).collect()
    };
    none(texts().flat_map(complain).collect());
}

/// Digits that stand alone, with the X that an identity number may end in.
fn runs(text: &str) -> Vec<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let digits = |word: &&str| {
        let body = word.strip_suffix(['X', 'x']).unwrap_or(word);
        body.len() >= 11 && body.bytes().all(|b| b.is_ascii_digit())
    };
    words.filter(digits).collect()
}

/// A mainland mobile number that is not plainly made up: those here end in 000 and one digit.
fn is_phone(run: &str) -> bool {
    let run = run.strip_prefix("86").filter(|rest| rest.len() == 11).unwrap_or(run);
    run.len() == 11 && run.starts_with('1') && !run[..2].ends_with(['0', '1', '2']) && &run[7..10] != "000"
}

/// An identity number of 18 that checks, and is no published example.
fn is_document(run: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    if run.len() != 18 || EXAMPLES.contains(&run) {
        return false;
    }
    let nobody = &run[2..6] == "9999" || !("1910".."2100").contains(&&run[6..10]);
    let (month, day) = (run[10..12].parse().unwrap_or(0), run[12..14].parse().unwrap_or(0));
    let dated = (1..=12).contains(&month) && (1..=31).contains(&day);
    let digits = run.bytes().take(17).map(|b| u32::from(b.wrapping_sub(b'0')));
    let sum: u32 = digits.zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    let check = b"10X98765432"[(sum % 11) as usize];
    !nobody && dated && run.as_bytes()[17].eq_ignore_ascii_case(&check)
}

#[test]
fn the_eye_for_numbers_sees() {
    assert!(is_phone(&format!("1380{}", "1234567")) && is_phone(&format!("861380{}", "1234567")));
    assert!(!is_phone("17000000001") && !is_phone("10000000000") && !is_phone("12345678901"));
    // Of a made-up person: the published example's neighbour of another sequence number, with its check digit.
    let neighbours = (0..10).filter(|check| is_document(&format!("{}{check}", "11010519491231003")));
    assert_eq!(neighbours.count(), 1);
    assert!(!is_document("119999199003070018") && !is_document("810000190909090011"));
    assert!(!is_document("11010519491231002X") && !is_document("110105194912310021"));
    let number = format!("1380{}", "1234567");
    assert_eq!(runs(&format!("a +86 {number}, 1_700_000_000_000 and 0x{number}")), [number]);
}
