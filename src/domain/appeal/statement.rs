//! What was said for an appeal. Whoever has the code may say more while it is open: the carrier has the code too, and the
//! first to speak need not be the holder. All of it is one text, to be sealed as one.

use crate::domain::{personal::Personal, time::Time};

/// What a statement has.
pub const LEAST: usize = 4;
/// And at most.
pub const MOST: usize = 2_000;
/// What all of an appeal have together, with their times.
pub const MOST_TOGETHER: usize = 20_000;

/// Stands before each but the first. No statement has it: they have no control characters but line ends.
const NEXT: char = '\u{1e}';

/// Whether that was said before, word for word.
pub fn has(kept: &Personal, said: &Personal) -> bool {
    let mut parts = kept.reveal().split(NEXT);
    parts.next() == Some(said.reveal())
        || parts.any(|part| part.split_once('\n').is_some_and(|(_, text)| text == said.reveal()))
}

/// All that was said before, and that after it; `None` where it would be too much.
pub fn add(kept: &Personal, said: &Personal, now: Time) -> Option<Personal> {
    let all = join(&[kept.reveal(), &format!("{NEXT}{now}\n"), said.reveal()]);
    (all.reveal().chars().count() <= MOST_TOGETHER).then_some(all)
}

/// For whoever decides: each further statement under the time at which it came.
pub fn shown(kept: &Personal) -> Personal {
    let mut parts = kept.reveal().split(NEXT);
    let mut lines = vec![parts.next().unwrap_or_default()];
    for part in parts {
        lines.extend(["\n\n[+ ", part.split('\n').next().unwrap_or_default(), "]\n"]);
        lines.push(part.split_once('\n').map_or("", |(_, text)| text));
    }
    join(&lines)
}

/// At its full length at once: a buffer that grows leaves copies behind.
fn join(parts: &[&str]) -> Personal {
    let mut all = String::with_capacity(parts.iter().map(|part| part.len()).sum());
    parts.iter().for_each(|part| all.push_str(part));
    Personal::new(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Personal {
        Personal::from(text)
    }

    #[test]
    fn each_is_kept_once_and_all_are_shown() {
        let now = Time::of_date(2026, 3, 1);
        let first = said("not me\nat all");
        let both = add(&first, &said("mine since May"), now).expect("short");
        let three = add(&both, &said("see the bill\nof May"), now).expect("short");
        for text in ["not me\nat all", "mine since May", "see the bill\nof May"] {
            assert!(has(&three, &said(text)), "{text}");
        }
        for text in ["not me", "at all", "of May", "", "mine since"] {
            assert!(!has(&three, &said(text)), "{text}");
        }
        assert_eq!(shown(&first), first);
        let expected =
            format!("not me\nat all\n\n[+ {now}]\nmine since May\n\n[+ {now}]\nsee the bill\nof May");
        assert_eq!(shown(&three).reveal(), expected);
    }

    #[test]
    fn together_they_are_bounded() {
        let long = said(&"长".repeat(MOST));
        let now = Time::of_date(2026, 3, 1);
        let mut kept = long.clone();
        let added = std::iter::from_fn(|| {
            kept = add(&kept, &long, now)?;
            Some(())
        });
        assert_eq!(added.count(), 8);
        assert!(kept.reveal().chars().count() <= MOST_TOGETHER);
    }
}
