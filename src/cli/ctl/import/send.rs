//! The stream of an import. Only a few messages are under way at once, however fast the file is read. What is not
//! answered when a node goes is sent again, to the next one; what is durable there already it skips. How far that is the
//! gateway says in its first answer, so that a run that was killed goes on from there, whatever was remembered here.

use std::{collections::VecDeque, time::Duration};

use tokio::{sync::mpsc, time::sleep};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, transport::Channel};

use super::{
    columns,
    feed::{Batch, Feed},
    progress::Progress,
    reader::Fault,
    state::{State, States},
};
use crate::{
    cli::{
        Failure,
        ctl::{output::Format, refused},
        link::Link,
        stop::Stop,
    },
    rpc::pb::{self, registration_service_client::RegistrationServiceClient},
};

/// Messages under way at once, 500 rows each.
const WINDOW: usize = 8;
/// Connections in a row that bring it no further.
const TRIES: u32 = 20;
/// Waits between them grow up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How it ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum End {
    /// Every row was answered.
    Whole,
    /// The user stopped it.
    Stopped,
}

/// Why a stream ended before its time.
enum Cut {
    /// The gateway refused, or the connection went.
    Refused(Box<Status>),
    /// It ended without a word, or answered everything and left rows open.
    Mute,
    /// Nothing that another try would change.
    Failed(Failure),
}

/// An import under way.
pub(super) struct Sending<'a> {
    pub(super) feed: Feed,
    pub(super) header: pb::ImportHeader,
    pub(super) state: State,
    /// None for an import that writes nothing.
    pub(super) states: Option<&'a States>,
    pub(super) progress: Progress,
    pub(super) stop: Stop,
    pub(super) format: Format,
    under_way: VecDeque<Batch>,
    /// The gateway has said how far it is.
    known: bool,
    /// What earlier streams counted of an import that writes nothing: each of its streams counts for itself.
    before: Counts,
}

/// Totals of an import.
#[derive(Clone, Copy, Default)]
struct Counts {
    accepted: i64,
    skipped: i64,
    rejected: i64,
}

// === impl Sending ===

impl<'a> Sending<'a> {
    /// Not begun.
    pub(super) fn new(
        feed: Feed,
        header: pb::ImportHeader,
        state: State,
        states: Option<&'a States>,
        progress: Progress,
        stop: Stop,
        format: Format,
    ) -> Self {
        Self {
            feed,
            header,
            state,
            states,
            progress,
            stop,
            format,
            under_way: VecDeque::new(),
            known: false,
            before: Counts::default(),
        }
    }

    /// Sends everything, by whichever node answers.
    pub(super) async fn run(&mut self, links: &[Link]) -> Result<End, Failure> {
        let mut tries = 0;
        for link in links.iter().cycle() {
            let before = self.state.durable_through_row;
            let cut = match link.open().await {
                Ok(channel) => match self.stream(channel).await {
                    Ok(end) => return Ok(end),
                    Err(Cut::Failed(failure)) => return Err(failure),
                    Err(Cut::Mute) => "the stream ended".to_owned(),
                    Err(Cut::Refused(status)) if refused::passes(&status) => {
                        refused::lines(&status).join("; ")
                    }
                    Err(Cut::Refused(status)) => return Err(refused::failure(self.format, &status)),
                },
                Err(fault) => fault.text,
            };
            if self.stop.is_asked() {
                return Ok(End::Stopped);
            }
            tries = if self.state.durable_through_row > before { 1 } else { tries + 1 };
            if tries > TRIES {
                let line = format!("{cut}; {}", self.where_it_is());
                return Err(line.into());
            }
            if tries == 1 {
                self.progress.say(&format!("{}: {cut}; trying the next node", link.address));
            }
            let wait = (Duration::from_millis(100) * 2_u32.pow(tries.min(6))).min(LONGEST_WAIT);
            tokio::select! {
                () = sleep(wait) => {}
                () = self.stop.asked() => return Ok(End::Stopped),
            }
        }
        Ok(End::Stopped)
    }

    /// What to say of an import that did not end.
    pub(super) fn where_it_is(&self) -> String {
        let row = self.state.durable_through_row;
        format!("everything through row {row} is durable, and the same command goes on from there")
    }

    /// One stream, to its end.
    async fn stream(&mut self, channel: Channel) -> Result<End, Cut> {
        // What was not answered goes first: the other side may have it and may not.
        if self.header.validate_only {
            let State { accepted, skipped, rejected, .. } = self.state;
            self.before = Counts { accepted, skipped, rejected };
        }
        let (rows, rest) = mpsc::channel(WINDOW + 1);
        let header = pb::ImportRegistrationsRequest { header: Some(self.header.clone()), rows: Vec::new() };
        let mut sent = 1_usize;
        let full = |_| Cut::Mute;
        rows.try_send(header).map_err(full)?;
        self.read()?;
        for batch in &self.under_way {
            rows.try_send(batch.message.clone()).map_err(full)?;
            sent += 1;
        }
        if self.under_way.is_empty() {
            return Ok(self.end());
        }
        let mut client = RegistrationServiceClient::new(channel);
        let begun = client.import_registrations(ReceiverStream::new(rest)).await;
        let mut answers = begun.map_err(|status| Cut::Refused(Box::new(status)))?.into_inner();
        let mut heard = 0;
        while !self.under_way.is_empty() {
            tokio::select! {
                answer = answers.message() => {
                    let answer = answer.map_err(|status| Cut::Refused(Box::new(status)))?;
                    // An end without a word, or a word for each message and none of it durable.
                    let Some(answer) = answer.filter(|_| heard < sent) else {
                        return Err(Cut::Mute);
                    };
                    heard += 1;
                    self.hear(&answer)?;
                    let before = self.under_way.len();
                    self.read()?;
                    for batch in self.under_way.iter().skip(before) {
                        rows.try_send(batch.message.clone()).map_err(|_| Cut::Mute)?;
                        sent += 1;
                    }
                }
                () = self.stop.asked() => {
                    if self.stop.is_pressing() {
                        return Ok(End::Stopped);
                    }
                    self.progress.say("stopping when the rows under way are answered; Ctrl-C again stops at once");
                }
            }
        }
        drop(rows);
        // Its end is a courtesy: everything was answered.
        let _ = answers.message().await;
        Ok(self.end())
    }

    fn end(&mut self) -> End {
        if self.stop.is_asked() {
            return End::Stopped;
        }
        self.tell_before(i64::MAX);
        End::Whole
    }

    /// Tells rows that could not be sent, in the order of the file: they were read ahead of the answers.
    fn tell_before(&mut self, row: i64) {
        let before = |fault: &Fault| i64::try_from(fault.row).is_ok_and(|number| number < row);
        while self.feed.faults.front().is_some_and(before) {
            let Some(fault) = self.feed.faults.pop_front() else { break };
            self.state.unreadable += 1;
            self.progress.rejected(fault.row, &fault.column, fault.code, &fault.text);
        }
    }

    /// Reads on, as far as the window allows.
    fn read(&mut self) -> Result<(), Cut> {
        let window = if self.known { WINDOW } else { 1 };
        while self.under_way.len() < window && !self.stop.is_asked() {
            let next = self.feed.next(self.state.durable_through_row);
            let next =
                next.map_err(|error| Cut::Failed(format!("the file cannot be read: {error}").into()))?;
            match next {
                Some(batch) => self.under_way.push_back(batch),
                None => break,
            }
        }
        Ok(())
    }

    /// Takes an answer in.
    fn hear(&mut self, answer: &pb::ImportRegistrationsResponse) -> Result<(), Cut> {
        let state = &mut self.state;
        let through = answer.durable_through_row;
        if self.header.validate_only {
            state.durable_through_row = state.durable_through_row.max(through);
        } else if self.known && through < state.durable_through_row {
            // Rows that were read and let go would be missing there.
            let line = "the gateway has less than it said before; run the same command again".to_owned();
            return Err(Cut::Failed(line.into()));
        } else {
            state.durable_through_row = through;
        }
        if !self.known && through > 0 {
            self.progress.say(&format!("everything through row {through} is durable already"));
        }
        self.known = true;
        state.accepted = self.before.accepted + answer.accepted;
        state.skipped = self.before.skipped + answer.skipped;
        state.rejected = self.before.rejected + answer.rejected_total;
        for row in &answer.rejected {
            self.tell_before(row.row_number);
            let (column, text) = columns::told(&row.text);
            self.progress.rejected(row.row_number, column.as_deref().unwrap_or_default(), &row.code, text);
        }
        self.tell_before(self.state.durable_through_row);
        let open = self.under_way.partition_point(|batch| batch.last <= through);
        self.under_way.drain(..open);
        self.progress.at(u64::try_from(self.state.durable_through_row.saturating_sub(1)).unwrap_or(0));
        self.states.map_or(Ok(()), |states| states.keep(&self.state)).map_err(Cut::Failed)
    }
}
