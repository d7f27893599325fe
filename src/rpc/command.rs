//! `CommandService`: what carriers and MVNOs have to execute, and what became of it.

use std::{pin::Pin, sync::Arc, time::Duration};

use tokio_stream::{Stream, StreamExt, wrappers::ReceiverStream};
use tonic::{Request, Response, Status, Streaming};

use super::{
    convert::{act, command, fields::Fields},
    parts::Parts,
    pb::{self, stream_commands_request::Kind as Asked, stream_commands_response::Kind as Sent},
    status::{rich, status},
};
use crate::{
    domain::{refusal::Refusal, time::DAY},
    service::{
        Gateway,
        command::{
            figures::Filter,
            session::Claim,
            stream::{Event, Maker},
        },
        watchers::Watchers,
    },
};

mod acks;

/// Acknowledgements of one call at most.
const MOST_ACKS: usize = 100;
/// A stream is opened within.
const PATIENCE: Duration = Duration::from_secs(10);
/// Figures go back so far where no time is asked for.
const BACK: Duration = DAY.saturating_mul(30);

/// The service.
#[derive(Clone)]
pub struct Commands {
    /// The use cases.
    pub gateway: Arc<Gateway>,
    /// Who has how many streams.
    pub watchers: Watchers,
}

type Answers<M> = Pin<Box<dyn Stream<Item = Result<M, Status>> + Send>>;

#[tonic::async_trait]
impl pb::command_service_server::CommandService for Commands {
    type StreamCommandsStream = Answers<pb::StreamCommandsResponse>;

    async fn stream_commands(
        &self,
        request: Request<Streaming<pb::StreamCommandsRequest>>,
    ) -> Result<Response<Self::StreamCommandsStream>, Status> {
        let context = act::stream(request.extensions())?;
        let parts = request.extensions().get::<Parts>().cloned();
        let place = self.watchers.enter(&context.caller.organisation).map_err(|refusal| status(&refusal))?;
        let mut incoming = request.into_inner();
        let first = tokio::time::timeout(PATIENCE, incoming.message()).await;
        let first = first.map_or(Ok(None), |first| first)?;
        let open = match first.and_then(|first| first.kind) {
            Some(Asked::Open(open)) => open,
            Some(Asked::Ack(_)) | None => {
                let refusal = Refusal::field("open", "REQUIRED", "the first message opens the stream");
                return Err(status(&refusal));
            }
        };
        let stream = self.gateway.stream_commands(&context, open.after_sequence).await;
        let stream = stream.map_err(|refusal| status(&refusal))?;
        let taking = acks::Taking { gateway: self.gateway.clone(), context, claim: stream.claim, parts };
        tokio::spawn(taking.take(incoming, stream.answers));
        let sent = stream.sent;
        let making = Making { maker: self.gateway.maker(), sent, _place: place };
        let answers = futures_util::stream::unfold(
            (ReceiverStream::new(stream.events), making),
            |(mut events, mut making)| async move {
                let answer = match events.next().await? {
                    Ok(event) => making.answer(event).await,
                    Err(refusal) => Err(refusal),
                };
                Some((answer.map_err(|refusal| status(&refusal)), (events, making)))
            },
        );
        Ok(Response::new(Box::pin(answers)))
    }

    async fn pull_commands(
        &self,
        request: Request<pb::PullCommandsRequest>,
    ) -> Result<Response<pb::PullCommandsResponse>, Status> {
        let context = act::read(&request)?;
        let message = request.get_ref();
        let pulled = self.gateway.pull_commands(&context, message.after_sequence, message.page_size).await;
        let pulled = pulled.map_err(|refusal| status(&refusal))?;
        let signer = &self.gateway.signer;
        Ok(Response::new(pb::PullCommandsResponse {
            commands: pulled.commands.into_iter().map(|one| command::message(one, signer)).collect(),
            session: pulled.session,
            last_sequence: pulled.last_sequence,
        }))
    }

    async fn ack_commands(
        &self,
        request: Request<pb::AckCommandsRequest>,
    ) -> Result<Response<pb::AckCommandsResponse>, Status> {
        // The message has numbers: the ledger knows it by a keyed digest.
        let context = act::read(&request)?;
        let persons = self.gateway.persons().map_err(|refusal| status(&refusal))?;
        let context = persons.veil(context);
        let parts = request.extensions().get::<Parts>().cloned();
        let message = request.into_inner();
        let count = message.acks.len();
        if !(1..=MOST_ACKS).contains(&count) {
            let text = format!("1 to {MOST_ACKS} acknowledgements, this has {count}");
            return Err(status(&Refusal::field("acks", "BAD_COUNT", text)));
        }
        if message.session.is_empty() {
            let refusal = Refusal::field("session", "REQUIRED", "the session of the last pull");
            return Err(status(&refusal));
        }
        let receiver = context.caller.organisation.clone();
        let claim = Claim { receiver, session: message.session, streams: false };
        let acks = message.acks.into_iter().map(acks::one).collect();
        let acks = acks::settle(&self.gateway, &context, &claim, acks).await;
        let acks = acks.map_err(|refusal| status(&refusal))?;
        // This one is answered; the next call may not be.
        let _ = acks::charge(parts.as_ref(), &acks);
        let acks = acks.into_iter().map(|(sequence, refused)| acked(sequence, refused)).collect();
        Ok(Response::new(pb::AckCommandsResponse { acks }))
    }

    async fn list_commanded_numbers(
        &self,
        request: Request<pb::ListCommandedNumbersRequest>,
    ) -> Result<Response<pb::ListCommandedNumbersResponse>, Status> {
        let caller = &act::peer(request.extensions())?.caller;
        let message = request.get_ref();
        let page = self.gateway.list_commanded(caller, message.page_size, &message.page_token).await;
        let page = page.map_err(|refusal| status(&refusal))?;
        let numbers = page.numbers.into_iter().map(|off| pb::CommandedNumber {
            msisdn: off.msisdn,
            scopes: command::scopes(off.scopes),
            order: off.order,
        });
        Ok(Response::new(pb::ListCommandedNumbersResponse {
            numbers: numbers.collect(),
            next_page_token: page.next,
            after_sequence: page.after_sequence,
        }))
    }

    async fn list_receiver_figures(
        &self,
        request: Request<pb::ListReceiverFiguresRequest>,
    ) -> Result<Response<pb::ListReceiverFiguresResponse>, Status> {
        let caller = &act::peer(request.extensions())?.caller;
        let message = request.get_ref();
        let now = self.gateway.clock.now();
        let mut fields = Fields::default();
        let receiver =
            (!message.receiver.is_empty()).then(|| fields.participant("receiver", &message.receiver));
        let since = fields.opt_past("since_time", message.since_time.as_ref(), now);
        let order_id =
            (!message.order.is_empty()).then(|| command::order(&mut fields, "order", &message.order));
        fields.done().map_err(|refusal| status(&refusal))?;
        let filter = Filter { order_id, drill: message.drill, since: since.unwrap_or(now.minus(BACK)) };
        let figures = self.gateway.list_figures(caller, receiver, filter).await;
        let figures = figures.map_err(|refusal| status(&refusal))?;
        let receiver_figures = figures.iter().map(command::figures).collect();
        Ok(Response::new(pb::ListReceiverFiguresResponse { receiver_figures }))
    }
}

/// What makes the answers of a stream, as they are taken.
struct Making {
    maker: Maker,
    sent: tokio::sync::mpsc::UnboundedSender<i64>,
    _place: crate::service::watchers::Place,
}

// === impl Making ===

impl Making {
    async fn answer(&mut self, event: Event) -> Result<pb::StreamCommandsResponse, Refusal> {
        let kind = match event {
            Event::Command(row) => {
                let first = row.deliver_time.is_none().then_some(row.sequence);
                let made = self.maker.make(*row).await?;
                let message = command::message(made, self.maker.signer());
                if let Some(sequence) = first {
                    // Gone with the node, it is written down when it is acknowledged.
                    let _ = self.sent.send(sequence);
                }
                Sent::Command(message)
            }
            Event::Bookmark(sequence) => Sent::Bookmark(pb::CommandBookmark { sequence }),
            Event::Acked(sequence, refused) => Sent::Acked(acked(sequence, refused)),
        };
        Ok(pb::StreamCommandsResponse { kind: Some(kind) })
    }
}

fn acked(sequence: i64, refused: Option<Refusal>) -> pb::CommandAcked {
    pb::CommandAcked { sequence, error: refused.as_ref().map(rich) }
}
