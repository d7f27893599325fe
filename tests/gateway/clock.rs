//! A clock that stands still until the test moves it.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use greenlane::domain::time::{Clock, Time};

type Hook = Box<dyn FnOnce() + Send>;

/// Wall clock and monotonic clock, in microseconds.
pub struct TestClock {
    wall: AtomicI64,
    monotonic: AtomicI64,
    /// Run by the next reader of the wall clock, before it is told the time.
    hook: Mutex<Option<Hook>>,
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).expect("short")
}

// === impl TestClock ===

impl TestClock {
    pub fn at(now: Time) -> Self {
        Self { wall: AtomicI64::new(now.micros()), monotonic: AtomicI64::new(0), hook: Mutex::default() }
    }

    /// Time passes.
    pub fn pass(&self, span: Duration) {
        self.wall.fetch_add(micros(span), Ordering::SeqCst);
        self.monotonic.fetch_add(micros(span), Ordering::SeqCst);
    }

    /// Somebody sets the wall clock back; the monotonic one does not care.
    pub fn set_back(&self, span: Duration) {
        self.wall.fetch_sub(micros(span), Ordering::SeqCst);
    }

    /// What happens at the very moment at which the next reader asks for the time.
    pub fn before_next_look(&self, hook: impl FnOnce() + Send + 'static) {
        *self.hook.lock().expect("short") = Some(Box::new(hook));
    }
}

impl Clock for TestClock {
    fn now(&self) -> Time {
        let hook = self.hook.lock().expect("short").take();
        if let Some(hook) = hook {
            hook();
        }
        Time::from_micros(self.wall.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.monotonic.load(Ordering::SeqCst)).expect("not negative"))
    }
}
