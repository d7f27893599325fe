//! Three nodes on one folder and one database.

use std::thread;

use tonic::transport::Channel;

use crate::support::{
    folder::Folder,
    load::{Acknowledged, Load},
    node::Node,
    record::{Found, Record},
};

/// The nodes; they end before their folder.
pub struct Nodes {
    pub each: Vec<Node>,
    _folder: Folder,
}

// === impl Nodes ===

impl Nodes {
    /// All of them, started at once on an empty folder and an empty database.
    pub fn start(url: &str) -> Self {
        let folder = Folder::make();
        let dir = folder.path().join("dev");
        let start = |node: usize| Node::dev(&dir, &["--postgres", url, "--node", &node.to_string()]);
        let each = thread::scope(|scope| {
            let starts: Vec<_> = (1..=3).map(|node| scope.spawn(move || start(node))).collect();
            starts.into_iter().map(|start| start.join().expect("it started")).collect()
        });
        Self { each, _folder: folder }
    }

    /// A connection to each as a regulator, there whenever the node is.
    pub fn lazy(&self) -> Vec<Channel> {
        self.each.iter().map(|node| node.lazy("regulator-miit")).collect()
    }

    /// Eight writers on all of them.
    pub fn load(&self) -> Load {
        Load::start(&self.lazy(), 8)
    }

    /// What the record says of a load, and that each node answers as the first one did.
    pub async fn check(&self, load: &Acknowledged, url: &str) -> Found {
        let found = Record::Postgres(url.to_owned()).check(load).await;
        found.is_sound();
        for node in &self.each {
            load.replay(node.connect("regulator-miit").await).await;
        }
        found
    }
}
