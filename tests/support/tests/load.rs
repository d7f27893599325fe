//! The check of a record sees everything that it is there to see: a sound record is found sound, and each way to spoil
//! one is found.

use std::{fs, path::Path};

use rusqlite::Connection;

use crate::support::{
    load::{Acknowledged, Load},
    node::Node,
    postgres::Cluster,
    record::{Found, Record},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_spoiled_is_found() {
    let mut node = Node::start();
    let load = Load::start(&[node.lazy("regulator-miit")], 4);
    load.until(20).await;
    node.kill();
    node.start_again();
    load.until(40).await;
    let load = load.stop().await;
    load.replay(node.connect("regulator-miit").await).await;
    assert!(node.stop().success());
    let file = node.database_file();
    let sound = Record::Sqlite(file.clone()).check(&load).await;
    sound.is_sound();
    assert!(sound.acknowledged >= 40);

    let one = load.writes.values().next().expect("a write");
    let spoil = async |sql: &str| spoiled(&file, &sql.replace("@", &one.name)).check(&load).await;
    let found = spoil("DELETE FROM fact WHERE name = '@'").await;
    assert_eq!(found, Found { recorded: sound.recorded - 1, lost: 1, without_act: 1, ..sound });
    let found = spoil("DELETE FROM entry WHERE subject = '@'").await;
    assert_eq!(found, Found { without_entry: 1, ..sound });
    let found = spoil("DELETE FROM change_log WHERE cause = '@'").await;
    assert_eq!(found, Found { lost: 1, gaps: 1, ..sound });
    let columns = "mvno, kind, true_time, record_time, supersedes, recorded_by, body";
    let twice = format!(
        "INSERT INTO fact (name, {columns}) SELECT name || '2', {columns} FROM fact WHERE name = '@'"
    );
    assert_eq!(spoil(&twice).await, Found { doubled: 1, without_entry: 1, ..sound });

    let mut swapped = load.clone();
    let [first, last] =
        [load.writes.keys().next(), load.writes.keys().next_back()].map(|number| *number.expect("a write"));
    for (number, other) in [(first, last), (last, first)] {
        swapped.writes.insert(number, load.writes[&other].clone());
    }
    let found = Record::Sqlite(file.clone()).check(&swapped).await;
    assert_eq!(found, Found { lost: 2, ..sound }, "each is the other's");
    let mut late = load.clone();
    late.writes.get_mut(&first).expect("a write").ended = 0;
    late.writes.get_mut(&first).expect("a write").revision = i64::MAX;
    let found = Record::Sqlite(file).check(&late).await;
    let revisions = load.writes.values().filter(|write| write.revision != 0).count();
    assert_eq!((found.lost, found.out_of_order), (1, revisions - 1));
}

/// A copy in which that was done.
fn spoiled(file: &Path, sql: &str) -> Record {
    let copy = file.with_extension("spoiled");
    fs::copy(file, &copy).expect("a copy");
    let database = Connection::open(&copy).expect("a database");
    let triggers = "DROP TRIGGER fact_never_goes; DROP TRIGGER entry_never_goes;";
    database.execute_batch(&format!("{triggers} {sql}")).expect("done");
    Record::Sqlite(copy)
}

/// The same questions on the other engine, on tables of the same columns.
#[tokio::test]
async fn postgresql_is_asked_the_same() {
    let cluster = Cluster::shared();
    let url = cluster.create_database("record");
    let mark = "ab".repeat(16);
    let nothing = Acknowledged { mark: mark.clone(), begun: 0, writes: Default::default() };
    cluster.sql(
        "record",
        &format!(
            "CREATE TABLE fact (name TEXT, kind TEXT, body TEXT);
             CREATE TABLE entry (kind TEXT, method TEXT, subject TEXT);
             CREATE TABLE change_log (revision BIGINT, cause TEXT);
             CREATE TABLE allocation (prefix TEXT, reason TEXT, return_time BIGINT);
             INSERT INTO fact VALUES ('a', 'TALK', '{{\"minutes_sha256\":\"{mark}{:032x}\"}}');
             INSERT INTO entry VALUES ('ACT', '/x/RecordTalk', 'b');
             INSERT INTO change_log VALUES (1, 'a'), (3, 'c');
             INSERT INTO allocation VALUES ('1650000', '{mark}{:032x}{mark}{:032x}', 1);
             INSERT INTO entry VALUES ('ACT', '/x/AllocateNumbers', 'allocations/1650000');",
            7, 8, 9
        ),
    );
    let found = Record::Postgres(url).check(&nothing).await;
    assert_eq!(found, Found { recorded: 3, without_entry: 2, without_act: 1, gaps: 1, ..Found::default() });
}
