//! The same while Redis is harmed in every way: it costs speed, never truth.

use std::time::Duration;

use super::{asked, nodes::Nodes, readers::Readers};
use crate::support::{
    postgres::Cluster,
    proxy::{Mode, Proxy},
    redis::Redis,
};

/// One way to harm it, and to mend it.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Killed,
    Stopped,
    BlackHoled,
    Cut,
    Flushed,
    OldDump,
}

const FAULTS: [Fault; 6] =
    [Fault::Killed, Fault::Stopped, Fault::BlackHoled, Fault::Cut, Fault::Flushed, Fault::OldDump];

struct World {
    nodes: Nodes,
    redis: Redis,
    proxy: Proxy,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_costs_speed_and_never_truth() {
    let redis = Redis::start();
    let proxy = Proxy::start(&redis.host());
    let through = proxy.through(&redis.url(), &redis.host());
    let nodes = Nodes::start(&Cluster::shared().fresh_database(), Some(&through));
    let mut world = World { nodes, redis, proxy };
    for fault in FAULTS {
        world.suffer(fault).await;
    }
}

// === impl World ===

impl World {
    async fn suffer(&mut self, fault: Fault) {
        let readers = Readers::start(&self.nodes, asked("READERS", 2).min(5));
        readers.more(10).await;
        let mut writes = Vec::new();
        for _ in 0..asked("FAULTS", 1) {
            self.redis.save();
            for _ in 0..3 {
                writes.push(self.nodes.write().await);
            }
            self.harm(fault);
            for _ in 0..5 {
                writes.push(self.nodes.write().await);
                readers.more(10).await;
            }
            self.last(fault).await;
            self.mend(fault);
            for _ in 0..3 {
                writes.push(self.nodes.write().await);
                readers.more(10).await;
            }
        }
        let late = readers.stop(&writes).await;
        println!("Redis {fault:?}: {late}");
        assert!(late.max_ms() <= 1000.0, "{fault:?}: {late}");
        assert_eq!(late.tally.refused, 0, "{fault:?}: without Redis everything is answered");
    }

    fn harm(&mut self, fault: Fault) {
        match fault {
            Fault::Killed | Fault::OldDump => self.redis.kill(),
            Fault::Stopped => self.redis.pause(),
            Fault::BlackHoled => self.proxy.set(Mode::BlackHole),
            Fault::Cut => self.proxy.cut(),
            Fault::Flushed => self.redis.flushall(),
        }
    }

    /// A fault of some length lasts so long; nothing waits for its end.
    async fn last(&self, fault: Fault) {
        if matches!(fault, Fault::Stopped | Fault::BlackHoled) {
            tokio::time::sleep(Duration::from_millis(asked("PAUSE_MS", 500) as u64)).await;
        }
    }

    fn mend(&mut self, fault: Fault) {
        match fault {
            Fault::Killed | Fault::OldDump => self.redis.start_again(),
            Fault::Stopped => self.redis.resume(),
            Fault::BlackHoled => self.proxy.set(Mode::Pass),
            Fault::Cut | Fault::Flushed => {}
        }
    }
}
