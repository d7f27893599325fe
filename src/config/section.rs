//! One section of a configuration file. Every key is taken out with its type, range and default; what is left at the
//! end is unknown. Mistakes are collected, not thrown.

use std::{
    net::SocketAddr,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

use toml::{Table, Value};

/// A section and the mistakes found in it.
pub(super) struct Section {
    name: String,
    table: Table,
    /// Every key that was asked for: the keys that there are.
    known: Vec<String>,
    mistakes: Vec<String>,
}

// === impl Section ===

impl Section {
    pub(super) fn root(table: Table) -> Self {
        Self { name: String::new(), table, known: Vec::new(), mistakes: Vec::new() }
    }

    pub(super) fn section(&mut self, key: &str) -> Self {
        let name = self.full(key);
        let table = match self.remove(key) {
            Some(Value::Table(table)) => table,
            Some(_) => {
                self.mistake(key, "a section is needed");
                Table::new()
            }
            None => Table::new(),
        };
        Self { name, table, known: Vec::new(), mistakes: Vec::new() }
    }

    fn remove(&mut self, key: &str) -> Option<Value> {
        self.known.push(key.to_owned());
        self.table.remove(key)
    }

    /// Takes a subsection's mistakes over.
    pub(super) fn take(&mut self, section: Self) {
        self.mistakes.extend(section.end());
    }

    /// Every mistake, unknown keys among them.
    pub(super) fn end(mut self) -> Vec<String> {
        let unknown: Vec<String> = self.table.keys().cloned().collect();
        for key in unknown {
            let meant = match self.like(&key) {
                Some(known) => format!("did you mean {known}?"),
                None => "`greenlane config example` shows all of them".to_owned(),
            };
            self.mistake(&key, &format!("there is no such key; {meant}"));
        }
        self.mistakes
    }

    /// The key that a misspelt one is nearest to, if it is near to any.
    fn like(&self, key: &str) -> Option<String> {
        let far = |known: &&String| strsim::damerau_levenshtein(known, key);
        let near = |known: &&String| far(known) <= (key.len() / 3).clamp(1, 3);
        self.known.iter().filter(near).min_by_key(far).cloned()
    }

    pub(super) fn mistake(&mut self, key: &str, what: &str) {
        let mistake = format!("{}: {what}", self.full(key));
        self.mistakes.push(mistake);
    }

    fn full(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    fn opt_text(&mut self, key: &str) -> Option<String> {
        match self.remove(key)? {
            Value::String(text) => Some(text),
            _ => {
                self.mistake(key, "a text is needed");
                None
            }
        }
    }

    pub(super) fn text(&mut self, key: &str, default: &str) -> String {
        self.opt_text(key).unwrap_or_else(|| default.to_owned())
    }

    pub(super) fn required(&mut self, key: &str, what: &str) -> String {
        let text = self.text(key, "");
        if text.is_empty() {
            self.mistake(key, what);
        }
        text
    }

    pub(super) fn choice(&mut self, key: &str, choices: &[&'static str]) -> &'static str {
        let text = self.text(key, choices[0]);
        choices.iter().copied().find(|choice| *choice == text).unwrap_or_else(|| {
            self.mistake(key, &format!("one of {}", choices.join(", ")));
            choices[0]
        })
    }

    pub(super) fn address(&mut self, key: &str, default: &str) -> SocketAddr {
        let text = self.text(key, default);
        text.parse().unwrap_or_else(|_| {
            self.mistake(key, &format!("an address and port like {default}"));
            SocketAddr::from(([127, 0, 0, 1], 0))
        })
    }

    fn number(&mut self, key: &str, range: RangeInclusive<u64>, default: u64) -> u64 {
        let Some(value) = self.remove(key) else { return default };
        let number = value.as_integer().and_then(|n| u64::try_from(n).ok()).filter(|n| range.contains(n));
        number.unwrap_or_else(|| {
            self.mistake(key, &format!("a whole number from {} to {}", range.start(), range.end()));
            default
        })
    }

    pub(super) fn count(&mut self, key: &str, range: RangeInclusive<u64>, default: usize) -> usize {
        usize::try_from(self.number(key, range, default as u64)).unwrap_or(default)
    }

    pub(super) fn millis(&mut self, key: &str, range: RangeInclusive<u64>, default: u64) -> Duration {
        Duration::from_millis(self.number(key, range, default))
    }

    pub(super) fn opt_path(&mut self, key: &str, folder: &Path) -> Option<PathBuf> {
        self.opt_text(key).filter(|text| !text.is_empty()).map(|text| folder.join(text))
    }

    pub(super) fn path(&mut self, key: &str, folder: &Path) -> PathBuf {
        self.opt_path(key, folder).unwrap_or_else(|| {
            self.mistake(key, "a file is needed");
            PathBuf::new()
        })
    }

    pub(super) fn paths(&mut self, key: &str, folder: &Path) -> Vec<PathBuf> {
        let texts = match self.remove(key) {
            Some(Value::Array(texts)) => texts
                .iter()
                .map(Value::as_str)
                .collect::<Option<Vec<_>>>()
                .map(|texts| texts.into_iter().map(|text| folder.join(text)).collect::<Vec<_>>()),
            Some(_) | None => None,
        };
        texts.filter(|texts| !texts.is_empty()).unwrap_or_else(|| {
            self.mistake(key, "a list of files is needed");
            Vec::new()
        })
    }
}
