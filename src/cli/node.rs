//! Runs a node until it is told to stop: SIGTERM or Ctrl-C ends it, SIGHUP reads certificates and lists again.

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use super::Failure;
use crate::{
    app::{App, Settings},
    domain::time::Clock,
    host::SystemClock,
};

/// Starts a node, hands it to `started`, and runs it to its end.
pub fn run(settings: Settings, started: impl AsyncFnOnce(&App) -> Result<(), String>) -> Result<(), Failure> {
    // Connections have runtimes of their own, one a core: this one is for probes and rounds.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    runtime.block_on(async {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let mut end = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
        let mut reload = signal(SignalKind::hangup()).map_err(|error| error.to_string())?;
        let app = App::start(settings, clock).await.map_err(|error| {
            // What somebody has to change is told apart from what may be tried again.
            Failure { code: if error.is_mistake() { 64 } else { 1 }, lines: vec![error.to_string()] }
        })?;
        started(&app).await?;
        loop {
            tokio::select! {
                _ = end.recv() => break,
                _ = tokio::signal::ctrl_c() => break,
                _ = reload.recv() => match app.reload() {
                    Ok(ended) => tracing::info!(ended, "certificates and revocation lists reloaded"),
                    Err(error) => tracing::error!(error, "the old certificates and lists stay in force"),
                },
            }
        }
        tracing::info!("stopping");
        app.stop().await;
        Ok(())
    })
}
