//! What the yardstick answers: every registration with the same message, one that greenlane gave.

use std::pin::Pin;

use greenlane::rpc::pb::{
    self,
    registration_service_server::{RegistrationService, RegistrationServiceServer},
};
use prost::Message;
use tokio_stream::Stream;
use tonic::{Request, Response, Status, Streaming, service::Routes};

/// The service that gives that answer.
pub fn answering(answer: &[u8]) -> Routes {
    let answer = pb::RegisterResponse::decode(answer).expect("an answer");
    Routes::new(RegistrationServiceServer::new(Fixed { answer }))
}

struct Fixed {
    answer: pb::RegisterResponse,
}

fn registers_only<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("the yardstick answers registrations and nothing else"))
}

#[tonic::async_trait]
impl RegistrationService for Fixed {
    async fn register(
        &self,
        _: Request<pb::RegisterRequest>,
    ) -> Result<Response<pb::RegisterResponse>, Status> {
        Ok(Response::new(self.answer.clone()))
    }

    type ImportRegistrationsStream =
        Pin<Box<dyn Stream<Item = Result<pb::ImportRegistrationsResponse, Status>> + Send>>;

    async fn import_registrations(
        &self,
        _: Request<Streaming<pb::ImportRegistrationsRequest>>,
    ) -> Result<Response<Self::ImportRegistrationsStream>, Status> {
        registers_only()
    }

    async fn list_rejected_rows(
        &self,
        _: Request<pb::ListRejectedRowsRequest>,
    ) -> Result<Response<pb::ListRejectedRowsResponse>, Status> {
        registers_only()
    }

    async fn get_registration(
        &self,
        _: Request<pb::GetRegistrationRequest>,
    ) -> Result<Response<pb::GetRegistrationResponse>, Status> {
        registers_only()
    }

    async fn request_supplement(
        &self,
        _: Request<pb::RequestSupplementRequest>,
    ) -> Result<Response<pb::RequestSupplementResponse>, Status> {
        registers_only()
    }

    async fn list_registrations(
        &self,
        _: Request<pb::ListRegistrationsRequest>,
    ) -> Result<Response<pb::ListRegistrationsResponse>, Status> {
        registers_only()
    }

    async fn change_line_state(
        &self,
        _: Request<pb::ChangeLineStateRequest>,
    ) -> Result<Response<pb::ChangeLineStateResponse>, Status> {
        registers_only()
    }

    async fn close_line(
        &self,
        _: Request<pb::CloseLineRequest>,
    ) -> Result<Response<pb::CloseLineResponse>, Status> {
        registers_only()
    }

    async fn assess_industry_user(
        &self,
        _: Request<pb::AssessIndustryUserRequest>,
    ) -> Result<Response<pb::AssessIndustryUserResponse>, Status> {
        registers_only()
    }
}
