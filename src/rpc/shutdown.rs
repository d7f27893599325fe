//! `ShutdownService`: plans and orders, and what becomes of them.

use std::{pin::Pin, sync::Arc};

use tokio_stream::{Stream, StreamExt, wrappers::ReceiverStream};
use tonic::{Request, Response, Status, Streaming};

use super::{
    convert::{
        act,
        fields::Fields,
        intake::Intake,
        shutdown::{
            ORDERS, PLANS, action, alarm, count, impact, next_step, order, personal, planned, restoration,
            terms,
        },
    },
    pb,
    status::status,
};
use crate::{
    domain::personal::Personal,
    service::{
        Gateway,
        act::Answered,
        shutdown::{list_numbers, list_orders, plan_restoration::Restoration, step::Stepped},
        watchers::Watchers,
    },
};

/// The service.
#[derive(Clone)]
pub struct Shutdowns {
    /// The use cases.
    pub gateway: Arc<Gateway>,
    /// How many watches each organisation has open.
    pub watchers: Watchers,
}

type Watching = Pin<Box<dyn Stream<Item = Result<pb::WatchShutdownOrderResponse, Status>> + Send>>;

/// The fields that every step's answer has.
fn stepped(done: Answered<Stepped>) -> (pb::ShutdownOrder, bool, String) {
    let Stepped { order: shown, replayed } = done.answer;
    let next_step = next_step(&shown);
    (order(shown), done.replayed || replayed, next_step)
}

#[tonic::async_trait]
impl pb::shutdown_service_server::ShutdownService for Shutdowns {
    async fn plan_shutdown(
        &self,
        request: Request<Streaming<pb::PlanShutdownRequest>>,
    ) -> Result<Response<pb::PlanShutdownResponse>, Status> {
        let mut context = act::stream(request.extensions())?;
        let mut incoming = request.into_inner();
        let first = incoming.message().await?.unwrap_or_default();
        let terms = terms(&mut context, &first);
        let mut intake = Intake::default();
        let mut more = intake.take(first);
        while more && let Some(message) = incoming.message().await? {
            more = intake.take(message);
        }
        context.faults.append(&mut intake.faults.0);
        let done =
            self.gateway.plan_shutdown(context, terms, intake.numbers).await.map_err(|r| status(&r))?;
        Ok(Response::new(planned(done.answer, done.replayed)))
    }

    async fn plan_restoration(
        &self,
        mut request: Request<pb::PlanRestorationRequest>,
    ) -> Result<Response<pb::PlanRestorationResponse>, Status> {
        let mut fields = Fields::default();
        let id = fields.last("order", &request.get_ref().order, ORDERS);
        let context = act::context(&request, fields)?;
        let message = request.get_mut();
        let asked = Restoration {
            order: id,
            msisdns: personal(&mut message.msisdns),
            order_number: message.order_number.clone(),
        };
        let done = self.gateway.plan_restoration(context, asked).await.map_err(|r| status(&r))?;
        Ok(Response::new(restoration(done.answer, done.replayed)))
    }

    async fn list_plan_impacts(
        &self,
        request: Request<pb::ListPlanImpactsRequest>,
    ) -> Result<Response<pb::ListPlanImpactsResponse>, Status> {
        let caller = act::caller(&request)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let plan = fields.last("plan", &message.plan, PLANS);
        let flag = fields.opt_word("flag", message.flag);
        let size = fields.page_size(message.page_size);
        fields.done().map_err(|refusal| status(&refusal))?;
        let (impacts, next_page_token) = self
            .gateway
            .list_plan_impacts(&caller, plan, flag, size, &message.page_token)
            .await
            .map_err(|refusal| status(&refusal))?;
        let impacts = impacts.into_iter().map(impact).collect();
        Ok(Response::new(pb::ListPlanImpactsResponse { impacts, next_page_token }))
    }

    async fn issue_shutdown(
        &self,
        request: Request<pb::IssueShutdownRequest>,
    ) -> Result<Response<pb::IssueShutdownResponse>, Status> {
        let mut fields = Fields::default();
        let plan = fields.last("plan", &request.get_ref().plan, PLANS);
        let context = act::context(&request, fields)?;
        let code = request.into_inner().confirm_code;
        let done = self.gateway.issue_shutdown(context, plan, code).await.map_err(|r| status(&r))?;
        let (order, replayed, next_step) = stepped(done);
        Ok(Response::new(pb::IssueShutdownResponse { order: Some(order), replayed, next_step }))
    }

    async fn approve_shutdown(
        &self,
        request: Request<pb::ApproveShutdownRequest>,
    ) -> Result<Response<pb::ApproveShutdownResponse>, Status> {
        let mut fields = Fields::default();
        let id = fields.last("order", &request.get_ref().order, ORDERS);
        let context = act::context(&request, fields)?;
        let hash = request.into_inner().plan_sha256;
        let done = self.gateway.approve_shutdown(context, id, hash).await.map_err(|r| status(&r))?;
        let (order, replayed, next_step) = stepped(done);
        Ok(Response::new(pb::ApproveShutdownResponse { order: Some(order), replayed, next_step }))
    }

    async fn halt_shutdown(
        &self,
        request: Request<pb::HaltShutdownRequest>,
    ) -> Result<Response<pb::HaltShutdownResponse>, Status> {
        let mut fields = Fields::default();
        let id = fields.last("order", &request.get_ref().order, ORDERS);
        let context = act::context(&request, fields)?;
        let done = self.gateway.halt_shutdown(context, id).await.map_err(|refusal| status(&refusal))?;
        let (order, replayed, next_step) = stepped(done);
        Ok(Response::new(pb::HaltShutdownResponse { order: Some(order), replayed, next_step }))
    }

    async fn cancel_shutdown(
        &self,
        request: Request<pb::CancelShutdownRequest>,
    ) -> Result<Response<pb::CancelShutdownResponse>, Status> {
        let mut fields = Fields::default();
        let id = fields.last("order", &request.get_ref().order, ORDERS);
        let context = act::context(&request, fields)?;
        let done = self.gateway.cancel_shutdown(context, id).await.map_err(|refusal| status(&refusal))?;
        let (order, replayed, _) = stepped(done);
        Ok(Response::new(pb::CancelShutdownResponse { order: Some(order), replayed }))
    }

    async fn decide_held_numbers(
        &self,
        mut request: Request<pb::DecideHeldNumbersRequest>,
    ) -> Result<Response<pb::DecideHeldNumbersResponse>, Status> {
        let mut fields = Fields::default();
        let id = fields.last("order", &request.get_ref().order, ORDERS);
        let decision = fields.word("decision", request.get_ref().decision);
        let context = act::context(&request, fields)?;
        let msisdns = personal(&mut request.get_mut().msisdns);
        let done = self
            .gateway
            .decide_held_numbers(context, id, msisdns, decision)
            .await
            .map_err(|refusal| status(&refusal))?;
        Ok(Response::new(pb::DecideHeldNumbersResponse {
            order: Some(order(done.answer.order)),
            number_count: count(done.answer.count),
            replayed: done.replayed,
        }))
    }

    async fn get_shutdown_order(
        &self,
        request: Request<pb::GetShutdownOrderRequest>,
    ) -> Result<Response<pb::GetShutdownOrderResponse>, Status> {
        let caller = act::caller(&request)?;
        let mut fields = Fields::default();
        let id = fields.last("order", &request.get_ref().order, ORDERS);
        fields.done().map_err(|refusal| status(&refusal))?;
        let shown = self.gateway.shutdown_order(&caller, id).await.map_err(|refusal| status(&refusal))?;
        Ok(Response::new(pb::GetShutdownOrderResponse { order: Some(order(shown)) }))
    }

    async fn list_shutdown_orders(
        &self,
        request: Request<pb::ListShutdownOrdersRequest>,
    ) -> Result<Response<pb::ListShutdownOrdersResponse>, Status> {
        let caller = act::caller(&request)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let issuer = (!message.issuer.is_empty()).then(|| fields.participant("issuer", &message.issuer));
        let filter = list_orders::Filter {
            state: fields.opt_word("state", message.state),
            issuer,
            drill: message.drill,
            page_size: fields.page_size(message.page_size),
            page_token: message.page_token.clone(),
        };
        fields.done().map_err(|refusal| status(&refusal))?;
        let (orders, next_page_token) =
            self.gateway.list_shutdown_orders(&caller, filter).await.map_err(|refusal| status(&refusal))?;
        let shutdown_orders = orders.into_iter().map(order).collect();
        Ok(Response::new(pb::ListShutdownOrdersResponse { shutdown_orders, next_page_token }))
    }

    async fn list_number_actions(
        &self,
        mut request: Request<pb::ListNumberActionsRequest>,
    ) -> Result<Response<pb::ListNumberActionsResponse>, Status> {
        let caller = act::caller(&request)?;
        let msisdn = std::mem::take(&mut request.get_mut().msisdn);
        let message = request.get_ref();
        let mut fields = Fields::default();
        let order = (!message.order.is_empty()).then(|| fields.last("order", &message.order, ORDERS));
        let filter = list_numbers::Filter {
            order,
            msisdn: (!msisdn.is_empty()).then(|| Personal::new(msisdn)),
            state: fields.opt_word("state", message.state),
            mvno: fields.opt_mvno("mvno", &message.mvno),
            page_size: fields.page_size(message.page_size),
            page_token: message.page_token.clone(),
        };
        fields.done().map_err(|refusal| status(&refusal))?;
        let (actions, next_page_token) =
            self.gateway.list_number_actions(&caller, filter).await.map_err(|refusal| status(&refusal))?;
        let number_actions = actions.into_iter().map(action).collect();
        Ok(Response::new(pb::ListNumberActionsResponse { number_actions, next_page_token }))
    }

    type WatchShutdownOrderStream = Watching;

    async fn watch_shutdown_order(
        &self,
        request: Request<pb::WatchShutdownOrderRequest>,
    ) -> Result<Response<Watching>, Status> {
        let caller = act::caller(&request)?;
        let mut fields = Fields::default();
        let id = fields.last("order", &request.get_ref().order, ORDERS);
        fields.done().map_err(|refusal| status(&refusal))?;
        let place = self.watchers.enter(&caller.organisation).map_err(|refusal| status(&refusal))?;
        let seen =
            self.gateway.watch_shutdown_order(&caller, id).await.map_err(|refusal| status(&refusal))?;
        let sent = ReceiverStream::new(seen).map(move |seen| {
            let _held = &place; // until the stream is dropped
            seen.map(|shown| pb::WatchShutdownOrderResponse { order: Some(order(shown)) })
                .map_err(|refusal| status(&refusal))
        });
        Ok(Response::new(Box::pin(sent)))
    }

    async fn list_alarms(
        &self,
        request: Request<pb::ListAlarmsRequest>,
    ) -> Result<Response<pb::ListAlarmsResponse>, Status> {
        let caller = act::caller(&request)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let kind = fields.opt_word("kind", message.kind);
        let order = (!message.order.is_empty()).then(|| fields.last("order", &message.order, ORDERS));
        let size = fields.page_size(message.page_size);
        fields.done().map_err(|refusal| status(&refusal))?;
        let (alarms, next_page_token) = self
            .gateway
            .list_alarms(&caller, kind, order, size, &message.page_token)
            .await
            .map_err(|refusal| status(&refusal))?;
        let alarms = alarms.into_iter().map(alarm).collect();
        Ok(Response::new(pb::ListAlarmsResponse { alarms, next_page_token }))
    }
}
