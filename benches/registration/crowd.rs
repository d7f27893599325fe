//! Writes subscribers into a file beneath the gateway, each as it would have: sealed under a key of its own, found by
//! the same indexes. Without waiting for the disk, and with the indexes made at the end: a generator, no yardstick.

use std::{fs, path::Path};

use greenlane::{
    domain::{document::DocumentType, name::ParticipantName, time::Time},
    host,
    store::sql::{line, subject},
    vault::{Files, Owner, Vault},
};
use rusqlite::{Connection, params};

use super::people::{self, BLOCK};

/// Whose they are, in turn: not the one who registers.
const MVNOS: u64 = 40;
/// The first block of their numbers.
const FIRST_BLOCK: u64 = 1_650_000;
/// The first of these persons; those before are the ones who register.
const FIRST_PERSON: u64 = 5_000_000;
/// Rows that are committed together.
const TOGETHER: u64 = 50_000;
/// Microseconds between two of them, up to now: they came over the years.
const APART: i64 = 1_000_000;

/// Makes that many subscribers with a line each.
pub fn write(dir: &Path, count: u64, now: Time) {
    let files = Files { kek: dir.join("kek.key"), index: dir.join("index.key") };
    let vault = Vault::open(&files).expect("made by dev");
    let database = Connection::open(dir.join("greenlane.db")).expect("the database");
    let settings = "PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; PRAGMA temp_store = FILE";
    database.execute_batch(settings).expect("settings");
    let indexes = indexes(&database);
    for (name, _) in &indexes {
        database.execute_batch(&format!("DROP INDEX {name}")).expect("dropped");
    }
    for from in (0..count).step_by(usize::try_from(TOGETHER).expect("few")) {
        database.execute_batch("BEGIN").expect("begun");
        for n in from..(from + TOGETHER).min(count) {
            let ago = i64::try_from(count - n).expect("not so many") * APART;
            add(&database, &vault, n, Time::from_micros(now.micros() - ago));
        }
        database.execute_batch("COMMIT").expect("written");
    }
    for (_, sql) in indexes {
        database.execute_batch(&sql).expect("made again");
    }
    database.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").expect("room");
    drop(database);
    fs::File::open(dir.join("greenlane.db")).and_then(|file| file.sync_all()).expect("on the disk");
}

/// The indexes that a statement made, with it.
fn indexes(database: &Connection) -> Vec<(String, String)> {
    let sql = "SELECT name, sql FROM sqlite_schema
               WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ('subject', 'line', 'registration')";
    let mut query = database.prepare(sql).expect("a query");
    let found = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("indexes");
    found.collect::<Result<_, _>>().expect("indexes")
}

fn add(database: &Connection, vault: &Vault, n: u64, at: Time) {
    let mvno = ParticipantName::parse_mvno(&format!("mvnos/m{:02}", n % MVNOS + 2)).expect("a name");
    let (person, number) = (FIRST_PERSON + n, people::document_number(FIRST_PERSON + n));
    let kind = DocumentType::ResidentId.as_str();
    let (subject, line) = (host::new_id(at), host::new_id(at));
    let (key, wrapped) = vault.enrol(Owner::new(&mvno, &subject), 1);
    let written = serde_json::json!({
        "kind": kind,
        "number": number,
        "name": people::name(person),
        "valid_to": "2036-01-01",
        "born": format!("{}-{}-{}", &number[6..10], &number[10..12], &number[12..14]),
        "sex": if person % 2 == 0 { "MALE" } else { "FEMALE" },
    });
    let document = key.seal(subject::DOCUMENT.at(&subject), written.to_string().as_bytes());
    let document_index = vault.index().document(kind, &number);
    let e164 = format!("+86{}", people::msisdn(FIRST_BLOCK, n));
    let sealed = key.seal(line::NUMBER.at(&line), e164.as_bytes());
    let insert = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
        database.prepare_cached(sql).and_then(|mut insert| insert.execute(values)).expect("inserted");
    };
    insert(
        "INSERT INTO subject (id, mvno, document_index, document_type, wrapped_key, kek_id, document, create_time)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            subject,
            mvno.to_string(),
            document_index.as_bytes(),
            kind,
            wrapped,
            vault.newest().as_bytes(),
            document,
            at.micros(),
        ],
    );
    insert(
        "INSERT INTO line (id, mvno, block, number_index, number, subject, state, registration_state, slots, slot, event,
           start_time, record_time)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'ACTIVE', 'VERIFIED', 'ORDINARY', 1, 'OPEN', ?7, ?7)",
        params![
            line,
            mvno.to_string(),
            people::block(FIRST_BLOCK, n / BLOCK),
            vault.index().number(&e164).as_bytes(),
            sealed,
            subject,
            at.micros(),
        ],
    );
    insert(
        "INSERT INTO registration (line, id, event, register_time, capture) VALUES (?1, ?2, 'OPEN', ?3, 'READER')",
        params![line, host::new_id(at), at.micros()],
    );
}
