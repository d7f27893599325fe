//! The same as messages: what a receiver sends and gets, and what it can check.

use std::{net::SocketAddr, sync::Arc};

use greenlane::{
    domain::{caller::Caller, time::Time},
    net::Peer,
    rpc::{
        command::Commands,
        pb::{
            self, command_service_client::CommandServiceClient, command_service_server::CommandServiceServer,
            stream_commands_request::Kind as Asks, stream_commands_response::Kind as Told,
        },
        status::reason_of,
    },
    service::{receipt::verify, watchers::Watchers},
};
use rustls::pki_types::CertificateDer;
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{
    Code, Request, Status,
    service::{Interceptor, interceptor::InterceptedService},
};

use crate::{
    orders::{CARRIER, MVNO, Shut, counts, e164, numbers, shut},
    receiver::{Receiver, last, quiesce},
    world::World,
};

/// Stands for the connection: says who calls.
#[derive(Clone)]
struct By(Caller);

type Client = CommandServiceClient<InterceptedService<CommandServiceServer<Commands>, By>>;

impl Interceptor for By {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let leaf = CertificateDer::from(vec![1, 2, 3]);
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let peer = Arc::new(Peer::new(self.0.clone(), Time::MAX, &[1], &leaf, address));
        request.extensions_mut().insert(peer);
        Ok(request)
    }
}

fn client(world: &World, who: &str) -> Client {
    let commands = Commands { gateway: world.gateway.clone(), watchers: Watchers::default() };
    CommandServiceClient::new(CommandServiceServer::with_interceptor(commands, By(crate::world::caller(who))))
}

fn asks(kind: Asks) -> pb::StreamCommandsRequest {
    pb::StreamCommandsRequest { kind: Some(kind) }
}

fn open(after_sequence: i64) -> pb::StreamCommandsRequest {
    asks(Asks::Open(pb::OpenCommands { after_sequence }))
}

fn ack(sequence: i64, outcome: pb::ResultOutcome) -> pb::CommandAck {
    pb::CommandAck { sequence, results: Vec::new(), outcome: outcome.into() }
}

/// What `command.proto` says that is signed, from nothing but the message.
fn canonical(command: &pb::Command) -> String {
    let kind = command.kind().as_str_name().trim_start_matches("COMMAND_KIND_").to_owned();
    let scopes: Vec<String> =
        command.scopes().map(|scope| scope.as_str_name().trim_start_matches("SCOPE_").to_owned()).collect();
    let due = command.due_time.as_ref().expect("a time");
    let due = due.seconds * 1_000_000 + i64::from(due.nanos / 1000);
    let mut text = format!(
        "greenlane.v1.Command\n{}\n{}\n{}\n{}\n{kind}\n{}\n{due}\n{}\n",
        command.command_id,
        command.receiver,
        command.sequence,
        command.order,
        scopes.join(","),
        if command.drill { "drill" } else { "real" },
    );
    for msisdn in &command.msisdns {
        let notice = command.notices.iter().find(|notice| notice.msisdn == *msisdn);
        text += &format!("{msisdn} {}\n", notice.map_or("", |notice| &notice.appeal_code));
    }
    text
}

#[tokio::test]
async fn a_stream_from_open_to_acked() {
    let world = World::empty().await;
    let id = shut(&world, Shut { numbers: &numbers(1, 3), ..Shut::default() }).await;
    let (sends, sent) = mpsc::unbounded_channel();
    sends.send(open(0)).expect("open");
    let stream = client(&world, "mvno/m01").stream_commands(UnboundedReceiverStream::new(sent)).await;
    let mut stream = stream.expect("a stream").into_inner();
    let mut next =
        async || stream.message().await.expect("no refusal").expect("it goes on").kind.expect("something");
    let Told::Command(command) = next().await else { panic!("a command first") };
    assert_eq!((command.sequence, command.msisdns.len(), command.notices.len()), (1, 3, 3));
    assert!(!command.redelivered && command.msisdns[0] == e164(1));
    assert!(command.notices.iter().all(|notice| notice.text.is_some()));
    let signer = &world.gateway.signer;
    assert_eq!(command.key_id, signer.key_id());
    assert!(verify(signer.public_key(), canonical(&command).as_bytes(), &command.signature));
    assert!(matches!(next().await, Told::Bookmark(bookmark) if bookmark.sequence == 1));
    for (outcome, fine) in [(pb::ResultOutcome::Verified, false), (pb::ResultOutcome::Executed, true)] {
        sends.send(asks(Asks::Ack(ack(1, outcome)))).expect("open");
        let Told::Acked(acked) = next().await else { panic!("an answer") };
        assert_eq!((acked.sequence, acked.error.is_none()), (1, fine));
    }
    let mut carrier = Receiver::of(CARRIER);
    carrier.open(&world).await;
    quiesce(&world, &mut [&mut carrier]).await;
    assert!(
        counts(&world, &id).await.iter().all(|(state, count)| state.as_str() == "VERIFIED" && *count == 3)
    );
    // The carrier's has every code, and no text for subscribers that are not its own.
    let pulled = client(&world, "carrier/unicom")
        .pull_commands(pb::PullCommandsRequest { after_sequence: 0, page_size: 1 })
        .await
        .expect("pulled")
        .into_inner();
    let command = &pulled.commands[0];
    assert!(
        command.redelivered
            && command.notices.len() == 3
            && command.notices.iter().all(|one| one.text.is_none())
    );
    assert!(verify(signer.public_key(), canonical(command).as_bytes(), &command.signature));
    assert_eq!((pulled.commands.len(), pulled.last_sequence), (1, last(&world, CARRIER).await));
}

#[tokio::test]
async fn what_is_no_opening_and_no_acknowledgement() {
    let world = World::empty().await;
    shut(&world, Shut::default()).await;
    let begin = async |first: pb::StreamCommandsRequest| {
        client(&world, "mvno/m01").stream_commands(tokio_stream::iter([first])).await.expect_err("refused")
    };
    for (first, code) in [
        (pb::StreamCommandsRequest { kind: None }, Code::InvalidArgument),
        (asks(Asks::Ack(ack(1, pb::ResultOutcome::Executed))), Code::InvalidArgument),
        (open(-1), Code::InvalidArgument),
        (open(2), Code::InvalidArgument),
    ] {
        assert_eq!(begin(first).await.code(), code);
    }
    let mut mvno = client(&world, "mvno/m01");
    let pulled = mvno.pull_commands(pb::PullCommandsRequest::default()).await.expect("pulled").into_inner();
    let result = |msisdn: String, code: &str| pb::NumberResult {
        msisdn,
        outcome: pb::ResultOutcome::Refused.into(),
        code: code.to_owned(),
    };
    let with = |results| pb::CommandAck { sequence: 1, results, outcome: 0 };
    let acks = vec![
        with(vec![result(e164(1), "no code")]),
        with(vec![result(e164(2), "NOT_MINE")]),
        ack(9, pb::ResultOutcome::Executed),
        with(vec![result(e164(1), "NOT_MINE")]),
    ];
    let request = pb::AckCommandsRequest { session: pulled.session.clone(), acks };
    let answer = mvno.ack_commands(request.clone()).await.expect("an answer").into_inner();
    let codes: Vec<i32> =
        answer.acks.iter().map(|acked| acked.error.as_ref().map_or(0, |error| error.code)).collect();
    assert_eq!(codes, [3, 3, 5, 0], "two faulty ones, one of nobody's, and one that counts");
    mvno.pull_commands(pb::PullCommandsRequest::default()).await.expect("a newer session");
    let void = mvno.ack_commands(request.clone()).await.expect_err("void");
    assert_eq!(
        (void.code(), reason_of(&void).as_deref()),
        (Code::FailedPrecondition, Some("SESSION_FENCED"))
    );
    let none = pb::AckCommandsRequest { acks: Vec::new(), ..request };
    assert_eq!(mvno.ack_commands(none).await.expect_err("none").code(), Code::InvalidArgument);
}

#[tokio::test]
async fn figures_and_what_is_off() {
    let world = World::empty().await;
    let id = shut(&world, Shut { numbers: &numbers(1, 3), ..Shut::default() }).await;
    let (mut mvno, mut carrier) = (Receiver::of(MVNO), Receiver::of(CARRIER));
    mvno.open(&world).await;
    carrier.open(&world).await;
    quiesce(&world, &mut [&mut mvno, &mut carrier]).await;
    let ask = pb::ListReceiverFiguresRequest { order: format!("shutdownOrders/{id}"), ..Default::default() };
    let all = client(&world, "regulator/miit/officer-1").list_receiver_figures(ask.clone()).await;
    let all = all.expect("figures").into_inner().receiver_figures;
    let shown: Vec<(&str, i32, i32)> =
        all.iter().map(|of| (of.receiver.as_str(), of.command_count, of.executed_count)).collect();
    assert_eq!(shown, [(CARRIER, 2, 2), (MVNO, 1, 1)]);
    assert!(all.iter().all(|of| of.verify_p95.is_some() && of.overdue_count == 0));
    let own = client(&world, "mvno/m01").list_receiver_figures(ask.clone()).await.expect("its own");
    assert_eq!(own.into_inner().receiver_figures.len(), 1);
    let others = pb::ListReceiverFiguresRequest { receiver: CARRIER.to_owned(), ..ask.clone() };
    let refused = client(&world, "mvno/m01").list_receiver_figures(others).await.expect_err("another's");
    assert_eq!(refused.code(), Code::PermissionDenied);
    let wrong = pb::ListReceiverFiguresRequest { order: "orders/1".to_owned(), ..ask };
    let refused = client(&world, "mvno/m01").list_receiver_figures(wrong).await.expect_err("no name");
    assert_eq!(refused.code(), Code::InvalidArgument);
    let off =
        client(&world, "mvno/m01").list_commanded_numbers(pb::ListCommandedNumbersRequest::default()).await;
    let off = off.expect("a page").into_inner();
    assert_eq!((off.numbers.len(), off.after_sequence, off.next_page_token.as_str()), (3, 1, ""));
    assert_eq!(off.numbers[0].scopes, [pb::Scope::VoiceOut as i32, pb::Scope::VoiceIn as i32]);
}
