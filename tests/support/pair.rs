//! A primary and its synchronous standby: what is acknowledged is on both. Fails over as often as one likes.

use super::postgres::{Cluster, PASSWORD, USER, done};

/// Two clusters that take turns.
pub struct Pair {
    clusters: [Cluster; 2],
    /// Which of them is the primary, or was the last.
    primary: usize,
}

// === impl Pair ===

impl Pair {
    /// Both running, the standby synchronous.
    pub fn start() -> Self {
        let mut pair = Self { clusters: [Cluster::start(), Cluster::down(None)], primary: 0 };
        pair.rebuild();
        pair
    }

    pub fn primary(&self) -> &Cluster {
        &self.clusters[self.primary]
    }

    pub fn standby(&self) -> &Cluster {
        &self.clusters[1 - self.primary]
    }

    /// Names both hosts, and lets the client find the one that takes writes.
    pub fn url(&self, database: &str) -> String {
        let [one, other] = &self.clusters;
        let hosts = format!("{},{}", one.host(), other.host());
        format!("postgres://{USER}:{PASSWORD}@{hosts}/{database}?target_session_attrs=read-write")
    }

    /// An empty database; its URL.
    pub fn create_database(&self, name: &str) -> String {
        self.primary().create_database(name);
        self.url(name)
    }

    /// SIGKILL of all processes of the primary.
    pub fn kill_primary(&mut self) {
        self.clusters[self.primary].kill();
    }

    /// SIGKILL of all processes of the standby: writes wait from now on.
    pub fn kill_standby(&mut self) {
        self.clusters[1 - self.primary].kill();
    }

    /// The standby that was killed comes back.
    pub fn start_standby_again(&mut self) {
        self.clusters[1 - self.primary].start_again();
    }

    /// For controls: the primary acknowledges what only it has.
    pub fn stop_waiting(&self) {
        wait_for_nobody(self.primary());
    }

    /// Makes the standby of a dead primary the primary, which waits for no standby: the promotion is over when it
    /// takes writes.
    pub fn promote_standby(&mut self) {
        let standby = self.standby();
        wait_for_nobody(standby);
        assert_eq!(standby.sql("postgres", "SELECT pg_promote()"), "t", "promoted within a minute");
        self.primary = 1 - self.primary;
    }

    /// The one that is down becomes the new synchronous standby, from a fresh copy of the primary.
    pub fn rebuild(&mut self) {
        let (name, away) = (self.standby_name(), 1 - self.primary);
        let (primary, standby) = (self.primary(), self.standby());
        standby.clear();
        let known = format!("host=127.0.0.1 port={} user={USER} application_name={name}", primary.port());
        let mut copy = standby.command("pg_basebackup");
        copy.args(["--checkpoint=fast", "--wal-method=stream", "--no-sync", "--write-recovery-conf"]);
        copy.args(["--create-slot", "--slot", &name, "--dbname", &known, "--pgdata"]).arg(standby.data());
        done(&mut copy);
        self.clusters[away].rise();
        let primary = self.primary();
        primary.sql("postgres", &format!("ALTER SYSTEM SET synchronous_standby_names = '{name}'"));
        primary.sql("postgres", "SELECT pg_reload_conf()");
        self.is_synchronous();
    }

    /// Waits until every commit waits for the standby, and it has all that was committed before.
    fn is_synchronous(&self) {
        let (name, primary) = (self.standby_name(), self.primary());
        primary.waits("SHOW synchronous_standby_names", &name);
        // The checkpointer is who tells the others to wait: after a checkpoint it has read the setting.
        primary.sql("postgres", "CHECKPOINT");
        let end = primary.sql("postgres", "SELECT pg_current_wal_insert_lsn()");
        let follows = format!(
            "SELECT count(*) FROM pg_stat_replication
             WHERE application_name = '{name}' AND sync_state = 'sync' AND flush_lsn >= '{end}'"
        );
        primary.waits(&follows, "1");
    }

    fn standby_name(&self) -> String {
        format!("pair_{}", 1 - self.primary)
    }
}

/// A primary must not wait for a standby that it does not have. It may be told before it is one.
fn wait_for_nobody(cluster: &Cluster) {
    cluster.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = ''");
    cluster.sql("postgres", "SELECT pg_reload_conf()");
    cluster.waits("SHOW synchronous_standby_names", "");
}
