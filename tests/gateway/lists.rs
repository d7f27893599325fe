//! Lists: whole over their pages, each token good for its own list, filter and caller only.

use greenlane::{
    domain::{
        caller::{Caller, Class},
        fact::FindingSeverity,
        number::Prefix,
        refusal::Reason,
        standing::Standing,
    },
    service::{
        list_allocations, list_inspections, list_standings, participants,
        supervise::record_inspection::Inspection,
    },
};

use crate::world::{World, caller, carrier, context, name, officer, outlets};

async fn many() -> World {
    let names: Vec<String> = (1..=7).map(|at| format!("mvnos/m{at:02}")).collect();
    let world = World::of(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for (at, mvno) in names.iter().enumerate() {
        world.make_compliant(mvno).await;
        for block in 0..2 {
            let block = Prefix::parse(&format!("171{at:03}{block}")).expect("a block");
            world.gateway.allocate_numbers(context(), name(mvno), block).await.expect("allocated");
        }
    }
    for mvno in ["mvnos/m02", "mvnos/m05"] {
        world.open(mvno, FindingSeverity::Severe).await;
    }
    world
}

fn standings(standing: Option<Standing>, size: i32, token: &str) -> list_standings::Filter {
    list_standings::Filter { mvno: None, standing, page_size: size, page_token: token.to_owned() }
}

fn inspections(mvno: Option<&str>, size: i32, token: &str) -> list_inspections::Filter {
    list_inspections::Filter { mvno: mvno.map(name), page_size: size, page_token: token.to_owned() }
}

fn allocations(size: i32, token: &str) -> list_allocations::Filter {
    list_allocations::Filter { mvno: None, page_size: size, page_token: token.to_owned() }
}

fn participants_of(class: Option<Class>, size: i32, token: &str) -> participants::Filter {
    participants::Filter { class, page_size: size, page_token: token.to_owned() }
}

/// Every page of a list, as names.
async fn pages(world: &World, list: &str, size: i32) -> Vec<Vec<String>> {
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let who = officer();
        let (page, next): (Vec<String>, String) = match list {
            "standings" => {
                let (rows, next) =
                    world.gateway.list_standings(&who, &standings(None, size, &token)).await.expect("page");
                (rows.iter().map(|row| row.mvno.to_string()).collect(), next)
            }
            "inspections" => {
                let asked = world.gateway.list_inspections(&who, inspections(None, size, &token));
                let (rows, next) = asked.await.expect("page");
                (rows.into_iter().map(|row| row.name).collect(), next)
            }
            "allocations" => {
                let asked = world.gateway.list_allocations(&who, allocations(size, &token));
                let (rows, next) = asked.await.expect("page");
                (rows.into_iter().map(|row| row.id).collect(), next)
            }
            "participants" => {
                let asked = world.gateway.list_participants(&who, participants_of(None, size, &token));
                let (rows, next) = asked.await.expect("page");
                (rows.iter().map(|row| row.name.to_string()).collect(), next)
            }
            other => panic!("no list of {other}"),
        };
        all.push(page);
        if next.is_empty() {
            return all;
        }
        token = next;
    }
}

#[tokio::test]
async fn pages_are_the_whole_list_and_nothing_twice() {
    let world = many().await;
    for (list, rows) in [("standings", 7), ("inspections", 7), ("allocations", 14), ("participants", 7)] {
        let whole = pages(&world, list, 0).await.concat();
        assert_eq!(whole.len(), rows, "{list}");
        let mut distinct = whole.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), rows, "{list}");
        for size in [1, 2, 3, 7, 14, 1000] {
            let pages = pages(&world, list, size).await;
            assert_eq!(pages.concat(), whole, "{list} by {size}");
            let size = usize::try_from(size).expect("positive");
            assert!(pages.iter().rev().skip(1).all(|page| page.len() == size), "{list} by {size}");
            assert!(!pages.last().expect("one").is_empty(), "no empty page at the end of {list} by {size}");
        }
    }
}

/// A page that would be too heavy for an answer has fewer rows than were asked for, and goes on.
#[tokio::test]
async fn heavy_rows_make_short_pages() {
    let world = World::of(&["mvnos/m01"]).await;
    for _ in 0..600 {
        let heavy = Inspection {
            evidence_hashes: vec!["a".repeat(64); 100],
            ..outlets("mvnos/m01", 40, 0, world.now())
        };
        world.inspect(heavy).await;
    }
    let pages = pages(&world, "inspections", 1000).await;
    assert_eq!(pages.iter().map(Vec::len).sum::<usize>(), 600);
    assert!(pages.iter().all(|page| page.len() * 6600 < 4 << 20), "each fits an answer");
}

#[tokio::test]
async fn filters_hold_over_pages() {
    let world = many().await;
    let page = async |token: &str| {
        let filter = standings(Some(Standing::Rectifying), 1, token);
        world.gateway.list_standings(&officer(), &filter).await.expect("page")
    };
    let (first, token) = page("").await;
    let (second, end) = page(&token).await;
    let seen: Vec<String> = first.iter().chain(&second).map(|row| row.mvno.to_string()).collect();
    assert_eq!(seen, ["mvnos/m02", "mvnos/m05"]);
    assert!(end.is_empty());
    let only = inspections(Some("mvnos/m03"), 0, "");
    let (rows, _) = world.gateway.list_inspections(&officer(), only).await.expect("page");
    assert!(rows.len() == 1 && rows[0].mvno == name("mvnos/m03"));
}

#[tokio::test]
async fn a_token_of_another_list_filter_or_caller_is_refused() {
    let world = many().await;
    let who = officer();
    let (_, token) = world.gateway.list_standings(&who, &standings(None, 2, "")).await.expect("page");
    let ask = async |who: &Caller, filter| world.gateway.list_standings(who, &filter).await.map(drop);
    ask(&who, standings(None, 5, &token)).await.expect("another size is the same list");
    let mut tampered = token.clone();
    tampered.replace_range(0..1, if token.starts_with('0') { "1" } else { "0" });
    for (who, filter) in [
        (&who, standings(Some(Standing::Compliant), 2, &token)),
        (&carrier(), standings(None, 2, &token)),
        (&who, list_standings::Filter { mvno: Some(name("mvnos/m03")), ..standings(None, 2, &token) }),
        (&who, standings(None, 2, &tampered)),
        (&who, standings(None, 2, "x")),
        (&who, standings(None, 2, &"ab".repeat(2000))),
    ] {
        let refused = ask(who, filter).await.expect_err("not its token");
        assert_eq!(refused.reason, Reason::PageTokenMismatch);
    }
    let elsewhere =
        world.gateway.list_inspections(&who, inspections(None, 2, &token)).await.expect_err("another");
    assert_eq!(elsewhere.reason, Reason::PageTokenMismatch);
    let elsewhere = world.gateway.list_allocations(&who, allocations(2, &token)).await.expect_err("another");
    assert_eq!(elsewhere.reason, Reason::PageTokenMismatch);
    let asked = world.gateway.list_participants(&who, participants_of(None, 2, &token));
    assert_eq!(asked.await.expect_err("another").reason, Reason::PageTokenMismatch);
    let negative = ask(&who, standings(None, -1, "")).await.expect_err("negative");
    assert_eq!(negative.violations[0].field, "page_size");
}

#[tokio::test]
async fn an_mvno_lists_itself() {
    let world = many().await;
    let m02 = caller("mvno/m02");
    let (rows, token) = world.gateway.list_standings(&m02, &standings(None, 0, "")).await.expect("page");
    assert_eq!(rows.iter().map(|row| row.mvno.to_string()).collect::<Vec<_>>(), ["mvnos/m02"]);
    assert!(token.is_empty());
    let (rows, _) = world.gateway.list_inspections(&m02, inspections(None, 0, "")).await.expect("page");
    assert!(rows.len() == 1 && rows[0].mvno == name("mvnos/m02"));
    let refused = world.gateway.list_inspections(&m02, inspections(Some("mvnos/m03"), 0, "")).await;
    assert_eq!(refused.expect_err("not its own").reason, Reason::NotYours);
    let other = list_standings::Filter { mvno: Some(name("mvnos/m03")), ..standings(None, 0, "") };
    assert_eq!(
        world.gateway.list_standings(&m02, &other).await.expect_err("not its own").reason,
        Reason::NotYours
    );
}

/// A row that comes while somebody turns the pages moves none of those still to be seen.
#[tokio::test]
async fn pages_stand_still_while_rows_come() {
    let world = many().await;
    let who = officer();
    let (first, token) = world.gateway.list_inspections(&who, inspections(None, 4, "")).await.expect("page");
    world.inspect(outlets("mvnos/m01", 40, 0, world.now())).await;
    let (rest, _) = world.gateway.list_inspections(&who, inspections(None, 100, &token)).await.expect("page");
    assert_eq!((first.len(), rest.len()), (4, 4), "the new one comes last");
    assert!(rest.windows(2).all(|pair| pair[0].seq < pair[1].seq) && rest[0].seq > first[3].seq);
}
