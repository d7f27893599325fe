//! A thread with a runtime of its own.

use std::{io, sync::mpsc, thread};

use tokio::{runtime, sync::mpsc::UnboundedSender};

/// Starts a thread and runs on it what `prepare` makes there, inside the runtime. Answers once that is made.
/// When it is done everything else on the runtime is dropped, and `done` last.
pub(super) fn run<F, W>(name: String, done: UnboundedSender<()>, prepare: F) -> io::Result<()>
where
    F: FnOnce() -> io::Result<W> + Send + 'static,
    W: Future,
{
    let (report, outcome) = mpsc::sync_channel(1);
    thread::Builder::new().name(name).spawn(move || {
        let made = runtime::Builder::new_current_thread().enable_all().build().and_then(|runtime| {
            let work = {
                let _inside = runtime.enter();
                prepare()?
            };
            Ok((runtime, work))
        });
        match made {
            Ok((runtime, work)) => {
                let _ = report.send(Ok(()));
                runtime.block_on(work);
                runtime.shutdown_background();
            }
            Err(fault) => {
                let _ = report.send(Err(fault));
            }
        }
        drop(done);
    })?;
    outcome.recv().unwrap_or_else(|_| Err(io::Error::other("the thread ended before it began")))
}
