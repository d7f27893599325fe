//! Commands and acknowledgements, to and from messages.

use std::time::Duration;

use super::{fields::Fields, stamp, word::Word};
use crate::{
    domain::{
        refusal::Refusal,
        shutdown::{ResultOutcome, Scopes, list::MOST_BYTES},
    },
    rpc::pb,
    service::{
        command::{
            figures::Figures,
            judge::{Ack, NumberResult},
            sign::{Signable, Told},
        },
        receipt::Signer,
    },
};

/// Numbers of a command at most.
const MOST_NUMBERS: usize = 500;
/// A code's letters at most.
const LONGEST_CODE: usize = 40;

/// A command, signed.
pub fn message(command: Signable, signer: &Signer) -> pb::Command {
    let signed = command.sign(signer);
    let redelivered = command.is_redelivered();
    let notice = |told: &Told| {
        let text = command.text(told);
        (text.is_some() || !told.appeal_code.is_empty()).then(|| pb::Notice {
            msisdn: told.msisdn.clone(),
            appeal_code: told.appeal_code.clone(),
            text: text.map(|text| pb::Bilingual { zh: text.zh, en: text.en }),
        })
    };
    let notices = command.numbers.iter().filter_map(notice).collect();
    let msisdns = command.numbers.into_iter().map(|told| told.msisdn).collect();
    pb::Command {
        sequence: command.row.sequence,
        command_id: command.row.command_id,
        order: command.order,
        kind: command.row.kind.wire(),
        scopes: scopes(command.scopes),
        msisdns,
        due_time: Some(stamp(command.row.due.done)),
        signature: signed.signature,
        key_id: signed.key_id,
        drill: command.drill,
        notices,
        receiver: command.row.receiver.to_string(),
        ack_due_time: Some(stamp(command.row.due.ack)),
        redelivered,
        order_number: command.order_number,
        legal_basis: command.legal_basis,
    }
}

/// Scopes, in the order of their numbers.
pub fn scopes(scopes: Scopes) -> Vec<i32> {
    scopes.iter().map(Word::wire).collect()
}

/// The id in the name of an order.
pub fn order(fields: &mut Fields, field: &str, name: &str) -> String {
    let id = name.strip_prefix("shutdownOrders/").filter(|id| {
        (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    });
    match id {
        Some(id) => id.to_owned(),
        None => {
            fields.fault(field, "BAD_NAME", "a name like shutdownOrders/<id>");
            String::new()
        }
    }
}

/// An acknowledgement.
pub fn ack(message: pb::CommandAck) -> Result<Ack, Refusal> {
    let mut fields = Fields::default();
    if message.sequence < 1 {
        fields.fault("sequence", "OUT_OF_RANGE", "the sequence of a command, from 1 on");
    }
    if message.results.len() > MOST_NUMBERS {
        fields.fault("results", "TOO_MANY", format!("at most {MOST_NUMBERS}, as many as a command has"));
    }
    let outcome = fields.opt_word("outcome", message.outcome);
    let results = message.results.into_iter().take(MOST_NUMBERS).enumerate().map(|(at, result)| {
        let field = |name: &str| format!("results[{at}].{name}");
        let outcome = fields.word(&field("outcome"), result.outcome).unwrap_or(ResultOutcome::Failed);
        let fits = result.code.len() <= LONGEST_CODE
            && result.code.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'));
        if !fits {
            let text = format!("1 to {LONGEST_CODE} upper-case letters, digits and underscores");
            fields.fault(&field("code"), "BAD_CHAR", text);
        }
        if result.msisdn.len() > MOST_BYTES {
            fields.fault(&field("msisdn"), "TOO_LONG", format!("at most {MOST_BYTES} bytes"));
        }
        NumberResult {
            msisdn: result.msisdn,
            outcome,
            code: (!result.code.is_empty()).then_some(result.code),
        }
    });
    let results = results.collect();
    fields.done()?;
    Ok(Ack { sequence: message.sequence, results, outcome })
}

/// The figures of a receiver.
pub fn figures(figures: &Figures) -> pb::ReceiverFigures {
    let count = |count: i64| i32::try_from(count).unwrap_or(i32::MAX);
    pb::ReceiverFigures {
        receiver: figures.receiver.to_string(),
        command_count: count(figures.commands),
        acked_count: count(figures.acked),
        executed_count: count(figures.executed),
        overdue_count: count(figures.overdue),
        ack_p50: figures.ack.p50.map(span),
        ack_p95: figures.ack.p95.map(span),
        execute_p50: figures.execute.p50.map(span),
        execute_p95: figures.execute.p95.map(span),
        verify_p50: figures.verify.p50.map(span),
        verify_p95: figures.verify.p95.map(span),
        appeals_upheld_count: count(figures.upheld),
    }
}

fn span(span: Duration) -> prost_types::Duration {
    let seconds = i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
    prost_types::Duration { seconds, nanos: i32::try_from(span.subsec_nanos()).unwrap_or(0) }
}
