//! Servers end with the test program that started them, also when nothing of it is left to end them.

use std::{
    env,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use crate::support::{folder::inside, node::Node, postgres::Cluster, redis::Redis};

/// Set in the program that is to be killed.
const CHILD: &str = "GREENLANE_TEST_DEATH";

#[test]
fn servers_end_with_a_program_that_is_killed() {
    if env::var_os(CHILD).is_some() {
        let (cluster, redis, node) = (Cluster::shared(), Redis::start(), Node::start());
        redis.pause(); // what is stopped must end too
        for folder in [cluster.folder(), redis.folder(), node.folder()] {
            println!("\nfolder {}", folder.display());
        }
        loop {
            thread::park();
        }
    }
    let mut program = Command::new(env::current_exe().expect("this program"));
    program.args(["--exact", "death::servers_end_with_a_program_that_is_killed", "--nocapture"]);
    let mut child = program.env(CHILD, "1").stdout(Stdio::piped()).spawn().expect("a process");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines().map_while(Result::ok);
    let folders = lines.filter_map(|line| line.strip_prefix("folder ").map(PathBuf::from));
    let folders: Vec<PathBuf> = folders.take(3).collect();
    assert!(folders.len() == 3 && folders.iter().all(|folder| !inside(folder).is_empty()), "{folders:?}");
    child.kill().expect("it runs");
    child.wait().expect("ours");
    let ended = || folders.iter().all(|folder| !folder.exists() && inside(folder).is_empty());
    for _ in 0..6000 {
        if ended() {
            return;
        }
        thread::sleep(Duration::from_millis(10)); // between two looks
    }
    panic!("still there: {:?}", folders.iter().map(|folder| inside(folder)).collect::<Vec<_>>());
}
