//! In which wave a number goes: 1 %, then 10 %, then all of the list. The first waves are spread over the whole list, so
//! that they show of every MVNO and carrier what the rest would meet.

/// The wave of an order that has no others, and of the first numbers of one that has.
pub const FIRST: i64 = 1;
/// The last wave.
pub const LAST: i64 = 3;

/// The wave of the number at that place among those that go, from 0 on.
pub fn of(place: usize) -> i64 {
    match place {
        place if place.is_multiple_of(100) => FIRST,
        place if place.is_multiple_of(10) => 2,
        _ => LAST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundredth_then_a_tenth_then_all() {
        for count in [1, 7, 101, 6_000, 60_000, 100_000] {
            let up_to = |wave| (0..count).filter(|place| of(*place) <= wave).count();
            assert_eq!(up_to(FIRST), count.div_ceil(100));
            assert_eq!(up_to(2), count.div_ceil(10));
            assert_eq!(up_to(LAST), count);
        }
    }
}
