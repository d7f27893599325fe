//! What a person's own operator may show of them to a clerk.

/// The ends of a number: `1199**********0019`. Of a short one less, so that at least half stays hidden.
pub fn number(text: &str) -> String {
    let length = text.chars().count();
    let ends = (length / 4).min(4);
    let shown = |at: usize| at < ends || at >= length - ends;
    text.chars().enumerate().map(|(at, c)| if shown(at) { c } else { '*' }).collect()
}

/// The first character; of a name of one, none.
pub fn name(text: &str) -> String {
    let length = text.chars().count();
    text.chars().enumerate().map(|(at, c)| if at == 0 && length > 1 { c } else { '*' }).collect()
}

/// The ends of a subscriber's number: `170****0001`.
pub fn msisdn(digits: &str) -> String {
    let length = digits.chars().count();
    let shown = |at: usize| at < 3 || at + 4 >= length;
    digits.chars().enumerate().map(|(at, c)| if shown(at) { c } else { '*' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `domain.md` 5.3.
    #[test]
    fn masks() {
        assert_eq!(number("119999199003070019"), "1199**********0019");
        assert_eq!(number("H00000001"), "H0*****01");
        assert_eq!(number("军字第1"), "军**1");
        assert_eq!(msisdn("17000000001"), "170****0001");
        assert_eq!((&*name("张三"), &*name("张"), &*name("")), ("张*", "*", ""));
    }
}
