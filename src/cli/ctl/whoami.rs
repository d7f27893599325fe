//! `greenlane ctl whoami`: who the gateway takes one for, and how its clock stands to ours.

use prost_reflect::DynamicMessage;
use serde::Serialize;

use super::{
    Common,
    call::{answer, block_on, request},
    output::{Format, Sheet, json, print_json},
    stamp,
};
use crate::{
    cli::Failure,
    domain::time::{Clock, Time},
    host::SystemClock,
    rpc::pb::{self, server_info_service_client::ServerInfoServiceClient},
};

/// The answer, and what was found by asking.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Said {
    #[serde(flatten)]
    answer: DynamicMessage,
    /// How far the gateway's clock is ahead of this machine's.
    clock_skew_ms: f64,
}

/// Runs it.
pub(super) fn run(common: &Common) -> Result<(), Failure> {
    let clock = SystemClock::start();
    let (info, skew) = block_on(async {
        let before = clock.now();
        let ask = async |channel| {
            ServerInfoServiceClient::new(channel).get_server_info(request(pb::GetServerInfoRequest {})).await
        };
        let info = answer(common, ask).await?;
        let skew = skew_ms(&info, before, clock.now());
        Ok((info, skew))
    })?;
    if common.output == Format::Json {
        return print_json(&Said { answer: json("GetServerInfoResponse", &info)?, clock_skew_ms: skew });
    }
    let caller = info.caller.clone().unwrap_or_default();
    let mut sheet = Sheet::pairs();
    sheet.row(["name", &caller.name]);
    sheet.row(["roles", &caller.roles.join(", ")]);
    sheet.row(["certificate ends", &stamp::text(caller.certificate_expire_time.as_ref())]);
    sheet.row(["gateway", &format!("greenlane {}", info.version)]);
    sheet.row(["its clock", &stamp::text(info.server_time.as_ref())]);
    sheet.row(["ahead of ours", &format!("{skew:.1} ms")]);
    sheet.print();
    Ok(())
}

/// How far the gateway's clock is ahead of ours: its time against the middle of asking and hearing.
pub(super) fn skew_ms(info: &pb::GetServerInfoResponse, before: Time, after: Time) -> f64 {
    let theirs = info.server_time.as_ref().map_or(0, |time| stamp::time(time).micros());
    let ours = before.micros().midpoint(after.micros());
    let ahead = i32::try_from((theirs - ours).clamp(i64::from(i32::MIN), i64::from(i32::MAX))).unwrap_or(0);
    f64::from(ahead) / 1000.0
}
