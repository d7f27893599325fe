//! One connection through the proxy. It ends at both ends the way it ended at one: in order, or by RST.

use std::{io, time::Duration};

use socket2::SockRef;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};

use super::{Counts, Direction, Flow, Plan};

/// A client's connection, and where its bytes go.
pub(super) struct Line {
    client: Socket,
    plan: watch::Receiver<Plan>,
    /// How often others had been forgotten before it was there.
    born: usize,
    open: Open,
}

/// A socket that is reset when it is dropped, unless it ended in order.
struct Socket {
    tcp: TcpStream,
    in_order: bool,
}

/// Counted as open until it is dropped.
struct Open(watch::Sender<Counts>);

/// One direction of a line.
#[derive(Clone)]
struct Way {
    direction: Direction,
    plan: watch::Receiver<Plan>,
    born: usize,
}

/// So many pieces are under way at most: a sender who is not heard is held up, as by a network.
const UNDER_WAY: usize = 64;

// === impl Line ===

impl Line {
    pub(super) fn new(tcp: TcpStream, plan: &watch::Sender<Plan>, count: &watch::Sender<Counts>) -> Self {
        let plan = plan.subscribe();
        let born = plan.borrow().forgotten;
        Self { client: Socket { tcp, in_order: false }, plan, born, open: Open::new(count.clone()) }
    }

    /// Carries until both directions have ended, or one has failed.
    pub(super) async fn run(mut self, upstream: std::net::SocketAddr) {
        let Ok(tcp) = TcpStream::connect(upstream).await else { return };
        let mut server = Socket { tcp, in_order: false };
        let way = |direction| Way { direction, plan: self.plan.clone(), born: self.born };
        let ((from_client, to_client), (from_server, to_server)) =
            (self.client.tcp.split(), server.tcp.split());
        let ended = tokio::try_join!(
            carry(from_client, to_server, way(Direction::Up), &self.open.0),
            carry(from_server, to_client, way(Direction::Down), &self.open.0),
        );
        (self.client.in_order, server.in_order) = (ended.is_ok(), ended.is_ok());
    }
}

/// Reads stamp what they read with the time when it is due; writes wait for it. Nothing is lost: what is stalled is not
/// read, or waits.
async fn carry(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    way: Way,
    count: &watch::Sender<Counts>,
) -> io::Result<()> {
    let (sent, mut arriving) = mpsc::channel(UNDER_WAY);
    let (mut reading, mut writing) = (way.clone(), way);
    let read = async move {
        loop {
            let delay = reading.open().await;
            let mut bytes = Vec::with_capacity(16 * 1024);
            tokio::select! {
                biased;
                _ = reading.plan.changed() => continue,
                read = from.read_buf(&mut bytes) => read?,
            };
            let end = bytes.is_empty();
            if sent.send((Instant::now() + delay, bytes)).await.is_err() || end {
                return Ok(());
            }
        }
    };
    let write = async {
        while let Some((due, bytes)) = arriving.recv().await {
            sleep_until(due).await;
            writing.open().await;
            to.write_all(&bytes).await?;
            count.send_modify(|counts| match writing.direction {
                Direction::Up => counts.up += bytes.len(),
                Direction::Down => counts.down += bytes.len(),
            });
        }
        to.shutdown().await
    };
    tokio::try_join!(read, write).map(drop)
}

// === impl Way ===

impl Way {
    /// Waits until bytes may go, and says how much later they arrive. Afterwards `plan.changed` tells of what is newer.
    async fn open(&mut self) -> Duration {
        loop {
            match self.flow() {
                Flow::Pass => return Duration::ZERO,
                Flow::Delay(time) => return time,
                Flow::Stall => {
                    if self.plan.changed().await.is_err() {
                        std::future::pending::<()>().await; // the proxy is about to end
                    }
                }
            }
        }
    }

    fn flow(&mut self) -> Flow {
        let plan = self.plan.borrow_and_update();
        if plan.forgotten > self.born {
            return Flow::Stall;
        }
        match self.direction {
            Direction::Up => plan.up,
            Direction::Down => plan.down,
        }
    }
}

// === impl Open ===

impl Open {
    fn new(count: watch::Sender<Counts>) -> Self {
        count.send_modify(|counts| (counts.accepted, counts.open) = (counts.accepted + 1, counts.open + 1));
        Self(count)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.send_modify(|counts| counts.open -= 1);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if !self.in_order {
            let reset = SockRef::from(&self.tcp).set_linger(Some(Duration::ZERO));
            reset.expect("a socket");
        }
    }
}
