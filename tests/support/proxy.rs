//! A proxy that does to a link what networks do: delays it, stalls it, swallows it, cuts it. It has a thread of its
//! own, so that no test that blocks can hold it up, and what is asked of it is in force when the asking returns.

mod line;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::mpsc::{Sender, channel},
    thread::{self, JoinHandle},
    time::Duration,
};

use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    runtime::Builder,
    sync::{mpsc, watch},
    task::JoinSet,
    time::timeout,
};

use self::line::Line;
use super::port;

/// A link from a port of loopback to an upstream.
pub struct Proxy {
    address: SocketAddr,
    /// None when it is being dropped.
    orders: Option<mpsc::UnboundedSender<(Order, Sender<()>)>>,
    counts: watch::Receiver<Counts>,
    thread: Option<JoinHandle<()>>,
}

/// What becomes of bytes in one direction.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Flow {
    #[default]
    Pass,
    /// Each arrives so much later.
    Delay(Duration),
    /// None arrives, and no end of a connection either; they arrive when it is over.
    Stall,
}

/// What becomes of who wants to connect.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Door {
    #[default]
    Open,
    /// Refused, as where nobody listens.
    Refuse,
    /// No answer at all, as where the wire is cut.
    Silent,
}

/// Where bytes go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Direction {
    Up,
    Down,
}

/// The whole link.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mode {
    Pass,
    Delay(Duration),
    /// Connections are made and kept, and carry nothing.
    Stall,
    /// Nothing: no byte, no answer to who wants to connect, no RST. What was sent arrives when it is over.
    BlackHole,
    /// Who wants to connect is refused; open connections go on.
    Refuse,
}

/// What went through so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    pub accepted: usize,
    pub open: usize,
    pub up: usize,
    pub down: usize,
}

enum Order {
    Flow(Direction, Flow),
    Door(Door),
    Cut,
    Forget,
}

#[derive(Clone, Copy, Default)]
struct Plan {
    up: Flow,
    down: Flow,
    /// How often the open connections were forgotten.
    forgotten: usize,
}

// === impl Proxy ===

impl Proxy {
    /// To `host:port`; lets everything pass.
    pub fn start(upstream: &str) -> Self {
        let upstream = upstream.parse().expect("an address and a port");
        let (orders, inbox) = mpsc::unbounded_channel();
        let (count, counts) = watch::channel(Counts::default());
        let (bound, address) = channel();
        let thread = thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = port::settle(|port| {
                    listen((Ipv4Addr::LOCALHOST, port).into()).map_err(|error| error.to_string())
                });
                let address = listener.local_addr().expect("an address");
                bound.send(address).expect("it is waited for");
                Link::new(listener, upstream, count).run(inbox).await;
            });
        });
        let address = address.recv().expect("the proxy listens");
        Self { address, orders: Some(orders), counts, thread: Some(thread) }
    }

    /// `host:port` for clients.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// The same URL, but through the proxy.
    pub fn through(&self, url: &str, upstream: &str) -> String {
        assert!(url.contains(upstream), "{upstream} is not in {url}");
        url.replace(upstream, &self.host())
    }

    /// Both directions and the door.
    pub fn set(&self, mode: Mode) {
        let (flow, door) = match mode {
            Mode::Pass => (Flow::Pass, Door::Open),
            Mode::Delay(time) => (Flow::Delay(time), Door::Open),
            Mode::Stall => (Flow::Stall, Door::Open),
            Mode::BlackHole => (Flow::Stall, Door::Silent),
            Mode::Refuse => (Flow::Pass, Door::Refuse),
        };
        self.door(door);
        self.flow(Direction::Up, flow);
        self.flow(Direction::Down, flow);
    }

    /// One direction.
    pub fn flow(&self, direction: Direction, flow: Flow) {
        self.order(Order::Flow(direction, flow));
    }

    pub fn door(&self, door: Door) {
        self.order(Order::Door(door));
    }

    /// RST to both ends of every open connection.
    pub fn cut(&self) {
        self.order(Order::Cut);
    }

    /// Connections that are open now carry nothing for ever, and nobody tells their ends; new ones are as ever.
    pub fn forget(&self) {
        self.order(Order::Forget);
    }

    pub fn counts(&self) -> Counts {
        *self.counts.borrow()
    }

    /// Waits until the counts are so.
    pub async fn until(&self, so: impl FnMut(&Counts) -> bool) -> Counts {
        *self.counts.clone().wait_for(so).await.expect("the proxy lives")
    }

    fn order(&self, order: Order) {
        let (done, wait) = channel();
        let orders = self.orders.as_ref().expect("it is not being dropped");
        orders.send((order, done)).unwrap_or_else(|_| panic!("the proxy is dead"));
        wait.recv().expect("the proxy lives");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the proxy did not panic");
        }
    }
}

/// The proxy's own side.
struct Link {
    address: SocketAddr,
    upstream: SocketAddr,
    /// None where the door refuses.
    listener: Option<TcpListener>,
    silent: bool,
    /// Fills the queue of those who want to connect: the kernel then answers nobody.
    plug: Option<TcpStream>,
    /// The plug's own address: nobody to be served.
    plugged_by: Option<SocketAddr>,
    plan: watch::Sender<Plan>,
    count: watch::Sender<Counts>,
    lines: JoinSet<()>,
}

// === impl Link ===

impl Link {
    fn new(listener: TcpListener, upstream: SocketAddr, count: watch::Sender<Counts>) -> Self {
        Self {
            address: listener.local_addr().expect("an address"),
            upstream,
            listener: Some(listener),
            silent: false,
            plug: None,
            plugged_by: None,
            plan: watch::Sender::new(Plan::default()),
            count,
            lines: JoinSet::new(),
        }
    }

    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<(Order, Sender<()>)>) {
        loop {
            tokio::select! {
                biased;
                order = inbox.recv() => match order {
                    Some((order, done)) => {
                        self.obey(order).await;
                        let _ = done.send(()); // who asked may have panicked
                    }
                    None => return,
                },
                Some(line) = self.lines.join_next() => line.expect("no panic"),
                (client, peer) = accept(self.listener.as_ref().filter(|_| !self.silent)) => {
                    if self.plugged_by != Some(peer) {
                        let line = Line::new(client, &self.plan, &self.count);
                        self.lines.spawn(line.run(self.upstream));
                    }
                }
            }
        }
    }

    async fn obey(&mut self, order: Order) {
        match order {
            Order::Flow(Direction::Up, flow) => self.plan.send_modify(|plan| plan.up = flow),
            Order::Flow(Direction::Down, flow) => self.plan.send_modify(|plan| plan.down = flow),
            Order::Forget => self.plan.send_modify(|plan| plan.forgotten += 1),
            Order::Cut => self.lines.shutdown().await,
            Order::Door(door) => self.turn(door).await,
        }
    }

    async fn turn(&mut self, door: Door) {
        self.plug = None;
        self.silent = door == Door::Silent;
        if door == Door::Refuse {
            self.listener = None;
            return;
        }
        let address = self.address;
        let listener = self.listener.get_or_insert_with(|| listen(address).expect("its own port"));
        let queue = if self.silent { 0 } else { BACKLOG };
        SockRef::from(&*listener).listen(queue).expect("a queue of another length");
        if self.silent {
            // One place is left, unless a client was quicker.
            let socket = TcpSocket::new_v4().expect("a socket");
            socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a port");
            self.plugged_by = socket.local_addr().ok();
            self.plug =
                timeout(Duration::from_secs(1), socket.connect(address)).await.ok().and_then(Result::ok);
        }
    }
}

const BACKLOG: i32 = 1024;

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG.unsigned_abs())
}

/// The next who wants to connect; nobody where nobody listens.
async fn accept(listener: Option<&TcpListener>) -> (TcpStream, SocketAddr) {
    match listener {
        Some(listener) => listener.accept().await.expect("loopback"),
        None => std::future::pending().await,
    }
}
