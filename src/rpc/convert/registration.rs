//! Registrations, in and out. What a message says of a person is moved, not copied, to where it is wiped.

use prost::Message;

use super::{document, stamp, word::Word};
use crate::{
    domain::{
        industry::{Assessment, Functions},
        line::ladder::{Days, Ladder, Pace},
        personal::Personal,
        quota::Quota,
        registration::{
            draft::{Draft, UnitDraft},
            import::Rejected,
        },
    },
    rpc::{convert::fields::Fields, pb},
    service::{
        import::{Progress, RejectedRow},
        register::{Checked, Registered},
        registrations::Shown,
    },
};

/// What came, nothing judged.
pub fn draft(fields: &mut Fields, prefix: &str, message: pb::Registration) -> Draft {
    let register_time = fields.opt_time(&format!("{prefix}.register_time"), message.register_time.as_ref());
    let (individual, unit) = match message.subject {
        Some(pb::registration::Subject::Individual(individual)) => {
            (Some(document::draft(individual.document)), None)
        }
        Some(pb::registration::Subject::Unit(unit)) => (None, Some(self::unit(unit))),
        None => (None, None),
    };
    let party = |party: Option<pb::Party>| party.map(|party| document::draft(party.document));
    Draft {
        msisdn: Personal::new(message.msisdn),
        event: Word::read(message.event),
        individual,
        unit,
        guardian: party(message.guardian),
        handler: party(message.handler),
        proxy: party(message.proxy),
        capture: document::taken(message.capture.unwrap_or_default()),
        register_time,
    }
}

fn unit(message: pb::Unit) -> UnitDraft {
    let party = |party: Option<pb::Party>| party.map(|party| document::draft(party.document));
    let (assessment, functions, imei) = match message.industry {
        // A line that is said to be of an industry is judged as one, whatever else is missing.
        Some(line) => (line.assessment, Some(functions(line.functions.unwrap_or_default())), line.imei),
        None => (String::new(), None, String::new()),
    };
    UnitDraft {
        name: Personal::new(message.name),
        uscc: Personal::new(message.uscc),
        uscc_compared: message.uscc_compared,
        authorisation_sha256: message.authorisation_sha256,
        authorisation_valid_to: message.authorisation_valid_to_date,
        actual_user: party(message.actual_user),
        responsible_person: party(message.responsible_person),
        assessment,
        functions,
        imei: Personal::new(imei),
    }
}

/// What a line can do; a negative cap is as wrong as one too high.
pub fn functions(message: pb::Functions) -> Functions {
    let data_cap_mb = u32::try_from(message.data_cap_mb).unwrap_or(u32::MAX);
    Functions { voice: message.voice, sms: message.sms, data_cap_mb }
}

fn told(functions: Functions) -> pb::Functions {
    let data_cap_mb = i32::try_from(functions.data_cap_mb).unwrap_or(i32::MAX);
    pb::Functions { voice: functions.voice, sms: functions.sms, data_cap_mb }
}

/// The answer of Register.
pub fn registered(registered: Registered, validate_only: bool, replayed: bool) -> pb::RegisterResponse {
    pb::RegisterResponse {
        registration: if validate_only { String::new() } else { registered.name },
        state: registered.state.wire(),
        checks: registered.checks.iter().map(check).collect(),
        quota: Some(quota(&registered.quota)),
        subject_token: registered.subject_token,
        replayed,
    }
}

fn check(checked: &Checked) -> pb::Check {
    pb::Check {
        check: checked.check.as_str().to_owned(),
        outcome: checked.outcome.wire(),
        code: checked.code.map(|code| code.as_str().to_owned()).unwrap_or_default(),
    }
}

fn quota(quota: &Quota) -> pb::Quota {
    let count = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    pb::Quota { limit: count(quota.limit), in_use: count(quota.in_use), remaining: count(quota.remaining) }
}

/// A registration as its own MVNO sees it.
pub fn record(shown: Shown) -> pb::RegistrationRecord {
    let line = &shown.line;
    let mvno = line.mvno.to_string();
    let supplement = line.ladder.as_ref().map(supplement);
    pb::RegistrationRecord {
        name: format!("{mvno}/registrations/{}", line.id),
        msisdn: shown.msisdn,
        event: line.event.wire(),
        state: line.registration.wire(),
        line_state: line.state.wire(),
        document_type: shown.kind.map_or(0, Word::wire),
        masked_number: shown.masked_number,
        masked_name: shown.masked_name,
        subject_token: shown.subject_token,
        channel: line.channel.as_ref().map(|id| format!("{mvno}/channels/{id}")).unwrap_or_default(),
        industry: line.industry.as_ref().map(|(assessment, functions)| pb::IndustryLine {
            assessment: format!("{mvno}/industryAssessments/{assessment}"),
            functions: Some(told(*functions)),
            imei: shown.imei,
        }),
        legacy: shown.legacy,
        supplement,
        register_time: Some(stamp(line.start_time)),
        close_time: line.end_time.map(stamp),
        erase_time: line.erase_time.map(stamp),
        mvno,
    }
}

/// Where a line is on the ladder.
pub fn supplement(ladder: &Ladder) -> pb::Supplement {
    let next = ladder.next(&Days::default());
    pb::Supplement {
        step: ladder.step.wire(),
        step_time: Some(stamp(ladder.step_time)),
        next_step: next.map_or(0, |(step, _)| step.wire()),
        next_step_time: next.map(|(_, time)| stamp(time)),
        flagged: ladder.pace == Pace::Flagged,
        hardship: ladder.hardship,
    }
}

/// An assessment under its name.
pub fn assessment(name: String, assessment: Assessment) -> pb::IndustryAssessment {
    pb::IndustryAssessment {
        name,
        scene: assessment.scene,
        functions: Some(told(assessment.functions)),
        imei_binding: assessment.imei_binding,
        assess_time: Some(stamp(assessment.assess_time)),
        valid_to_time: Some(stamp(assessment.valid_to_time)),
    }
}

/// How far an import is.
pub fn progress(progress: &Progress) -> pb::ImportRegistrationsResponse {
    pb::ImportRegistrationsResponse {
        durable_through_row: progress.durable_through_row,
        accepted: progress.accepted,
        skipped: progress.skipped,
        rejected: progress.rejected.iter().cloned().map(rejected).collect(),
        rejected_total: progress.rejected_total,
    }
}

/// A row that was not taken in.
pub fn rejected(rejected: Rejected) -> pb::RejectedRow {
    let Rejected { row_number, code, text } = rejected;
    pb::RejectedRow { row_number, code, text, original: None }
}

/// The same with what it said.
pub fn listed(row: RejectedRow) -> pb::RejectedRow {
    let original = row.original.and_then(|opened| pb::Registration::decode(opened.expose()).ok());
    pb::RejectedRow { original, ..rejected(row.rejected) }
}
