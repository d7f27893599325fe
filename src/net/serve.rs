//! Runs HTTP/2 on one connection until it is done or told to end. hyper is driven directly: its connection, one
//! atomic with the orders, and a separate task for the time, so that a call pays for none of the timers.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::server::TlsStream;
use tokio_util::task::AbortOnDropHandle;

use super::{
    Limits, Services,
    calls::Calls,
    link::{Link, Order},
    registry::Seat,
    socket::Socket,
    watch::watch,
};
use crate::domain::time::Clock;

/// The client's preface and the header of the SETTINGS frame that must follow it.
const PREFACE: usize = 24 + 9;

/// A TLS stream that notices when HTTP/2 has begun.
struct Guarded {
    tls: TlsStream<Socket>,
    link: Arc<Link>,
    missing: usize,
}

/// The builder for all connections of one worker.
pub(super) fn builder(limits: &Limits) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        // gRPC has no use for a date, and writing one costs every answer.
        .auto_date_header(false)
        .max_concurrent_streams(limits.max_concurrent_streams)
        .initial_stream_window_size(limits.stream_window)
        .initial_connection_window_size(limits.connection_window)
        .max_send_buf_size(limits.max_send_buffer)
        .keep_alive_interval(limits.keep_alive_interval)
        .keep_alive_timeout(limits.keep_alive_timeout)
        .max_header_list_size(limits.max_header_list)
        .max_pending_accept_reset_streams(limits.max_pending_accept_reset_streams)
        .max_local_error_reset_streams(limits.max_local_error_reset_streams);
    builder
}

/// Serves until the peer leaves, is told to leave and has done so, or is ended.
pub(super) async fn serve<S: Services>(
    builder: http2::Builder<TokioExecutor>,
    tls: TlsStream<Socket>,
    seat: Seat,
    services: S,
    limits: Arc<Limits>,
    clock: Arc<dyn Clock>,
) {
    let link = seat.link.clone();
    let _watcher = AbortOnDropHandle::new(tokio::spawn(watch(link.clone(), limits, clock)));
    let guarded = Guarded { tls, link: link.clone(), missing: PREFACE };
    let mut connection = builder.serve_connection(TokioIo::new(guarded), Calls::new(services, link.clone()));
    let mut leaving = false;
    let outcome = poll_fn(|cx| {
        match link.order(cx) {
            Order::Stay => {}
            Order::Leave => {
                if !leaving {
                    leaving = true;
                    Pin::new(&mut connection).graceful_shutdown();
                }
            }
            Order::End => return Poll::Ready(Ok(())),
        }
        Pin::new(&mut connection).poll(cx)
    })
    .await;
    if let Err(fault) = outcome {
        tracing::debug!(net.peer.ip = %link.peer.address.ip(), %fault, "connection ended");
    }
    // The connection goes before the seat: whoever sees the seat free sees the socket closed. Its calls end with
    // it, for h2 tells every stream when the connection is dropped.
    drop(connection);
    drop(seat);
}

// === impl Guarded ===

impl AsyncRead for Guarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let me = &mut *self;
        if me.missing == 0 {
            return Pin::new(&mut me.tls).poll_read(cx, buf);
        }
        let before = buf.filled().len();
        let polled = Pin::new(&mut me.tls).poll_read(cx, buf);
        me.missing = me.missing.saturating_sub(buf.filled().len() - before);
        if me.missing == 0 {
            me.link.begin();
        }
        polled
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tls).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tls).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        // h2 asks before the preface how large an answer may be that it still copies among the frames around it: up
        // to 1,024 bytes where writes are not gathered, 255 where they are. Every other answer costs a record and a
        // write of its own, which is dearer than the copy. Once it writes, gathering is right: a large answer and
        // its head are one record.
        self.missing == 0
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_shutdown(cx)
    }
}
