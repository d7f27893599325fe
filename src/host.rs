//! The one door to the host's wall clock, monotonic clock and randomness, and to what the host may keep of this
//! process. Everything else is handed a [`Clock`].

use std::{
    cell::RefCell,
    io,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::domain::time::{Clock, Time};

/// The host's clocks.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
}

/// A new UUID version 7, so that names sort by the time of their making.
pub fn new_id(now: Time) -> String {
    let millis = u64::try_from(now.micros() / 1000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random()).into_uuid().to_string()
}

/// What no id made at that time or later is below.
pub fn least_id(time: Time) -> String {
    let millis = u64::try_from(time.micros() / 1000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid().to_string()
}

/// A UUID of chance alone, for what needs a name of its own and no order.
pub fn chance_id() -> String {
    uuid::Builder::from_random_bytes(random()).into_uuid().to_string()
}

/// Random bytes from the crypto provider, drawn a page at a time: one draw costs about as much as a hundred bytes.
pub fn random<const N: usize>() -> [u8; N] {
    const { assert!(N <= PAGE) };
    thread_local! {
        static DRAWN: RefCell<([u8; PAGE], usize)> = const { RefCell::new(([0; PAGE], PAGE)) };
    }
    DRAWN.with_borrow_mut(|(page, used)| {
        if *used + N > PAGE {
            aws_lc_rs::rand::fill(page).expect("the operating system gives randomness");
            *used = 0;
        }
        let mut bytes = [0; N];
        bytes.copy_from_slice(&page[*used..*used + N]);
        // What was handed out is not kept.
        page[*used..*used + N].fill(0);
        *used += N;
        bytes
    })
}

/// From now on the host keeps no core dump of this process, and no other process of this user reads its memory.
pub fn seclude() -> io::Result<()> {
    Ok(nix::sys::prctl::set_dumpable(false)?)
}

/// Random bytes drawn at once by a thread.
const PAGE: usize = 512;

// === impl SystemClock ===

impl SystemClock {
    /// The host's clocks, the monotonic one counting from now.
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    fn now(&self) -> Time {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Time::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}
