//! What one officer may do alone: so many numbers in an order, so many in a day by all orders of the organisation, and
//! so many of one MVNO's lines. Counted by organisation and by MVNO, so that neither many small orders nor many
//! certificates go around it.

use std::{collections::BTreeMap, fmt, time::Duration};

use crate::domain::{
    name::ParticipantName,
    time::{DAY, Time},
};

/// Numbers of one order.
pub const IN_ORDER: i64 = 100;
/// Numbers of an organisation's orders within the window.
pub const IN_WINDOW: i64 = 500;
/// The window.
pub const WINDOW: Duration = DAY;
/// Numbers of all plans of an organisation that can still be issued.
pub const IN_PLANS: i64 = 1_000_000;
/// Numbers of one MVNO that are no question of its size.
pub const FLOOR: i64 = 10;
/// An MVNO must have so many lines for each number: 1 %.
const LINES_FOR_ONE: i64 = 100;

/// What an order, or all orders in a window, are about.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Load {
    /// Numbers of each MVNO.
    pub of_mvno: BTreeMap<ParticipantName, i64>,
}

/// Why a second officer is needed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Over {
    /// So many numbers in the order.
    Order(i64),
    /// So many by the organisation within the window, with these.
    Window(i64),
    /// So many of the MVNO's lines within the window, with these.
    Share(ParticipantName, i64),
    /// So many who have no other line, of an order that is not urgent.
    SoleLine(i64),
    /// Halted before: whoever goes on is not alone.
    Halted,
}

/// Since when orders count.
pub fn window_start(now: Time) -> Time {
    now.minus(WINDOW)
}

/// How many lines an MVNO must have for that many of its numbers; `None` where its size is no question.
pub fn lines_for(numbers: i64) -> Option<i64> {
    (numbers > FLOOR).then(|| numbers.saturating_mul(LINES_FOR_ONE))
}

/// Whether an order is above the limits that need no look at an MVNO's lines.
pub fn over(order: &Load, window: &Load) -> Option<Over> {
    let (own, all) = (order.sum(), order.sum() + window.sum());
    match () {
        () if own > IN_ORDER => Some(Over::Order(own)),
        () if all > IN_WINDOW => Some(Over::Window(all)),
        () => None,
    }
}

/// The MVNOs of an order whose size is a question: so many numbers of each, with those of the window.
pub fn shares<'a>(order: &'a Load, window: &'a Load) -> impl Iterator<Item = (&'a ParticipantName, i64)> {
    let sums = order.of_mvno.iter().map(|(mvno, own)| (mvno, own + window.of(mvno)));
    sums.filter(|(_, sum)| lines_for(*sum).is_some())
}

// === impl Load ===

impl Load {
    /// Of numbers by their MVNO.
    pub fn of_each(mvnos: impl IntoIterator<Item = ParticipantName>) -> Self {
        let mut load = Self::default();
        for mvno in mvnos {
            load.add(mvno, 1);
        }
        load
    }

    /// So many more of that MVNO.
    pub fn add(&mut self, mvno: ParticipantName, numbers: i64) {
        *self.of_mvno.entry(mvno).or_insert(0) += numbers;
    }

    /// All of them.
    pub fn sum(&self) -> i64 {
        self.of_mvno.values().sum()
    }

    fn of(&self, mvno: &ParticipantName) -> i64 {
        self.of_mvno.get(mvno).copied().unwrap_or(0)
    }
}

// === impl Over ===

impl fmt::Display for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order(n) => write!(f, "{n} numbers in one order, over {IN_ORDER}"),
            Self::Window(n) => write!(f, "{n} numbers of the organisation in 24 hours, over {IN_WINDOW}"),
            Self::Share(mvno, n) => write!(f, "{n} numbers of {mvno} in 24 hours, over 1 % of its lines"),
            Self::SoleLine(n) => {
                write!(f, "{n} are the only line of their holder, and the order is not urgent")
            }
            Self::Halted => f.write_str("the order was halted"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mvno(n: usize) -> ParticipantName {
        ParticipantName::parse(&format!("mvnos/m{n:02}")).expect("a name")
    }

    fn load(of: &[(usize, i64)]) -> Load {
        let mut load = Load::default();
        of.iter().for_each(|(at, numbers)| load.add(mvno(*at), *numbers));
        load
    }

    #[test]
    fn at_the_limit_and_above_it() {
        let none = Load::default();
        assert_eq!(over(&load(&[(1, 100)]), &none), None);
        assert_eq!(over(&load(&[(1, 100), (2, 1)]), &none), Some(Over::Order(101)));
        assert_eq!(over(&load(&[(1, 100)]), &load(&[(2, 400)])), None);
        assert_eq!(over(&load(&[(1, 100)]), &load(&[(2, 401)])), Some(Over::Window(501)));
        let shares =
            |order: &Load, window: &Load| -> Vec<i64> { shares(order, window).map(|(_, sum)| sum).collect() };
        assert_eq!(shares(&load(&[(1, 10)]), &none), [0; 0]);
        assert_eq!(shares(&load(&[(1, 1)]), &load(&[(1, 10), (2, 90)])), [11]);
        assert_eq!(lines_for(11), Some(1100));
        assert_eq!(lines_for(10), None);
    }

    proptest! {
        /// However a list is split into orders, no more than the window's limit goes without a second officer.
        #[test]
        fn splitting_goes_around_nothing(orders in proptest::collection::vec((1_usize..5, 1_i64..150), 1..400)) {
            let (mut window, mut alone) = (Load::default(), 0);
            for (at, numbers) in orders {
                let order = load(&[(at, numbers)]);
                if over(&order, &window).is_none() {
                    alone += numbers;
                }
                // What waits for a second officer counts too.
                window.add(mvno(at), numbers);
            }
            prop_assert!(alone <= IN_WINDOW);
        }
    }
}
