//! `ComplianceService`: checks, standings and their turns.

use std::{pin::Pin, sync::Arc, time::Duration};

use prost::Message;
use tokio_stream::{Stream, StreamExt, wrappers::ReceiverStream};
use tonic::{Extensions, Request, Response, Status};

use super::{
    convert::{act, answer, fields::Fields, stamp, word::Word},
    pb::{self, batch_check_status_result::Result as Outcome, watch_standings_response::Event as Sent},
    routes::LARGEST_ANSWER,
    status::{rich, status},
};
use crate::{
    domain::{
        caller::Caller,
        decision::Action,
        refusal::{Kind, Reason, Refusal},
        time::Time,
    },
    host,
    layer::deadline::Until,
    service::{
        Gateway,
        check_status::Question,
        context::Context,
        feed::Feed,
        list_standings::Filter,
        watch_standings::{Event, Watch},
        watchers::Watchers,
    },
};

/// Questions in a batch at most.
const MOST: usize = 500;
/// What is left of a call's time for saying that a revision was not reached.
const MARGIN: Duration = Duration::from_millis(50);

/// The service.
#[derive(Clone)]
pub struct Compliance {
    /// The use cases.
    pub gateway: Arc<Gateway>,
    /// Where turns are heard of.
    pub feed: Arc<Feed>,
    /// Who watches how often.
    pub watchers: Watchers,
}

// === impl Compliance ===

impl Compliance {
    /// How long a call waits for a revision: a little less than its caller waits for the answer, so that the caller
    /// hears which revision it was.
    fn until(&self, extensions: &Extensions) -> Duration {
        let deadline = extensions.get::<Until>().map(|until| until.0.saturating_sub(MARGIN));
        deadline.map_or(self.gateway.patience(), |deadline| deadline.min(self.gateway.patience()))
    }

    async fn check(
        &self,
        caller: &Caller,
        request: &pb::CheckStatusRequest,
        until: Duration,
        context: Option<&Context>,
    ) -> Result<pb::CheckStatusResponse, Refusal> {
        let question = question(request, self.gateway.clock.now())?;
        let finding = self.gateway.check_status_by(caller, &question, until).await?;
        let mut checked = answer::check(&finding, host::new_id(finding.decide_time));
        if let Some(context) = context.filter(|_| request.with_receipt) {
            let statement = answer::statement(request, &checked, caller.to_string()).encode_to_vec();
            let signed =
                self.gateway.certify(context, &question, &finding, &checked.decision_id, &statement).await?;
            checked.receipt =
                Some(pb::Receipt { statement, key_id: signed.key_id, signature: signed.signature });
        }
        Ok(checked)
    }
}

fn question(request: &pb::CheckStatusRequest, now: Time) -> Result<Question, Refusal> {
    let mut fields = Fields::default();
    let mvno = fields.mvno("mvno", &request.mvno);
    let action = fields.word("action", request.action).unwrap_or(Action::SignAgreement);
    let min_revision = fields.revision("min_revision", request.min_revision);
    let as_of_time = fields.opt_past("as_of_time", request.as_of_time.as_ref(), now);
    let known_time = fields.opt_past("known_time", request.known_time.as_ref(), now);
    if min_revision > 0 && (as_of_time.is_some() || known_time.is_some()) {
        fields.fault("min_revision", "NOT_WITH_TIME", "unset with as_of_time or known_time");
    }
    fields.done()?;
    Ok(Question { mvno, action, min_revision, as_of_time, known_time })
}

#[tonic::async_trait]
impl pb::compliance_service_server::ComplianceService for Compliance {
    async fn check_status(
        &self,
        request: Request<pb::CheckStatusRequest>,
    ) -> Result<Response<pb::CheckStatusResponse>, Status> {
        let caller = &act::peer(request.extensions())?.caller;
        let until = self.until(request.extensions());
        let context = request.get_ref().with_receipt.then(|| act::read(&request)).transpose()?;
        let checked = self.check(caller, request.get_ref(), until, context.as_ref()).await;
        checked.map(Response::new).map_err(|refusal| status(&refusal))
    }

    async fn batch_check_status(
        &self,
        request: Request<pb::BatchCheckStatusRequest>,
    ) -> Result<Response<pb::BatchCheckStatusResponse>, Status> {
        let caller = &act::peer(request.extensions())?.caller;
        let questions = &request.get_ref().requests;
        if questions.is_empty() || questions.len() > MOST {
            let text = format!("1 to {MOST} questions, this has {}", questions.len());
            return Err(status(&Refusal::field("requests", "BAD_COUNT", text)));
        }
        let mut results = Vec::with_capacity(questions.len());
        let mut forbidden = None;
        // Once for all: it is a hash of the whole message.
        let receipts = questions.iter().any(|question| question.with_receipt);
        let context = receipts.then(|| act::read(&request)).transpose()?;
        let until = self.until(request.extensions());
        for question in questions {
            // Each by itself: two that look alike may still be answered from two revisions.
            let outcome = match self.check(caller, question, until, context.as_ref()).await {
                Ok(answer) => Outcome::Response(answer),
                Err(refusal) => {
                    if refusal.reason.kind() == Kind::PermissionDenied {
                        forbidden = Some(refusal.reason);
                    }
                    Outcome::Error(rich(&refusal))
                }
            };
            results.push(pb::BatchCheckStatusResult { result: Some(outcome) });
        }
        if let Some(reason) = forbidden {
            // A refusal inside an answer is a refusal: the layer outside sees only the answer.
            let entered = self.gateway.enter_refusal(&act::read(&request)?, reason).await;
            entered.map_err(|refusal| status(&refusal))?;
        }
        let answer = pb::BatchCheckStatusResponse { results };
        // Asked here, because the transport would find out when the answer has begun.
        if answer.encoded_len() > LARGEST_ANSWER {
            let text = "The answers are over the limit of 4 MiB together; ask fewer questions at once.";
            let refusal = Refusal::new(Reason::MessageTooLarge, text).with("limit_bytes", LARGEST_ANSWER);
            return Err(status(&refusal));
        }
        Ok(Response::new(answer))
    }

    async fn get_standing(
        &self,
        request: Request<pb::GetStandingRequest>,
    ) -> Result<Response<pb::GetStandingResponse>, Status> {
        let caller = &act::peer(request.extensions())?.caller;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let mvno = fields.mvno("mvno", &message.mvno);
        let min_revision = fields.revision("min_revision", message.min_revision);
        fields.done().map_err(|refusal| status(&refusal))?;
        let of = self.gateway.standing_of(caller, mvno, min_revision).await.map_err(|r| status(&r))?;
        Ok(Response::new(pb::GetStandingResponse { standing: Some(answer::standing(&of, true)) }))
    }

    async fn list_standings(
        &self,
        request: Request<pb::ListStandingsRequest>,
    ) -> Result<Response<pb::ListStandingsResponse>, Status> {
        let caller = &act::peer(request.extensions())?.caller;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let filter = Filter {
            mvno: fields.opt_mvno("mvno", &message.mvno),
            standing: fields.opt_word("standing", message.standing),
            page_size: fields.page_size(message.page_size),
            page_token: message.page_token.clone(),
        };
        fields.done().map_err(|refusal| status(&refusal))?;
        let (found, next_page_token) =
            self.gateway.list_standings(caller, &filter).await.map_err(|r| status(&r))?;
        let standings = found.iter().map(|of| answer::standing(of, false)).collect();
        Ok(Response::new(pb::ListStandingsResponse { standings, next_page_token }))
    }

    type WatchStandingsStream =
        Pin<Box<dyn Stream<Item = Result<pb::WatchStandingsResponse, Status>> + Send>>;

    async fn watch_standings(
        &self,
        request: Request<pb::WatchStandingsRequest>,
    ) -> Result<Response<Self::WatchStandingsStream>, Status> {
        let caller = &act::peer(request.extensions())?.caller;
        let message = request.get_ref();
        let mut fields = Fields::default();
        if message.mvnos.len() > 5000 {
            fields.fault("mvnos", "TOO_MANY", "at most 5000; leave empty for all that you may see");
        }
        let named = message.mvnos.iter().take(5000).enumerate();
        let mvnos = named.map(|(at, name)| fields.mvno(&format!("mvnos[{at}]"), name)).collect();
        let after_revision = fields.revision("after_revision", message.after_revision);
        fields.done().map_err(|refusal| status(&refusal))?;
        let watch = Watch { mvnos, after_revision };
        let place = self.watchers.enter(&caller.organisation).map_err(|refusal| status(&refusal))?;
        // Heard from before anything is read, so that nothing falls between.
        let changes = self.feed.subscribe();
        let events = self.gateway.watch_standings(caller, watch, changes).await.map_err(|r| status(&r))?;
        let sent = ReceiverStream::new(events).map(move |event| {
            let _held = &place; // until the stream is dropped
            event.map(send).map_err(|refusal| status(&refusal))
        });
        Ok(Response::new(Box::pin(sent)))
    }
}

fn send(event: Event) -> pb::WatchStandingsResponse {
    let event = match event {
        Event::Bookmark(revision) => Sent::Bookmark(pb::Bookmark { revision }),
        Event::Change(change) => Sent::Change(pb::StandingChange {
            mvno: change.mvno.to_string(),
            standing: change.standing.wire(),
            previous: change.previous.wire(),
            revision: change.revision,
            change_time: Some(stamp(change.change_time)),
        }),
    };
    pb::WatchStandingsResponse { event: Some(event) }
}
