//! `AppealService`: for whom a number was shut down in error.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::{
    convert::{act, bilingual, fields::Fields, stamp, word::Word},
    pb,
    status::status,
};
use crate::{
    domain::{
        appeal::Appeal,
        caller::{Caller, Class},
        personal::Personal,
    },
    service::{
        Gateway,
        appeal::{Shown, get::By, list::Ask},
    },
};

/// The service.
#[derive(Clone)]
pub struct Appeals {
    /// The use cases.
    pub gateway: Arc<Gateway>,
}

/// How an appeal stands: all that a portal is told.
fn bare(appeal: &Appeal) -> pb::Appeal {
    pb::Appeal {
        name: appeal.name(),
        state: appeal.state.wire(),
        file_time: Some(stamp(appeal.file_time)),
        due_time: Some(stamp(appeal.due_time)),
        outcome: appeal.outcome.map_or(0, Word::wire),
        decide_time: appeal.decide_time.map(stamp),
        reason: appeal.reason.clone().unwrap_or_default(),
        text: Some(bilingual(&appeal.text())),
        order: String::new(),
        msisdn: String::new(),
        mvno: String::new(),
        statement: String::new(),
    }
}

fn appeal(shown: &Shown, caller: &Caller) -> pb::Appeal {
    let bare = bare(&shown.appeal);
    if caller.class() == Class::Portal {
        return bare;
    }
    pb::Appeal {
        order: format!("shutdownOrders/{}", shown.appeal.order_id),
        msisdn: shown.msisdn.reveal().to_owned(),
        mvno: shown.appeal.mvno.to_string(),
        statement: shown.statement.reveal().to_owned(),
        ..bare
    }
}

#[tonic::async_trait]
impl pb::appeal_service_server::AppealService for Appeals {
    async fn file_appeal(
        &self,
        request: Request<pb::FileAppealRequest>,
    ) -> Result<Response<pb::FileAppealResponse>, Status> {
        let context = act::context(&request, Fields::default())?;
        let message = request.into_inner();
        let (code, statement) = (Personal::new(message.appeal_code), Personal::new(message.statement));
        let done = self.gateway.file_appeal(context, code, statement).await.map_err(|r| status(&r))?;
        let (appeal, added) = (Some(bare(&done.answer.appeal)), done.answer.added);
        Ok(Response::new(pb::FileAppealResponse { appeal, replayed: done.replayed, added }))
    }

    async fn get_appeal(
        &self,
        request: Request<pb::GetAppealRequest>,
    ) -> Result<Response<pb::GetAppealResponse>, Status> {
        let caller = act::caller(&request)?;
        let message = request.into_inner();
        let mut fields = Fields::default();
        let by = match (message.appeal_code.is_empty(), message.appeal.is_empty()) {
            (false, true) => By::Code(Personal::new(message.appeal_code)),
            (true, false) => By::Id(fields.last("appeal", &message.appeal, "appeals")),
            (empty, _) => {
                let code = if empty { "REQUIRED" } else { "NOT_TOGETHER" };
                fields.fault("appeal_code", code, "one of appeal_code and appeal");
                By::Id(String::new())
            }
        };
        fields.done().map_err(|refusal| status(&refusal))?;
        let shown = self.gateway.get_appeal(&caller, by).await.map_err(|refusal| status(&refusal))?;
        Ok(Response::new(pb::GetAppealResponse { appeal: Some(appeal(&shown, &caller)) }))
    }

    async fn list_appeals(
        &self,
        request: Request<pb::ListAppealsRequest>,
    ) -> Result<Response<pb::ListAppealsResponse>, Status> {
        let caller = act::caller(&request)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let order =
            (!message.order.is_empty()).then(|| fields.last("order", &message.order, "shutdownOrders"));
        let ask = Ask {
            mvno: fields.opt_mvno("mvno", &message.mvno),
            order_id: order,
            state: fields.opt_word("state", message.state),
            page_size: fields.page_size(message.page_size),
            page_token: message.page_token.clone(),
        };
        fields.done().map_err(|refusal| status(&refusal))?;
        let (found, next_page_token) =
            self.gateway.list_appeals(&caller, ask).await.map_err(|refusal| status(&refusal))?;
        let appeals = found.iter().map(|shown| appeal(shown, &caller)).collect();
        Ok(Response::new(pb::ListAppealsResponse { appeals, next_page_token }))
    }

    async fn decide_appeal(
        &self,
        request: Request<pb::DecideAppealRequest>,
    ) -> Result<Response<pb::DecideAppealResponse>, Status> {
        let mut fields = Fields::default();
        let id = fields.last("appeal", &request.get_ref().appeal, "appeals");
        let outcome = fields.word("outcome", request.get_ref().outcome);
        let context = act::context(&request, fields)?;
        let caller = context.caller.clone();
        let done = self.gateway.decide_appeal(context, id, outcome).await.map_err(|r| status(&r))?;
        let restoration = done.answer.appeal.restoration.clone().unwrap_or_default();
        let appeal = Some(appeal(&done.answer, &caller));
        Ok(Response::new(pb::DecideAppealResponse { appeal, restoration, replayed: done.replayed }))
    }
}
