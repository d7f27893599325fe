//! Every number that bounds a connection, in one place, with its default and the reason for it.

use std::time::Duration;

/// What a peer may use before, during and after its handshake.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections that have finished their handshake, all organisations together. 4,096: partners hold few.
    pub max_connections: usize,
    /// Connections of one organisation. 256: one partner's reconnect storm leaves room for the others.
    pub max_per_organisation: usize,
    /// Handshakes computed at once. 256: a handshake costs us a signature, and more at once makes all late.
    pub max_handshakes: usize,
    /// Accepted sockets that have no identity yet. 2,048; beyond it the oldest is dropped for the newest, so that
    /// a crowd of silent sockets cannot keep an honest peer out.
    pub max_waiting: usize,
    /// From accept to the end of the handshake. 5 s.
    pub handshake_deadline: Duration,
    /// From the handshake to the HTTP/2 preface and the first frame's header. 5 s; hyper has no such limit.
    pub preface_deadline: Duration,
    /// Without an open call for so long (at most twice as long), a connection is told to go. 15 min.
    pub idle_timeout: Duration,
    /// A connection of this age, give or take a tenth, is told to go (GOAWAY), so that peers spread again after a
    /// restart and every certificate is verified anew. 30 min.
    pub max_age: Duration,
    /// How long a connection that was told to go may finish its calls. 60 s.
    pub grace: Duration,
    /// Calls open at once on one connection. 200.
    pub max_concurrent_streams: u32,
    /// Unread bytes of one call. 256 KiB: an import fills it, a thousand idle calls do not fill memory.
    pub stream_window: u32,
    /// Unread bytes of one connection. 1 MiB.
    pub connection_window: u32,
    /// Bytes of answers that wait for a peer that does not read, for each call. 256 KiB.
    pub max_send_buffer: usize,
    /// A PING goes out after so long without a frame. 20 s.
    pub keep_alive_interval: Duration,
    /// A PING unanswered for so long ends the connection. 10 s.
    pub keep_alive_timeout: Duration,
    /// All headers of one call, uncompressed. 16 KiB; h2 cuts the connection at four times as much.
    pub max_header_list: u32,
    /// Calls that were reset before we took them up. 20, then GOAWAY (CVE-2023-44487).
    pub max_pending_accept_reset_streams: usize,
    /// Calls that we reset for a fault of the peer's, over a connection's life. 1,024, then GOAWAY (RUSTSEC-2024-0003).
    pub max_local_error_reset_streams: usize,
}

// === impl Limits ===

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 4096,
            max_per_organisation: 256,
            max_handshakes: 256,
            max_waiting: 2048,
            handshake_deadline: Duration::from_secs(5),
            preface_deadline: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(15 * 60),
            max_age: Duration::from_secs(30 * 60),
            grace: Duration::from_secs(60),
            max_concurrent_streams: 200,
            stream_window: 256 * 1024,
            connection_window: 1024 * 1024,
            max_send_buffer: 256 * 1024,
            keep_alive_interval: Duration::from_secs(20),
            keep_alive_timeout: Duration::from_secs(10),
            max_header_list: 16 * 1024,
            max_pending_accept_reset_streams: 20,
            max_local_error_reset_streams: 1024,
        }
    }
}
