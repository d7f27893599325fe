//! What was over enters the ledger once, with its count.

use greenlane::{
    domain::{
        entry::{Entry, EntryKind},
        time::Time,
    },
    store::{Store, sql, sqlite},
};

use crate::world::{CHECK, SUSPEND, World, settings};

async fn entries(store: &Store) -> Vec<Entry> {
    let entries =
        store.read(|tx| Box::pin(async move { Ok(sql::entry::list_after(tx, 0, i64::MAX).await?) }));
    entries.await.expect("a read").into_iter().map(|(_, entry)| entry).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_entry_for_an_organisation_and_minute() {
    let folder = tempfile::tempdir().expect("a folder");
    let store =
        sqlite::open(&folder.path().join("db"), sqlite::Options::default(), Time::of_date(2026, 3, 1));
    let store = store.expect("a store");
    let world = World::new(settings(1, 1));
    assert_eq!(world.shared.flush(&store).await.expect("nothing to do"), 0);
    for path in [CHECK, CHECK, SUSPEND, CHECK] {
        world.call("carrier/telecom", path).await;
        world.call("mvno/m01", path).await;
    }
    assert_eq!(world.shared.flush(&store).await.expect("entered"), 2);
    assert_eq!(world.shared.flush(&store).await.expect("nothing to do"), 0);
    let mut entries = entries(&store).await;
    entries.sort_by(|a, b| a.caller.cmp(&b.caller));
    assert_eq!(entries.len(), 2);
    for (entry, caller) in entries.iter().zip(["carriers/telecom", "mvnos/m01"]) {
        assert_eq!((entry.kind, entry.outcome.as_str()), (EntryKind::Refusal, "RATE_LIMITED"));
        assert_eq!((entry.caller.as_str(), entry.method.as_str()), (caller, "*"));
        let detail: serde_json::Value = serde_json::from_str(&entry.detail).expect("JSON");
        assert_eq!(detail, serde_json::json!({"calls": 3, "refusals": 0, "shared": 0, "streams": 0}));
    }
}
