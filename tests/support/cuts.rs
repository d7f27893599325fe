//! A link that is cut at random.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinHandle;

use super::{figure::chance, proxy::Proxy};

/// Cuts it until this is dropped.
pub struct Cuts(JoinHandle<()>);

// === impl Cuts ===

impl Cuts {
    /// Cuts the link every 50 to 500 ms.
    pub fn of(link: Arc<Proxy>) -> Self {
        Self(tokio::spawn(async move {
            loop {
                let wait = 50 + u64::try_from(chance(451)).expect("small");
                tokio::time::sleep(Duration::from_millis(wait)).await;
                let link = link.clone();
                tokio::task::spawn_blocking(move || link.cut()).await.expect("it is cut");
            }
        }))
    }
}

impl Drop for Cuts {
    fn drop(&mut self) {
        self.0.abort();
    }
}
