//! How far it is: a bar with rate and time left on a terminal, a plain line now and then elsewhere. Both on standard
//! error, with the rows that were rejected between.

use std::{
    fmt,
    io::{IsTerminal, stderr},
    time::Duration,
};

use indicatif::{HumanDuration, HumanFloatCount, ProgressBar, ProgressState, ProgressStyle};

use crate::{domain::time::Clock, host::SystemClock};

/// A plain line so often.
const EVERY: Duration = Duration::from_secs(5);
/// Rejected rows that are told one by one; all of them are in the list.
const TOLD: u64 = 20;

/// The bar, or the lines.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    clock: SystemClock,
    total: u64,
    /// Where this run began: rows before it cost no time.
    began: Option<(u64, Duration)>,
    last: Duration,
    told: u64,
    most_told: u64,
}

// === impl Progress ===

impl Progress {
    /// Of so many rows. `all` tells every rejected row.
    pub(super) fn of(total: u64, all: bool) -> Self {
        let bar = stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{wide_bar} {human_pos} of {human_len} rows{rate}");
            let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(total).with_style(style.with_key("rate", rate))
        });
        let clock = SystemClock::start();
        let most_told = if all { u64::MAX } else { TOLD };
        Self { bar, clock, total, began: None, last: Duration::ZERO, told: 0, most_told }
    }

    /// So many rows are done.
    pub(super) fn at(&mut self, rows: u64) {
        let now = self.clock.monotonic();
        let (from, since) = *self.began.get_or_insert_with(|| {
            if let Some(bar) = &self.bar {
                bar.set_position(rows);
                bar.reset_eta();
            }
            (rows, now)
        });
        if let Some(bar) = &self.bar {
            bar.set_position(rows);
        } else if now.saturating_sub(self.last) >= EVERY {
            self.last = now;
            let seconds = now.saturating_sub(since).as_secs_f64();
            eprintln!("{}", line(rows, self.total, rows.saturating_sub(from), seconds));
        }
    }

    /// Something that stays to be read.
    pub(super) fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    /// A row that was rejected. Never with what it says.
    pub(super) fn rejected(&mut self, row: impl std::fmt::Display, column: &str, code: &str, text: &str) {
        self.told += 1;
        if self.told <= self.most_told {
            let column = if column.is_empty() { String::new() } else { format!(", column {column}") };
            self.say(&format!("row {row}{column}: {code}: {text}"));
        } else if self.told == self.most_told + 1 {
            self.say("more rows are rejected; they are not told one by one");
        }
    }

    /// Nothing more comes.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Whole rows a second, and the time left; nothing before the first rows are done, when neither is known.
fn rate(state: &ProgressState, to: &mut dyn fmt::Write) {
    let rate = state.per_sec().round();
    if rate >= 1.0 {
        // What cannot be written is not shown.
        let _ = write!(to, ", {} rows/s, {:#} left", HumanFloatCount(rate), HumanDuration(state.eta()));
    }
}

/// A plain line.
fn line(rows: u64, total: u64, done: u64, seconds: f64) -> String {
    let count = |rows: u64| f64::from(u32::try_from(rows).unwrap_or(u32::MAX));
    if done == 0 || seconds <= 0.0 {
        return format!("{rows} of {total} rows");
    }
    let rate = count(done) / seconds;
    let left = count(total.saturating_sub(rows)) / rate;
    format!("{rows} of {total} rows, {rate:.0} rows/s, {left:.0} s left")
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn rate_and_time_left_are_of_this_run() {
        assert_eq!(line(60_000, 100_000, 10_000, 2.0), "60000 of 100000 rows, 5000 rows/s, 8 s left");
        assert_eq!(line(60_000, 100_000, 0, 0.0), "60000 of 100000 rows");
    }
}
