use std::{collections::BTreeMap, sync::Mutex};

use super::*;
use crate::vault::{
    Column,
    keyfile::{KeyLine, Purpose},
    tests::vault,
};

const NAME: Column = Column::of("subject", "name");

/// Wrapped keys by subject, and after how many batches it fails.
struct Shelf {
    held: Mutex<BTreeMap<String, Vec<u8>>>,
    fails_after: Mutex<Option<u32>>,
    /// Erased between being read and being written.
    erased_meanwhile: Mutex<Vec<String>>,
}

fn tenant() -> ParticipantName {
    ParticipantName::parse_mvno("mvnos/m01").expect("a name")
}

impl WrappedKeys for Shelf {
    type Error = &'static str;

    async fn stale(
        &self,
        newest: KeyId,
        after: Option<&Kept>,
        most: usize,
    ) -> Result<Vec<Kept>, Self::Error> {
        let held = self.held.lock().expect("nobody panics with it");
        let later = held.iter().filter(|(subject, _)| after.is_none_or(|after| **subject > after.subject));
        let stale = later.filter(|(_, wrapped)| Vault::wrapper(wrapped) != Some(newest));
        let kept = |(subject, wrapped): (&String, &Vec<u8>)| Kept {
            tenant: tenant(),
            subject: subject.clone(),
            wrapped: wrapped.clone(),
        };
        Ok(stale.take(most).map(kept).collect())
    }

    async fn replace(&self, batch: Vec<Replacement>) -> Result<u64, Self::Error> {
        let mut held = self.held.lock().expect("nobody panics with it");
        for subject in self.erased_meanwhile.lock().expect("nobody panics with it").drain(..) {
            held.remove(&subject);
        }
        if let Some(left) = self.fails_after.lock().expect("nobody panics with it").as_mut() {
            *left = left.checked_sub(1).ok_or("the power went")?;
        }
        let mut done = 0;
        for change in batch {
            if let Some(slot) =
                held.get_mut(&change.kept.subject).filter(|slot| **slot == change.kept.wrapped)
            {
                *slot = change.wrapped;
                done += 1;
            }
        }
        Ok(done)
    }
}

#[tokio::test]
async fn it_ends_anywhere_and_goes_on() {
    let (old, new) = (KeyLine::fresh(Purpose::Kek), KeyLine::fresh(Purpose::Kek));
    let (before, both, after) = (vault(&[&old]), vault(&[&old, &new]), vault(&[&new]));
    let tenant = tenant();
    let (mut held, mut sealed) = (BTreeMap::new(), BTreeMap::new());
    for subject in (0..1000).map(|n| format!("s{n:04}")) {
        let (key, wrapped) = before.enrol(Owner::new(&tenant, &subject), 1);
        sealed.insert(subject.clone(), key.seal(NAME.at(&subject), subject.as_bytes()));
        held.insert(subject, wrapped);
    }
    // One was torn, and stays as it is without stopping the rest.
    held.get_mut("s0500").expect("it is there").truncate(20);
    let shelf = Shelf {
        held: Mutex::new(held),
        fails_after: Mutex::new(Some(0)),
        erased_meanwhile: Mutex::new(vec!["s0999".to_owned()]),
    };
    let mut runs = 0;
    let tally = loop {
        runs += 1;
        match run(&both, &shelf, 64, |_| {}).await {
            Ok(tally) => break tally,
            Err(_) => *shelf.fails_after.lock().expect("nobody panics with it") = Some(runs),
        }
    };
    assert!(runs > 3, "{runs}");
    assert_eq!(tally.refused, 1);
    let held = shelf.held.lock().expect("nobody panics with it").clone();
    assert_eq!(held.len(), 999, "an erased subject does not come back");
    for (subject, wrapped) in held.iter().filter(|(subject, _)| *subject != "s0500") {
        let key = after.unlock(Owner::new(&tenant, subject), wrapped).expect("by the newer key alone");
        let opened = key.open(NAME.at(subject), &sealed[subject]).expect("as it was sealed");
        assert_eq!(opened.expose(), subject.as_bytes());
    }
    let again = run(&both, &shelf, 64, |_| {}).await;
    assert_eq!(again, Ok(Tally { rewrapped: 0, overtaken: 0, refused: 1 }));
}

#[tokio::test]
async fn what_was_erased_meanwhile_stays_erased() {
    let (old, new) = (KeyLine::fresh(Purpose::Kek), KeyLine::fresh(Purpose::Kek));
    let (before, both) = (vault(&[&old]), vault(&[&old, &new]));
    let held = ["a", "b", "c"]
        .map(|subject| (subject.to_owned(), before.enrol(Owner::new(&tenant(), subject), 1).1));
    let shelf = Shelf {
        held: Mutex::new(held.into()),
        fails_after: Mutex::new(None),
        erased_meanwhile: Mutex::new(vec!["b".to_owned()]),
    };
    let mut heard = Vec::new();
    let tally = run(&both, &shelf, 8, |tally| heard.push(tally.rewrapped)).await;
    assert_eq!(tally, Ok(Tally { rewrapped: 2, overtaken: 1, refused: 0 }));
    assert_eq!(heard, [2]);
    assert!(!shelf.held.lock().expect("nobody panics with it").contains_key("b"));
}
