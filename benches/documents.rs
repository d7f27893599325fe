//! `cargo bench --bench documents`: how long it takes to read a document of each type whose form is in order, and what
//! that allocates. A bench of its own, because whoever counts allocations slows down whatever allocates.

#[path = "harness/all.rs"]
pub mod harness;

use std::{env, hint::black_box, time::Duration};

use greenlane::domain::document::{Document, DocumentDraft, DocumentType};
use jiff::civil::{Date, date};
use nix::time::ClockId;

use harness::{figures::median, table::Table};

/// Nanoseconds for a document, at most.
const MOST: f64 = 1_000.0;
/// Documents of a round.
const TOGETHER: usize = 10_000;
const TODAY: Date = date(2026, 1, 1);

/// A document of each type, of nobody: type, number, name and nationality.
const DOCUMENTS: [(DocumentType, &str, &str, &str); 11] = [
    (DocumentType::ResidentId, "11999919900307006X", "王小明", ""),
    (DocumentType::TemporaryResidentId, "119999199003070019", "阿布都热合曼·买买提", ""),
    (DocumentType::HouseholdRegister, "119999199003070027", "王小明", ""),
    (DocumentType::HkMacauPermit, "H00000001", "王小明", ""),
    (DocumentType::TaiwanPermit, "00000001", "王小明", ""),
    (DocumentType::ResidencePermitHmt, "810000190909090011", "王小明", ""),
    (DocumentType::PassportCn, "E00000001", "王小明", ""),
    (DocumentType::PassportForeign, "X0000001", "NOBODY AT ALL", "CAN"),
    (DocumentType::ForeignPermanentResidence, "932682190909090034", "NOBODY", "GBR"),
    (DocumentType::MilitaryId, "军字第0000001号", "王小明", ""),
    (DocumentType::ArmedPoliceId, "武字第0000001号", "王小明", ""),
];

fn main() {
    let rounds = if env::args().any(|arg| arg == "--bench") { 101 } else { 3 };
    let mut table = Table::new(["document", "CPU", "allocations", "target", "met"]);
    for document in DOCUMENTS {
        let mut allocations = 0;
        let nanos = median((0..rounds).map(|_| {
            let drafts: Vec<DocumentDraft> = (0..TOGETHER).map(|_| draft(document)).collect();
            let mut read = Vec::with_capacity(TOGETHER);
            let begun = used();
            let counted = allocation_counter::measure(|| {
                read.extend(drafts.into_iter().map(|draft| Document::read_alone(black_box(draft), TODAY)));
            });
            let took = used() - begun;
            assert!(read.iter().all(Result::is_ok), "{document:?} is in order");
            allocations = allocations.max(counted.count_total);
            took.as_secs_f64() * 1e9 / TOGETHER as f64
        }));
        table.row([
            document.0.to_string(),
            format!("{nanos:.0} ns"),
            format!("{:.0}", allocations as f64 / TOGETHER as f64),
            format!("<= {MOST} ns, 0"),
            if nanos <= MOST && allocations == 0 { "yes" } else { "no" }.to_owned(),
        ]);
    }
    println!("{table}\nMedians of {rounds} rounds of {TOGETHER} documents.");
}

/// The time that this thread has had: the machine's other work is not counted.
fn used() -> Duration {
    ClockId::CLOCK_THREAD_CPUTIME_ID.now().expect("the kernel counts").into()
}

/// As a message brings it, with a term, a day of birth where the number has none, and an address.
fn draft((kind, number, name, nationality): (DocumentType, &str, &str, &str)) -> DocumentDraft {
    let temporary = kind == DocumentType::TemporaryResidentId;
    DocumentDraft {
        kind: Some(kind),
        number: number.into(),
        name: name.into(),
        valid_from: if temporary { "2025-12-01" } else { "2020-01-01" }.to_owned(),
        valid_to: if temporary { "2026-03-01" } else { "2030-01-01" }.to_owned(),
        born: if kind.is_of_family() { "" } else { "1990-03-07" }.into(),
        nationality: nationality.to_owned(),
        address: "某市某区某路一号".into(),
        ..DocumentDraft::default()
    }
}
