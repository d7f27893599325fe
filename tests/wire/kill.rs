//! `kill -9`, again and again, under mutations: nothing acknowledged is lost, and acts and entries are the same set.
//! The ordinary run is short; `KILLS=100 MUTATIONS=10000` makes it the full one.

use crate::support::{figure::asked, load::Load, node::Node, record::Record};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost() {
    let (kills, mutations) = (asked("KILLS", 5), asked("MUTATIONS", 400));
    let mut node = Node::start();
    let load = Load::start(&[node.lazy("regulator-miit")], 8);
    for _ in 0..kills {
        // In the midst of work: so many acknowledgements after the last.
        load.until(load.acknowledged() + mutations / kills).await;
        node.kill();
        node.start_again();
    }
    let acknowledged = load.stop().await;
    let found = Record::Sqlite(node.database_file()).check(&acknowledged).await;
    let (begun, replayed) = (acknowledged.begun, acknowledged.replayed());
    println!("kills {kills}, begun {begun}, acknowledged by a later attempt {replayed}, {found:?}");
    found.is_sound();
    acknowledged.replay(node.connect("regulator-miit").await).await;
}
