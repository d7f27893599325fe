//! `NumberingService`: blocks of numbers, and whose a number is.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::{
    convert::{act, fields::Fields, stamp, word::Word},
    pb,
    status::status,
};
use crate::{
    domain::{
        allocation::Allocation,
        caller::{Caller, Class},
        number::{Msisdn, Prefix},
        refusal::Refusal,
    },
    service::{Gateway, list_allocations::Filter},
};

/// The service.
#[derive(Clone)]
pub struct Numbering {
    /// The use cases.
    pub gateway: Arc<Gateway>,
}

fn prefix(fields: &mut Fields, text: &str) -> Prefix {
    Prefix::parse(text).unwrap_or_else(|bad| {
        fields.fault("prefix", bad.code, bad.text);
        Prefix::parse("1700000").expect("a constant")
    })
}

/// Who allocated a block, and why, is between regulator, police and auditor.
fn allocation(allocation: &Allocation, caller: &Caller) -> pb::Allocation {
    let inside = matches!(caller.class(), Class::Regulator | Class::Police | Class::Auditor);
    let shown = |text: &str| if inside { text.to_owned() } else { String::new() };
    pb::Allocation {
        name: format!("allocations/{}", allocation.id),
        prefix: allocation.prefix.clone(),
        mvno: allocation.mvno.to_string(),
        carrier: allocation.carrier.to_string(),
        allocate_time: Some(stamp(allocation.allocate_time)),
        return_time: allocation.return_time.map(stamp),
        allocated_by: shown(&allocation.allocated_by),
        reason: shown(&allocation.reason),
    }
}

#[tonic::async_trait]
impl pb::numbering_service_server::NumberingService for Numbering {
    async fn allocate_numbers(
        &self,
        request: Request<pb::AllocateNumbersRequest>,
    ) -> Result<Response<pb::AllocateNumbersResponse>, Status> {
        let mut fields = Fields::default();
        let mvno = fields.mvno("mvno", &request.get_ref().mvno);
        let prefix = prefix(&mut fields, &request.get_ref().prefix);
        let context = act::context(&request, fields)?;
        let caller = context.caller.clone();
        let done = self.gateway.allocate_numbers(context, mvno, prefix).await.map_err(|r| status(&r))?;
        let allocation = Some(allocation(&done.answer, &caller));
        Ok(Response::new(pb::AllocateNumbersResponse { allocation, replayed: done.replayed }))
    }

    async fn return_numbers(
        &self,
        request: Request<pb::ReturnNumbersRequest>,
    ) -> Result<Response<pb::ReturnNumbersResponse>, Status> {
        let mut fields = Fields::default();
        let mvno = fields.mvno("mvno", &request.get_ref().mvno);
        let prefix = prefix(&mut fields, &request.get_ref().prefix);
        let context = act::context(&request, fields)?;
        let caller = context.caller.clone();
        let done = self.gateway.return_numbers(context, mvno, prefix).await.map_err(|r| status(&r))?;
        let allocation = Some(allocation(&done.answer, &caller));
        Ok(Response::new(pb::ReturnNumbersResponse { allocation, replayed: done.replayed }))
    }

    async fn list_allocations(
        &self,
        request: Request<pb::ListAllocationsRequest>,
    ) -> Result<Response<pb::ListAllocationsResponse>, Status> {
        let caller = act::caller(&request)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let filter = Filter {
            mvno: fields.opt_mvno("mvno", &message.mvno),
            page_size: fields.page_size(message.page_size),
            page_token: message.page_token.clone(),
        };
        fields.done().map_err(|refusal| status(&refusal))?;
        let (found, next_page_token) =
            self.gateway.list_allocations(&caller, filter).await.map_err(|refusal| status(&refusal))?;
        let allocations = found.iter().map(|found| allocation(found, &caller)).collect();
        Ok(Response::new(pb::ListAllocationsResponse { allocations, next_page_token }))
    }

    async fn lookup_number(
        &self,
        request: Request<pb::LookupNumberRequest>,
    ) -> Result<Response<pb::LookupNumberResponse>, Status> {
        let caller = act::caller(&request)?;
        let msisdn = Msisdn::parse(&request.get_ref().msisdn)
            .map_err(|bad| status(&Refusal::field("msisdn", bad.code, bad.text)))?;
        let found = self.gateway.lookup_number(&caller, &msisdn).await.map_err(|refusal| status(&refusal))?;
        let number = pb::PhoneNumber {
            msisdn: msisdn.e164(),
            kind: found.class.kind.wire(),
            carrier: found.class.carrier.map(|carrier| carrier.to_string()).unwrap_or_default(),
            mvno: found.mvno.map(|mvno| mvno.to_string()).unwrap_or_default(),
            line_state: found.line_state.map_or(0, Word::wire),
        };
        Ok(Response::new(pb::LookupNumberResponse { number: Some(number) }))
    }
}
