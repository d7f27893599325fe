//! Three gateways on one database, one Redis and one folder of certificates.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use greenlane::rpc::pb::{self, supervision_service_client::SupervisionServiceClient};
use prost_types::Timestamp;
use tonic::{Code, Request, transport::Channel};

use crate::support::{folder::Folder, node::Node};

/// The nodes, first to last.
pub struct Nodes {
    pub all: Vec<Node>,
    writers: Vec<SupervisionServiceClient<Channel>>,
    written: usize,
    /// Before this goes, the nodes do.
    _folder: Folder,
}

/// A write that was acknowledged.
#[derive(Clone, Copy, Debug)]
pub struct Acknowledged {
    pub revision: i64,
    /// On the wall clock that all nodes share, in microseconds.
    pub at: i64,
}

/// The MVNO that everything is about.
pub const MVNO: &str = "mvnos/m01";
/// A write that is not acknowledged by then is sent again.
const PATIENCE: Duration = Duration::from_secs(5);

/// The wall clock, in microseconds.
#[expect(clippy::disallowed_methods, reason = "the tests judge the gateway's clock by the machine's")]
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_micros()).expect("before the year 300000")
}

// === impl Nodes ===

impl Nodes {
    /// Starts three, one after the other: the first one sows.
    pub fn start(postgres: &str, redis: Option<&str>) -> Self {
        let folder = Folder::make();
        let dir = folder.path().join("dev");
        let start = |number: usize| {
            let number = number.to_string();
            let mut args = vec!["--postgres", postgres, "--node", &number];
            args.extend(redis.iter().flat_map(|url| ["--redis", url]));
            Node::dev(&dir, &args)
        };
        let all: Vec<Node> = (1..=3).map(start).collect();
        let writers =
            all.iter().map(|node| SupervisionServiceClient::new(node.lazy("regulator-miit"))).collect();
        Self { all, writers, written: 0, _folder: folder }
    }

    /// Records something at the next node in turn, until somebody acknowledges it.
    pub async fn write(&mut self) -> Acknowledged {
        self.written += 1;
        self.write_from(self.written).await
    }

    /// The same, beginning at that node.
    pub async fn write_from(&mut self, first: usize) -> Acknowledged {
        self.written += 1;
        let talk = pb::RecordTalkRequest {
            mvno: MVNO.to_owned(),
            talk_time: Some(Timestamp { seconds: 1_469_000_000, nanos: 0 }),
            parties: vec![MVNO.to_owned()],
            minutes_sha256: "0".repeat(64),
            request_id: format!("fresh-{}", self.written),
            ..Default::default()
        };
        let count = self.writers.len();
        for turn in first.. {
            let mut request = Request::new(talk.clone());
            request.set_timeout(PATIENCE);
            match self.writers[turn % count].record_talk(request).await {
                Ok(answer) => return Acknowledged { revision: answer.into_inner().revision, at: now() },
                Err(status) => {
                    let passes = [Code::Unavailable, Code::DeadlineExceeded, Code::Cancelled, Code::Unknown];
                    assert!(passes.contains(&status.code()), "{status:?}");
                    assert!(turn < first + 100, "nobody takes it: {status:?}");
                    tokio::time::sleep(Duration::from_millis(50)).await; // a node that comes up is not to be kept from it
                }
            }
        }
        unreachable!("turns do not end")
    }
}
