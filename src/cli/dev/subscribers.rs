//! `greenlane dev subscribers`: a CSV of made-up subscribers to try `greenlane ctl import` with. Their documents are of
//! regions that do not exist.

use std::io::{self, BufWriter, Write};

use jiff::{ToSpan, civil::date};

use crate::{
    cli::Failure,
    domain::{document::family, number::Prefix},
};

/// What to make.
#[derive(clap::Args)]
pub(super) struct Args {
    /// How many.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    rows: u32,
    /// The block of the first number; the numbers run on from there.
    #[arg(long, default_value = "1620000")]
    prefix: String,
    /// Make one row in so many wrong, each in another way; 0 for none.
    #[arg(long, default_value_t = 0, value_name = "ROWS")]
    bad_every: u32,
}

const HEADER: &str = "msisdn,document_type,document_number,name,sex,capture_method,register_time";
const FAMILY: [char; 16] =
    ['赵', '钱', '孙', '李', '周', '吴', '郑', '王', '冯', '陈', '褚', '卫', '蒋', '沈', '韩', '杨'];
const GIVEN: [char; 16] =
    ['安', '宁', '平', '和', '明', '远', '清', '文', '嘉', '言', '思', '齐', '乐', '山', '若', '水'];
/// Persons of one day of birth: sequences from 900 on are for other tests of documents.
const A_DAY: u32 = 899;
/// Days of birth, from 1950 on: all of full age, and all in the century that the old form of a number means.
const DAYS: u32 = 18_000;

/// Runs it.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let mistake = |line: String| Failure { lines: vec![line], code: 64 };
    let prefix = Prefix::parse(&args.prefix)
        .map_err(|_| mistake("--prefix: seven digits, like 1620000".to_owned()))?;
    let first: u64 =
        format!("{}0000", prefix.as_str()).parse().map_err(|_| mistake("--prefix: digits".to_owned()))?;
    let mut out = BufWriter::new(io::stdout().lock());
    let made = rows(args, first, &mut out).and_then(|()| out.flush());
    made.map_err(|error| error.to_string().into())
}

fn rows(args: &Args, first: u64, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{HEADER}")?;
    for n in 0..args.rows {
        let bad = args.bad_every > 0 && n % args.bad_every == args.bad_every - 1;
        let kind = if bad { Some(n / args.bad_every) } else { None };
        writeln!(out, "{}", row(n, first + u64::from(n), kind))?;
    }
    Ok(())
}

/// One row, or one that is wrong in that way.
fn row(n: u32, msisdn: u64, bad: Option<u32>) -> String {
    let sequence = n % A_DAY + 1;
    let born = date(1950, 1, 1).saturating_add(i64::from(n / A_DAY % DAYS).days());
    let old = format!("119999{}{sequence:03}", born.strftime("%y%m%d"));
    let mut number = family::modern(&old).map(|number| number.reveal().to_owned()).unwrap_or_default();
    let given = |n: u32| GIVEN[(n % 16) as usize];
    let mut name: String = [FAMILY[(n / 256 % 16) as usize], given(n / 16), given(n)].iter().collect();
    let mut sex = if sequence % 2 == 1 { "MALE" } else { "FEMALE" };
    match bad.map(|kind| kind % 5) {
        None => {}
        Some(0) => number.replace_range(14..17, "999"), // the check character does not fit any more
        Some(1) => name = "长".repeat(31),
        Some(2) => sex = if sex == "MALE" { "FEMALE" } else { "MALE" },
        Some(3) => return format!("{msisdn},RESIDENT_ID,{number}"),
        Some(_) => number.truncate(17),
    }
    format!("{msisdn},RESIDENT_ID,{number},{name},{sex},READER,2018-06-01")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn everybody_is_somebody_else() {
        let rows: Vec<String> = (0..5000).map(|n| row(n, 16_200_000_000 + u64::from(n), None)).collect();
        let numbers: HashSet<&str> = rows.iter().filter_map(|row| row.split(',').nth(2)).collect();
        assert_eq!(numbers.len(), rows.len());
        assert!(numbers.iter().all(|number| number.len() == 18 && number.starts_with("119999")));
    }
}
