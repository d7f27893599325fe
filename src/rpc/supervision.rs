//! `SupervisionService`: what regulators record.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::{
    convert::{
        act,
        fact::{self, Stage},
        fields::Fields,
        word::Word,
    },
    pb,
    status::status,
};
use crate::{
    domain::{
        fact::{
            AssessmentCriterion, AssessmentOutcome, FindingOutcome, FindingSeverity, InspectionMethod,
            LicenceKind,
        },
        name::ParticipantName,
        refusal::{Reason, Refusal},
    },
    service::{
        Gateway,
        list_inspections::Filter,
        supervise::{
            close_finding::Close, lift_suspension::Lift, open_finding::Finding,
            record_assessment::Assessment, record_inspection::Inspection, record_licence::Licence,
            record_talk::Talk, revoke_licence::Revocation, submit_rectification::Rectification,
            suspend_mvno::Suspension,
        },
    },
};

/// The service.
#[derive(Clone)]
pub struct Supervision {
    /// The use cases.
    pub gateway: Arc<Gateway>,
}

/// The inspection of a message.
fn inspection(message: pb::Inspection, fields: &mut Fields) -> Inspection {
    Inspection {
        mvno: fields.mvno("inspection.mvno", &message.mvno),
        method: fields.word("inspection.method", message.method).unwrap_or(InspectionMethod::OutletCovert),
        outlets_checked: message.outlets_checked,
        outlets_breach: message.outlets_breach,
        sample_size: message.sample_size,
        sample_ok: message.sample_ok,
        inspect_time: fields.time("inspection.inspect_time", message.inspect_time.as_ref()),
        evidence_hashes: message.evidence_hashes,
        supersedes: fields.supersedes("inspection.supersedes", &message.supersedes, "inspections"),
    }
}

/// An MVNO speaks of its own findings only.
fn own(context: &crate::service::context::Context, mvno: &ParticipantName) -> Result<(), Status> {
    if context.caller.organisation == *mvno || !context.faults.is_empty() {
        return Ok(());
    }
    let message = format!("You are {}; only the MVNO itself submits a rectification.", context.caller);
    Err(status(&Refusal::new(Reason::NotYours, message).with("caller", &context.caller)))
}

#[tonic::async_trait]
impl pb::supervision_service_server::SupervisionService for Supervision {
    async fn record_inspection(
        &self,
        request: Request<pb::RecordInspectionRequest>,
    ) -> Result<Response<pb::RecordInspectionResponse>, Status> {
        let mut fields = Fields::default();
        let inspection = inspection(request.get_ref().inspection.clone().unwrap_or_default(), &mut fields);
        let context = act::context(&request, fields)?;
        let done = self.gateway.record_inspection(context, inspection).await.map_err(|r| status(&r))?;
        Ok(Response::new(pb::RecordInspectionResponse {
            inspection: fact::inspection(&done.answer.fact),
            revision: done.answer.revision,
            replayed: done.replayed,
        }))
    }

    async fn list_inspections(
        &self,
        request: Request<pb::ListInspectionsRequest>,
    ) -> Result<Response<pb::ListInspectionsResponse>, Status> {
        let caller = act::caller(&request)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let filter = Filter {
            mvno: fields.opt_mvno("mvno", &message.mvno),
            page_size: fields.page_size(message.page_size),
            page_token: message.page_token.clone(),
        };
        fields.done().map_err(|refusal| status(&refusal))?;
        // Before the record is read: the list may know more than its revision says, never less.
        let revision = self.gateway.board.last_known().revision;
        let (found, next_page_token) =
            self.gateway.list_inspections(&caller, filter).await.map_err(|refusal| status(&refusal))?;
        let inspections = found.iter().filter_map(fact::inspection).collect();
        Ok(Response::new(pb::ListInspectionsResponse { inspections, next_page_token, revision }))
    }

    async fn open_finding(
        &self,
        request: Request<pb::OpenFindingRequest>,
    ) -> Result<Response<pb::OpenFindingResponse>, Status> {
        let (message, mut fields) = (request.get_ref(), Fields::default());
        let finding = Finding {
            mvno: fields.mvno("mvno", &message.mvno),
            severity: fields.word("severity", message.severity).unwrap_or(FindingSeverity::Minor),
            text: message.text.clone(),
            cure_by_time: fields.time("cure_by_time", message.cure_by_time.as_ref()),
            effective_time: fields.opt_time("effective_time", message.effective_time.as_ref()),
            supersedes: fields.supersedes("supersedes", &message.supersedes, "findings"),
        };
        let context = act::context(&request, fields)?;
        let done = self.gateway.open_finding(context, finding).await.map_err(|r| status(&r))?;
        Ok(Response::new(pb::OpenFindingResponse {
            finding: fact::finding(&done.answer.fact, Stage::Open),
            revision: done.answer.revision,
            replayed: done.replayed,
        }))
    }

    async fn submit_rectification(
        &self,
        request: Request<pb::SubmitRectificationRequest>,
    ) -> Result<Response<pb::SubmitRectificationResponse>, Status> {
        let (message, mut fields) = (request.get_ref(), Fields::default());
        let (mvno, finding) = fields.fact("finding", &message.finding, "findings");
        let rectification = Rectification {
            mvno,
            finding,
            text: message.text.clone(),
            evidence_hashes: message.evidence_hashes.clone(),
        };
        let context = act::context(&request, fields)?;
        own(&context, &rectification.mvno)?;
        let done = self.gateway.submit_rectification(context, rectification).await.map_err(|r| status(&r))?;
        let about = done.answer.about.as_ref();
        Ok(Response::new(pb::SubmitRectificationResponse {
            finding: about.and_then(|finding| fact::finding(finding, Stage::Submitted)),
            revision: done.answer.revision,
            replayed: done.replayed,
            rectification: done.answer.fact.name,
        }))
    }

    async fn close_finding(
        &self,
        request: Request<pb::CloseFindingRequest>,
    ) -> Result<Response<pb::CloseFindingResponse>, Status> {
        let (message, mut fields) = (request.get_ref(), Fields::default());
        let (mvno, finding) = fields.fact("finding", &message.finding, "findings");
        let outcome = fields.word("outcome", message.outcome).unwrap_or(FindingOutcome::Verified);
        let effective_time = fields.opt_time("effective_time", message.effective_time.as_ref());
        let context = act::context(&request, fields)?;
        let close = Close { mvno, finding, outcome, effective_time };
        let done = self.gateway.close_finding(context, close).await.map_err(|r| status(&r))?;
        let stage = Stage::Closed(outcome, done.answer.fact.true_time);
        Ok(Response::new(pb::CloseFindingResponse {
            finding: done.answer.about.as_ref().and_then(|finding| fact::finding(finding, stage)),
            revision: done.answer.revision,
            replayed: done.replayed,
            standing: done.answer.standing.wire(),
        }))
    }

    async fn suspend_mvno(
        &self,
        request: Request<pb::SuspendMvnoRequest>,
    ) -> Result<Response<pb::SuspendMvnoResponse>, Status> {
        let (message, mut fields) = (request.get_ref(), Fields::default());
        let suspension = Suspension {
            mvno: fields.mvno("mvno", &message.mvno),
            effective_time: fields.opt_time("effective_time", message.effective_time.as_ref()),
        };
        let context = act::context(&request, fields)?;
        let done = self.gateway.suspend_mvno(context, suspension).await.map_err(|r| status(&r))?;
        Ok(Response::new(pb::SuspendMvnoResponse {
            suspension: fact::suspension(&done.answer.fact, None),
            revision: done.answer.revision,
            replayed: done.replayed,
            standing: done.answer.standing.wire(),
        }))
    }

    async fn lift_suspension(
        &self,
        request: Request<pb::LiftSuspensionRequest>,
    ) -> Result<Response<pb::LiftSuspensionResponse>, Status> {
        let (message, mut fields) = (request.get_ref(), Fields::default());
        let lift = Lift {
            mvno: fields.mvno("mvno", &message.mvno),
            effective_time: fields.opt_time("effective_time", message.effective_time.as_ref()),
        };
        let context = act::context(&request, fields)?;
        let done = self.gateway.lift_suspension(context, lift).await.map_err(|r| status(&r))?;
        let lifted = Some(done.answer.fact.true_time);
        Ok(Response::new(pb::LiftSuspensionResponse {
            suspension: done.answer.about.as_ref().and_then(|suspended| fact::suspension(suspended, lifted)),
            revision: done.answer.revision,
            replayed: done.replayed,
            standing: done.answer.standing.wire(),
        }))
    }

    async fn record_licence(
        &self,
        request: Request<pb::RecordLicenceRequest>,
    ) -> Result<Response<pb::RecordLicenceResponse>, Status> {
        let (message, mut fields) = (request.get_ref(), Fields::default());
        let licence = Licence {
            mvno: fields.mvno("mvno", &message.mvno),
            kind: fields.word("kind", message.kind).unwrap_or(LicenceKind::Pilot),
            valid_from_time: fields.time("valid_from_time", message.valid_from_time.as_ref()),
            valid_to_time: fields.opt_time("valid_to_time", message.valid_to_time.as_ref()),
            supersedes: fields.supersedes("supersedes", &message.supersedes, "licences"),
        };
        let context = act::context(&request, fields)?;
        let done = self.gateway.record_licence(context, licence).await.map_err(|r| status(&r))?;
        Ok(Response::new(pb::RecordLicenceResponse {
            licence: fact::licence(&done.answer.fact, None),
            revision: done.answer.revision,
            replayed: done.replayed,
        }))
    }

    async fn revoke_licence(
        &self,
        request: Request<pb::RevokeLicenceRequest>,
    ) -> Result<Response<pb::RevokeLicenceResponse>, Status> {
        let (message, mut fields) = (request.get_ref(), Fields::default());
        let (mvno, licence) = fields.fact("licence", &message.licence, "licences");
        let effective_time = fields.opt_time("effective_time", message.effective_time.as_ref());
        let context = act::context(&request, fields)?;
        let revocation = Revocation { mvno, licence, effective_time };
        let done = self.gateway.revoke_licence(context, revocation).await.map_err(|r| status(&r))?;
        let revoked = Some(done.answer.fact.true_time);
        Ok(Response::new(pb::RevokeLicenceResponse {
            licence: done.answer.about.as_ref().and_then(|licence| fact::licence(licence, revoked)),
            revision: done.answer.revision,
            replayed: done.replayed,
            standing: done.answer.standing.wire(),
        }))
    }

    async fn record_assessment(
        &self,
        request: Request<pb::RecordAssessmentRequest>,
    ) -> Result<Response<pb::RecordAssessmentResponse>, Status> {
        let (message, mut fields) = (request.get_ref(), Fields::default());
        let assessment = Assessment {
            mvno: fields.mvno("mvno", &message.mvno),
            criterion: fields
                .word("criterion", message.criterion)
                .unwrap_or(AssessmentCriterion::RealNameRegistration),
            outcome: fields.word("outcome", message.outcome).unwrap_or(AssessmentOutcome::Met),
            assess_time: fields.time("assess_time", message.assess_time.as_ref()),
            completion_bp: message.real_name_completion_bp,
            supersedes: fields.supersedes("supersedes", &message.supersedes, "assessments"),
        };
        let context = act::context(&request, fields)?;
        let done = self.gateway.record_assessment(context, assessment).await.map_err(|r| status(&r))?;
        Ok(Response::new(pb::RecordAssessmentResponse {
            assessment: fact::assessment(&done.answer.fact),
            revision: done.answer.revision,
            replayed: done.replayed,
        }))
    }

    async fn record_talk(
        &self,
        request: Request<pb::RecordTalkRequest>,
    ) -> Result<Response<pb::RecordTalkResponse>, Status> {
        let (message, mut fields) = (request.get_ref(), Fields::default());
        let talk = Talk {
            mvno: fields.mvno("mvno", &message.mvno),
            talk_time: fields.time("talk_time", message.talk_time.as_ref()),
            parties: message.parties.clone(),
            minutes_sha256: message.minutes_sha256.clone(),
            undertakings: message.undertakings.clone(),
            supersedes: fields.supersedes("supersedes", &message.supersedes, "talks"),
        };
        let context = act::context(&request, fields)?;
        let done = self.gateway.record_talk(context, talk).await.map_err(|r| status(&r))?;
        Ok(Response::new(pb::RecordTalkResponse {
            talk: fact::talk(&done.answer.fact),
            revision: done.answer.revision,
            replayed: done.replayed,
        }))
    }
}
