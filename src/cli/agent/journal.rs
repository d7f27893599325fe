//! What an agent remembers: which commands were begun, which are done and how they went, and up to where the gateway
//! knows it. Lines are only ever appended, and are on the disk before anybody is told; a start writes the file anew,
//! beside the old one, and puts it in its place. No phone number is in it: results are kept by their place in the
//! command, whose list is signed and the same whenever it comes.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::verdict::Verdict;

/// So many commands that the gateway knows to be done are remembered, should it send one of them again.
const KEPT: usize = 100_000;

/// A journal, open.
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    /// Nobody else writes here while it is held.
    _lock: File,
    /// Whose commands these are.
    receiver: Option<String>,
    /// Everything up to here is done, and the gateway knows.
    cursor: i64,
    /// The same, above the cursor.
    settled: BTreeSet<i64>,
    commands: HashMap<String, Kept>,
    /// Ids of what is done, the oldest first.
    done: VecDeque<String>,
}

/// A command.
#[derive(Clone, Debug, Default)]
struct Kept {
    sequence: i64,
    /// How often it was handed over.
    begun: u32,
    verdict: Option<Verdict>,
}

/// One line.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    /// Whose journal it is.
    Receiver(String),
    /// A command is about to be handed over.
    Begun { sequence: i64, command: String, times: u32 },
    /// How it went.
    Done { sequence: i64, command: String, verdict: Verdict },
    /// The gateway has the result of this sequence.
    Settled(i64),
    /// Everything up to here is settled, or taken from a list of all numbers and no longer kept.
    Cursor(i64),
}

// === impl Journal ===

impl Journal {
    /// The one in that folder, which is made where there is none.
    pub(super) fn open(folder: &Path) -> Result<Self, String> {
        let told = |error: io::Error| format!("{}: {error}", folder.display());
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(told)?;
        let lock = options().create(true).truncate(false).open(folder.join("lock")).map_err(told)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => format!("{}: another agent keeps its state there", folder.display()),
            TryLockError::Error(error) => told(error),
        })?;
        let path = folder.join("journal");
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            read => read.map_err(|error| format!("{}: {error}", path.display()))?,
        };
        let file = options().create(true).append(true).open(&path).map_err(told)?;
        let mut journal = Self {
            path,
            file,
            _lock: lock,
            receiver: None,
            cursor: 0,
            settled: BTreeSet::new(),
            commands: HashMap::new(),
            done: VecDeque::new(),
        };
        journal.replay(&text)?;
        journal.rewrite().map_err(told)?;
        Ok(journal)
    }

    /// Reads every line. The last one may be half written: whatever it was to say, nobody was told.
    fn replay(&mut self, text: &str) -> Result<(), String> {
        let lines: Vec<&str> = text.split_terminator('\n').collect();
        for (at, line) in lines.iter().enumerate() {
            match serde_json::from_str(line) {
                Ok(line) => self.take(line),
                Err(_) if at + 1 == lines.len() => {}
                Err(_) => {
                    return Err(format!(
                        "{}: line {} cannot be read, and more follow: the disk has lost something; keep the file, \
                         and start with another --state folder, which begins with the list of all numbers",
                        self.path.display(),
                        at + 1
                    ));
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, line: Line) {
        match line {
            Line::Receiver(name) => self.receiver = Some(name),
            Line::Begun { sequence, command, times } => {
                let kept = self.commands.entry(command).or_default();
                (kept.sequence, kept.begun) = (sequence, times);
            }
            Line::Done { sequence, command, verdict } => {
                let kept = self.commands.entry(command.clone()).or_default();
                (kept.sequence, kept.verdict) = (sequence, Some(verdict));
                self.done.push_back(command);
            }
            Line::Settled(sequence) => {
                self.settled.insert(sequence);
            }
            Line::Cursor(sequence) => self.cursor = self.cursor.max(sequence),
        }
        while self.settled.remove(&(self.cursor + 1)) {
            self.cursor += 1;
        }
        self.settled = self.settled.split_off(&(self.cursor + 1));
        self.forget();
    }

    /// Lets the oldest go, but for those whose result the gateway may lack.
    fn forget(&mut self) {
        while self.done.len() > KEPT {
            let known = |id: &String| self.commands.get(id).is_none_or(|kept| self.is_settled(kept.sequence));
            match self.done.front().filter(|id| known(id)).cloned() {
                Some(id) => {
                    self.done.pop_front();
                    self.commands.remove(&id);
                }
                None => return,
            }
        }
    }

    /// What it knows, in a new file.
    fn rewrite(&mut self) -> io::Result<()> {
        let new = self.path.with_extension("new");
        let mut text = String::new();
        if let Some(receiver) = &self.receiver {
            push(&mut text, &Line::Receiver(receiver.clone()));
        }
        push(&mut text, &Line::Cursor(self.cursor));
        self.settled.iter().for_each(|sequence| push(&mut text, &Line::Settled(*sequence)));
        let undone = self.commands.iter().filter(|(_, kept)| kept.verdict.is_none());
        let done = self.done.iter().filter_map(|id| self.commands.get_key_value(id));
        for (id, kept) in done.chain(undone) {
            push(
                &mut text,
                &match &kept.verdict {
                    Some(verdict) => {
                        Line::Done { sequence: kept.sequence, command: id.clone(), verdict: verdict.clone() }
                    }
                    None => Line::Begun { sequence: kept.sequence, command: id.clone(), times: kept.begun },
                },
            );
        }
        let mut file = options().create(true).truncate(true).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &self.path)?;
        let folder = self.path.parent().ok_or(io::ErrorKind::NotFound)?;
        File::open(folder)?.sync_all()?;
        self.file = options().append(true).open(&self.path)?;
        Ok(())
    }

    /// Whose it is from now on; false where it is another's.
    pub(super) fn belongs_to(&mut self, receiver: &str) -> io::Result<bool> {
        match &self.receiver {
            Some(known) => Ok(known == receiver),
            None => self.append(Line::Receiver(receiver.to_owned()), true).map(|()| true),
        }
    }

    /// Everything up to here is done, and the gateway knows.
    pub(super) fn cursor(&self) -> i64 {
        self.cursor
    }

    /// How a command went, where it is done.
    pub(super) fn verdict(&self, command_id: &str) -> Option<&Verdict> {
        self.commands.get(command_id)?.verdict.as_ref()
    }

    /// A command is about to be handed over: for the how many-eth time.
    pub(super) fn begin(&mut self, sequence: i64, command_id: &str) -> io::Result<u32> {
        let times = self.commands.get(command_id).map_or(0, |kept| kept.begun) + 1;
        self.append(Line::Begun { sequence, command: command_id.to_owned(), times }, true)?;
        Ok(times)
    }

    /// How it went.
    pub(super) fn finish(&mut self, sequence: i64, command_id: &str, verdict: &Verdict) -> io::Result<()> {
        let line = Line::Done { sequence, command: command_id.to_owned(), verdict: verdict.clone() };
        self.append(line, true)
    }

    /// The gateway has the result. Should this be lost, it is told once more.
    pub(super) fn settle(&mut self, sequence: i64) -> io::Result<()> {
        if self.is_settled(sequence) { Ok(()) } else { self.append(Line::Settled(sequence), false) }
    }

    /// Everything up to there is no longer kept, and was taken from a list of all numbers.
    pub(super) fn move_to(&mut self, sequence: i64) -> io::Result<()> {
        self.append(Line::Cursor(sequence), true)
    }

    fn is_settled(&self, sequence: i64) -> bool {
        sequence <= self.cursor || self.settled.contains(&sequence)
    }

    fn append(&mut self, line: Line, durable: bool) -> io::Result<()> {
        let mut text = String::new();
        push(&mut text, &line);
        self.file.write_all(text.as_bytes())?;
        if durable {
            self.file.sync_data()?;
        }
        self.take(line);
        Ok(())
    }
}

fn push(text: &mut String, line: &Line) {
    text.push_str(&serde_json::to_string(line).expect("names and numbers"));
    text.push('\n');
}

/// For its owner alone.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

#[cfg(test)]
mod tests;
