//! What is recorded of an MVNO, in short words, and what a check then says.

use greenlane::{
    domain::{
        decision::Action,
        fact::{AssessmentCriterion, AssessmentOutcome, FindingSeverity, InspectionMethod, LicenceKind},
        participant::{Participant, ParticipantState},
        refusal::Refusal,
        standing::Standing,
        time::{DAY, Time},
    },
    service::{
        check_status::{Finding, Question},
        record::Recorded,
        supervise::{
            open_finding, record_assessment::Assessment, record_inspection::Inspection,
            record_licence::Licence,
        },
    },
    store::sql,
};

use super::{World, carrier, context, name, working};

pub fn outlets(mvno: &str, checked: i32, breach: i32, inspect_time: Time) -> Inspection {
    Inspection {
        mvno: name(mvno),
        method: InspectionMethod::OutletCovert,
        outlets_checked: checked,
        outlets_breach: breach,
        sample_size: 0,
        sample_ok: 0,
        inspect_time,
        evidence_hashes: Vec::new(),
        supersedes: None,
    }
}

pub fn sample(mvno: &str, size: i32, ok: i32, inspect_time: Time) -> Inspection {
    Inspection {
        method: InspectionMethod::DataSample,
        outlets_checked: 0,
        outlets_breach: 0,
        sample_size: size,
        sample_ok: ok,
        ..outlets(mvno, 0, 0, inspect_time)
    }
}

pub fn finding(mvno: &str, severity: FindingSeverity, cure_by_time: Time) -> open_finding::Finding {
    open_finding::Finding {
        mvno: name(mvno),
        severity,
        text: "what was found".to_owned(),
        cure_by_time,
        effective_time: None,
        supersedes: None,
    }
}

pub fn assessment(mvno: &str, criterion: AssessmentCriterion, assess_time: Time) -> Assessment {
    let own = criterion == AssessmentCriterion::RealNameRegistration;
    Assessment {
        mvno: name(mvno),
        criterion,
        outcome: AssessmentOutcome::Met,
        assess_time,
        completion_bp: own.then_some(10_000),
        supersedes: None,
    }
}

pub fn licence(mvno: &str) -> Licence {
    Licence {
        mvno: name(mvno),
        kind: LicenceKind::Formal,
        valid_from_time: Time::of_date(2018, 5, 1),
        valid_to_time: None,
        supersedes: None,
    }
}

pub fn question(mvno: &str, action: Action) -> Question {
    Question { mvno: name(mvno), action, min_revision: 0, as_of_time: None, known_time: None }
}

// === impl World ===

impl World {
    /// Lets a participant in, without the two persons.
    pub async fn join(&self, participant: &str) {
        let now = self.now();
        let participant = Participant {
            name: name(participant),
            display_name: participant.to_owned(),
            level: None,
            area: String::new(),
            state: ParticipantState::Proposed,
            proposed_by: "operators/gw/o-1".to_owned(),
            approved_by: None,
            create_time: now,
            update_time: now,
        };
        let name = participant.name.clone();
        let added = self.store().write(working(move |tx| {
            let participant = participant.clone();
            Box::pin(async move { Ok(sql::participant::add(tx, &participant).await?) })
        }));
        added.await.expect("added");
        self.gateway.approve_participant(context(), name).await.expect("approved");
    }

    /// A licence, a clean round, and real names for all.
    pub async fn make_compliant(&self, mvno: &str) {
        let now = self.now();
        self.gateway.record_licence(context(), licence(mvno)).await.expect("recorded");
        self.inspect(outlets(mvno, 40, 0, now)).await;
        self.assess(mvno, AssessmentCriterion::RealNameRegistration).await;
        assert_eq!(self.standing(mvno).await, Standing::Compliant);
    }

    /// All that the green channel asks for.
    pub async fn make_green(&self, mvno: &str) {
        let now = self.now();
        self.gateway.record_licence(context(), licence(mvno)).await.expect("recorded");
        self.inspect(outlets(mvno, 40, 0, now.minus(DAY * 30))).await;
        self.inspect(outlets(mvno, 40, 1, now)).await;
        self.inspect(sample(mvno, 10_000, 9_900, now)).await;
        for criterion in AssessmentCriterion::ALL {
            self.assess(mvno, *criterion).await;
        }
        assert_eq!(self.standing(mvno).await, Standing::GreenChannel);
    }

    pub async fn assess(&self, mvno: &str, criterion: AssessmentCriterion) -> Recorded {
        let assessment = assessment(mvno, criterion, self.now());
        self.gateway.record_assessment(context(), assessment).await.expect("recorded").answer
    }

    pub async fn inspect(&self, inspection: Inspection) -> Recorded {
        self.gateway.record_inspection(context(), inspection).await.expect("recorded").answer
    }

    pub async fn open(&self, mvno: &str, severity: FindingSeverity) -> Recorded {
        let finding = finding(mvno, severity, self.now().plus(DAY * 30));
        self.gateway.open_finding(context(), finding).await.expect("recorded").answer
    }

    pub async fn check(&self, mvno: &str, action: Action) -> Result<Finding, Refusal> {
        self.gateway.check_status(&carrier(), &question(mvno, action)).await
    }

    /// As a check says it.
    pub async fn standing(&self, mvno: &str) -> Standing {
        let found = self.check(mvno, Action::SignAgreement).await.expect("answered");
        found.decided().standing
    }
}
