//! How many numbers of a batch are at each place: kept beside the batch, so that nobody counts hundreds of rows to know
//! what the last move left.

use super::fold::Place;
use crate::domain::shutdown::NumberState;

/// How many at each place.
pub type Tally = Vec<(Place, i64)>;

/// As it is kept: `STATE/MVNO/CARRIER=COUNT`, one after the other.
pub fn text(tally: &[(Place, i64)]) -> String {
    let one = |(place, count): &(Place, i64)| {
        format!("{}/{}/{}={count}", place.state.as_str(), place.mvno.as_str(), place.carrier.as_str())
    };
    tally.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// As it was kept; `None` where it makes no sense.
pub fn parse(text: &str) -> Option<Tally> {
    let one = |part: &str| {
        let (place, count) = part.split_once('=')?;
        let mut sides = place.split('/').map(NumberState::parse);
        let place = Place { state: sides.next()??, mvno: sides.next()??, carrier: sides.next()?? };
        sides.next().is_none().then_some(())?;
        Some((place, count.parse().ok()?))
    };
    text.split_ascii_whitespace().map(one).collect()
}

/// Counts so many more at a place.
pub fn add(tally: &mut Tally, place: Place, count: i64) {
    match tally.iter_mut().find(|(other, _)| *other == place) {
        Some((_, sum)) => *sum += count,
        None if count > 0 => tally.push((place, count)),
        None => {}
    }
}

/// All that are at one place are at another from now on.
pub fn shift(tally: &mut Tally, from: Place, to: Place) {
    if let Some(at) = tally.iter().position(|(place, _)| *place == from) {
        let (_, count) = tally.swap_remove(at);
        add(tally, to, count);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place() -> impl Strategy<Value = Place> {
        let state = || proptest::sample::select(NumberState::ALL.to_vec());
        (state(), state(), state()).prop_map(|(state, mvno, carrier)| Place { state, mvno, carrier })
    }

    proptest! {
        #[test]
        fn what_is_kept_is_what_was_counted(moves in proptest::collection::vec((place(), 1_i64..600, place()), 0..9)) {
            let mut tally = Tally::new();
            moves.iter().for_each(|(place, count, _)| add(&mut tally, *place, *count));
            let sum = |tally: &Tally| tally.iter().map(|(_, count)| count).sum::<i64>();
            let before = sum(&tally);
            for (from, _, to) in &moves {
                shift(&mut tally, *from, *to);
                prop_assert!(from == to || tally.iter().all(|(place, _)| place != from));
            }
            prop_assert_eq!(sum(&tally), before);
            prop_assert_eq!(parse(&text(&tally)), Some(tally));
        }
    }

    #[test]
    fn nonsense_is_none() {
        for text in ["PLANNED=1", "PLANNED/PLANNED/PLANNED", "A/B/C=1", "PLANNED/PLANNED/PLANNED/PLANNED=1"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(""), Some(Tally::new()));
    }
}
