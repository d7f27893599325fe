//! Each table: what goes in comes back, and what the schema refuses.

use greenlane::{
    domain::{
        allocation::Allocation,
        caller::Class,
        entry::EntryKind,
        fact::{Fact, FactBody, InspectionMethod},
        name::ParticipantName,
        participant::{Level, Participant, ParticipantState},
        standing::Standing,
        time::Time,
    },
    store::{
        Abort, Store, StoreError, Tx, Value, sql,
        sql::{change::Change, check_count::CheckCount, request::Kept, standing::StandingRow},
    },
};

use crate::fixture::{NOW, enter, entry, failure};

fn name(text: &str) -> ParticipantName {
    ParticipantName::parse(text).expect("a name")
}

fn later(micros: i64) -> Time {
    Time::from_micros(NOW.micros() + micros)
}

fn participant(text: &str, state: ParticipantState) -> Participant {
    Participant {
        name: name(text),
        display_name: "示例".to_owned(),
        level: (name(text).class == Class::Regulator).then_some(Level::Province),
        area: "CN-GD".to_owned(),
        state,
        proposed_by: "operators/greenlane/op-1".to_owned(),
        approved_by: None,
        create_time: NOW,
        update_time: NOW,
    }
}

fn fact(id: i64, mvno: &str, body: FactBody) -> Fact {
    Fact {
        name: format!("{mvno}/facts/{id}"),
        mvno: name(mvno),
        seq: 0,
        true_time: later(-id),
        record_time: later(id),
        supersedes: None,
        recorded_by: "regulators/miit/officer-1".to_owned(),
        body,
    }
}

fn inspection() -> FactBody {
    FactBody::Inspection {
        method: InspectionMethod::DataSample,
        outlets_checked: 0,
        outlets_breach: 0,
        sample_size: 10_000,
        sample_ok: 9_130,
        evidence_hashes: vec!["ab".repeat(32)],
    }
}

fn suspended() -> FactBody {
    FactBody::Suspended { reason: "\"引号\" and \u{0}".to_owned() }
}

/// Adds participants that take part.
async fn with(store: &Store, names: &'static [&'static str]) {
    let added = store.write(move |tx| {
        Box::pin(async move {
            for name in names {
                sql::participant::add(tx, &participant(name, ParticipantState::Active)).await?;
            }
            Ok(())
        })
    });
    added.await.expect("participants");
}

async fn add(tx: &mut dyn Tx, mut fact: Fact) -> Result<Fact, StoreError> {
    fact.seq = sql::fact::add(tx, &fact).await?;
    Ok(fact)
}

pub async fn facts_come_back_in_the_order_of_record(store: &Store) {
    with(store, &["mvnos/m01", "mvnos/m02"]).await;
    let written = store.write(|tx| {
        Box::pin(async move {
            let mut written = Vec::new();
            for (id, mvno, body) in [
                (1, "mvnos/m01", inspection()),
                (2, "mvnos/m02", inspection()),
                (3, "mvnos/m01", suspended()),
                (4, "mvnos/m01", inspection()),
            ] {
                written.push(add(tx, fact(id, mvno, body)).await?);
            }
            Ok(written)
        })
    });
    let written = written.await.expect("facts");
    assert!(written.is_sorted_by(|a, b| a.seq < b.seq));
    let read = store.read(|tx| {
        Box::pin(async move {
            let m01 = name("mvnos/m01");
            let first = sql::fact::list_inspections(tx, None, 0, 2).await?;
            let after = first.last().map_or(0, |fact| fact.seq);
            Ok((
                sql::fact::list_of(tx, &m01).await?,
                sql::fact::list_inspections(tx, Some(&m01), 0, 9).await?,
                sql::fact::list_inspections(tx, None, after, 9).await?,
                first,
            ))
        })
    });
    let (of_m01, inspections, rest, first) = read.await.expect("a read");
    let [a, b, c, d] = written.as_slice() else { panic!("four facts") };
    assert_eq!(of_m01, [a.clone(), c.clone(), d.clone()]);
    assert_eq!(inspections, [a.clone(), d.clone()]);
    assert_eq!(first, [a.clone(), b.clone()]);
    assert_eq!(rest, std::slice::from_ref(d));
}

pub async fn a_fact_is_corrected_once(store: &Store) {
    with(store, &["mvnos/m01"]).await;
    let correct = |id: i64| {
        store.write(move |tx| {
            Box::pin(async move {
                let corrected = Some("mvnos/m01/facts/1".to_owned());
                Ok(add(tx, Fact { supersedes: corrected, ..fact(id, "mvnos/m01", suspended()) }).await?)
            })
        })
    };
    correct(2).await.expect("a correction");
    assert_eq!(failure(correct(3).await), StoreError::Duplicate);
}

pub async fn facts_and_entries_are_append_only(store: &Store) {
    with(store, &["mvnos/m01"]).await;
    let added =
        store.write(|tx| Box::pin(async move { Ok(add(tx, fact(1, "mvnos/m01", inspection())).await?) }));
    added.await.expect("a fact");
    enter(store.clone(), "one").await.expect("an entry");
    for sql in [
        "UPDATE fact SET true_time = 0",
        "UPDATE fact SET supersedes = NULL",
        "DELETE FROM fact",
        "UPDATE entry SET outcome = 'DONE'",
        "UPDATE entry SET entry_id = 'two'",
        "UPDATE entry SET leaf_index = 1, detail = ''",
        "DELETE FROM entry",
    ] {
        let answer = store.write(move |tx| Box::pin(async move { Ok(tx.execute(sql, &[]).await?) })).await;
        assert!(matches!(failure(answer), StoreError::Unavailable(_)), "{sql}");
    }
    let leaf = store
        .write(|tx| Box::pin(async move { Ok(tx.execute("UPDATE entry SET leaf_index = 1", &[]).await?) }));
    assert_eq!(leaf.await.expect("the tree may number its leaves"), 1);
}

pub async fn entries_come_back(store: &Store) {
    let mut written = Vec::new();
    for (at, kind) in EntryKind::ALL.iter().enumerate() {
        let revision = (at > 0).then_some(at as i64);
        written.push(greenlane::domain::entry::Entry { kind: *kind, revision, ..entry(kind.as_str()) });
    }
    let adding = written.clone();
    let added = store.write(move |tx| {
        let adding = adding.clone();
        Box::pin(async move {
            for entry in &adding {
                sql::entry::append(tx, entry).await?;
            }
            Ok(())
        })
    });
    added.await.expect("entries");
    let read = store.read(|tx| {
        Box::pin(async move {
            let first = sql::entry::list_after(tx, 0, 1).await?;
            let after = first.last().map_or(0, |(seq, _)| *seq);
            let rest = sql::entry::list_after(tx, after, i64::MAX).await?;
            Ok((
                first.into_iter().chain(rest).map(|(_, entry)| entry).collect::<Vec<_>>(),
                sql::entry::count(tx).await?,
            ))
        })
    });
    assert_eq!(read.await.expect("a read"), (written.clone(), written.len() as i64));
}

pub async fn standings_are_written_over(store: &Store) {
    with(store, &["mvnos/m01"]).await;
    let first = StandingRow {
        mvno: name("mvnos/m01"),
        standing: Standing::Compliant,
        previous: Standing::Unknown,
        since_time: NOW,
        revision: 1,
        rule_version: "2017-01-01".to_owned(),
        next_turn: Some(later(1)),
    };
    let second = StandingRow { standing: Standing::Watch, revision: 2, next_turn: None, ..first.clone() };
    for row in [first, second] {
        let saving = row.clone();
        let saved = store.write(move |tx| {
            let row = saving.clone();
            Box::pin(async move {
                sql::standing::lock(tx, &row.mvno).await?;
                sql::standing::save(tx, &row).await?;
                Ok(sql::standing::lookup(tx, &row.mvno).await?)
            })
        });
        assert_eq!(saved.await.expect("a standing"), Some(row));
    }
    let nobody =
        store.read(|tx| Box::pin(async move { Ok(sql::standing::lookup(tx, &name("mvnos/m02")).await?) }));
    assert_eq!(nobody.await.expect("a read"), None);
}

pub async fn changes_are_listed_after_a_revision(store: &Store) {
    let edges = store.read(|tx| {
        Box::pin(async move { Ok((sql::change::oldest(tx).await?, sql::change::latest(tx).await?)) })
    });
    assert_eq!(edges.await.expect("a read"), (None, None));
    for _ in 0..5 {
        store.write(|tx| Box::pin(crate::suite::change(tx))).await.expect("a change");
    }
    let read = store.read(|tx| {
        Box::pin(async move {
            let changes: Vec<Change> = sql::change::list_after(tx, 2, 2).await?;
            Ok((changes, sql::change::oldest(tx).await?, sql::change::latest(tx).await?))
        })
    });
    let (changes, oldest, latest) = read.await.expect("a read");
    assert_eq!(changes.iter().map(|change| change.revision).collect::<Vec<_>>(), [3, 4]);
    assert_eq!((changes[0].standing, changes[0].previous), (Standing::Watch, Standing::Compliant));
    assert_eq!((oldest, latest), (Some(1), Some(5)));
}

pub async fn participants_come_back(store: &Store) {
    with(store, &["mvnos/m02", "regulators/gd", "mvnos/m01"]).await;
    let again = store.write(|tx| {
        Box::pin(async move {
            Ok(sql::participant::add(tx, &participant("mvnos/m01", ParticipantState::Active)).await?)
        })
    });
    assert_eq!(failure(again.await), StoreError::Duplicate);
    let read = store.write(|tx| {
        Box::pin(async move {
            let mut one = participant("mvnos/m01", ParticipantState::Suspended);
            one.approved_by = Some("regulators/miit/officer-1".to_owned());
            one.update_time = later(1);
            sql::participant::save(tx, &one).await?;
            assert_eq!(sql::participant::lookup(tx, &one.name).await?, Some(one));
            let gd = sql::participant::lookup(tx, &name("regulators/gd")).await?;
            assert_eq!(gd, Some(participant("regulators/gd", ParticipantState::Active)));
            assert_eq!(sql::participant::list_suspended(tx).await?, [name("mvnos/m01")]);
            let names =
                |found: Vec<Participant>| found.iter().map(|one| one.name.to_string()).collect::<Vec<_>>();
            Ok((
                names(sql::participant::list_all(tx).await?),
                names(sql::participant::list(tx, Some(Class::Mvno), "mvnos/m01", 9).await?),
            ))
        })
    });
    let (all, mvnos) = read.await.expect("participants");
    assert_eq!(all, ["mvnos/m01", "mvnos/m02", "regulators/gd"]);
    assert_eq!(mvnos, ["mvnos/m02"]);
}

pub async fn a_block_has_one_holder(store: &Store) {
    with(store, &["mvnos/m01", "mvnos/m02", "carriers/unicom"]).await;
    let held = |id: &str, mvno: &str| Allocation {
        id: id.to_owned(),
        prefix: "1700000".to_owned(),
        mvno: name(mvno),
        carrier: name("carriers/unicom"),
        allocate_time: NOW,
        return_time: None,
        allocated_by: "regulators/miit/officer-1".to_owned(),
        reason: "asked".to_owned(),
    };
    let allocate = |allocation: Allocation| {
        store.write(move |tx| {
            let allocation = allocation.clone();
            Box::pin(async move { Ok(sql::allocation::add(tx, &allocation).await?) })
        })
    };
    let (first, second) = (held("1", "mvnos/m01"), held("2", "mvnos/m02"));
    allocate(first.clone()).await.expect("a block");
    assert_eq!(failure(allocate(second.clone()).await), StoreError::Duplicate);
    let returned = store.write(|tx| {
        Box::pin(async move {
            assert_eq!(sql::allocation::count_active(tx, &name("mvnos/m01")).await?, 1);
            sql::allocation::return_(tx, "1", later(1)).await?;
            assert_eq!(sql::allocation::count_active(tx, &name("mvnos/m01")).await?, 0);
            Ok(sql::allocation::lookup_active(tx, "1700000").await?)
        })
    });
    assert_eq!(returned.await.expect("a return"), None);
    allocate(second.clone()).await.expect("the block is free again");
    let returned = Allocation { return_time: Some(later(1)), ..first };
    let read = store.read(|tx| {
        Box::pin(async move {
            let (m01, unicom) = (name("mvnos/m01"), name("carriers/unicom"));
            Ok([
                sql::allocation::list(tx, Some(&m01), None, "", 9).await?,
                sql::allocation::list(tx, None, Some(&unicom), "1", 9).await?,
                sql::allocation::list(tx, None, None, "", 9).await?,
            ])
        })
    });
    let expected = [vec![returned.clone()], vec![second.clone()], vec![returned, second]];
    assert_eq!(read.await.expect("a read"), expected);
}

pub async fn answers_are_kept_per_organisation_and_forgotten(store: &Store) {
    let kept = |organisation: &str, create_time| Kept {
        organisation: organisation.to_owned(),
        request_id: "r1".to_owned(),
        method: "/test".to_owned(),
        payload_sha256: "22".repeat(32),
        answer: vec![0, 255, 7],
        create_time,
    };
    let day = 24 * 60 * 60 * 1_000_000;
    let (old, new) = (kept("mvnos/m01", later(-31 * day)), kept("mvnos/m02", later(-29 * day)));
    for one in [&old, &new] {
        let one = one.clone();
        let added = store.write(move |tx| {
            let one = one.clone();
            Box::pin(async move { Ok(sql::request::add(tx, &one).await?) })
        });
        added.await.expect("an answer");
    }
    let taken = new.clone();
    let again = store.write(move |tx| {
        let taken = taken.clone();
        Box::pin(async move { Ok(sql::request::add(tx, &taken).await?) })
    });
    assert_eq!(failure(again.await), StoreError::Duplicate);
    let read = store.write(move |tx| {
        Box::pin(async move {
            let before = sql::request::lookup(tx, "mvnos/m01", "r1").await?;
            let gone = sql::request::prune(tx, later(0).minus(sql::request::KEPT_FOR)).await?;
            let after = sql::request::lookup(tx, "mvnos/m01", "r1").await?;
            Ok((before, gone, after, sql::request::lookup(tx, "mvnos/m02", "r1").await?))
        })
    });
    assert_eq!(read.await.expect("a read"), (Some(old), 1, None, Some(new)));
}

pub async fn counts_add_up(store: &Store) {
    let count = CheckCount {
        asker: name("carriers/unicom"),
        mvno: name("mvnos/m01"),
        action: "ALLOCATE_NUMBERS".to_owned(),
        decision: "ALLOW".to_owned(),
        revision: 7,
        bulletin: 0,
        minute: NOW,
        n: 3,
    };
    let other = CheckCount { revision: 8, n: 1, ..count.clone() };
    let counts = [count.clone(), other.clone(), CheckCount { n: 4, ..count.clone() }];
    let added = store.write(move |tx| {
        let counts = counts.clone();
        Box::pin(async move { Ok(sql::check_count::add(tx, &counts).await?) })
    });
    added.await.expect("counts");
    let read = store.read(|tx| {
        Box::pin(async move { Ok(sql::check_count::list_of(tx, &name("carriers/unicom")).await?) })
    });
    assert_eq!(read.await.expect("a read"), [CheckCount { n: 7, ..count }, other]);
}

pub async fn nonsense_is_named(store: &Store) {
    with(store, &["mvnos/m01"]).await;
    let written = store.write(|tx| {
        Box::pin(async move {
            let values = [Value::from("mvnos/m01"), Value::from(1)];
            let standing =
                "INSERT INTO standing (mvno, standing, previous, since_time, revision, rule_version)
                            VALUES (?1, 'PURPLE', 'WATCH', ?2, ?2, '')";
            tx.execute(standing, &values).await?;
            let fact = "INSERT INTO fact (name, mvno, kind, true_time, record_time, recorded_by, body)
                        VALUES ('f1', ?1, 'TALK', ?2, ?2, '', '{}')";
            tx.execute(fact, &values).await?;
            Ok(())
        })
    });
    written.await.expect("nonsense");
    let m01 = || name("mvnos/m01");
    let standing =
        store.read(move |tx| Box::pin(async move { Ok(sql::standing::lookup(tx, &m01()).await?) }));
    let facts = store.read(move |tx| Box::pin(async move { Ok(sql::fact::list_of(tx, &m01()).await?) }));
    let odd = StoreError::inconsistent;
    assert_eq!(failure(standing.await), odd("standing", "standing", "mvnos/m01"));
    assert_eq!(failure(facts.await), odd("fact", "body", "f1"));
    let fewer = store.read(|tx| {
        Box::pin(async move { Ok(tx.query("SELECT n FROM counter WHERE name = ?1", &[]).await.map(drop)?) })
    });
    assert!(matches!(failure::<()>(fewer.await as Result<(), Abort>), StoreError::Unavailable(_)));
}
