//! Records what inspectors found: a covert round of outlets, or a sample of the subscriber data.

use super::Faults;
use crate::{
    domain::{
        fact::{FactBody, InspectionMethod},
        name::ParticipantName,
        refusal::Refusal,
        time::Time,
    },
    service::{
        Gateway,
        act::Answered,
        context::Context,
        record::{Draft, Recorded},
    },
};

/// One inspection, as it was reported.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// Whose outlets or data.
    pub mvno: ParticipantName,
    /// How it was done; fixes which counts it has.
    pub method: InspectionMethod,
    /// Outlets visited.
    pub outlets_checked: i32,
    /// Of them in breach.
    pub outlets_breach: i32,
    /// Records compared.
    pub sample_size: i32,
    /// Of them in order.
    pub sample_ok: i32,
    /// When it was done.
    pub inspect_time: Time,
    /// SHA-256 of each piece of evidence.
    pub evidence_hashes: Vec<String>,
    /// The inspection that it corrects.
    pub supersedes: Option<String>,
}

impl Gateway {
    /// Records an inspection.
    pub async fn record_inspection(
        &self,
        context: Context,
        inspection: Inspection,
    ) -> Result<Answered<Recorded>, Refusal> {
        let (mvno, reason) = (inspection.mvno.clone(), context.reason.clone());
        check(&context, &inspection, &reason, self.clock.now())?;
        self.record(context, mvno, move |_, _| {
            Ok(Draft {
                collection: "inspections",
                true_time: inspection.inspect_time,
                supersedes: inspection.supersedes.clone(),
                about: None,
                body: FactBody::Inspection {
                    method: inspection.method,
                    outlets_checked: inspection.outlets_checked,
                    outlets_breach: inspection.outlets_breach,
                    sample_size: inspection.sample_size,
                    sample_ok: inspection.sample_ok,
                    evidence_hashes: inspection.evidence_hashes.clone(),
                },
            })
        })
        .await
    }
}

fn check(context: &Context, inspection: &Inspection, reason: &str, now: Time) -> Result<(), Refusal> {
    let mut faults = Faults::of(context);
    if !faults.has("inspection.method") {
        counts(&mut faults, inspection);
    }
    faults.not_ahead("inspection.inspect_time", inspection.inspect_time, now);
    faults.hashes("inspection.evidence_hashes", &inspection.evidence_hashes);
    faults.optional_reason(reason);
    faults.done()
}

/// Faults of the counts, by the method that they belong to.
fn counts(faults: &mut Faults, inspection: &Inspection) {
    let outlets =
        ("outlets_checked", inspection.outlets_checked, "outlets_breach", inspection.outlets_breach);
    let sample = ("sample_size", inspection.sample_size, "sample_ok", inspection.sample_ok);
    let (used, unused) = match inspection.method {
        InspectionMethod::OutletCovert => (outlets, sample),
        InspectionMethod::DataSample => (sample, outlets),
    };
    let (whole, count, part, of_it) = used;
    let (whole, part) = (format!("inspection.{whole}"), format!("inspection.{part}"));
    faults.require(
        (1..=100_000_000).contains(&count),
        &whole,
        "OUT_OF_RANGE",
        "1 to 100,000,000 for this method",
    );
    faults.require(of_it >= 0, &part, "OUT_OF_RANGE", "not negative");
    faults.require(
        of_it <= count.max(0),
        &part,
        "MORE_THAN_CHECKED",
        format!("not more than {whole}, which is {count}"),
    );
    for (field, value) in [(unused.0, unused.1), (unused.2, unused.3)] {
        let field = format!("inspection.{field}");
        faults.require(value == 0, &field, "NOT_OF_METHOD", "leave unset: the other method's count");
    }
}
