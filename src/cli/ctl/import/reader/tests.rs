//! Files as people have them: of Excel, of Windows, cut in half, and worse.

use encoding_rs::{GB18030, UTF_8};

use super::*;

/// Rows as `2 a|b`, faults as `3 CODE column`.
fn told(bytes: &[u8], encoding: &'static Encoding) -> Vec<String> {
    let mut reader = Reader::new(bytes, encoding).expect("a header");
    let mut told = Vec::new();
    while let Some(row) = reader.next().expect("bytes can be read") {
        told.push(match row {
            Ok(row) => format!("{} {}", row.number, row.cells.join("|")),
            Err(fault) => format!("{} {} {}", fault.row, fault.code, fault.column).trim_end().to_owned(),
        });
    }
    told
}

#[test]
fn of_excel_and_of_windows() {
    let rows = ["2 1|王小明", "3 2|a,b \"c\""];
    let text = "n,name\r\n1,王小明\r\n2,\"a,b \"\"c\"\"\"\r\n";
    assert_eq!(told(text.as_bytes(), UTF_8), rows);
    assert_eq!(told(format!("\u{feff}{text}").as_bytes(), UTF_8), rows);
    assert_eq!(told(text.replace("\r\n", "\n").trim_end().as_bytes(), UTF_8), rows);
    assert_eq!(told(&GB18030.encode(text).0, GB18030), rows);
    // Every character of GB18030 that has a comma's, quote's or line end's neighbours in it.
    let all: String = ('\u{4e00}'..='\u{9fa5}').chain(['𠀀', '㐀']).collect();
    let text = format!("n\n{}\n", &all[..60_000 / 3 * 3]);
    assert_eq!(told(&GB18030.encode(&text).0, GB18030).len(), 1);
}

#[test]
fn rows_are_those_of_a_spreadsheet() {
    let text = "n,address\n\n1,\"two\nlines\"\n\n2,b\n";
    assert_eq!(told(text.as_bytes(), UTF_8), ["3 1|two\nlines", "5 2|b"]);
}

#[test]
fn a_bad_row_takes_no_other_with_it() {
    let wide = "n,name,x\n1,a\n2,b,c,d\n3,d,e\n";
    assert_eq!(told(wide.as_bytes(), UTF_8), ["2 TOO_FEW_COLUMNS x", "3 TOO_MANY_COLUMNS", "4 3|d|e"]);
    let open = "n,name\n1,\"a\n2,b\n3,\"c\"\n4,d\n";
    assert_eq!(told(open.as_bytes(), UTF_8), ["2 QUOTE_NOT_CLOSED", "3 2|b", "4 3|c", "5 4|d"]);
    let inches = "n,name\n1,5\" x\n2,b\n";
    assert_eq!(told(inches.as_bytes(), UTF_8), ["2 1|5\" x", "3 2|b"]);
    let coding = b"n,name\n1,\xff\xff\n2,b\n";
    assert_eq!(told(coding, UTF_8), ["2 BAD_ENCODING name", "3 2|b"]);
    let long = format!("n,name\n1,{}\n2,b\n", "x".repeat(LONGEST));
    assert_eq!(told(long.as_bytes(), UTF_8), ["2 ROW_TOO_LONG", "3 2|b"]);
}

#[test]
fn cut_in_half() {
    assert_eq!(told(b"n,name,x\n1,a,b\n2,b", UTF_8), ["2 1|a|b", "3 ROW_CUT_SHORT x"]);
    assert_eq!(told(b"n,name,x\n1,a,b\n2,\"b", UTF_8), ["2 1|a|b", "3 ROW_CUT_SHORT"]);
    assert_eq!(told("n,name\n1,王".as_bytes().split_last().expect("more").1, UTF_8), ["2 BAD_ENCODING name"]);
}

#[test]
fn no_header() {
    for bytes in [&b""[..], b"\n\n", b"\"a", b"\xff,a\n"] {
        assert!(Reader::new(bytes, UTF_8).is_err(), "{bytes:?}");
    }
}

proptest::proptest! {
    /// Whatever the bytes: it ends, rows rise, and every row has the header's width.
    #[test]
    fn whatever_it_is_fed(bytes in proptest::collection::vec(proptest::sample::select(b"a,\"\n\r\xff\xe7\x8e\x8b".to_vec()), 0..300)) {
        let fed = [b"a,b\n", &bytes[..]].concat();
        let mut reader = Reader::new(&fed[..], UTF_8).expect("a header");
        let mut last = 1;
        while let Some(row) = reader.next().expect("bytes can be read") {
            let number = match row {
                Ok(row) => { proptest::prop_assert_eq!(row.cells.len(), 2); row.number }
                Err(fault) => fault.row,
            };
            proptest::prop_assert!(number > last);
            last = number;
        }
    }
}
