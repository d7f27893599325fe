//! `RegistrationService`: every line has a name.

use std::{pin::Pin, sync::Arc};

use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::{
    convert::{
        act,
        fields::Fields,
        registration::{assessment, draft, functions, listed, record, registered, supplement},
    },
    import, pb,
    status::status,
};
use crate::{
    domain::{caller::Caller, line::ladder::Ask, number::Msisdn, personal::Personal},
    service::{
        Gateway, act::Answered, assess_industry_user::Request as Assess, import::Wanted,
        registrations::Filter, request_supplement::Which,
    },
};

/// The service.
#[derive(Clone)]
pub struct Registrations {
    /// The use cases.
    pub gateway: Arc<Gateway>,
}

// === impl Registrations ===

impl Registrations {
    /// What a line became, read again: answers show it masked, and are not kept so.
    async fn shown(
        &self,
        caller: &Caller,
        done: Answered<String>,
    ) -> Result<(pb::RegistrationRecord, bool), Status> {
        let shown = self.gateway.get_registration(caller, &done.answer).await.map_err(|r| status(&r))?;
        Ok((record(shown), done.replayed))
    }
}

#[tonic::async_trait]
impl pb::registration_service_server::RegistrationService for Registrations {
    type ImportRegistrationsStream =
        Pin<Box<dyn Stream<Item = Result<pb::ImportRegistrationsResponse, Status>> + Send>>;

    async fn register(
        &self,
        request: Request<pb::RegisterRequest>,
    ) -> Result<Response<pb::RegisterResponse>, Status> {
        let mut context = act::context(&request, Fields::default())?;
        let validate_only = context.validate_only;
        let message = request.into_inner();
        let mut fields = Fields::default();
        if message.registration.is_none() {
            fields.fault("registration", "REQUIRED", "what to register");
        }
        let draft = draft(&mut fields, "registration", message.registration.unwrap_or_default());
        context.faults = fields.0;
        let done = self.gateway.register(context, draft).await.map_err(|refusal| status(&refusal))?;
        Ok(Response::new(registered(done.answer, validate_only, done.replayed)))
    }

    async fn import_registrations(
        &self,
        request: Request<Streaming<pb::ImportRegistrationsRequest>>,
    ) -> Result<Response<Self::ImportRegistrationsStream>, Status> {
        let context = act::stream(request.extensions())?;
        let answers = import::start(self.gateway.clone(), context, request.into_inner());
        Ok(Response::new(Box::pin(ReceiverStream::new(answers))))
    }

    async fn list_rejected_rows(
        &self,
        request: Request<pb::ListRejectedRowsRequest>,
    ) -> Result<Response<pb::ListRejectedRowsResponse>, Status> {
        let context = act::read(&request)?;
        let message = request.into_inner();
        let mut fields = Fields::default();
        if message.import_id.is_empty() {
            fields.fault("import_id", "REQUIRED", "the import's id");
        }
        let page_size = fields.page_size(message.page_size);
        fields.done().map_err(|refusal| status(&refusal))?;
        let wanted = Wanted {
            import_id: message.import_id,
            originals: message.with_originals,
            page_size,
            page_token: message.page_token,
        };
        let (rows, next_page_token) =
            self.gateway.list_rejected_rows(&context, wanted).await.map_err(|refusal| status(&refusal))?;
        let rejected_rows = rows.into_iter().map(listed).collect();
        Ok(Response::new(pb::ListRejectedRowsResponse { rejected_rows, next_page_token }))
    }

    async fn get_registration(
        &self,
        request: Request<pb::GetRegistrationRequest>,
    ) -> Result<Response<pb::GetRegistrationResponse>, Status> {
        let caller = act::caller(&request)?;
        let mut fields = Fields::default();
        let name = fields.registration("registration", &request.get_ref().registration);
        fields.done().map_err(|refusal| status(&refusal))?;
        let shown =
            self.gateway.get_registration(&caller, &name).await.map_err(|refusal| status(&refusal))?;
        Ok(Response::new(pb::GetRegistrationResponse { registration: Some(record(shown)) }))
    }

    async fn list_registrations(
        &self,
        request: Request<pb::ListRegistrationsRequest>,
    ) -> Result<Response<pb::ListRegistrationsResponse>, Status> {
        let caller = act::caller(&request)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let mvno = fields.opt_mvno("mvno", &message.mvno);
        let filter = Filter {
            mvno,
            subject_token: message.subject_token.clone(),
            channel: message.channel.clone(),
            state: fields.opt_word("state", message.state),
            line_state: fields.opt_word("line_state", message.line_state),
            page_size: fields.page_size(message.page_size),
            page_token: message.page_token.clone(),
        };
        fields.done().map_err(|refusal| status(&refusal))?;
        let (found, next_page_token) =
            self.gateway.list_registrations(&caller, filter).await.map_err(|refusal| status(&refusal))?;
        let registrations = found.into_iter().map(record).collect();
        Ok(Response::new(pb::ListRegistrationsResponse { registrations, next_page_token }))
    }

    async fn change_line_state(
        &self,
        request: Request<pb::ChangeLineStateRequest>,
    ) -> Result<Response<pb::ChangeLineStateResponse>, Status> {
        let caller = act::caller(&request)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let name = fields.registration("registration", &message.registration);
        let state = fields.word("state", message.state);
        let context = act::context(&request, fields)?;
        let done = self.gateway.change_line_state(context, &name, state).await;
        let (registration, replayed) = self.shown(&caller, done.map_err(|r| status(&r))?).await?;
        Ok(Response::new(pb::ChangeLineStateResponse { registration: Some(registration), replayed }))
    }

    async fn close_line(
        &self,
        request: Request<pb::CloseLineRequest>,
    ) -> Result<Response<pb::CloseLineResponse>, Status> {
        let caller = act::caller(&request)?;
        let mut fields = Fields::default();
        let name = fields.registration("registration", &request.get_ref().registration);
        let context = act::context(&request, fields)?;
        let done = self.gateway.close_line(context, &name).await.map_err(|refusal| status(&refusal))?;
        let (registration, replayed) = self.shown(&caller, done).await?;
        Ok(Response::new(pb::CloseLineResponse { registration: Some(registration), replayed }))
    }

    async fn assess_industry_user(
        &self,
        request: Request<pb::AssessIndustryUserRequest>,
    ) -> Result<Response<pb::AssessIndustryUserResponse>, Status> {
        let mut fields = Fields::default();
        let valid_to_time = fields.opt_time("valid_to_time", request.get_ref().valid_to_time.as_ref());
        let context = act::context(&request, fields)?;
        let message = request.into_inner();
        let unit = message.unit.unwrap_or_default();
        let asked = Assess {
            name: Personal::new(unit.name),
            uscc: Personal::new(unit.uscc),
            uscc_compared: unit.uscc_compared,
            scene: message.scene,
            functions: functions(message.functions.unwrap_or_default()),
            imei_binding: message.imei_binding,
            valid_to_time,
        };
        let done = self.gateway.assess_industry_user(context, asked).await.map_err(|r| status(&r))?;
        let (name, assessed) = done.answer;
        let assessment = Some(assessment(name, assessed));
        Ok(Response::new(pb::AssessIndustryUserResponse { assessment, replayed: done.replayed }))
    }

    async fn request_supplement(
        &self,
        request: Request<pb::RequestSupplementRequest>,
    ) -> Result<Response<pb::RequestSupplementResponse>, Status> {
        let message = request.get_ref();
        let mut fields = Fields::default();
        let which = match &message.line {
            Some(pb::request_supplement_request::Line::Registration(name)) => {
                fields.registration("registration", name);
                Some(Which::Registration(name.clone()))
            }
            Some(pb::request_supplement_request::Line::Msisdn(number)) => {
                let number = Msisdn::parse(number);
                number.map_err(|bad| fields.fault("msisdn", bad.code, bad.text)).ok().map(Which::Number)
            }
            None => {
                fields.fault("registration", "REQUIRED", "the registration's name, or the number");
                None
            }
        };
        let ask = Ask { flagged: message.flagged, hardship: message.hardship };
        let context = act::context(&request, fields)?;
        let done = self.gateway.request_supplement(context, which, ask).await.map_err(|r| status(&r))?;
        Ok(Response::new(pb::RequestSupplementResponse {
            registration: done.answer.registration,
            supplement: Some(supplement(&done.answer.ladder)),
            replayed: done.replayed,
        }))
    }
}
