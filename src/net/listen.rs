//! Opens the listening socket, with a backlog that survives every partner reconnecting at once.

use std::{io, net::SocketAddr};

use tokio::{net::TcpSocket, runtime};

/// The kernel cuts it to `somaxconn`. The standard library's 128 overflows when all partners reconnect.
const BACKLOG: u32 = 4096;

/// Binds and listens.
pub fn listen(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    // A socket of tokio's is registered as soon as it listens, so it needs a runtime for that moment.
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    let outcome = bind(&runtime, address);
    // The caller may be inside a runtime, where dropping one is not allowed.
    runtime.shutdown_background();
    outcome
}

fn bind(runtime: &runtime::Runtime, address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let _inside = runtime.enter();
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}
