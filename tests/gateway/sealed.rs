//! What is kept of a person is sealed: nothing of it lies in clear, none of it opens in another's place, and all of it
//! opens while its keys are turned.

use std::time::Duration;

use greenlane::{
    domain::{
        document::{DocumentDraft, DocumentType},
        refusal::Reason,
        registration::{draft::Draft, import::OnDuplicate},
    },
    service::registrations::Filter,
};

use crate::{
    imports::{header, row},
    registrations::{PERSONS, as_mvno, draft, msisdn, person, postgres, register, sqlite},
    world::{World, caller},
};

/// What is sealed opens in its own row alone: in the record as in the vault's own test of ten thousand.
#[tokio::test]
async fn what_was_swapped_in_the_record_is_refused() {
    let world = sqlite().await;
    let mut names = Vec::new();
    for (n, number) in (0..).zip(&PERSONS[..3]) {
        names.push(register(&world, draft(n, number)).await.expect("opened").answer.name);
    }
    let me = caller("mvno/m01");
    let look = async || {
        let mut refused = 0;
        for name in &names {
            if let Err(refusal) = world.gateway.get_registration(&me, name).await {
                assert_eq!(refusal.reason, Reason::StoreUnavailable, "{refusal}");
                refused += 1;
            }
        }
        refused
    };
    assert_eq!(look().await, 0);
    for (table, column) in [("subject", "document"), ("line", "number"), ("subject", "wrapped_key")] {
        let kept = world.column(table, column);
        let (first, last) = (&kept[0], &kept[2]);
        world.put(table, column, &[(first.0.clone(), last.1.clone()), (last.0.clone(), first.1.clone())]);
        assert_eq!(look().await, 2, "{table}.{column}, swapped");
        let flipped: Vec<_> = kept
            .iter()
            .cloned()
            .map(|(id, mut bytes)| {
                let at = bytes.len() - 1;
                bytes[at] ^= 1;
                (id, bytes)
            })
            .collect();
        world.put(table, column, &flipped);
        assert_eq!(look().await, 3, "{table}.{column}, flipped");
        world.put(table, column, &kept);
        assert_eq!(look().await, 0, "as it was");
    }
}

/// Keys are wrapped by a newer key while lines are opened. The walk is broken off and begun again, by way of every node at
/// once, and everything opens afterwards.
async fn keys_are_turned_under_load(nodes: Vec<World>) {
    const NEW: &str = "SELECT COUNT(*) FROM subject WHERE kek_id =
      (SELECT kek_id FROM subject WHERE id = (SELECT MIN(id) FROM subject))";
    let first = &nodes[0];
    let many = first.number("SELECT COUNT(*) FROM subject").await;
    assert!(many > 1000, "more than a batch");
    let gateway = first.gateway.clone();
    let walk = tokio::spawn(async move { gateway.rewrap_keys().await });
    // The walk goes by ids: once the first has the newer key, so have those of its batch.
    while first.number("SELECT COUNT(DISTINCT kek_id) FROM subject").await == 1 && !walk.is_finished() {
        tokio::task::yield_now().await;
    }
    walk.abort();
    let _ = walk.await; // broken off, or done already
    assert!(first.number(NEW).await > 0);
    let load = futures_util::future::join_all((100..120).map(|n| {
        let number = PERSONS[n as usize % PERSONS.len()];
        register(&nodes[n as usize % nodes.len()], draft(n, number))
    }));
    let walks = futures_util::future::join_all(nodes.iter().map(|node| node.gateway.rewrap_keys()));
    let (turned, opened) = tokio::join!(walks, load);
    assert!(turned.iter().all(|tally| tally.as_ref().is_ok_and(|tally| tally.refused == 0)), "{turned:?}");
    assert!(opened.iter().all(Result::is_ok));
    let again = first.gateway.rewrap_keys().await.expect("nothing left");
    assert_eq!((again.rewrapped, again.refused), (0, 0));
    assert_eq!(first.number("SELECT COUNT(DISTINCT kek_id) FROM subject").await, 1);
    let mut filter = Filter {
        mvno: None,
        subject_token: String::new(),
        channel: String::new(),
        state: None,
        line_state: None,
        page_size: 1000,
        page_token: String::new(),
    };
    let mut shown = 0;
    loop {
        let listed = first.gateway.list_registrations(&caller("mvno/m01"), filter.clone()).await;
        let (page, next) = listed.expect("all open");
        assert!(page.iter().all(|shown| shown.masked_name == "某*"));
        shown += page.len();
        if next.is_empty() {
            break;
        }
        filter.page_token = next;
    }
    assert_eq!(shown, PERSONS.len() + 20 + MANY);
}

/// Persons taken in by an import.
const MANY: usize = 1100;

/// Subjects in number, and a newer key in the file.
async fn many_subjects(world: &World) {
    for (n, number) in (0..).zip(PERSONS) {
        register(world, draft(n, number)).await.expect("opened");
    }
    let me = as_mvno("m01");
    let header = header(OnDuplicate::Skip);
    let mut progress = world.gateway.begin_import(&me, &header).await.expect("begun");
    let rows: Vec<i64> = (1..=i64::try_from(MANY).expect("few")).collect();
    for chunk in rows.chunks(500) {
        let rows = chunk.iter().map(|at| {
            let passport = DocumentDraft {
                kind: Some(DocumentType::PassportForeign),
                number: format!("AB{at:06}").as_str().into(),
                nationality: "CAN".to_owned(),
                ..person(PERSONS[0])
            };
            let n = u32::try_from(*at).expect("few") + 1000;
            row(*at, Draft { individual: Some(passport), ..draft(n, PERSONS[0]) })
        });
        progress = world.gateway.import_rows(&me, &header, progress, rows.collect()).await.expect("taken");
    }
    assert_eq!(progress.accepted, rows.len() as i64, "{:?}", progress.rejected.first());
    world.add_kek();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_turned_under_load_on_sqlite() {
    let world = sqlite().await;
    many_subjects(&world).await;
    keys_are_turned_under_load(vec![world.restart_after(Duration::from_secs(1)).await]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_turned_under_load_on_two_nodes() {
    let world = postgres().await;
    many_subjects(&world).await;
    keys_are_turned_under_load(vec![world.beside().await, world.beside().await]).await;
}

/// Nothing of a person lies in the file in clear, nor does the ledger or a refusal say it.
#[tokio::test]
async fn nothing_of_a_person_is_in_clear() {
    let world = sqlite().await;
    let canary = "卡纳里卡纳里";
    for (n, number) in (0..).zip(PERSONS) {
        let mut draft = draft(n, number);
        let document = draft.individual.as_mut().expect("a person");
        document.name = canary.into();
        document.address = "卡纳里街一号".into();
        register(&world, draft).await.expect("opened");
    }
    let me = as_mvno("m01");
    let header = header(OnDuplicate::Skip);
    let begun = world.gateway.begin_import(&me, &header).await.expect("begun");
    let rows = (1..=200).map(|at| {
        // Every eighth is rejected, and kept for its sender.
        let number = if at % 8 == 0 { "1" } else { PERSONS[at as usize % 8] };
        let mut draft = draft(u32::try_from(at).expect("few") + 1000, number);
        draft.individual.as_mut().expect("a person").name = canary.into();
        row(at, draft)
    });
    world.gateway.import_rows(&me, &header, begun, rows.collect()).await.expect("taken");
    let mut words: Vec<String> = PERSONS.iter().map(|number| (*number).to_owned()).collect();
    assert_eq!(world.number("SELECT COUNT(*) FROM import_row_rejected WHERE original IS NOT NULL").await, 25);
    words.extend([canary.to_owned(), "卡纳里街".to_owned(), "卡纳里 in row".to_owned()]);
    words.extend([msisdn(3), msisdn(1100)]);
    for bytes in world.files() {
        for word in &words {
            let found = bytes.windows(word.len()).any(|window| window == word.as_bytes());
            assert!(!found, "a person is in the file in clear");
        }
    }
}
