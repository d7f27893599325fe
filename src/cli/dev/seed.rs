//! Sows the sample into an empty database, and keeps it fresh in one that was sown before. Back-dated record times
//! exist here and nowhere else: no call can make one.

use std::{sync::Arc, time::Duration};

use super::plan::{self, Body, MVNOS, Sown};
use crate::{
    domain::{
        allocation::Allocation,
        caller::Class,
        channel::{ChannelKind, ChannelState, outlet::Outlet},
        fact::{Fact, FactBody, InspectionMethod},
        name::{ParticipantName, Slug},
        number::Prefix,
        participant::{Level, Participant, ParticipantState},
        refusal::Refusal,
        time::{DAY, Time},
    },
    host,
    service::{Gateway, channels::index_of_code, persons::Persons, record, refusal},
    store::{Abort, Tx, sql},
};

/// Who recorded the sample's facts.
const SAMPLE: &str = "regulators/miit/sample";
/// A round must be that far from the one before it to count as another.
const GAP: Duration = Duration::from_secs(15 * 24 * 60 * 60);

/// Sows what is missing; says what it did.
pub(super) async fn sow(gateway: &Arc<Gateway>, refresh: bool) -> Result<Vec<String>, Refusal> {
    let (now, rules, persons) = (gateway.clock.now(), gateway.rules.clone(), gateway.persons.clone());
    let sown = gateway.store.write(move |tx| {
        let (rules, persons) = (rules.clone(), persons.clone());
        Box::pin(async move {
            let mut empty = is_empty(tx).await?;
            if empty {
                // Another node may be starting on this database at the same moment: one of them sows.
                sql::change::lock(tx).await?;
                empty = is_empty(tx).await?;
            }
            let mut notes = Vec::new();
            if empty {
                participants(tx, now).await?;
                for n in 1..=MVNOS {
                    let mvno = name(Class::Mvno, &format!("m{n:02}"));
                    add(tx, &mvno, plan::facts(n, now)).await?;
                    turn(tx, &rules, &mvno, now).await?;
                }
                blocks(tx, now).await?;
                if let Some(persons) = &persons {
                    outlets(tx, persons, now).await?;
                }
                record::entry(tx, "seed", "sample", now, serde_json::json!({ "mvnos": MVNOS }), None).await?;
            } else if refresh {
                let fresh = freshen(tx, &rules, now).await?;
                if fresh > 0 {
                    notes.push(format!("The sample's inspections had become old: {fresh} MVNOs got a fresh round (--no-refresh leaves them)."));
                }
            }
            Ok(notes)
        })
    });
    sown.await.map_err(refusal)
}

async fn is_empty(tx: &mut dyn Tx) -> Result<bool, Abort> {
    Ok(sql::participant::list(tx, None, "", 1).await?.is_empty())
}

fn name(class: Class, id: &str) -> ParticipantName {
    ParticipantName { class, id: Slug::parse(id).expect("a constant") }
}

async fn participants(tx: &mut dyn Tx, now: Time) -> Result<(), Abort> {
    let mut all = vec![
        (
            name(Class::Regulator, "miit"),
            "Ministry of Industry and Information Technology",
            Some(Level::Ministry),
        ),
        (name(Class::Police, "mps"), "Ministry of Public Security", Some(Level::Ministry)),
        (name(Class::Carrier, "telecom"), "Base carrier Telecom", None),
        (name(Class::Carrier, "mobile"), "Base carrier Mobile", None),
        (name(Class::Carrier, "unicom"), "Base carrier Unicom", None),
        (name(Class::Auditor, "audit"), "Audit", None),
        (name(Class::Operator, "ops"), "Operator of this gateway", None),
        (name(Class::Portal, "public"), "Public portal", None),
    ];
    all.extend((1..=MVNOS).map(|n| (name(Class::Mvno, &format!("m{n:02}")), "Sample MVNO", None)));
    for (name, display_name, level) in all {
        let participant = Participant {
            name,
            display_name: display_name.to_owned(),
            level,
            area: String::new(),
            state: ParticipantState::Active,
            proposed_by: "operators/ops/sample".to_owned(),
            approved_by: Some(SAMPLE.to_owned()),
            create_time: now,
            update_time: now,
        };
        sql::participant::add(tx, &participant).await?;
    }
    Ok(())
}

async fn add(tx: &mut dyn Tx, mvno: &ParticipantName, sown: Vec<Sown>) -> Result<(), Abort> {
    let (mut finding, mut licence) = (String::new(), String::new());
    for Sown { true_time, record_time, body } in sown {
        let (collection, body) = match body {
            Body::CloseLast(outcome) => {
                ("closes", FactBody::FindingClosed { finding: finding.clone(), outcome })
            }
            Body::RevokeLast(reason) => (
                "revocations",
                FactBody::LicenceRevoked { licence: licence.clone(), reason: reason.to_owned() },
            ),
            Body::Plain(body) => (collection(&body), body),
        };
        let fact = Fact {
            name: format!("{mvno}/{collection}/{}", host::new_id(record_time)),
            mvno: mvno.clone(),
            seq: 0,
            true_time,
            record_time,
            supersedes: None,
            recorded_by: SAMPLE.to_owned(),
            body,
        };
        match &fact.body {
            FactBody::FindingOpened { .. } => finding.clone_from(&fact.name),
            FactBody::Licence { .. } => licence.clone_from(&fact.name),
            _ => {}
        }
        sql::fact::add(tx, &fact).await?;
    }
    Ok(())
}

fn collection(body: &FactBody) -> &'static str {
    match body {
        FactBody::Inspection { .. } => "inspections",
        FactBody::FindingOpened { .. } => "findings",
        FactBody::RectificationSubmitted { .. } => "rectifications",
        FactBody::FindingClosed { .. } => "closes",
        FactBody::Suspended { .. } => "suspensions",
        FactBody::SuspensionLifted { .. } => "lifts",
        FactBody::Licence { .. } => "licences",
        FactBody::LicenceRevoked { .. } => "revocations",
        FactBody::Assessment { .. } => "assessments",
        FactBody::Talk { .. } => "talks",
        FactBody::CommandsOverdue { .. } | FactBody::CommandsCaughtUp { .. } => {
            crate::service::shutdown::overdue::COLLECTION
        }
    }
}

async fn turn(
    tx: &mut dyn Tx,
    rules: &crate::domain::rules::RuleBook,
    mvno: &ParticipantName,
    now: Time,
) -> Result<(), Abort> {
    let facts = sql::fact::list_of(tx, mvno).await?;
    record::turn(tx, rules, record::Turn { mvno, facts: &facts, cause: "sample", now }).await.map(drop)
}

/// A few blocks, so that there is something to look up and to return.
async fn blocks(tx: &mut dyn Tx, now: Time) -> Result<(), Abort> {
    for (digits, mvno) in
        [("1700000", "m01"), ("1705000", "m01"), ("1709000", "m02"), ("1620000", "m07"), ("1710000", "m17")]
    {
        let prefix = Prefix::parse(digits).expect("a constant");
        let allocation = Allocation {
            id: host::new_id(now),
            prefix: prefix.as_str().to_owned(),
            mvno: name(Class::Mvno, mvno),
            carrier: prefix.carrier().clone(),
            allocate_time: now,
            return_time: None,
            allocated_by: SAMPLE.to_owned(),
            reason: "sample data".to_owned(),
        };
        sql::allocation::add(tx, &allocation).await?;
    }
    Ok(())
}

/// A hall with a reader for each MVNO that a newcomer tries, and an agent for the first.
async fn outlets(tx: &mut dyn Tx, persons: &Persons, now: Time) -> Result<(), Abort> {
    for (mvno, id, kind, uscc, reader) in [
        ("m01", "hall-1", ChannelKind::OwnHall, "91999999MA00TE5T09", "RD-000001"),
        ("m01", "shop-1", ChannelKind::PhysicalAgent, "92999999MA00TE5TX0", "RD-000002"),
        ("m07", "hall-7", ChannelKind::OwnHall, "93999999MA00TE5T16", "RD-000007"),
    ] {
        let outlet = Outlet {
            id: id.to_owned(),
            mvno: name(Class::Mvno, mvno),
            kind,
            state: ChannelState::Authorised,
            legal_name: format!("Sample outlet {id}"),
            uscc: uscc.to_owned(),
            uscc_compared: false,
            plate_number: format!("SAMPLE-{id}"),
            trained_time: Some(now.minus(DAY * 30)),
            agreement_number: if kind.is_entrusted() { "SAMPLE-1".to_owned() } else { String::new() },
            agreement_end: kind.is_entrusted().then(|| now.plus(DAY * 3650)),
            authorise_time: now,
        };
        let index = index_of_code(persons.vault.index(), uscc);
        sql::channel::add(tx, &outlet, index.as_bytes()).await?;
        sql::reader::bind(tx, reader, id, now).await?;
    }
    Ok(())
}

/// Adds a round where all facts are the sample's own and the newest round is getting old.
async fn freshen(tx: &mut dyn Tx, rules: &crate::domain::rules::RuleBook, now: Time) -> Result<usize, Abort> {
    let mut fresh = 0;
    for n in 1..=MVNOS {
        let mvno = name(Class::Mvno, &format!("m{n:02}"));
        let facts = sql::fact::list_of(tx, &mvno).await?;
        if facts.is_empty() || facts.iter().any(|fact| fact.recorded_by != SAMPLE) {
            continue;
        }
        let outlets = |fact: &&Fact| {
            matches!(fact.body, FactBody::Inspection { method: InspectionMethod::OutletCovert, .. })
        };
        let newest = facts.iter().filter(outlets).map(|fact| fact.true_time).max();
        let age = newest.map_or(Duration::ZERO, |newest| now.since(newest));
        let rounds = match age {
            age if age < GAP => Vec::new(),
            age if age <= DAY * 45 => vec![now],
            _ => vec![now.minus(DAY * 30), now],
        };
        let sown = plan::again(plan::profile(n), &rounds);
        if sown.is_empty() {
            continue;
        }
        add(tx, &mvno, sown).await?;
        turn(tx, rules, &mvno, now).await?;
        fresh += 1;
    }
    if fresh > 0 {
        let detail = serde_json::json!({ "mvnos": fresh });
        record::entry(tx, "seed", "sample", now, detail, None).await?;
    }
    Ok(fresh)
}
