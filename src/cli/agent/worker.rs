//! Carries commands out, one after another in the order of their sequence: what a later one does to a number rests on
//! what an earlier one did. Goes on while there is no connection.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{mpsc, watch},
    time::sleep,
};
use tracing::{error, info, warn};

use super::{
    hook::{Hook, Slip},
    journal::Journal,
    pause::Pause,
    print::Printer,
    verdict::Verdict,
};
use crate::rpc::pb;

/// How long and how often a hook is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// It is begun at most so often for one command.
    pub(super) tries: u32,
    /// The first wait between two of them.
    pub(super) pause: Duration,
    /// None takes longer.
    pub(super) patience: Duration,
}

/// What both the connection and the work write to.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Journal>>);

/// At work.
pub(super) struct Worker {
    pub(super) hook: Hook,
    pub(super) terms: Terms,
    pub(super) printer: Printer,
    pub(super) journal: Shared,
    /// What is to be done.
    pub(super) jobs: mpsc::UnboundedReceiver<pb::Command>,
    /// What was done.
    pub(super) done: mpsc::UnboundedSender<pb::Command>,
    /// True once nothing more is to be begun.
    pub(super) stopping: watch::Receiver<bool>,
}

// === impl Shared ===

impl Shared {
    pub(super) fn new(journal: Journal) -> Self {
        Self(Arc::new(Mutex::new(journal)))
    }

    /// The journal; never held across an await.
    pub(super) fn lock(&self) -> MutexGuard<'_, Journal> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Worker ===

impl Worker {
    /// Until there is nothing more to do, or it is to stop. Fails where the journal cannot be written.
    pub(super) async fn run(mut self) -> io::Result<()> {
        while !*self.stopping.borrow() {
            let command = tokio::select! {
                command = self.jobs.recv() => command,
                _ = self.stopping.wait_for(|stopping| *stopping) => None,
            };
            let Some(command) = command else { break };
            let Some(verdict) = self.carry_out(&command).await? else { break };
            self.journal.lock().finish(command.sequence, &command.command_id, &verdict)?;
            let (outcome, others) = verdict.summary();
            info!(sequence = command.sequence, numbers = command.msisdns.len(), outcome, others, "done");
            if self.done.send(command).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// How it went; none where it was stopped in between.
    async fn carry_out(&mut self, command: &pb::Command) -> io::Result<Option<Verdict>> {
        let json = self.printer.command(command).map_err(io::Error::other)?;
        let mut pause = Pause::from(self.terms.pause, self.terms.pause * 30);
        let mut left = self.terms.tries;
        loop {
            // On the disk before the hook is begun: whoever comes after a crash is told.
            let times = self.journal.lock().begin(command.sequence, &command.command_id)?;
            let kind = command.kind().as_str_name().trim_start_matches("COMMAND_KIND_");
            let slip = Slip { kind, command_id: &command.command_id, drill: command.drill, times };
            let fault = match self.hook.hand(&json, slip, self.terms.patience).await {
                Ok(printed) => match Verdict::read(command, &printed) {
                    Ok(verdict) => return Ok(Some(verdict)),
                    Err(text) => super::hook::Fault::new("HOOK_UNREADABLE", text),
                },
                Err(fault) => fault,
            };
            left = left.saturating_sub(1);
            if left == 0 {
                error!(sequence = command.sequence, fault = fault.text, "the hook failed for good");
                return Ok(Some(Verdict::failed(command, &fault.code)));
            }
            warn!(sequence = command.sequence, fault = fault.text, left, "the hook failed; once more");
            tokio::select! {
                () = sleep(pause.next()) => {}
                _ = self.stopping.wait_for(|stopping| *stopping) => return Ok(None),
            }
        }
    }
}

#[cfg(test)]
mod tests;
