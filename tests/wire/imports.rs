//! Subscribers taken in by file over the wire: nothing is lost and nothing doubled by `kill -9`, and nothing of a person
//! lies about afterwards. The ordinary run is short; `ROWS=100000 KILLS=20` and `CANARIES=10000` make it the full one.

use std::{env, fs, ops::Range, path::Path};

use aho_corasick::AhoCorasick;
use greenlane::rpc::pb::{
    self, numbering_service_client::NumberingServiceClient,
    registration_service_client::RegistrationServiceClient,
};
use tokio::sync::mpsc;
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tonic::{Status, transport::Channel};

use crate::support::{folder::Folder, node::Node};

const CHUNK: i64 = 500;
const NAME: &str = "卡纳里";
/// So many hex digits in a row are a hash, a ciphertext or an id.
const HASH: usize = 32;

fn asked(name: &str, default: i64) -> i64 {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A made-up person of a region that does not exist, with the check character that belongs there.
fn person(n: i64) -> String {
    const WEIGHTS: [i64; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let (day, sequence) = (n / 800, n % 800);
    let (year, month, day) = (1960 + day / 336, day / 28 % 12 + 1, day % 28 + 1);
    let body = format!("119999{year}{month:02}{day:02}{sequence:03}");
    let sum: i64 = body.bytes().zip(WEIGHTS).map(|(digit, weight)| i64::from(digit - b'0') * weight).sum();
    let check = b"10X98765432"[usize::try_from(sum % 11).expect("below 11")];
    format!("{body}{}", char::from(check))
}

/// The n-th number of the blocks that the test has m01 given.
fn msisdn(n: i64) -> String {
    format!("17101{:02}{:04}", n / 10_000, n % 10_000)
}

fn registration(n: i64, capture: pb::Capture) -> pb::Registration {
    let document = pb::Document {
        r#type: pb::DocumentType::ResidentId.into(),
        number: person(n),
        name: NAME.to_owned(),
        valid_to_date: "2036-01-01".to_owned(),
        address: "卡纳里街一号".to_owned(),
        ..Default::default()
    };
    pb::Registration {
        msisdn: msisdn(n),
        event: pb::RegistrationEvent::Open.into(),
        subject: Some(pb::registration::Subject::Individual(pb::Individual { document: Some(document) })),
        capture: Some(capture),
        ..Default::default()
    }
}

fn read_before() -> pb::Capture {
    pb::Capture { method: pb::CaptureMethod::Reader.into(), ..Default::default() }
}

fn read_now() -> pb::Capture {
    pb::Capture {
        method: pb::CaptureMethod::Reader.into(),
        reader_serial: "RD-000001".to_owned(),
        channel: "mvnos/m01/channels/hall-1".to_owned(),
        operator_id: "clerk-1".to_owned(),
        photo_sha256: String::new(),
    }
}

async fn allocate(node: &Node, numbers: i64) {
    let mut client = NumberingServiceClient::new(node.connect("regulator-miit").await);
    for block in 0..=numbers / 10_000 {
        let request = pb::AllocateNumbersRequest {
            mvno: "mvnos/m01".to_owned(),
            prefix: format!("17101{block:02}"),
            reason: "for the test".to_owned(),
            ..Default::default()
        };
        client.allocate_numbers(request).await.expect("allocated");
    }
}

/// Goes on with an import of so many rows until that row is durable. What the last answer said.
async fn go_on(channel: Channel, rows: i64, until: i64) -> Result<pb::ImportRegistrationsResponse, Status> {
    let mut client = RegistrationServiceClient::new(channel);
    let (sender, receiver) = mpsc::channel(2);
    let header = pb::ImportHeader { import_id: "all of them".to_owned(), ..Default::default() };
    let first = pb::ImportRegistrationsRequest { header: Some(header), rows: Vec::new() };
    sender.send(first).await.expect("a receiver");
    let mut answers = client.import_registrations(ReceiverStream::new(receiver)).await?.into_inner();
    let mut last = answers.message().await?.expect("how far it is");
    let from = last.durable_through_row;
    tokio::spawn(async move {
        let mut next = from + 1;
        while next <= rows {
            let chunk = next..=rows.min(next + CHUNK - 1);
            next = chunk.end() + 1;
            let row = |row_number| pb::ImportRow {
                row_number,
                registration: Some(registration(row_number, read_before())),
            };
            let message = pb::ImportRegistrationsRequest { header: None, rows: chunk.map(row).collect() };
            if sender.send(message).await.is_err() {
                return;
            }
        }
    });
    while let Some(answer) = answers.next().await {
        last = answer?;
        assert!(last.rejected.is_empty(), "{:?}", last.rejected.first());
        if last.durable_through_row >= until {
            return Ok(last);
        }
    }
    Ok(last)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_survives_kill_9() {
    let (rows, kills) = (asked("ROWS", 6_000), asked("KILLS", 3));
    let mut node = Node::start();
    allocate(&node, rows).await;
    for kill in 1..=kills {
        // The sender sends on while the node dies.
        let until = rows * kill / (kills + 1);
        let reached = go_on(node.connect("mvno-m01").await, rows, until).await.expect("durable");
        node.kill();
        node.start_again();
        let again = go_on(node.connect("mvno-m01").await, rows, 0).await.expect("goes on");
        assert!(again.durable_through_row >= reached.durable_through_row, "what was told is durable");
        assert_eq!(again.accepted, again.durable_through_row, "none lost, none doubled");
    }
    let done = go_on(node.connect("mvno-m01").await, rows, rows).await.expect("done");
    assert_eq!((done.durable_through_row, done.accepted, done.skipped), (rows, rows, 0));
    let count = |sql: &str| node.database().query_row(sql, [], |row| row.get::<_, i64>(0)).expect("a count");
    assert_eq!(count("SELECT COUNT(*) FROM line WHERE end_time IS NULL"), rows);
    assert_eq!(count("SELECT COUNT(*) FROM registration"), rows);
    assert_eq!(count("SELECT COUNT(DISTINCT number_index) FROM line"), rows);
    assert_eq!(count("SELECT COUNT(*) FROM subject"), rows);
}

/// Every byte of a folder but certificates and keys.
fn bytes(dir: &Path, into: &mut Vec<Vec<u8>>) {
    for entry in fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => bytes(&path, into),
            false => into.push(fs::read(&path).expect("read")),
        }
    }
}

/// In the data folder, in what the node says at its most talkative, in its metrics: nowhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_is_found_nowhere() {
    let canaries = asked("CANARIES", 300);
    let home = Folder::make();
    let node = Node::by(&["env", "GREENLANE_LOG=trace"], &home.path().join("dev"));
    allocate(&node, canaries).await;
    let mut client = RegistrationServiceClient::new(node.connect("mvno-m01").await);
    let imported = canaries / 2;
    go_on(node.connect("mvno-m01").await, imported, imported).await.expect("taken in");
    for n in imported + 1..=canaries {
        let registration = Some(registration(n, read_now()));
        let request = pb::RegisterRequest { registration, ..Default::default() };
        client.register(request.clone()).await.expect("registered");
        // Refusals tell nothing either; of those there may be no more than a few a second.
        if n % 50 != 0 {
            continue;
        }
        let refused = client.register(request).await.expect_err("in use");
        let told = format!("{refused:?}");
        assert!(!told.contains(&person(n)) && !told.contains(NAME) && !told.contains(&msisdn(n)));
    }
    let metrics = {
        use std::io::{Read, Write};
        let mut socket = std::net::TcpStream::connect(&node.ops).expect("it listens");
        write!(socket, "GET /metrics HTTP/1.1\r\nhost: probe\r\nconnection: close\r\n\r\n").expect("asked");
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).expect("read");
        answer
    };
    let said = node.said();
    assert!(said.contains("TRACE"), "it was talkative");
    let mut places = vec![said.into_bytes(), metrics];
    bytes(&node.dir, &mut places);
    let mut words = vec![NAME.to_owned(), "卡纳里街".to_owned()];
    words.extend((1..=canaries).flat_map(|n| [person(n), msisdn(n)]));
    let eye = AhoCorasick::new(&words).expect("words");
    let control = format!("+86{} {}", msisdn(canaries), person(1));
    assert_eq!(sung(&eye, control.as_bytes()), 2, "the eye sees");
    for place in &places {
        assert_eq!(sung(&eye, place), 0, "a canary sang in {} bytes", place.len());
    }
    println!("{canaries} canaries: none found in {} bytes", places.iter().map(Vec::len).sum::<usize>());
}

/// How many of the words are there. Eleven digits in the midst of a hash's hex are chance: with so many words and bytes
/// there are some.
fn sung(eye: &AhoCorasick, place: &[u8]) -> usize {
    eye.find_iter(place).filter(|found| hex_around(place, found.range()) < HASH).count()
}

/// The length of the run of hex digits that a place is in.
fn hex_around(place: &[u8], range: Range<usize>) -> usize {
    let hex = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let before = place[..range.start].iter().rev().take_while(hex).count();
    before + place[range.start..].iter().take_while(hex).count()
}
