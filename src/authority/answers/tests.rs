use std::sync::{
    Mutex,
    atomic::{AtomicI64, AtomicU32, Ordering},
};

use super::*;
use crate::{
    domain::name::ParticipantName,
    vault::{index::Index, keyfile::KeyLine},
};

/// A clock that is set.
pub(in crate::authority) struct Set(pub(in crate::authority) AtomicI64);

impl Clock for Set {
    fn now(&self) -> Time {
        Time::from_micros(self.0.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.load(Ordering::Relaxed)).unwrap_or(0))
    }
}

impl Set {
    pub(in crate::authority) fn at_2026() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(Time::of_date(2026, 1, 1).micros() + 1)))
    }

    pub(in crate::authority) fn pass(&self, span: Duration) {
        self.0.fetch_add(i64::try_from(span.as_micros()).expect("a span"), Ordering::Relaxed);
    }
}

/// Says what it was told to, and counts.
struct Told {
    says: Mutex<AuthorityMatch>,
    asked: AtomicU32,
}

impl Authority for Told {
    fn ask(&self, _: Question) -> BoxFuture<AuthorityMatch> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let says = *self.says.lock().expect("nobody panics with it");
        Box::pin(std::future::ready(says))
    }
}

impl Told {
    fn say(&self, says: AuthorityMatch) {
        *self.says.lock().expect("nobody panics with it") = says;
    }

    fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }
}

pub(in crate::authority) fn question(mvno: &str, number: &str, name: &str) -> Question {
    let mvno = ParticipantName::parse_mvno(mvno).expect("a name");
    Question::new(mvno, "RESIDENT_ID", number, name)
}

const NUMBER: &str = "119999199003070019";

fn world() -> (Answers, Arc<Told>, Arc<Set>, Arc<MemoryShelf>) {
    let told = Arc::new(Told { says: Mutex::new(AuthorityMatch::Match), asked: AtomicU32::new(0) });
    let (clock, shelf) = (Set::at_2026(), Arc::new(MemoryShelf::new()));
    let index = Arc::new(Index::new(&KeyLine::fresh(crate::vault::keyfile::Purpose::Index)));
    let answers = Answers::new(told.clone(), shelf.clone(), index, Holds::default(), clock.clone());
    (answers, told, clock, shelf)
}

#[tokio::test]
async fn a_decision_is_kept_for_its_time() {
    let (answers, told, clock, _) = world();
    let ask = |name| answers.ask(question("mvnos/m01", NUMBER, name));
    assert_eq!(ask("某甲").await, AuthorityMatch::Match);
    told.say(AuthorityMatch::Mismatch);
    assert_eq!(ask("某甲").await, AuthorityMatch::Match);
    assert_eq!(told.asked(), 1);
    assert_eq!(ask("某乙").await, AuthorityMatch::Mismatch, "another name is another question");
    told.say(AuthorityMatch::Match);
    clock.pass(Duration::from_secs(599));
    assert_eq!(ask("某乙").await, AuthorityMatch::Mismatch);
    clock.pass(Duration::from_secs(1));
    assert_eq!(ask("某乙").await, AuthorityMatch::Match, "a mismatch holds ten minutes");
    told.say(AuthorityMatch::NotAvailable);
    clock.pass(DAY - Duration::from_secs(601));
    assert_eq!(ask("某甲").await, AuthorityMatch::Match, "a match holds a day, into the next stretch");
    clock.pass(Duration::from_secs(1));
    assert_eq!(ask("某甲").await, AuthorityMatch::NotAvailable);
    clock.pass(DAY);
    assert_eq!(ask("某乙").await, AuthorityMatch::NotAvailable);
}

#[tokio::test]
async fn no_answer_is_no_decision() {
    let (answers, told, ..) = world();
    told.say(AuthorityMatch::NotAvailable);
    for _ in 0..3 {
        assert_eq!(answers.ask(question("mvnos/m01", NUMBER, "某甲")).await, AuthorityMatch::NotAvailable);
    }
    assert_eq!(told.asked(), 3);
}

#[tokio::test]
async fn each_mvno_has_its_own() {
    let (answers, told, ..) = world();
    for mvno in ["mvnos/m01", "mvnos/m02", "mvnos/m01"] {
        answers.ask(question(mvno, NUMBER, "某甲")).await;
    }
    let photo = question("mvnos/m01", NUMBER, "某甲").with_photo("00".repeat(32));
    answers.ask(photo).await;
    assert_eq!(told.asked(), 3);
}

#[tokio::test]
async fn a_shelf_makes_up_nothing() {
    let (answers, told, clock, shelf) = world();
    told.say(AuthorityMatch::Mismatch);
    let asked = question("mvnos/m01", NUMBER, "某甲");
    let key = format!("identity/{}", hex(&answers.inner.key(&asked)));
    let revision = stretch(clock.now());
    let value = |form, word, expire: Time| [&[form, word], &expire.micros().to_be_bytes()[..]].concat();
    let (soon, never) = (clock.now().plus(Duration::from_secs(60)), clock.now().plus(DAY * 2));
    for odd in [vec![], vec![1, 1], value(2, MATCH, soon), value(1, 9, soon), value(1, MATCH, never)] {
        shelf.keep(key.clone(), revision, odd).await;
        let before = told.asked();
        assert_eq!(answers.ask(asked.clone()).await, AuthorityMatch::Mismatch);
        assert_eq!(told.asked(), before + 1);
    }
    // An older decision does not replace a newer one.
    shelf.keep(key.clone(), revision - 1, value(1, MATCH, soon)).await;
    assert_eq!(answers.ask(asked).await, AuthorityMatch::Mismatch);
    assert!(
        key.len() <= 200 && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'/')
    );
}
