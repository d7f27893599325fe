//! `ParticipantService`: who takes part.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::{
    convert::{act, fields::Fields, stamp, word::Word},
    pb,
    status::status,
};
use crate::{
    domain::{caller::Class, participant::Participant},
    service::{
        Gateway,
        participants::{Filter, Proposal},
    },
};

/// The service.
#[derive(Clone)]
pub struct Participants {
    /// The use cases.
    pub gateway: Arc<Gateway>,
}

fn participant(participant: &Participant) -> pb::Participant {
    pb::Participant {
        name: participant.name.to_string(),
        class: participant.name.class.wire(),
        display_name: participant.display_name.clone(),
        level: participant.level.map_or(0, Word::wire),
        area: participant.area.clone(),
        state: participant.state.wire(),
        proposed_by: participant.proposed_by.clone(),
        approved_by: participant.approved_by.clone().unwrap_or_default(),
        create_time: Some(stamp(participant.create_time)),
        update_time: Some(stamp(participant.update_time)),
    }
}

fn proposal(message: pb::Participant, fields: &mut Fields) -> Proposal {
    let name = fields.participant("participant.name", &message.name);
    let class: Option<Class> = fields.word("participant.class", message.class);
    let named = fields.0.iter().any(|fault| fault.field == "participant.name");
    if !named && class.is_some_and(|class| class != name.class) {
        fields.fault("participant.class", "OTHER_CLASS", "the class of the name's collection");
    }
    let level = fields.opt_word("participant.level", message.level);
    Proposal { name, display_name: message.display_name, level, area: message.area }
}

#[tonic::async_trait]
impl pb::participant_service_server::ParticipantService for Participants {
    async fn create_participant(
        &self,
        request: Request<pb::CreateParticipantRequest>,
    ) -> Result<Response<pb::CreateParticipantResponse>, Status> {
        let mut fields = Fields::default();
        let message = request.get_ref().participant.clone().unwrap_or_default();
        let proposal = proposal(message, &mut fields);
        let context = act::context(&request, fields)?;
        let done = self.gateway.create_participant(context, proposal).await.map_err(|r| status(&r))?;
        let participant = Some(participant(&done.answer));
        Ok(Response::new(pb::CreateParticipantResponse { participant, replayed: done.replayed }))
    }

    async fn approve_participant(
        &self,
        request: Request<pb::ApproveParticipantRequest>,
    ) -> Result<Response<pb::ApproveParticipantResponse>, Status> {
        let mut fields = Fields::default();
        let name = fields.participant("name", &request.get_ref().name);
        let context = act::context(&request, fields)?;
        let done = self.gateway.approve_participant(context, name).await.map_err(|r| status(&r))?;
        let participant = Some(participant(&done.answer));
        Ok(Response::new(pb::ApproveParticipantResponse { participant, replayed: done.replayed }))
    }

    async fn get_participant(
        &self,
        request: Request<pb::GetParticipantRequest>,
    ) -> Result<Response<pb::GetParticipantResponse>, Status> {
        let caller = act::caller(&request)?;
        let mut fields = Fields::default();
        let name = fields.participant("name", &request.get_ref().name);
        fields.done().map_err(|refusal| status(&refusal))?;
        let found = self.gateway.participant(&caller, name).await.map_err(|refusal| status(&refusal))?;
        Ok(Response::new(pb::GetParticipantResponse { participant: Some(participant(&found)) }))
    }

    async fn list_participants(
        &self,
        request: Request<pb::ListParticipantsRequest>,
    ) -> Result<Response<pb::ListParticipantsResponse>, Status> {
        let caller = act::caller(&request)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let filter = Filter {
            class: fields.opt_word("class", message.class),
            page_size: fields.page_size(message.page_size),
            page_token: message.page_token.clone(),
        };
        fields.done().map_err(|refusal| status(&refusal))?;
        let (found, next_page_token) =
            self.gateway.list_participants(&caller, filter).await.map_err(|refusal| status(&refusal))?;
        let participants = found.iter().map(participant).collect();
        Ok(Response::new(pb::ListParticipantsResponse { participants, next_page_token }))
    }

    async fn suspend_participant(
        &self,
        request: Request<pb::SuspendParticipantRequest>,
    ) -> Result<Response<pb::SuspendParticipantResponse>, Status> {
        let mut fields = Fields::default();
        let name = fields.participant("name", &request.get_ref().name);
        let context = act::context(&request, fields)?;
        let done = self.gateway.suspend_participant(context, name).await.map_err(|r| status(&r))?;
        let participant = Some(participant(&done.answer));
        Ok(Response::new(pb::SuspendParticipantResponse { participant, replayed: done.replayed }))
    }

    async fn resume_participant(
        &self,
        request: Request<pb::ResumeParticipantRequest>,
    ) -> Result<Response<pb::ResumeParticipantResponse>, Status> {
        let mut fields = Fields::default();
        let name = fields.participant("name", &request.get_ref().name);
        let context = act::context(&request, fields)?;
        let done = self.gateway.resume_participant(context, name).await.map_err(|r| status(&r))?;
        let participant = Some(participant(&done.answer));
        Ok(Response::new(pb::ResumeParticipantResponse { participant, replayed: done.replayed }))
    }
}
