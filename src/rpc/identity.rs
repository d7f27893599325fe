//! `IdentityService`: is the person real, and how many lines do they have.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::{
    convert::{act, answer::reason, document, fields::Fields, stamp, word::Word},
    pb::{self, check_card_quota_request::Subject},
    status::status,
};
use crate::{
    domain::{
        caller::{Caller, Class},
        dispute::Dispute,
        document::DocumentDraft,
        identity::{examine::Examined, ground::ground},
        personal::Personal,
        quota::Restriction,
    },
    service::{
        Gateway,
        identity::{
            check_card_quota::{Counted, Of},
            list_disputes::Filter,
            verify_identity::Verified,
        },
    },
};

/// The service.
#[derive(Clone)]
pub struct Identity {
    /// The use cases.
    pub gateway: Arc<Gateway>,
}

fn check(examined: &Examined) -> pb::Check {
    pb::Check {
        check: examined.check.as_str().to_owned(),
        outcome: examined.outcome.wire(),
        code: examined.fault.map_or_else(String::new, |fault| fault.code.as_str().to_owned()),
    }
}

fn verified(verified: &Verified) -> pb::VerifyIdentityResponse {
    let faults = verified.checks.iter().filter_map(|examined| examined.fault);
    pb::VerifyIdentityResponse {
        checks: verified.checks.iter().map(check).collect(),
        authority_match: verified.authority.wire(),
        reasons: faults.map(|fault| reason(&ground(fault))).collect(),
        subject_token: verified.token.as_ref().map_or_else(String::new, |token| token.as_str().to_owned()),
        guardian_needed: verified.guardian_needed,
    }
}

fn counted(counted: &Counted) -> pb::CheckCardQuotaResponse {
    let count = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    pb::CheckCardQuotaResponse {
        limit: count(counted.quota.limit),
        in_use: count(counted.quota.in_use),
        remaining: count(counted.quota.remaining),
        elsewhere: counted.elsewhere.wire(),
        code: counted.code.to_owned(),
        subject_token: counted.token.as_ref().map_or_else(String::new, |token| token.as_str().to_owned()),
    }
}

/// Whose lines they are, the MVNO alone is told.
fn dispute(dispute: &Dispute, caller: &Caller) -> pb::Dispute {
    let is_own = caller.class() == Class::Mvno;
    pb::Dispute {
        name: dispute.name(),
        mvno: dispute.mvno.to_string(),
        state: dispute.state.wire(),
        subject_token: if is_own { dispute.subject_token.clone() } else { String::new() },
        count: i32::try_from(dispute.count).unwrap_or(i32::MAX),
        open_time: Some(stamp(dispute.open_time)),
        due_time: Some(stamp(dispute.due_time)),
        outcome: dispute.outcome.map_or(0, Word::wire),
        answer_time: dispute.answer_time.map(stamp),
    }
}

fn restriction(restriction: &Restriction) -> pb::Restriction {
    pb::Restriction {
        name: restriction.name(),
        from_time: Some(stamp(restriction.from)),
        until_time: Some(stamp(restriction.until)),
        lift_time: restriction.lifted.map(stamp),
    }
}

fn of(subject: Option<Subject>, fields: &mut Fields) -> Of {
    match subject {
        Some(Subject::Document(document)) => Of::Document(document::draft(Some(document))),
        Some(Subject::SubjectToken(token)) => Of::Token(token),
        None => {
            fields.fault("document", "REQUIRED", "the person's document, or a subject_token");
            Of::Document(DocumentDraft::default())
        }
    }
}

#[tonic::async_trait]
impl pb::identity_service_server::IdentityService for Identity {
    async fn verify_identity(
        &self,
        request: Request<pb::VerifyIdentityRequest>,
    ) -> Result<Response<pb::VerifyIdentityResponse>, Status> {
        let caller = act::caller(&request)?;
        let message = request.into_inner();
        let (draft, taken) = (document::draft(message.document), message.capture.map(document::taken));
        let found = self.gateway.verify_identity(&caller, draft, taken).await.map_err(|r| status(&r))?;
        Ok(Response::new(verified(&found)))
    }

    async fn match_identity(
        &self,
        request: Request<pb::MatchIdentityRequest>,
    ) -> Result<Response<pb::MatchIdentityResponse>, Status> {
        let caller = act::caller(&request)?;
        let message = request.into_inner();
        let (msisdn, draft) = (Personal::new(message.msisdn), document::draft(message.document));
        let found = self.gateway.match_identity(&caller, msisdn, draft).await.map_err(|r| status(&r))?;
        let (number_match, name_match) = (found.number.wire(), found.name.wire());
        Ok(Response::new(pb::MatchIdentityResponse { number_match, name_match }))
    }

    async fn check_card_quota(
        &self,
        request: Request<pb::CheckCardQuotaRequest>,
    ) -> Result<Response<pb::CheckCardQuotaResponse>, Status> {
        let caller = act::caller(&request)?;
        let message = request.into_inner();
        let mut fields = Fields::default();
        let mvno = fields.opt_mvno("mvno", &message.mvno);
        let of = of(message.subject, &mut fields);
        fields.done().map_err(|refusal| status(&refusal))?;
        let found = self.gateway.check_card_quota(&caller, mvno, of).await.map_err(|r| status(&r))?;
        Ok(Response::new(counted(&found)))
    }

    async fn list_my_cards(
        &self,
        request: Request<pb::ListMyCardsRequest>,
    ) -> Result<Response<pb::ListMyCardsResponse>, Status> {
        let caller = act::caller(&request)?;
        let draft = document::draft(request.into_inner().document);
        let found = self.gateway.list_my_cards(&caller, draft).await.map_err(|r| status(&r))?;
        let cards = found.into_iter().map(|card| pb::CardCount {
            mvno: card.mvno.to_string(),
            display_name: card.display_name,
            count: i32::try_from(card.lines).unwrap_or(i32::MAX),
        });
        Ok(Response::new(pb::ListMyCardsResponse { cards: cards.collect() }))
    }

    async fn dispute_card(
        &self,
        request: Request<pb::DisputeCardRequest>,
    ) -> Result<Response<pb::DisputeCardResponse>, Status> {
        let mut fields = Fields::default();
        let mvno = fields.mvno("mvno", &request.get_ref().mvno);
        let context = act::context(&request, fields)?;
        let (caller, message) = (context.caller.clone(), request.into_inner());
        let draft = document::draft(message.document);
        let done = self.gateway.dispute_card(context, draft, mvno, message.count).await;
        let done = done.map_err(|refusal| status(&refusal))?;
        let dispute = Some(dispute(&done.answer, &caller));
        Ok(Response::new(pb::DisputeCardResponse { dispute, replayed: done.replayed }))
    }

    async fn list_disputes(
        &self,
        request: Request<pb::ListDisputesRequest>,
    ) -> Result<Response<pb::ListDisputesResponse>, Status> {
        let caller = act::caller(&request)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let filter = Filter {
            mvno: fields.opt_mvno("mvno", &message.mvno),
            state: fields.opt_word("state", message.state),
            page_size: fields.page_size(message.page_size),
            page_token: message.page_token.clone(),
        };
        fields.done().map_err(|refusal| status(&refusal))?;
        let (found, next_page_token) =
            self.gateway.list_disputes(&caller, filter).await.map_err(|refusal| status(&refusal))?;
        let disputes = found.iter().map(|found| dispute(found, &caller)).collect();
        Ok(Response::new(pb::ListDisputesResponse { disputes, next_page_token }))
    }

    async fn answer_dispute(
        &self,
        request: Request<pb::AnswerDisputeRequest>,
    ) -> Result<Response<pb::AnswerDisputeResponse>, Status> {
        let mut fields = Fields::default();
        let name = fields.fact("dispute", &request.get_ref().dispute, "disputes").1;
        let outcome = fields.word("outcome", request.get_ref().outcome);
        let context = act::context(&request, fields)?;
        let caller = context.caller.clone();
        let done = self.gateway.answer_dispute(context, name, outcome).await.map_err(|r| status(&r))?;
        let dispute = Some(dispute(&done.answer, &caller));
        Ok(Response::new(pb::AnswerDisputeResponse { dispute, replayed: done.replayed }))
    }

    async fn restrict_person(
        &self,
        request: Request<pb::RestrictPersonRequest>,
    ) -> Result<Response<pb::RestrictPersonResponse>, Status> {
        let mut fields = Fields::default();
        let until = fields.time("until_time", request.get_ref().until_time.as_ref());
        let context = act::context(&request, fields)?;
        let draft = document::draft(request.into_inner().document);
        let done = self.gateway.restrict_person(context, draft, until).await.map_err(|r| status(&r))?;
        let restriction = Some(restriction(&done.answer));
        Ok(Response::new(pb::RestrictPersonResponse { restriction, replayed: done.replayed }))
    }

    async fn lift_restriction(
        &self,
        request: Request<pb::LiftRestrictionRequest>,
    ) -> Result<Response<pb::LiftRestrictionResponse>, Status> {
        let context = act::context(&request, Fields::default())?;
        let draft = document::draft(request.into_inner().document);
        let done = self.gateway.lift_restriction(context, draft).await.map_err(|r| status(&r))?;
        let restriction = Some(restriction(&done.answer));
        Ok(Response::new(pb::LiftRestrictionResponse { restriction, replayed: done.replayed }))
    }
}
