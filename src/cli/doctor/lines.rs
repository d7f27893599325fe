//! What is told, a line a thing: how it stands, the key of the configuration that it hangs on, what is seen and what
//! to do.

use std::fmt;

/// Lines in the order in which they were found.
#[derive(Default)]
pub(super) struct Lines(Vec<Line>);

struct Line {
    mark: Mark,
    key: String,
    text: String,
}

/// How a thing stands.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Mark {
    /// As it should be.
    Ok,
    /// Works, and somebody should know.
    Warn,
    /// Does not work, or loses something.
    Bad,
}

// === impl Lines ===

impl Lines {
    pub(super) fn ok(&mut self, key: impl Into<String>, text: impl Into<String>) {
        self.add(Mark::Ok, key.into(), text.into());
    }

    pub(super) fn warn(&mut self, key: impl Into<String>, text: impl Into<String>) {
        self.add(Mark::Warn, key.into(), text.into());
    }

    pub(super) fn bad(&mut self, key: impl Into<String>, text: impl Into<String>) {
        self.add(Mark::Bad, key.into(), text.into());
    }

    /// Something that says its key itself, like `store.url: no database`.
    pub(super) fn bad_of(&mut self, fault: &dyn fmt::Display) {
        let text = fault.to_string();
        let (key, text) = text.split_once(": ").unwrap_or(("configuration", &text));
        self.bad(key, text);
    }

    /// How many are BAD.
    pub(super) fn count_bad(&self) -> usize {
        self.0.iter().filter(|line| line.mark == Mark::Bad).count()
    }

    fn add(&mut self, mark: Mark, key: String, text: String) {
        // One line each, whatever a driver said.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.0.push(Line { mark, key, text });
    }
}

impl fmt::Display for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|line| line.key.len()).max().unwrap_or(0);
        self.0
            .iter()
            .try_for_each(|Line { mark, key, text }| writeln!(f, "{:<4}  {key:<width$}  {text}", mark.word()))
    }
}

// === impl Mark ===

impl Mark {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "BAD",
        }
    }
}
