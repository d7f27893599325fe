//! Every service behind one door: the path's first part picks it. A path without a row in the table never comes here
//! (`layer::access`); one that does and is of no service is answered UNIMPLEMENTED all the same.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use tonic::{body::Body, server::NamedService};
use tonic_health::{ServingStatus, server::HealthReporter};
use tower::Service;

use super::{
    appeal::Appeals,
    channel::Channels,
    command::Commands,
    compliance::Compliance,
    identity::Identity,
    numbering::Numbering,
    participant::Participants,
    pb::{
        self, appeal_service_server::AppealServiceServer, channel_service_server::ChannelServiceServer,
        command_service_server::CommandServiceServer, compliance_service_server::ComplianceServiceServer,
        identity_service_server::IdentityServiceServer, numbering_service_server::NumberingServiceServer,
        participant_service_server::ParticipantServiceServer,
        registration_service_server::RegistrationServiceServer,
        server_info_service_server::ServerInfoServiceServer, shutdown_service_server::ShutdownServiceServer,
        supervision_service_server::SupervisionServiceServer,
    },
    registration::Registrations,
    server_info::ServerInfo,
    shutdown::Shutdowns,
    status,
    supervision::Supervision,
};
use crate::service::{Gateway, feed::Feed, watchers::Watchers};

type Request = http::Request<Body>;
type Answer = tonic::codegen::BoxFuture<http::Response<Body>, Infallible>;
/// A service of a library, whose type has no name.
type Boxed = tower::util::BoxCloneSyncService<Request, http::Response<Body>, Infallible>;

/// A request's largest message.
const LARGEST_REQUEST: usize = 1 << 20;
/// An answer's largest message.
pub(super) const LARGEST_ANSWER: usize = 4 << 20;

/// The services.
#[derive(Clone)]
pub struct Routes {
    appeals: AppealServiceServer<Appeals>,
    compliance: ComplianceServiceServer<Compliance>,
    supervision: SupervisionServiceServer<Supervision>,
    participants: ParticipantServiceServer<Participants>,
    numbering: NumberingServiceServer<Numbering>,
    channels: ChannelServiceServer<Channels>,
    commands: CommandServiceServer<Commands>,
    identity: IdentityServiceServer<Identity>,
    registrations: RegistrationServiceServer<Registrations>,
    server_info: ServerInfoServiceServer<ServerInfo>,
    shutdowns: ShutdownServiceServer<Shutdowns>,
    health: Boxed,
    reflection: Boxed,
    reflection_alpha: Boxed,
}

macro_rules! limited {
    ($server:expr) => {
        $server.max_decoding_message_size(LARGEST_REQUEST).max_encoding_message_size(LARGEST_ANSWER)
    };
}

// === impl Routes ===

impl Routes {
    /// The services of that gateway, and what reports their health.
    pub fn new(gateway: Arc<Gateway>, feed: Arc<Feed>) -> (Self, HealthReporter) {
        let (reporter, health) = tonic_health::server::health_reporter();
        let reflection = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(pb::DESCRIPTORS)
                .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        const SETS: &str = "the descriptors are checked when they are built";
        let routes = Self {
            appeals: limited!(AppealServiceServer::new(Appeals { gateway: gateway.clone() })),
            compliance: limited!(ComplianceServiceServer::new(Compliance {
                gateway: gateway.clone(),
                feed,
                watchers: Watchers::default(),
            })),
            supervision: limited!(SupervisionServiceServer::new(Supervision { gateway: gateway.clone() })),
            participants: limited!(ParticipantServiceServer::new(Participants { gateway: gateway.clone() })),
            numbering: limited!(NumberingServiceServer::new(Numbering { gateway: gateway.clone() })),
            channels: limited!(ChannelServiceServer::new(Channels { gateway: gateway.clone() })),
            commands: limited!(CommandServiceServer::new(Commands {
                gateway: gateway.clone(),
                watchers: Watchers::default(),
            })),
            identity: limited!(IdentityServiceServer::new(Identity { gateway: gateway.clone() })),
            registrations: limited!(RegistrationServiceServer::new(Registrations {
                gateway: gateway.clone()
            })),
            shutdowns: limited!(ShutdownServiceServer::new(Shutdowns {
                gateway: gateway.clone(),
                watchers: Watchers::default(),
            })),
            server_info: limited!(ServerInfoServiceServer::new(ServerInfo { gateway })),
            health: Boxed::new(health),
            reflection: Boxed::new(reflection().build_v1().expect(SETS)),
            reflection_alpha: Boxed::new(reflection().build_v1alpha().expect(SETS)),
        };
        (routes, reporter)
    }

    /// The names of the services that have a health of their own.
    pub fn names() -> [&'static str; 11] {
        [
            AppealServiceServer::<Appeals>::NAME,
            ComplianceServiceServer::<Compliance>::NAME,
            SupervisionServiceServer::<Supervision>::NAME,
            ParticipantServiceServer::<Participants>::NAME,
            NumberingServiceServer::<Numbering>::NAME,
            ChannelServiceServer::<Channels>::NAME,
            CommandServiceServer::<Commands>::NAME,
            IdentityServiceServer::<Identity>::NAME,
            RegistrationServiceServer::<Registrations>::NAME,
            ServerInfoServiceServer::<ServerInfo>::NAME,
            ShutdownServiceServer::<Shutdowns>::NAME,
        ]
    }
}

/// Says of every service, and of the whole, whether it serves.
pub async fn report(reporter: &HealthReporter, serving: bool) {
    let status = if serving { ServingStatus::Serving } else { ServingStatus::NotServing };
    for name in Routes::names().into_iter().chain([""]) {
        reporter.set_service_status(name, status).await;
    }
}

impl Service<Request> for Routes {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // None of them has a queue: they are ready whenever they are asked.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Answer {
        let path = request.uri().path();
        match path.trim_start_matches('/').split_once('/').map_or("", |(service, _)| service) {
            "greenlane.v1.AppealService" => self.appeals.call(request),
            "greenlane.v1.ComplianceService" => self.compliance.call(request),
            "greenlane.v1.SupervisionService" => self.supervision.call(request),
            "greenlane.v1.ParticipantService" => self.participants.call(request),
            "greenlane.v1.NumberingService" => self.numbering.call(request),
            "greenlane.v1.ChannelService" => self.channels.call(request),
            "greenlane.v1.CommandService" => self.commands.call(request),
            "greenlane.v1.IdentityService" => self.identity.call(request),
            "greenlane.v1.RegistrationService" => self.registrations.call(request),
            "greenlane.v1.ServerInfoService" => self.server_info.call(request),
            "greenlane.v1.ShutdownService" => self.shutdowns.call(request),
            "grpc.health.v1.Health" => self.health.call(request),
            "grpc.reflection.v1.ServerReflection" => self.reflection.call(request),
            "grpc.reflection.v1alpha.ServerReflection" => self.reflection_alpha.call(request),
            _ => Box::pin(std::future::ready(Ok(status::no_such_method()))),
        }
    }
}
