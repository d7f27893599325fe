use super::*;
use crate::{
    authority::answers::tests::{Set, question},
    cache::{memory::MemoryCache, none::NoCache},
    vault::{
        index::Index,
        keyfile::{KeyLine, Purpose},
    },
};

fn index() -> Arc<Index> {
    Arc::new(Index::new(&KeyLine::fresh(Purpose::Index)))
}

fn guesses() -> (Guesses, Arc<Set>) {
    let clock = Set::at_2026();
    (Guesses::new(index(), Bounds::default(), Arc::new(NoCache::new()), clock.clone()), clock)
}

fn is_suspected(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Suspected { .. })
}

#[tokio::test]
async fn many_names_on_one_document_are_a_search() {
    let (guesses, clock) = guesses();
    let ask = async |mvno, name: u32| {
        guesses.before(&question(mvno, "119999199003070019", &format!("某{name}"))).await
    };
    for name in 0..5 {
        assert_eq!(ask("mvnos/m01", name).await, Verdict::Within);
        assert_eq!(ask("mvnos/m01", name).await, Verdict::Within);
    }
    assert!(is_suspected(ask("mvnos/m01", 5).await) && is_suspected(ask("mvnos/m01", 0).await));
    // Another caller, and another document, have budgets of their own.
    assert_eq!(ask("mvnos/m02", 0).await, Verdict::Within);
    assert_eq!(guesses.before(&question("mvnos/m01", "119999199003070027", "某5")).await, Verdict::Within);
    clock.pass(DAY);
    assert_eq!(ask("mvnos/m01", 0).await, Verdict::Within);
}

#[tokio::test]
async fn many_numbers_on_one_name_are_a_search_unless_they_match() {
    let (guesses, _) = guesses();
    let asked = |number: u32| question("mvnos/m01", &format!("11999919900307{number:03}0"), "王某");
    for number in 0..100 {
        assert_eq!(guesses.before(&asked(number)).await, Verdict::Within);
        guesses.after(&asked(number), AuthorityMatch::Match).await;
        guesses.after(&asked(number), AuthorityMatch::NotAvailable).await;
    }
    for number in 100..120 {
        assert_eq!(guesses.before(&asked(number)).await, Verdict::Within);
        guesses.after(&asked(number), AuthorityMatch::Mismatch).await;
    }
    assert_eq!(guesses.before(&asked(120)).await, Verdict::Within);
    guesses.after(&asked(120), AuthorityMatch::Mismatch).await;
    assert!(is_suspected(guesses.before(&asked(121)).await));
    assert!(is_suspected(guesses.before(&asked(0)).await));
}

/// A handler is photographed at each sale; whose face it is not is tried a few times and no more.
#[tokio::test]
async fn many_photos_are_a_search_unless_they_match() {
    let (guesses, _) = guesses();
    let asked =
        |photo: u32| question("mvnos/m01", "119999199003070019", "某甲").with_photo(format!("{photo:064}"));
    for photo in 0..100 {
        assert_eq!(guesses.before(&asked(photo)).await, Verdict::Within);
        guesses.after(&asked(photo), AuthorityMatch::Match).await;
    }
    let mut tried = 0;
    while guesses.before(&asked(100 + tried)).await == Verdict::Within {
        guesses.after(&asked(100 + tried), AuthorityMatch::Mismatch).await;
        tried += 1;
    }
    assert_eq!(tried, 5);
}

/// Two nodes, one budget; and what one of them heard of it outlives the place where they count together.
#[tokio::test]
async fn nodes_count_together() {
    let (clock, index) = (Set::at_2026(), index());
    let shared = Arc::new(MemoryCache::new(clock.clone()));
    let node = || Guesses::new(index.clone(), Bounds::default(), shared.clone(), clock.clone());
    let nodes = [node(), node()];
    let ask = async |node: usize, name: u32| {
        nodes[node].before(&question("mvnos/m01", "119999199003070019", &format!("某{name}"))).await
    };
    for name in 0..5 {
        assert_eq!(ask(name as usize % 2, name).await, Verdict::Within);
    }
    // The same by way of the other node is no guess; the sixth is one, at either.
    assert_eq!(ask(1, 0).await, Verdict::Within);
    assert!(is_suspected(ask(0, 5).await));
    assert!(is_suspected(ask(0, 0).await) && is_suspected(ask(1, 6).await));
    clock.pass(DAY);
    assert_eq!(ask(1, 7).await, Verdict::Within);

    let asked = |number: u32| question("mvnos/m01", &format!("11999919900307{number:03}0"), "王某");
    for number in 0..=20 {
        assert_eq!(nodes[0].before(&asked(number)).await, Verdict::Within, "{number}");
        nodes[number as usize % 2].after(&asked(number), AuthorityMatch::Mismatch).await;
    }
    assert!(is_suspected(nodes[0].before(&asked(21)).await));
    assert!(is_suspected(nodes[1].before(&asked(22)).await));
}
