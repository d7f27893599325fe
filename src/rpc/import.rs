//! The stream of an import: one message is taken, made durable and answered before the next is looked at, so that a
//! sender who is faster than the record waits, and memory does not grow.

use std::sync::Arc;

use prost::Message;
use tokio::sync::mpsc;
use tonic::{Status, Streaming};

use super::{
    convert::{
        fields::Fields,
        registration::{draft, progress},
    },
    pb,
    status::status,
};
use crate::{
    domain::{
        refusal::Refusal,
        registration::import::{MOST_ROWS, OnDuplicate},
    },
    service::{
        Gateway,
        context::Context,
        import::{Header, Original, Progress, Row},
    },
};

type Answer = Result<pb::ImportRegistrationsResponse, Status>;

/// Answers that wait to be sent: whoever does not read them is not written for.
const WAITING: usize = 1;

/// Takes an import in; its answers come from what is returned.
pub(super) fn start(
    gateway: Arc<Gateway>,
    context: Context,
    incoming: Streaming<pb::ImportRegistrationsRequest>,
) -> mpsc::Receiver<Answer> {
    let (answers, receiver) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        let closing = gateway.closing.clone();
        tokio::select! {
            ended = run(&gateway, context, incoming, &answers) => {
                if let Err(status) = ended {
                    drop(answers.send(Err(status)).await);
                }
            }
            // What is durable stays so; the sender goes on with the same import_id elsewhere.
            () = closing.cancelled() => {}
            () = answers.closed() => {}
        }
    });
    receiver
}

async fn run(
    gateway: &Gateway,
    context: Context,
    mut incoming: Streaming<pb::ImportRegistrationsRequest>,
    answers: &mpsc::Sender<Answer>,
) -> Result<(), Status> {
    let refused = |refusal: Refusal| status(&refusal);
    let Some(first) = incoming.message().await? else { return Ok(()) };
    let header = header(first).map_err(refused)?;
    let mut so_far = gateway.begin_import(&context, &header).await.map_err(refused)?;
    if answers.send(Ok(progress(&so_far))).await.is_err() {
        return Ok(());
    }
    let mut last = 0;
    while let Some(message) = incoming.message().await? {
        let rows = rows(message, &mut last).map_err(refused)?;
        so_far = gateway.import_rows(&context, &header, so_far, rows).await.map_err(refused)?;
        if answers.send(Ok(progress(&so_far))).await.is_err() {
            return Ok(());
        }
        so_far = Progress { rejected: Vec::new(), ..so_far };
    }
    Ok(())
}

fn header(message: pb::ImportRegistrationsRequest) -> Result<Header, Refusal> {
    let mut fields = Fields::default();
    if !message.rows.is_empty() {
        fields.fault("rows", "NOT_TOGETHER", "the first message has the header alone");
    }
    let header = message.header.unwrap_or_else(|| {
        fields.fault("header", "REQUIRED", "the first message has the header");
        pb::ImportHeader::default()
    });
    let on_duplicate = fields.opt_word("header.on_duplicate", header.on_duplicate);
    fields.done()?;
    let on_duplicate = on_duplicate.unwrap_or(OnDuplicate::Skip);
    Ok(Header { import_id: header.import_id, on_duplicate, validate_only: header.validate_only })
}

/// The rows of a message; `last` is the number of the row before them.
fn rows(message: pb::ImportRegistrationsRequest, last: &mut i64) -> Result<Vec<Row>, Refusal> {
    let mut fields = Fields::default();
    if message.header.is_some() {
        fields.fault("header", "NOT_TOGETHER", "in the first message alone");
    }
    if !(1..=MOST_ROWS).contains(&message.rows.len()) {
        fields.fault("rows", "OUT_OF_RANGE", format!("1 to {MOST_ROWS} rows a message"));
    }
    let rows = message.rows.into_iter().take(MOST_ROWS).enumerate().map(|(at, row)| {
        if row.row_number <= *last {
            fields.fault(&format!("rows[{at}].row_number"), "OUT_OF_RANGE", "in rising order, from 1 on");
        }
        *last = row.row_number;
        // What a row has wrong is its own, and told of it: a time that is none too.
        let mut own = Fields::default();
        // What is moved on is not there to be kept any more.
        let original = Original::new(row.registration.as_ref().map_or_else(Vec::new, Message::encode_to_vec));
        let draft = draft(&mut own, "registration", row.registration.unwrap_or_default());
        Row { row_number: row.row_number, draft, faults: own.0, original }
    });
    let rows = rows.collect();
    fields.done()?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::refusal::Kind;

    #[test]
    fn kinds_of_refusal() {
        let refused = rows(pb::ImportRegistrationsRequest::default(), &mut 0).expect_err("no rows");
        assert_eq!(refused.reason.kind(), Kind::InvalidArgument);
        let row = |row_number| pb::ImportRow { row_number, registration: None };
        let message = |numbers: &[i64]| pb::ImportRegistrationsRequest {
            header: None,
            rows: numbers.iter().copied().map(row).collect(),
        };
        let mut last = 0;
        assert_eq!(rows(message(&[1, 2, 5]), &mut last).expect("rising").len(), 3);
        assert_eq!(last, 5);
        assert!(rows(message(&[5, 6]), &mut last).is_err(), "not beyond the last message's");
        assert!(rows(message(&[0]), &mut 0).is_err());
        let many: Vec<i64> = (1..=501).collect();
        assert!(rows(message(&many), &mut 0).is_err());
    }
}
