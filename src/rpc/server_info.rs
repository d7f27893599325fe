//! `ServerInfoService`: what this server is, and who it takes you for.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::{
    convert::{act, stamp},
    pb,
};
use crate::service::Gateway;

/// The service.
#[derive(Clone)]
pub struct ServerInfo {
    /// The use cases.
    pub gateway: Arc<Gateway>,
}

#[tonic::async_trait]
impl pb::server_info_service_server::ServerInfoService for ServerInfo {
    async fn get_server_info(
        &self,
        request: Request<pb::GetServerInfoRequest>,
    ) -> Result<Response<pb::GetServerInfoResponse>, Status> {
        let peer = act::peer(request.extensions())?;
        let signer = &self.gateway.signer;
        Ok(Response::new(pb::GetServerInfoResponse {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            server_time: Some(stamp(self.gateway.clock.now())),
            caller: Some(pb::CallerInfo {
                name: peer.caller.to_string(),
                roles: vec![peer.caller.class().as_str().to_owned()],
                certificate_expire_time: Some(stamp(peer.not_after)),
            }),
            api_versions: vec!["greenlane.v1".to_owned()],
            signing_keys: vec![pb::SigningKey {
                key_id: signer.key_id().to_owned(),
                algorithm: "ED25519".to_owned(),
                public_key: signer.public_key().to_vec(),
            }],
        }))
    }
}
