//! `ChannelService`: the outlets by which MVNOs sell, and the blacklist of all.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::{
    convert::{act, channel, document, fields::Fields, stamp},
    pb::{self, blacklist_channel_request::Listed},
    status::status,
};
use crate::{
    domain::document::DocumentDraft,
    service::{
        Gateway,
        channels::{
            blacklist_channel::{Entry, Whom},
            list_channels::Filter,
        },
    },
};

/// The service.
#[derive(Clone)]
pub struct Channels {
    /// The use cases.
    pub gateway: Arc<Gateway>,
}

fn entry(entry: &Entry) -> pb::BlacklistEntry {
    pb::BlacklistEntry {
        name: format!("blacklist/{}", entry.id),
        channel: entry.channel.clone().unwrap_or_default(),
        from_time: Some(stamp(entry.listing.from)),
        until_time: entry.listing.until.map(stamp),
    }
}

fn whom(listed: Option<Listed>, fields: &mut Fields) -> Whom {
    match listed {
        Some(Listed::Channel(name)) => Whom::Outlet(fields.outlet("channel", &name)),
        Some(Listed::Person(person)) => Whom::Person(document::draft(Some(person))),
        None => {
            fields.fault("channel", "REQUIRED", "the outlet's name, or a person");
            Whom::Person(DocumentDraft::default())
        }
    }
}

#[tonic::async_trait]
impl pb::channel_service_server::ChannelService for Channels {
    async fn authorise_channel(
        &self,
        request: Request<pb::AuthoriseChannelRequest>,
    ) -> Result<Response<pb::AuthoriseChannelResponse>, Status> {
        let mut fields = Fields::default();
        let mut context = act::context(&request, Fields::default())?;
        let draft = channel::draft(request.into_inner().channel, &mut fields);
        context.faults = fields.0;
        let done = self.gateway.authorise_channel(context, draft).await.map_err(|r| status(&r))?;
        let channel = Some(channel::shown(&done.answer));
        Ok(Response::new(pb::AuthoriseChannelResponse { channel, replayed: done.replayed }))
    }

    async fn suspend_channel(
        &self,
        request: Request<pb::SuspendChannelRequest>,
    ) -> Result<Response<pb::SuspendChannelResponse>, Status> {
        let mut fields = Fields::default();
        let name = fields.outlet("channel", &request.get_ref().channel);
        let context = act::context(&request, fields)?;
        let done = self.gateway.suspend_channel(context, name).await.map_err(|r| status(&r))?;
        let channel = Some(channel::shown(&done.answer));
        Ok(Response::new(pb::SuspendChannelResponse { channel, replayed: done.replayed }))
    }

    async fn blacklist_channel(
        &self,
        request: Request<pb::BlacklistChannelRequest>,
    ) -> Result<Response<pb::BlacklistChannelResponse>, Status> {
        let mut fields = Fields::default();
        let mut context = act::context(&request, Fields::default())?;
        let message = request.into_inner();
        let until = fields.opt_time("until_time", message.until_time.as_ref());
        let whom = whom(message.listed, &mut fields);
        context.faults = fields.0;
        let done = self.gateway.blacklist_channel(context, whom, until).await.map_err(|r| status(&r))?;
        let entry = Some(entry(&done.answer));
        Ok(Response::new(pb::BlacklistChannelResponse { entry, replayed: done.replayed }))
    }

    async fn get_channel(
        &self,
        request: Request<pb::GetChannelRequest>,
    ) -> Result<Response<pb::GetChannelResponse>, Status> {
        let caller = act::caller(&request)?;
        let mut fields = Fields::default();
        let name = fields.outlet("channel", &request.get_ref().channel);
        fields.done().map_err(|refusal| status(&refusal))?;
        let found = self.gateway.channel(&caller, name).await.map_err(|refusal| status(&refusal))?;
        Ok(Response::new(pb::GetChannelResponse { channel: Some(channel::shown(&found)) }))
    }

    async fn list_channels(
        &self,
        request: Request<pb::ListChannelsRequest>,
    ) -> Result<Response<pb::ListChannelsResponse>, Status> {
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
            self.gateway.list_channels(&caller, filter).await.map_err(|refusal| status(&refusal))?;
        let channels = found.iter().map(channel::shown).collect();
        Ok(Response::new(pb::ListChannelsResponse { channels, next_page_token }))
    }

    async fn bind_reader(
        &self,
        request: Request<pb::BindReaderRequest>,
    ) -> Result<Response<pb::BindReaderResponse>, Status> {
        let mut fields = Fields::default();
        let name = fields.outlet("channel", &request.get_ref().channel);
        let serial = request.get_ref().reader_serial.clone();
        let context = act::context(&request, fields)?;
        let done = self.gateway.bind_reader(context, name, serial).await.map_err(|r| status(&r))?;
        let channel = Some(channel::shown(&done.answer));
        Ok(Response::new(pb::BindReaderResponse { channel, replayed: done.replayed }))
    }

    async fn unbind_reader(
        &self,
        request: Request<pb::UnbindReaderRequest>,
    ) -> Result<Response<pb::UnbindReaderResponse>, Status> {
        let mut fields = Fields::default();
        let name = fields.outlet("channel", &request.get_ref().channel);
        let serial = request.get_ref().reader_serial.clone();
        let context = act::context(&request, fields)?;
        let done = self.gateway.unbind_reader(context, name, serial).await.map_err(|r| status(&r))?;
        let channel = Some(channel::shown(&done.answer));
        Ok(Response::new(pb::UnbindReaderResponse { channel, replayed: done.replayed }))
    }
}
