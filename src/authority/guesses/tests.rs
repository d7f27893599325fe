use super::*;
use crate::{
    authority::answers::tests::{Set, question},
    vault::{index::Index, keyfile::KeyLine},
};

fn guesses() -> (Guesses, Arc<Set>) {
    let clock = Set::at_2026();
    let index = Arc::new(Index::new(&KeyLine::fresh(crate::vault::keyfile::Purpose::Index)));
    (Guesses::new(index, Bounds::default(), clock.clone()), clock)
}

fn is_suspected(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Suspected { .. })
}

#[test]
fn many_names_on_one_document_are_a_search() {
    let (guesses, clock) = guesses();
    let ask = |mvno, name: u32| guesses.before(&question(mvno, "119999199003070019", &format!("某{name}")));
    for name in 0..5 {
        assert_eq!(ask("mvnos/m01", name), Verdict::Within);
        assert_eq!(ask("mvnos/m01", name), Verdict::Within);
    }
    assert!(is_suspected(ask("mvnos/m01", 5)) && is_suspected(ask("mvnos/m01", 0)));
    // Another caller, and another document, have budgets of their own.
    assert_eq!(ask("mvnos/m02", 0), Verdict::Within);
    assert_eq!(guesses.before(&question("mvnos/m01", "119999199003070027", "某5")), Verdict::Within);
    clock.pass(DAY);
    assert_eq!(ask("mvnos/m01", 0), Verdict::Within);
}

#[test]
fn many_numbers_on_one_name_are_a_search_unless_they_match() {
    let (guesses, _) = guesses();
    let asked = |number: u32| question("mvnos/m01", &format!("11999919900307{number:03}0"), "王某");
    for number in 0..100 {
        assert_eq!(guesses.before(&asked(number)), Verdict::Within);
        guesses.after(&asked(number), AuthorityMatch::Match);
        guesses.after(&asked(number), AuthorityMatch::NotAvailable);
    }
    for number in 100..120 {
        assert_eq!(guesses.before(&asked(number)), Verdict::Within);
        guesses.after(&asked(number), AuthorityMatch::Mismatch);
    }
    assert_eq!(guesses.before(&asked(120)), Verdict::Within);
    guesses.after(&asked(120), AuthorityMatch::Mismatch);
    assert!(is_suspected(guesses.before(&asked(121))) && is_suspected(guesses.before(&asked(0))));
}
