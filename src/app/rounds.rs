//! What the node does again and again, beside answering: writes counts, records turns by time, forgets old request
//! ids, tells its health, and takes new certificates and revocation lists.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use metrics_exporter_prometheus::PrometheusHandle;
use tonic_health::server::HealthReporter;

use super::Ready;
use crate::{
    domain::{refusal::Refusal, time::DAY},
    layer::limit,
    net::{
        Server,
        tls::{Material, Paths},
    },
    rpc::routes,
    service::Gateway,
    store::{Store, sql},
    vault::rotation::Tally,
};

/// Request ids are kept for so long.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
const SECOND: Duration = Duration::from_secs(1);

/// Writes the counts of checks, every second.
pub(super) async fn evidence(gateway: Arc<Gateway>) {
    loop {
        tokio::time::sleep(SECOND).await;
        if let Err(refusal) = gateway.evidence.flush(&gateway.store).await {
            tracing::error!(%refusal, "counts of checks were not written; they are kept and tried again");
        }
    }
}

/// Enters what was over its limit, every minute, by organisation.
pub(super) async fn limits(limit: limit::Shared, store: Store) {
    loop {
        tokio::time::sleep(SECOND * 60).await;
        if let Err(refusal) = limit.flush(&store).await {
            tracing::error!(%refusal, "calls over their limits were not entered; they are kept and tried again");
        }
    }
}

/// Sorts the samples of the histograms, every second: what is not scraped must not pile up.
pub(super) async fn upkeep(metrics: PrometheusHandle) {
    loop {
        tokio::time::sleep(SECOND).await;
        metrics.run_upkeep();
    }
}

/// Looks at the record whenever another node says that there is something new.
pub(super) async fn hints(gateway: Arc<Gateway>) {
    let mut hints = gateway.cache.hints();
    while hints.changed().await.is_ok() {
        if *hints.borrow_and_update() > gateway.board.last_known().revision {
            gateway.store.wake();
        }
    }
    // No cache, no hints: this round has nothing to do until the node stops.
    std::future::pending::<()>().await;
}

/// Records what turns by time alone, when it does.
pub(super) async fn turns(gateway: Arc<Gateway>) {
    loop {
        tokio::time::sleep(gateway.quiet().max(Duration::from_millis(10))).await;
        match gateway.tick().await {
            Ok(0) => {}
            Ok(turned) => tracing::info!(turned, "standings turned by time"),
            Err(refusal) => tracing::error!(%refusal, "a turn by time was not recorded; tried again"),
        }
    }
}

/// Forgets request ids, tokens and rejected rows that are old enough, every hour.
pub(super) async fn prune(gateway: Arc<Gateway>) {
    loop {
        tokio::time::sleep(DAY / 24).await;
        let now = gateway.clock.now();
        let before = now.minus(KEPT);
        let pruned = gateway.store.write(move |tx| {
            Box::pin(async move {
                sql::card::prune(tx, before).await?;
                sql::import::prune(tx, now).await?;
                Ok(sql::request::prune(tx, before).await?)
            })
        });
        if let Err(abort) = pruned.await {
            tracing::warn!(refusal = %crate::service::refusal(abort), "old request ids, tokens and rejected rows were not forgotten");
        }
        if let Err(refusal) = gateway.forget_commands().await {
            tracing::warn!(%refusal, "old commands were not forgotten");
        }
    }
}

/// Forgets plans that have ended, every minute: their numbers may be many.
pub(super) async fn plans(gateway: Arc<Gateway>) {
    loop {
        tokio::time::sleep(SECOND * 60).await;
        while let Ok(1..) = gateway.forget_plan().await.inspect_err(|refusal| {
            tracing::warn!(%refusal, "old plans were not forgotten");
        }) {}
    }
}

/// Takes the steps of ladders that are due, every minute.
pub(super) async fn ladders(gateway: Arc<Gateway>) {
    loop {
        tokio::time::sleep(SECOND * 60).await;
        until_none("a ladder was not climbed", || gateway.climb_ladders()).await;
    }
}

/// Does what time alone does to orders and their commands, every second: releases, expiries, and what is late.
pub(super) async fn orders(gateway: Arc<Gateway>) {
    loop {
        tokio::time::sleep(SECOND).await;
        if let Err(refusal) = gateway.look_at_orders().await {
            tracing::error!(%refusal, "an order that is due was not looked at; tried again");
        }
        if let Err(refusal) = gateway.redeliver().await {
            tracing::error!(%refusal, "commands that are due were not sent again; tried again");
        }
    }
}

/// Records, every second, which MVNOs fell behind with their commands and which caught up.
pub(super) async fn overdue(gateway: Arc<Gateway>) {
    loop {
        tokio::time::sleep(SECOND).await;
        match gateway.follow_overdue().await {
            Ok(0) => {}
            Ok(turned) => tracing::info!(turned, "standings turned by overdue commands"),
            Err(refusal) => tracing::error!(%refusal, "overdue commands were not recorded; tried again"),
        }
    }
}

/// Alarms appeals that nobody decided in time, every second.
pub(super) async fn appeals(gateway: Arc<Gateway>) {
    loop {
        tokio::time::sleep(SECOND).await;
        if let Err(refusal) = gateway.alarm_late_appeals().await {
            tracing::error!(%refusal, "late appeals were not alarmed; tried again");
        }
    }
}

/// Erases what was kept long enough, every hour.
pub(super) async fn erasure(gateway: Arc<Gateway>) {
    loop {
        until_none("registrations were not erased", || gateway.erase_due()).await;
        until_none("orders were not erased", || gateway.erase_order_due()).await;
        tokio::time::sleep(DAY / 24).await;
    }
}

/// Goes on, batch by batch, until nothing is left to do.
async fn until_none<F>(what: &'static str, batch: impl Fn() -> F)
where
    F: Future<Output = Result<u64, Refusal>>,
{
    loop {
        match batch().await {
            Ok(0) => return,
            Ok(done) => tracing::info!(done, "kept registrations"),
            Err(refusal) => {
                tracing::error!(%refusal, what, "tried again later");
                return;
            }
        }
    }
}

/// Wraps every data key by the newest key, once a start: a newer key comes with one.
pub(super) async fn rewrap(gateway: Arc<Gateway>) {
    match gateway.rewrap_keys().await {
        Ok(tally) if tally == Tally::default() => {}
        Ok(tally) => tracing::info!(?tally, "data keys are wrapped by the newest key"),
        Err(refusal) => {
            tracing::error!(%refusal, "not every data key was wrapped by the newest key; the next start goes on")
        }
    }
    std::future::pending::<()>().await;
}

/// Keeps the health service at what `/readyz` says.
pub(super) async fn health(ready: Arc<Ready>, reporter: HealthReporter) {
    let mut told = true;
    loop {
        tokio::time::sleep(SECOND).await;
        let now = ready.check();
        if now.is_ok() != told {
            told = now.is_ok();
            tracing::warn!(ready = told, why = now.err().unwrap_or_default(), "health turned");
            routes::report(&reporter, told).await;
        }
    }
}

/// Takes new certificates, anchors and revocation lists within a second of their files' change.
pub(super) async fn material(server: Arc<Server>, paths: Paths) {
    let mut seen = stamps(&paths);
    loop {
        tokio::time::sleep(SECOND).await;
        let now = stamps(&paths);
        if now != seen {
            seen = now;
            match reload(&server, &paths) {
                Ok(ended) => tracing::info!(ended, "certificates and revocation lists reloaded"),
                Err(error) => tracing::error!(%error, "the old certificates and lists stay in force"),
            }
        }
    }
}

/// Reads the files again and puts them in force.
pub(super) fn reload(server: &Server, paths: &Paths) -> Result<usize, String> {
    let material = Material::load(paths).map_err(|error| error.to_string())?;
    server.reload(&material).map_err(|error| error.to_string())
}

/// When each file was last changed; a file that cannot be seen counts as changed once.
fn stamps(paths: &Paths) -> Vec<(PathBuf, Option<SystemTime>)> {
    let files =
        [&paths.server_cert, &paths.server_key].into_iter().chain(paths.anchors.values()).chain(&paths.crls);
    files
        .map(|path| (path.clone(), std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()))
        .collect()
}
