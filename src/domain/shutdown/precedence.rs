//! Which of two opposite orders about one number is obeyed: that of the higher authority; of the same level, the one that
//! rests on the higher law; of the same law, the later one.

use std::cmp::Ordering;

use crate::domain::{participant::Level, time::Time};

/// What an order stands on against another one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Claim {
    /// The level of who issued it; without one, the lowest.
    pub level: Option<Level>,
    /// The highest law that it names.
    pub basis: Basis,
    /// When it was issued.
    pub issue_time: Time,
    /// Its id: where all else is equal, that decides, so that every node decides alike.
    pub id: String,
}

/// Kinds of law, the lower first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Basis {
    /// A notice, or what cannot be told.
    Notice,
    /// A rule of a ministry.
    Rule,
    /// Regulations of the State Council or of a province.
    Regulations,
    /// A law.
    Law,
}

// === impl Basis ===

impl Basis {
    /// The highest of the articles that an order names.
    pub fn of(articles: &[String]) -> Self {
        articles.iter().map(|article| Self::of_one(article)).max().unwrap_or(Self::Notice)
    }

    /// By the last word of the text's title, as titles are made.
    fn of_one(article: &str) -> Self {
        let title = article.split(['§', '第']).next().unwrap_or_default();
        let title = title.trim_matches(|c: char| c.is_whitespace() || matches!(c, '《' | '》'));
        let ends = |words: &[&str]| words.iter().any(|word| title.ends_with(word));
        if ends(&["办法", "规定", "细则", "令"]) {
            Self::Rule
        } else if ends(&["条例"]) {
            Self::Regulations
        } else if ends(&["法"]) || title.to_ascii_lowercase().ends_with(" law") {
            Self::Law
        } else {
            Self::Notice
        }
    }
}

// === impl Claim ===

impl Claim {
    /// Whether it is obeyed against another one.
    pub fn wins(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Greater
    }

    /// Whether its authority is above the other one's.
    pub fn is_above(&self, other: &Self) -> bool {
        self.rank() > other.rank()
    }

    fn rank(&self) -> u8 {
        match self.level {
            Some(Level::Ministry) => 3,
            Some(Level::Province) => 2,
            Some(Level::City) => 1,
            None => 0,
        }
    }

    fn key(&self) -> (u8, Basis, Time, &str) {
        (self.rank(), self.basis, self.issue_time, &self.id)
    }
}

impl Ord for Claim {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for Claim {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn laws_by_their_titles() {
        for (article, expected) in [
            ("反电信网络诈骗法§32", Basis::Law),
            ("《中华人民共和国反电信网络诈骗法》第三十二条", Basis::Law),
            ("the anti-fraud law §32", Basis::Law),
            ("中华人民共和国电信条例第五十六条", Basis::Regulations),
            ("《电话用户真实身份信息登记规定》第十六条", Basis::Rule),
            ("互联网信息服务管理办法§15", Basis::Rule),
            ("工业和信息化部令第25号", Basis::Rule),
            ("关于开展专项行动的通知", Basis::Notice),
            ("", Basis::Notice),
        ] {
            assert_eq!(Basis::of(&[article.to_owned()]), expected, "{article}");
        }
        let both = ["通知".to_owned(), "刑事诉讼法§144".to_owned()];
        assert_eq!((Basis::of(&both), Basis::of(&[])), (Basis::Law, Basis::Notice));
    }

    fn claim(level: Option<Level>, basis: Basis, micros: i64, id: &str) -> Claim {
        Claim { level, basis, issue_time: Time::from_micros(micros), id: id.to_owned() }
    }

    #[test]
    fn level_then_law_then_time() {
        let (city, ministry) = (Some(Level::City), Some(Level::Ministry));
        let low = claim(city, Basis::Law, 9, "b");
        assert!(claim(ministry, Basis::Notice, 1, "a").wins(&low));
        assert!(claim(Some(Level::Province), Basis::Notice, 1, "a").wins(&low));
        assert!(low.wins(&claim(None, Basis::Law, 99, "z")));
        assert!(low.wins(&claim(city, Basis::Rule, 99, "z")));
        assert!(low.wins(&claim(city, Basis::Law, 8, "z")));
        assert!(low.wins(&claim(city, Basis::Law, 9, "a")) && !low.wins(&low));
    }

    fn any_claim() -> impl Strategy<Value = Claim> {
        let level = proptest::option::of(proptest::sample::select(Level::ALL));
        let basis =
            proptest::sample::select(vec![Basis::Notice, Basis::Rule, Basis::Regulations, Basis::Law]);
        (level, basis, 0_i64..3, "[ab]").prop_map(|(level, basis, at, id)| claim(level, basis, at, &id))
    }

    proptest! {
        /// Of two different orders exactly one is obeyed, and what is obeyed against one that is obeyed against a third
        /// is obeyed against that too.
        #[test]
        fn one_is_obeyed(a in any_claim(), b in any_claim(), c in any_claim()) {
            prop_assert_eq!(a.wins(&b) || b.wins(&a), a != b);
            prop_assert!(!(a.wins(&b) && b.wins(&a)));
            if a.wins(&b) && b.wins(&c) {
                prop_assert!(a.wins(&c));
            }
        }
    }
}
