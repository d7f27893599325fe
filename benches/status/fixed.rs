//! What the yardstick answers: every check with the same message, one that greenlane gave.

use std::pin::Pin;

use greenlane::rpc::pb::{
    self,
    compliance_service_server::{ComplianceService, ComplianceServiceServer},
};
use prost::Message;
use tokio_stream::Stream;
use tonic::{Request, Response, Status, service::Routes};

/// The service that gives that answer.
pub fn answering(answer: &[u8]) -> Routes {
    let answer = pb::CheckStatusResponse::decode(answer).expect("an answer");
    Routes::new(ComplianceServiceServer::new(Fixed { answer }))
}

struct Fixed {
    answer: pb::CheckStatusResponse,
}

fn checks_only<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("the yardstick answers checks and nothing else"))
}

#[tonic::async_trait]
impl ComplianceService for Fixed {
    async fn check_status(
        &self,
        _: Request<pb::CheckStatusRequest>,
    ) -> Result<Response<pb::CheckStatusResponse>, Status> {
        Ok(Response::new(self.answer.clone()))
    }

    async fn batch_check_status(
        &self,
        _: Request<pb::BatchCheckStatusRequest>,
    ) -> Result<Response<pb::BatchCheckStatusResponse>, Status> {
        checks_only()
    }

    async fn get_standing(
        &self,
        _: Request<pb::GetStandingRequest>,
    ) -> Result<Response<pb::GetStandingResponse>, Status> {
        checks_only()
    }

    async fn list_standings(
        &self,
        _: Request<pb::ListStandingsRequest>,
    ) -> Result<Response<pb::ListStandingsResponse>, Status> {
        checks_only()
    }

    type WatchStandingsStream =
        Pin<Box<dyn Stream<Item = Result<pb::WatchStandingsResponse, Status>> + Send>>;

    async fn watch_standings(
        &self,
        _: Request<pb::WatchStandingsRequest>,
    ) -> Result<Response<Self::WatchStandingsStream>, Status> {
        checks_only()
    }
}
