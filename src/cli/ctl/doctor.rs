//! `greenlane ctl doctor`: everything between here and an answer, one line each, for every node of the context. A step
//! that fails is told with what to do; the steps that need it are not tried.

use std::{collections::BTreeMap, fs, time::Duration};

use serde::Serialize;
use tonic::transport::Channel;

use super::{
    Common,
    call::{block_on, links, request},
    contexts::{Context, open_to_others},
    output::{Format, Sheet, print_json},
    refused, whoami,
};
use crate::{
    cli::{
        Failure,
        holder::Holder,
        link::{Link, Step},
    },
    domain::time::{Clock, DAY},
    host::SystemClock,
    rpc::pb::{self, server_info_service_client::ServerInfoServiceClient},
};

/// A clock that is further off than this makes registrations of the future, or late ones.
const MOST_SKEW_MS: f64 = 5_000.0;
/// A certificate that ends sooner is to be renewed now.
const SOON: Duration = DAY.saturating_mul(14);
/// Calls that the latency is the middle of.
const CALLS: usize = 5;
/// An answer that takes longer is a bad line.
const SLOW: Duration = Duration::from_secs(1);

/// What was found at one step.
#[derive(Serialize)]
struct Line {
    ok: bool,
    check: &'static str,
    node: String,
    says: String,
}

/// Runs it.
pub(super) fn run(common: &Common) -> Result<(), Failure> {
    let context = common.context()?;
    let lines = block_on(async {
        let mut lines = vec![key(&context), certificate(&context)];
        for link in links(&context) {
            node(&link, &mut lines).await;
        }
        Ok(lines)
    })?;
    let bad = lines.iter().filter(|line| !line.ok).count();
    if common.output == Format::Json {
        print_json(&BTreeMap::from([("checks", &lines)]))?;
    } else {
        let mut sheet = Sheet::pairs();
        for line in &lines {
            let mark = if line.ok { "ok" } else { "BAD" };
            sheet.row([mark, line.check, &line.node, &line.says]);
        }
        sheet.print();
    }
    if bad == 0 {
        Ok(())
    } else {
        let are = if bad == 1 { "is" } else { "are" };
        Err(format!("context {}: {bad} of {} {are} bad", context.name, lines.len()).into())
    }
}

fn key(context: &Context) -> Line {
    let path = context.certs.join("key.pem");
    let (ok, says) = match fs::metadata(&path) {
        Err(error) => (false, format!("{}: {error}", path.display())),
        Ok(kept) => match open_to_others(&kept) {
            Some(fault) => (false, format!("{} {fault}; issue another certificate", path.display())),
            None => (true, "only its owner can read it".to_owned()),
        },
    };
    Line { ok, check: "key", node: String::new(), says }
}

fn certificate(context: &Context) -> Line {
    let path = context.certs.join("cert.pem");
    let now = SystemClock::start().now();
    let read = fs::read(&path).map_err(|error| error.to_string());
    let (ok, says) = match read.and_then(|pem| Holder::of(&pem).map_err(str::to_owned)) {
        Err(fault) => (false, format!("{}: {fault}", path.display())),
        Ok(holder) if holder.not_after <= now => {
            (false, format!("{} ended on {}; ask for another one", holder.path, holder.not_after))
        }
        Ok(holder) => {
            let left = holder.not_after.since(now);
            let renew = if left < SOON { "; renew it now" } else { "" };
            let days = left.as_secs() / DAY.as_secs();
            (true, format!("{} until {}, {days} days{renew}", holder.path, holder.not_after))
        }
    };
    Line { ok, check: "certificate", node: String::new(), says }
}

/// Every step to one node.
async fn node(link: &Link, lines: &mut Vec<Line>) {
    let mut tell = |ok, check, says: String| lines.push(Line { ok, check, node: link.address.clone(), says });
    let addresses = match link.resolve().await {
        Ok(addresses) => addresses,
        Err(fault) => return tell(false, step(fault.step), fault.text),
    };
    let shown: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
    tell(true, "dns", shown.join(", "));
    let stream = match link.reach(&addresses).await {
        Ok(stream) => stream,
        Err(fault) => return tell(false, step(fault.step), fault.text),
    };
    let port = stream.peer_addr().map(|peer| peer.to_string()).unwrap_or_default();
    tell(true, "tcp", format!("{port} answers"));
    match link.secure(stream).await {
        Ok(stream) => {
            let version = stream.get_ref().1.protocol_version().map(|version| format!("{version:?}"));
            tell(true, "tls", format!("{}, a certificate of our CA", version.unwrap_or_default()));
        }
        Err(fault) => return tell(false, step(fault.step), fault.text),
    }
    match link.open().await {
        Ok(channel) => answers(channel, &mut tell).await,
        Err(fault) => tell(false, step(fault.step), fault.text),
    }
}

/// What a node that lets one in says.
async fn answers(channel: Channel, tell: &mut impl FnMut(bool, &'static str, String)) {
    let clock = SystemClock::start();
    let mut client = ServerInfoServiceClient::new(channel);
    let mut taken = Vec::new();
    for call in 0..CALLS {
        let (before, start) = (clock.now(), clock.monotonic());
        let said = match client.get_server_info(request(pb::GetServerInfoRequest {})).await {
            Ok(said) => said.into_inner(),
            Err(status) => {
                let said = refused::lines(&status).join("; ");
                return tell(
                    false,
                    "role",
                    format!("{said}; does this gateway know the certificate, and is it not revoked?"),
                );
            }
        };
        taken.push(clock.monotonic().saturating_sub(start));
        if call == 0 {
            continue; // the first one waits for what others find ready
        }
        if call + 1 == CALLS {
            let skew = whoami::skew_ms(&said, before, clock.now());
            let late = if skew.abs() > MOST_SKEW_MS { "; set this machine's clock" } else { "" };
            tell(late.is_empty(), "clock", format!("the gateway's is {skew:.1} ms ahead of ours{late}"));
            let caller = said.caller.unwrap_or_default();
            let roles = caller.roles.join(", ");
            tell(!roles.is_empty(), "role", format!("{}: {roles}", caller.name));
        }
    }
    taken.sort();
    let middle = taken.get(taken.len() / 2).copied().unwrap_or_default();
    tell(middle < SLOW, "latency", format!("{:.1} ms", middle.as_secs_f64() * 1000.0));
}

fn step(step: Step) -> &'static str {
    match step {
        Step::Dns => "dns",
        Step::Tcp => "tcp",
        Step::Tls => "tls",
    }
}
