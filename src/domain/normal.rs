//! The normal form of what people and readers type, found before anything is judged. Doing it twice is doing it once.
//! Compatibility forms are folded (NFKC): full-width digits and letters, half-width dots, radicals that stand for
//! characters. What nobody can see (zero-width characters, variation selectors) is taken out; what turns the
//! direction of writing is left for the judge, who refuses it.

use unicode_normalization::UnicodeNormalization;

use super::personal::Personal;

/// NFKC makes at most eleven bytes of one; the buffer must not grow, for what it leaves behind is not wiped.
const GROWTH: usize = 11;

/// The number of a document, a unit or a line: no spaces or hyphens, letters in upper case. One that is normal already
/// is given back as it is.
pub fn number(text: Personal) -> Personal {
    if text.reveal().chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase() || is_han(c)) {
        return text;
    }
    if text.reveal().is_ascii() {
        let mut text = text.take();
        text.make_ascii_uppercase();
        text.retain(|c| of_number(c).is_some());
        return Personal::new(text);
    }
    let mut normal = String::with_capacity(text.reveal().len() * GROWTH);
    // Twice, because what folds into a space or hyphen and is taken out may have parted what belongs together.
    normal.extend(text.reveal().chars().filter_map(of_number).nfkc().filter_map(of_number).nfkc());
    Personal::new(normal)
}

/// The name of a person: one middle dot for all that are written, single spaces, none within Chinese characters.
pub fn name(text: Personal) -> Personal {
    if is_plain_name(text.reveal()) {
        return text;
    }
    let length = text.reveal().len();
    let mut folded = zeroize::Zeroizing::new(String::with_capacity(length * GROWTH));
    folded.extend(text.reveal().chars().filter(|c| !is_unseen(*c)).nfkc());
    let mut normal = String::with_capacity(length * GROWTH);
    let mut space = false;
    let mut last = None;
    for c in folded.chars().filter(|c| !is_unseen(*c)).map(dot) {
        if c.is_whitespace() {
            space = true;
            continue;
        }
        if space && last.is_some_and(|before| !parts(before, c)) {
            normal.push(' ');
        }
        normal.push(c);
        (space, last) = (false, Some(c));
    }
    Personal::new(normal)
}

/// A Chinese character, with the zero that names have.
pub fn is_han(c: char) -> bool {
    matches!(c, '\u{4E00}'..='\u{9FFF}' | '\u{3400}'..='\u{4DBF}' | '\u{20000}'..='\u{2EE5D}'
        | '\u{30000}'..='\u{323AF}' | '\u{3007}'
        | '\u{FA0E}' | '\u{FA0F}' | '\u{FA11}' | '\u{FA13}' | '\u{FA14}' | '\u{FA1F}' | '\u{FA21}'
        | '\u{FA23}' | '\u{FA24}' | '\u{FA27}'..='\u{FA29}')
}

/// The middle dot between the parts of a name.
pub const DOT: char = '\u{B7}';

/// What a character of a number becomes.
fn of_number(c: char) -> Option<char> {
    let hyphen = matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}');
    (!hyphen && !c.is_whitespace() && !is_unseen(c)).then_some(c.to_ascii_uppercase())
}

/// Takes no width and means nothing in a name or number.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{34F}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2064}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{E0100}'..='\u{E01EF}')
}

/// The dots that keyboards, readers and other registers write, as one.
fn dot(c: char) -> char {
    match c {
        '\u{2022}' | '\u{2027}' | '\u{2219}' | '\u{22C5}' | '\u{2E31}' | '\u{30FB}' | '\u{16EB}' => DOT,
        other => other,
    }
}

/// Whether a space between the two is only a habit of typing.
fn parts(before: char, after: char) -> bool {
    before == DOT || after == DOT || (is_han(before) && is_han(after))
}

/// Chinese characters with dots between them, or ASCII letters with single spaces between them.
fn is_plain_name(text: &str) -> bool {
    let chinese = text.chars().all(|c| is_han(c) || c == DOT);
    let single_spaces =
        || text.split(' ').all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphabetic()));
    chinese || single_spaces()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbered(text: &str) -> String {
        number(text.into()).reveal().to_owned()
    }

    fn named(text: &str) -> String {
        name(text.into()).reveal().to_owned()
    }

    #[test]
    fn numbers() {
        for same in [
            "11999919900307006X",
            "11999919900307006x",
            "１１９９９９１９９００３０７００６Ｘ",
            " 119999 19900307 006X ",
            "119999-19900307-006x",
            "119999\u{200B}19900307\u{FEFF}006\u{3000}X",
            "119999\u{2011}19900307\u{FF0D}006X",
        ] {
            assert_eq!(numbered(same), "11999919900307006X", "{same}");
        }
        assert_eq!(numbered("军字第 0000001 号"), "军字第0000001号");
    }

    #[test]
    fn names() {
        for same in ["张三", " 张 三 ", "张\u{3000}三", "张\u{200D}三", "张\u{FE00}三", "\u{FEFF}张三"]
        {
            assert_eq!(named(same), "张三", "{same}");
        }
        for dot in ['·', '•', '‧', '・', '･', '∙', '⋅', '·'] {
            assert_eq!(named(&format!("阿布{dot} 买买提")), "阿布·买买提", "{dot}");
        }
        assert_eq!(named("ＬＩ　ＬＥＩ"), "LI LEI");
        assert_eq!(named("  Jean   Luc "), "Jean Luc");
        assert_eq!(named("⼀二"), "一二");
        assert_eq!(named("Ame\u{301}lie"), "Amélie");
    }

    proptest! {
        #[test]
        fn twice_is_once(text in "\\PC{0,40}", wild in proptest::collection::vec(any::<char>(), 0..40)) {
            let wild: String = wild.into_iter().collect();
            for text in [text, wild] {
                let once = numbered(&text);
                prop_assert_eq!(numbered(&once), once.clone());
                let once = named(&text);
                prop_assert_eq!(named(&once), once.clone());
            }
        }

        #[test]
        fn marks_and_dots_too(text in "[ei ·・\u{301}\u{308}\u{307}¨\u{A0}x-\u{200B}张\u{3000}]{0,12}") {
            let once = numbered(&text);
            prop_assert_eq!(numbered(&once), once.clone());
            let once = named(&text);
            prop_assert_eq!(named(&once), once.clone());
        }
    }
}
