//! Who names the revision that was acknowledged gets no older answer, at whichever node. `READS=100000` for the full
//! figure.

use futures_util::future::join_all;
use greenlane::domain::{name::ParticipantName, refusal::Reason};
use tokio::task::JoinSet;

use crate::{
    support::{figure::asked, postgres::Cluster},
    world::{Node, Nodes},
};

const WRITERS: usize = 8;
/// MVNOs of each writer: nobody else writes about them.
const OWN: usize = 5;
/// Reads after each write, at each of the other nodes.
const READS: usize = 10;

/// What the reads after writes found.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    reads: usize,
    /// Answered as before the write.
    older: usize,
    /// Not answered: the revision was not reached in time, or the record was out of reach.
    unanswered: usize,
}

/// Turns the standing of an MVNO by way of one node, and reads it at the others at once.
async fn round(nodes: &[Node; 3], mvno: &ParticipantName, turn: usize, asks: bool) -> Found {
    let [one, others @ ..] = nodes;
    let breach = if turn.is_multiple_of(2) { 10 } else { 0 };
    let written = one.inspect(mvno, breach).await;
    let min_revision = if asks { written.revision } else { 0 };
    let reads = others.iter().flat_map(|node| (0..READS).map(move |_| node.check(mvno, min_revision)));
    let mut found = Found::default();
    for answer in join_all(reads).await {
        found.reads += 1;
        match answer {
            Ok(answer) => {
                let is_older = answer.revision < written.revision
                    || answer.held.revision != written.revision
                    || answer.decided().standing != written.standing;
                found.older += usize::from(is_older);
            }
            Err(refusal) => {
                assert!(matches!(refusal.reason, Reason::StoreUnavailable | Reason::RevisionNotReached));
                found.unanswered += 1;
            }
        }
    }
    found
}

/// The nodes, a writer's own first.
fn around(nodes: &Nodes, writer: usize) -> [Node; 3] {
    [0, 1, 2].map(|nth| nodes.node(writer + nth).clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_names_a_revision_gets_no_older_answer() {
    let reads = asked("READS", 4_000);
    let nodes = Nodes::on(&Cluster::shared().fresh_database(), 3).await;
    let mvnos = nodes.compliant("read", WRITERS * OWN).await;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (nodes, own) = (around(&nodes, writer), mvnos[writer * OWN..][..OWN].to_vec());
        writers.spawn(async move {
            let mut found = Found::default();
            for turn in 0..reads.div_ceil(WRITERS * 2 * READS) {
                let more = round(&nodes, &own[turn % OWN], turn / OWN, true).await;
                found = found.and(more);
            }
            found
        });
    }
    let found = writers.join_all().await.into_iter().fold(Found::default(), Found::and);
    println!("{found:?}");
    assert!(found.reads >= reads && found.unanswered < found.reads);
    assert_eq!(found.older, 0);
}

/// The control: who names none may be answered as before, and some are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_names_none_may_get_an_older_answer() {
    let nodes = Nodes::on(&Cluster::shared().fresh_database(), 3).await;
    let mvnos = nodes.compliant("none", 1).await;
    let mut found = Found::default();
    for turn in 0.. {
        nodes.warm().await;
        found = found.and(round(&around(&nodes, turn), &mvnos[0], turn, false).await);
        if found.older > 0 {
            break;
        }
    }
    println!("without a revision: {found:?}");
}

// === impl Found ===

impl Found {
    fn and(self, other: Self) -> Self {
        Self {
            reads: self.reads + other.reads,
            older: self.older + other.older,
            unanswered: self.unanswered + other.unanswered,
        }
    }
}
