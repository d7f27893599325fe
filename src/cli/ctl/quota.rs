//! `greenlane ctl quota`: how many lines a person has, and may still have.

use super::{
    Common,
    call::{answer, block_on, request},
    check::full,
    output::{Format, Sheet, json, print_json},
    register::one_line,
    word,
};
use crate::{
    cli::Failure,
    rpc::pb::{self, check_card_quota_request::Subject, identity_service_client::IdentityServiceClient},
};

/// Whose lines.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The type of the person's document.
    #[arg(long, default_value = "RESIDENT_ID")]
    document_type: String,
    /// Its number; - reads it from standard input, so that neither the shell's history nor other users see it.
    #[arg(long, required_unless_present = "token", conflicts_with = "token")]
    document_number: Option<String>,
    /// Instead of a document, the subject token that came with an answer.
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// At which MVNO; without it your own.
    #[arg(long)]
    mvno: Option<String>,
}

/// Runs it.
pub(super) fn run(common: &Common, args: &Args) -> Result<(), Failure> {
    let subject = match (&args.token, args.document_number.as_deref()) {
        (Some(token), _) => Subject::SubjectToken(token.clone()),
        (None, number) => Subject::Document(pb::Document {
            r#type: word::parse("DocumentType", "DOCUMENT_TYPE_", &args.document_type)?,
            number: match number {
                Some("-") => one_line()?,
                other => other.unwrap_or_default().to_owned(),
            },
            ..Default::default()
        }),
    };
    let mvno = args.mvno.as_deref().map(full).unwrap_or_default();
    let message = pb::CheckCardQuotaRequest { mvno, subject: Some(subject) };
    let ask =
        async |channel| IdentityServiceClient::new(channel).check_card_quota(request(message.clone())).await;
    let said = block_on(answer(common, ask))?;
    if common.output == Format::Json {
        return print_json(&json("CheckCardQuotaResponse", &said)?);
    }
    let mut sheet = Sheet::pairs();
    sheet.row(["in use here", &format!("{} of {}", said.in_use, said.limit)]);
    sheet.row(["remaining", &said.remaining.to_string()]);
    sheet.row(["elsewhere", &word::bare(said.elsewhere().as_str_name(), "QUOTA_BUCKET_")]);
    if !said.code.is_empty() {
        sheet.row(["none because", &said.code]);
    }
    sheet.row(["subject token", &said.subject_token]);
    sheet.print();
    Ok(())
}
