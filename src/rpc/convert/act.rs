//! What a call carries beside its message: who calls, by which certificate, until when, and under which request id.

use std::sync::Arc;

use aws_lc_rs::digest;
use prost::Message;
use tonic::{Extensions, Request, Status};

use super::fields::Fields;
use crate::{
    domain::{
        caller::Caller,
        refusal::{Reason, Refusal},
    },
    layer::deadline::Until,
    net::Peer,
    rpc::{pb, status::status},
    service::{context::Context, receipt::hex},
};

/// A mutating request's common fields.
pub trait Act: Message {
    /// The caller's id of the request.
    fn request_id(&self) -> &str;
    /// Everything but the write.
    fn validate_only(&self) -> bool;
    /// Why.
    fn reason(&self) -> &str;
}

macro_rules! acts {
    ($($message:ident),* $(,)?) => {
        $(impl Act for pb::$message {
            fn request_id(&self) -> &str { &self.request_id }
            fn validate_only(&self) -> bool { self.validate_only }
            fn reason(&self) -> &str { &self.reason }
        })*
    };
}

acts!(
    AllocateNumbersRequest,
    AnswerDisputeRequest,
    ChangeLineStateRequest,
    CloseLineRequest,
    ApproveParticipantRequest,
    ApproveShutdownRequest,
    BlacklistChannelRequest,
    CancelShutdownRequest,
    CloseFindingRequest,
    CreateParticipantRequest,
    DecideAppealRequest,
    DecideHeldNumbersRequest,
    HaltShutdownRequest,
    IssueShutdownRequest,
    LiftRestrictionRequest,
    LiftSuspensionRequest,
    OpenFindingRequest,
    PlanRestorationRequest,
    RecordAssessmentRequest,
    RecordInspectionRequest,
    RecordLicenceRequest,
    RecordTalkRequest,
    RequestSupplementRequest,
    RestrictPersonRequest,
    ResumeParticipantRequest,
    ReturnNumbersRequest,
    RevokeLicenceRequest,
    SuspendChannelRequest,
    SuspendMvnoRequest,
    SuspendParticipantRequest,
    UnbindReaderRequest,
);

/// Acts that say no reason.
macro_rules! plain_acts {
    ($($message:ident),* $(,)?) => {
        $(impl Act for pb::$message {
            fn request_id(&self) -> &str { &self.request_id }
            fn validate_only(&self) -> bool { self.validate_only }
            fn reason(&self) -> &str { "" }
        })*
    };
}

plain_acts!(
    AssessIndustryUserRequest,
    AuthoriseChannelRequest,
    BindReaderRequest,
    DisputeCardRequest,
    FileAppealRequest,
    RegisterRequest,
    SubmitRectificationRequest,
);

/// The caller of a request. `layer::access` lets none through without one.
pub fn peer(extensions: &Extensions) -> Result<&Arc<Peer>, Status> {
    extensions
        .get::<Arc<Peer>>()
        .ok_or_else(|| status(&Refusal::new(Reason::ClientCertificateRequired, "no identity")))
}

/// The caller's identity.
pub fn caller<M>(request: &Request<M>) -> Result<Caller, Status> {
    peer(request.extensions()).map(|peer| peer.caller.clone())
}

/// The context of an act, with the faults found while its message was read.
pub fn context<M: Act>(request: &Request<M>, fields: Fields) -> Result<Context, Status> {
    let message = request.get_ref();
    let mut context = read(request)?;
    context.request_id = (!message.request_id().is_empty()).then(|| message.request_id().to_owned());
    context.validate_only = message.validate_only();
    message.reason().clone_into(&mut context.reason);
    context.faults = fields.0;
    Ok(context)
}

/// The context of a call that is entered without being an act.
pub fn read<M: Message>(request: &Request<M>) -> Result<Context, Status> {
    let context = stream(request.extensions())?;
    let mut digest = digest::Context::new(&digest::SHA256);
    digest.update(context.method.as_bytes());
    digest.update(&request.get_ref().encode_to_vec());
    let until = request.extensions().get::<Until>().map(|until| until.0);
    Ok(Context { request_sha256: hex(digest.finish().as_ref()), until, ..context })
}

/// The context of a stream's messages: each is an act of its own, and the stream lasts as long as it does.
pub fn stream(extensions: &Extensions) -> Result<Context, Status> {
    let peer = peer(extensions)?;
    let method = extensions.get::<&'static pb::Method>().map_or("", |method| method.path);
    Ok(Context {
        caller: peer.caller.clone(),
        certificate_sha256: peer.certificate_hex(),
        method,
        request_sha256: String::new(),
        request_id: None,
        validate_only: false,
        reason: String::new(),
        faults: Vec::new(),
        until: None,
    })
}
