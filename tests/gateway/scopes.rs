//! What is off of a number is what all orders that stand keep off together: whoever lets back lets back what his order
//! cut and what those cut over which it wins, but for what the others keep. So nothing is off that no order answers for,
//! and nothing works that an order keeps off. The walk at the end tries it by chance.

use std::collections::BTreeMap;

use greenlane::{
    domain::{
        participant::Level,
        shutdown::{CommandKind, NumberState, ResultOutcome, Scope, Scopes},
    },
    service::{
        command::{judge::Ack, session::Claim},
        shutdown::restore::Cause,
    },
};

use crate::{
    orders::{Shut, answer, answer_all, authority, later, place, restore, shut, state},
    registrations::{msisdn, ready},
    support::figure::{asked, chance},
    world::{World, caller, context_of, name, working},
};

const CITY: &str = "police/city";
const TOWN: &str = "police/town";
const PROVINCE: &str = "police/province";
const MINISTRY: &str = "police/mps";
const RECEIVERS: [&str; 2] = ["mvnos/m01", "carriers/unicom"];

async fn on(world: World) -> World {
    ready(&world).await;
    for (of, level) in
        [(CITY, Level::City), (TOWN, Level::City), (PROVINCE, Level::Province), (MINISTRY, Level::Ministry)]
    {
        authority(&world, of, level).await;
    }
    world
}

/// What a receiver that did as it was told has off, number by number.
async fn off_at(world: &World, receiver: &str) -> BTreeMap<String, Scopes> {
    let (class, id) = receiver.split_once('/').expect("a name");
    let context = context_of(caller(&format!("{}/{id}", class.trim_end_matches('s'))));
    let (mut off, mut after) = (BTreeMap::<String, Scopes>::new(), 0);
    loop {
        let pulled = world.gateway.pull_commands(&context, after, 0).await.expect("pulled");
        for command in &pulled.commands {
            after = command.row.sequence;
            for told in &command.numbers {
                let off = off.entry(told.msisdn.clone()).or_default();
                match command.row.kind {
                    CommandKind::Shutdown => *off = off.union(command.scopes),
                    CommandKind::Restore => *off = off.without(command.scopes),
                    CommandKind::Verify => {}
                }
            }
        }
        if after >= pulled.last_sequence {
            return off;
        }
    }
}

/// The same of one number, at both alike.
async fn off(world: &World, number: u32) -> Scopes {
    let e164 = format!("+86{}", msisdn(number));
    let at = off_at(world, RECEIVERS[0]).await.get(&e164).copied().unwrap_or_default();
    let other = off_at(world, RECEIVERS[1]).await.get(&e164).copied().unwrap_or_default();
    assert_eq!(at, other, "{number}");
    at
}

fn of(scopes: &[Scope]) -> Scopes {
    Scopes::of(scopes.iter().copied())
}

async fn cut(world: &World, by: &str, scopes: &[Scope]) -> String {
    let id = shut(world, Shut { by, scopes, ..Shut::default() }).await;
    later(world);
    id
}

async fn back(world: &World, order: &str, cause: Cause, by: &str) -> String {
    let officer = format!("{by}/officer-1");
    let id = restore(world, order, &[1], cause, &officer).await.id;
    later(world);
    id
}

async fn holds(world: &World) -> i64 {
    world.number("SELECT COUNT(*) FROM number_hold").await
}

/// An order that cut more comes to its end: what another one keeps off stays off, and the rest comes back.
async fn what_others_keep_stays_off(world: World) {
    let one = cut(&world, MINISTRY, &[Scope::VoiceOut, Scope::SmsOut]).await;
    let more = cut(&world, MINISTRY, &[Scope::VoiceOut, Scope::SmsOut, Scope::Data]).await;
    answer_all(&world).await;
    back(&world, &more, Cause::Expired, MINISTRY).await;
    answer_all(&world).await;
    assert_eq!(
        (state(&world, &more, 1).await, state(&world, &one, 1).await),
        (NumberState::Restored, NumberState::Verified)
    );
    assert_eq!(off(&world, 1).await, of(&[Scope::VoiceOut, Scope::SmsOut]));
    back(&world, &one, Cause::Expired, MINISTRY).await;
    answer_all(&world).await;
    assert_eq!((off(&world, 1).await, holds(&world).await), (Scopes::default(), 0));
}

#[tokio::test]
async fn what_others_keep_stays_off_on_sqlite() {
    what_others_keep_stays_off(on(World::empty().await).await).await;
}

#[tokio::test]
async fn what_others_keep_stays_off_on_postgres() {
    what_others_keep_stays_off(on(World::postgres().await).await).await;
}

/// A restoration that is obeyed lets back all that those cut over which it wins.
async fn what_it_wins_over_comes_back_whole(world: World) {
    let one = cut(&world, PROVINCE, &[Scope::VoiceOut]).await;
    let below = cut(&world, CITY, &[Scope::VoiceOut, Scope::Data]).await;
    let above = cut(&world, MINISTRY, &[Scope::Data, Scope::SmsIn]).await;
    answer_all(&world).await;
    back(&world, &one, Cause::Appeal, PROVINCE).await;
    answer_all(&world).await;
    for (order, expected) in
        [(&one, NumberState::Restored), (&below, NumberState::Restored), (&above, NumberState::Verified)]
    {
        assert_eq!(state(&world, order, 1).await, expected);
    }
    assert_eq!(
        off(&world, 1).await,
        of(&[Scope::Data, Scope::SmsIn]),
        "what is above is not asked about calls"
    );
}

#[tokio::test]
async fn what_it_wins_over_comes_back_whole_on_sqlite() {
    what_it_wins_over_comes_back_whole(on(World::empty().await).await).await;
}

#[tokio::test]
async fn what_it_wins_over_comes_back_whole_on_postgres() {
    what_it_wins_over_comes_back_whole(on(World::postgres().await).await).await;
}

/// A shutdown of other services does nothing to a restoration under way, and one of some of its services does not end it.
#[tokio::test]
async fn a_restoration_is_overtaken_by_what_cuts_all_of_it() {
    let world = on(World::empty().await).await;
    for (cuts, overtaken) in [
        (&[Scope::SmsIn][..], false),
        (&[Scope::SmsIn, Scope::SmsOut], false),
        (&[Scope::SmsOut, Scope::VoiceOut, Scope::Data], true),
    ] {
        let first = cut(&world, CITY, &[Scope::VoiceOut, Scope::SmsOut]).await;
        answer_all(&world).await;
        let restoration = back(&world, &first, Cause::Appeal, CITY).await;
        let again = cut(&world, MINISTRY, cuts).await;
        let (at, _, winner) = place(&world, &restoration, 1).await;
        assert_eq!((at == NumberState::Refused, winner.is_some()), (overtaken, overtaken), "{cuts:?}");
        answer_all(&world).await;
        assert_eq!(state(&world, &first, 1).await, NumberState::Restored, "{cuts:?}");
        assert_eq!(off(&world, 1).await, of(cuts));
        back(&world, &again, Cause::Expired, MINISTRY).await;
        answer_all(&world).await;
        assert_eq!((off(&world, 1).await, holds(&world).await), (Scopes::default(), 0), "{cuts:?}");
    }
}

/// Whoever found a number off already keeps it off too, and has nothing to win against who cut it.
#[tokio::test]
async fn what_was_found_off_is_kept_off_and_let_go() {
    let world = on(World::empty().await).await;
    let scopes = &[Scope::VoiceOut][..];
    let first = cut(&world, CITY, scopes).await;
    answer_all(&world).await;
    let found = shut(&world, Shut { by: TOWN, scopes, kind: CommandKind::Verify, ..Shut::default() }).await;
    later(&world);
    answer_all(&world).await;
    // One who only found it off does not free what another one cut.
    let given = back(&world, &found, Cause::Appeal, TOWN).await;
    assert_eq!(place(&world, &given, 1).await.2, Some(first.clone()));
    assert_eq!(off(&world, 1).await, of(scopes));
    let found =
        shut(&world, Shut { by: PROVINCE, scopes, kind: CommandKind::Verify, ..Shut::default() }).await;
    later(&world);
    answer_all(&world).await;
    // Its first order comes to its end: from now on it is off by the other alone, and that one lets it go.
    back(&world, &first, Cause::Expired, CITY).await;
    answer_all(&world).await;
    assert_eq!((off(&world, 1).await, place(&world, &first, 1).await.2), (of(scopes), Some(found.clone())));
    back(&world, &found, Cause::Expired, PROVINCE).await;
    answer_all(&world).await;
    assert_eq!((off(&world, 1).await, holds(&world).await), (Scopes::default(), 0));
    assert_eq!(state(&world, &found, 1).await, NumberState::Restored);
}

/// One officer alone does not undo what two of another authority decided, though his order is the later one.
#[tokio::test]
async fn one_officer_does_not_undo_what_two_decided() {
    let world = on(World::empty().await).await;
    for (by, wins) in [(TOWN, false), (PROVINCE, true)] {
        let theirs = cut(&world, CITY, &[Scope::VoiceOut]).await;
        let id = theirs.clone();
        let approved = world.store().write(working(move |tx| {
            let id = id.clone();
            Box::pin(async move {
                let sql = "UPDATE shutdown_order SET approved_by = 'police/city/officer-2' WHERE id = ?1";
                Ok(tx.execute(sql, &[id.as_str().into()]).await?)
            })
        }));
        assert_eq!(approved.await.expect("written"), 1);
        let mine = cut(&world, by, &[Scope::VoiceOut, Scope::Data]).await;
        answer_all(&world).await;
        back(&world, &mine, Cause::Appeal, by).await;
        answer_all(&world).await;
        assert_eq!(state(&world, &theirs, 1).await == NumberState::Restored, wins, "{by}");
        assert_eq!(
            off(&world, 1).await,
            if wins { Scopes::default() } else { of(&[Scope::VoiceOut]) },
            "{by}"
        );
        if !wins {
            back(&world, &theirs, Cause::Appeal, CITY).await;
            answer_all(&world).await;
        }
    }
}

/// An order that one side refused stands at the other: nobody below lets it back.
#[tokio::test]
async fn what_one_side_refused_stands_at_the_other() {
    let world = on(World::empty().await).await;
    let above = cut(&world, MINISTRY, &[Scope::VoiceOut]).await;
    let context = context_of(caller("mvno/m01"));
    let pulled = world.gateway.pull_commands(&context, 0, 0).await.expect("pulled");
    let claim = Claim { receiver: name("mvnos/m01"), session: pulled.session, streams: false };
    let refused =
        Ack { sequence: pulled.last_sequence, results: Vec::new(), outcome: Some(ResultOutcome::Refused) };
    world.gateway.settle(&context, &claim, vec![refused]).await.expect("settled");
    answer(&world, "carriers/unicom").await;
    assert_eq!(state(&world, &above, 1).await, NumberState::Refused);
    let mine = cut(&world, CITY, &[Scope::VoiceOut]).await;
    answer_all(&world).await;
    let given = back(&world, &mine, Cause::Appeal, CITY).await;
    assert_eq!(place(&world, &given, 1).await.2, Some(above));
    assert_eq!(world.number("SELECT COUNT(*) FROM command WHERE kind = 'RESTORE'").await, 0);
}

/// Orders of four authorities with scopes by chance, let back by a person or by time, answered or not in between: when all is
/// answered, what is off at the receivers is what the orders that stand cut, and what stands can be let back.
#[tokio::test]
async fn what_is_off_is_what_stands() {
    let world = on(World::empty().await).await;
    for number in 1..=u32::try_from(asked("WALKS", 40)).expect("few") {
        let mut orders: Vec<(String, &str, Scopes)> = Vec::new();
        let mut steps = Vec::new();
        for _ in 0..2 + chance(8) {
            let by = [CITY, TOWN, PROVINCE, MINISTRY][chance(4)];
            let (stands, live) = standing(&world, &orders).await;
            match chance(6) {
                0..=2 => {
                    let scopes = Scopes::from_bits(i64::try_from(1 + chance(31)).expect("few"));
                    let list: Vec<Scope> = scopes.iter().collect();
                    let kind =
                        if stands.covers(scopes) { CommandKind::Verify } else { CommandKind::Shutdown };
                    let wish = Shut { by, scopes: &list, numbers: &[number], kind, ..Shut::default() };
                    orders.push((shut(&world, wish).await, by, scopes));
                    steps.push(format!("{by} {kind} {list:?}"));
                }
                3 | 4 if !live.is_empty() => {
                    let at = live[chance(live.len())];
                    let cause = [Cause::Appeal, Cause::Expired][chance(2)];
                    let officer = format!("{}/officer-1", orders[at].1);
                    restore(&world, &orders[at].0, &[1], cause, &officer).await;
                    steps.push(format!("back {at} {cause:?}"));
                }
                _ => {
                    answer_all(&world).await;
                    steps.push("answered".to_owned());
                }
            }
            later(&world);
        }
        answer_all(&world).await;
        let (stands, mut live) = standing(&world, &orders).await;
        assert_eq!(off(&world, number).await, stands, "{number}: {steps:#?}");
        // One after the other they let go, and then all is back.
        let mut rounds = 0;
        while !live.is_empty() {
            let at = live[chance(live.len())];
            let officer = format!("{}/officer-1", orders[at].1);
            restore(&world, &orders[at].0, &[1], Cause::Expired, &officer).await;
            later(&world);
            answer_all(&world).await;
            live = standing(&world, &orders).await.1;
            rounds += 1;
            assert!(rounds < 100, "{number}: nothing comes of it: {steps:#?}");
        }
        assert_eq!(off(&world, number).await, Scopes::default(), "{number}: {steps:#?}");
    }
    assert_eq!(holds(&world).await, 0);
    let open = "SELECT COUNT(*) FROM shutdown_order WHERE state = 'IN_PROGRESS'";
    assert_eq!(world.number(open).await, 0, "what is answered has ended");
}

/// What the orders that stand cut together, and which they are.
async fn standing(world: &World, orders: &[(String, &str, Scopes)]) -> (Scopes, Vec<usize>) {
    let (mut stands, mut live) = (Scopes::default(), Vec::new());
    for (at, (order, _, scopes)) in orders.iter().enumerate() {
        let (state, _, overruled) = place(world, order, 1).await;
        let over = matches!(state, NumberState::Refused | NumberState::Restoring | NumberState::Restored);
        if !over && overruled.is_none() {
            stands = stands.union(*scopes);
            live.push(at);
        }
    }
    (stands, live)
}
