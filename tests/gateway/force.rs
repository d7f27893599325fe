//! Authorities, blocks and lines for orders to be about, and short words for the steps of an order.

use std::sync::atomic::{AtomicUsize, Ordering};

use greenlane::{
    domain::{
        allocation::Allocation,
        caller::Caller,
        document::DocumentType,
        line::{LineState, retention::RegistrationState},
        name::ParticipantName,
        number::{Msisdn, Prefix},
        participant::{Level, Participant, ParticipantState},
        personal::Personal,
        quota::{Slot, Slots},
        refusal::Refusal,
        registration::RegistrationEvent,
        shutdown::{
            CommandKind, Header, ImpactFlag, NumberState, OrderState, Scope, Scopes, Urgency, terms::Terms,
        },
        time::{DAY, Time},
    },
    host,
    service::{
        act::Answered,
        context::Context,
        shutdown::{plan_restoration::Restoration, planned::Planned, shown::Shown, step::Stepped},
    },
    store::sql::{self, line::LineRow, subject::SubjectRow},
    vault::Owner,
};

use crate::world::{World, caller, context_of, name, working};

/// An order's officer, and a second one.
pub const ONE: &str = "police/mps/one";
pub const TWO: &str = "police/mps/two";

/// A line to be.
#[derive(Clone)]
pub struct Line<'a> {
    pub msisdn: String,
    pub mvno: &'a str,
    /// From when; recorded then too.
    pub start: Time,
    pub recorded: Time,
    /// Who has it: lines of the same holder are one person's.
    pub holder: &'a str,
    pub unit: bool,
    pub industry: bool,
    /// Until when, where it has ended.
    pub end: Option<Time>,
}

/// The n-th number of the first block of m01.
pub fn number(n: usize) -> String {
    format!("1700001{n:04}")
}

pub fn numbers(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(number).collect()
}

pub fn officer(path: &str) -> Caller {
    caller(path)
}

/// Another payload each time: of an officer, with a reason.
pub fn by(path: &str) -> Context {
    Context { reason: "as the case needs".to_owned(), ..context_of(officer(path)) }
}

/// Terms of an order that no other has.
pub fn terms(world: &World, by: &str) -> Terms {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    Terms {
        kind: CommandKind::Shutdown,
        organisation: officer(by).organisation,
        order_number: format!("公刑 2026-{number}"),
        header: Header {
            reason: "as the case needs".to_owned(),
            legal_basis: vec!["反电信网络诈骗法§32".to_owned()],
            case_number: "A-17".to_owned(),
        },
        evidence_time: Some(world.now().minus(DAY)),
        scopes: Scopes::of([Scope::VoiceOut, Scope::VoiceIn]),
        urgency: Urgency::Urgent,
        effective_time: None,
        expire_time: None,
        break_glass: false,
        drill: false,
        restores: None,
    }
}

pub fn personal<T: AsRef<str>>(numbers: &[T]) -> Vec<Personal> {
    numbers.iter().map(|number| Personal::from(number.as_ref())).collect()
}

impl World {
    /// The ministries of both, a province and a city beneath them, three MVNOs with a block each, and the carriers.
    pub async fn force(self) -> Self {
        for (authority, level, area) in [
            ("regulators/miit", Level::Ministry, ""),
            ("regulators/gd", Level::Province, "guangdong"),
            ("regulators/hn", Level::Province, "hunan"),
            ("police/mps", Level::Ministry, ""),
            ("police/gd", Level::Province, "guangdong"),
            ("police/sz", Level::City, "guangdong/shenzhen"),
        ] {
            self.enter(authority, Some(level), area).await;
        }
        for (mvno, prefix, area) in [
            ("mvnos/m01", "1700001", ""),
            ("mvnos/m02", "1705002", "guangdong/shenzhen"),
            ("mvnos/m03", "1710003", "hunan"),
        ] {
            self.enter(mvno, None, area).await;
            self.allot(mvno, prefix).await;
        }
        for carrier in ["carriers/telecom", "carriers/mobile", "carriers/unicom"] {
            self.enter(carrier, None, "").await;
        }
        self
    }

    /// A participant that takes part.
    pub async fn enter(&self, participant: &str, level: Option<Level>, area: &str) {
        let now = self.now();
        let participant = Participant {
            name: name(participant),
            display_name: participant.to_owned(),
            level,
            area: area.to_owned(),
            state: ParticipantState::Active,
            proposed_by: "operators/gw/o-1".to_owned(),
            approved_by: Some("test".to_owned()),
            create_time: now,
            update_time: now,
        };
        let added = self.store().write(working(move |tx| {
            let participant = participant.clone();
            Box::pin(async move {
                sql::participant::add(tx, &participant).await?;
                Ok(sql::change::mark_participants(tx).await?)
            })
        }));
        added.await.expect("added");
    }

    /// A block of 10,000 numbers.
    pub async fn allot(&self, mvno: &str, prefix: &str) {
        let parsed = Prefix::parse(prefix).expect("a block");
        let allocation = Allocation {
            id: host::new_id(self.now()),
            prefix: prefix.to_owned(),
            mvno: name(mvno),
            carrier: parsed.carrier().clone(),
            allocate_time: self.now(),
            return_time: None,
            allocated_by: "test".to_owned(),
            reason: "numbers to be".to_owned(),
        };
        let added = self.store().write(working(move |tx| {
            let allocation = allocation.clone();
            Box::pin(async move { Ok(sql::allocation::add(tx, &allocation).await?) })
        }));
        added.await.expect("added");
    }

    /// Lines as they lie in the record.
    pub async fn lines(&self, lines: &[Line<'_>]) -> Vec<String> {
        let persons = self.gateway.persons().expect("a vault").clone();
        let mut rows = Vec::new();
        for line in lines {
            let mvno: ParticipantName = name(line.mvno);
            let id = host::new_id(self.now());
            let subject = host::new_id(self.now());
            let (key, wrapped_key) = persons.vault.enrol(Owner::new(&mvno, &subject), 1);
            let document = persons.vault.index().document("RESIDENT_ID", line.holder);
            let msisdn = Msisdn::parse(&line.msisdn).expect("a number");
            let registration = host::new_id(self.now());
            let details = line
                .unit
                .then(|| key.seal(sql::registration::DETAILS.at(&registration), br#"{"unit":{"name":"x"}}"#));
            let new = sql::subject::New {
                row: SubjectRow {
                    id: subject.clone(),
                    mvno: mvno.clone(),
                    document_index: document.as_bytes().to_vec(),
                    kind: DocumentType::ResidentId,
                    wrapped_key,
                    document: key.seal(sql::subject::DOCUMENT.at(&subject), b"{}"),
                },
                kek_id: persons.vault.newest().as_bytes().to_vec(),
                create_time: line.start,
            };
            let row = LineRow {
                id: id.clone(),
                mvno,
                block: msisdn.block().expect("a block"),
                number_index: persons.vault.index().number(&msisdn.e164()).as_bytes().to_vec(),
                number: None,
                subject,
                state: if line.end.is_some() { LineState::Closed } else { LineState::Active },
                registration: RegistrationState::Verified,
                slots: Slots::Ordinary,
                slot: Slot::of(1).expect("a slot"),
                channel: None,
                event: RegistrationEvent::Open,
                industry: line.industry.then(|| {
                    let functions =
                        greenlane::domain::industry::Functions { voice: false, sms: false, data_cap_mb: 1 };
                    ("assessment".to_owned(), functions)
                }),
                imei: None,
                start_time: line.start,
                record_time: line.recorded,
                end_time: line.end,
                erase_time: None,
                ladder: None,
                next_step_time: None,
            };
            rows.push((new, row, registration, details));
        }
        let ids = rows.iter().map(|(_, row, ..)| row.id.clone()).collect();
        let added = self.store().write(working(move |tx| {
            let rows = rows.clone();
            Box::pin(async move {
                for (new, row, registration, details) in rows {
                    sql::subject::add(tx, &new).await?;
                    // Lines of one document at one MVNO are one subject's.
                    let sql = "SELECT id FROM subject WHERE document_index = ?1 AND mvno = ?2";
                    let of =
                        tx.query(sql, &[new.row.document_index.clone().into(), (&row.mvno).into()]).await?;
                    let subject = of[0].text(0)?.to_owned();
                    let used = sql::line::used(tx, &subject, Slots::Ordinary).await?.len();
                    let slot = Slot::of(u32::try_from(used + 1).expect("few")).expect("a slot");
                    let line = row.id.clone();
                    sql::line::add(tx, &LineRow { subject, slot, ..row }).await?;
                    let event = sql::registration::New {
                        line,
                        id: registration,
                        event: RegistrationEvent::Open,
                        register_time: new.create_time,
                        capture: greenlane::domain::capture::CaptureMethod::Manual,
                        reader: None,
                        channel: None,
                        operator_id: String::new(),
                        photo_sha256: String::new(),
                        details,
                    };
                    sql::registration::send(tx, &event).await?;
                }
                Ok(())
            })
        }));
        added.await.expect("added");
        ids
    }

    /// A line of m01 that began long ago, and whose holder has another.
    pub fn line(&self, msisdn: String, holder: &'static str) -> Line<'static> {
        let start = self.now().minus(DAY * 100);
        Line {
            msisdn,
            mvno: "mvnos/m01",
            start,
            recorded: start,
            holder,
            unit: false,
            industry: false,
            end: None,
        }
    }

    pub async fn plan<T: AsRef<str>>(&self, by_whom: &str, terms: Terms, numbers: &[T]) -> Planned {
        self.try_plan(by_whom, terms, numbers).await.expect("planned").answer
    }

    pub async fn try_plan<T: AsRef<str>>(
        &self,
        by_whom: &str,
        terms: Terms,
        numbers: &[T],
    ) -> Result<Answered<Planned>, Refusal> {
        self.gateway.plan_shutdown(by(by_whom), terms, personal(numbers)).await
    }

    pub async fn issue(&self, by_whom: &str, plan: &Planned) -> Result<Stepped, Refusal> {
        let code = plan.confirm_code.clone();
        self.gateway.issue_shutdown(by(by_whom), plan.id.clone(), code).await.map(|done| done.answer)
    }

    /// Planned and issued.
    pub async fn order<T: AsRef<str>>(&self, by_whom: &str, terms: Terms, numbers: &[T]) -> Shown {
        let plan = self.plan(by_whom, terms, numbers).await;
        self.issue(by_whom, &plan).await.expect("issued").order
    }

    pub async fn approve(&self, by_whom: &str, order: &str, hash: &str) -> Result<Stepped, Refusal> {
        let done = self.gateway.approve_shutdown(by(by_whom), order.to_owned(), hash.to_owned()).await;
        done.map(|done| done.answer)
    }

    pub async fn halt(&self, by_whom: &str, order: &str) -> Result<Stepped, Refusal> {
        self.gateway.halt_shutdown(by(by_whom), order.to_owned()).await.map(|done| done.answer)
    }

    pub async fn shown(&self, order: &str) -> Shown {
        self.gateway.shutdown_order(&officer(ONE), order.to_owned()).await.expect("an order")
    }

    pub async fn plan_back<T: AsRef<str>>(
        &self,
        by_whom: &str,
        order: &str,
        numbers: &[T],
    ) -> Result<Planned, Refusal> {
        let order_number = terms(self, by_whom).order_number;
        let asked = Restoration { order: order.to_owned(), msisdns: personal(numbers), order_number };
        self.gateway.plan_restoration(by(by_whom), asked).await.map(|done| done.answer)
    }

    /// How many commands lie in outboxes.
    pub async fn commands(&self) -> i64 {
        self.number("SELECT COUNT(*) FROM command").await
    }

    pub async fn alarms(&self) -> i64 {
        self.number("SELECT COUNT(*) FROM alarm").await
    }
}

/// How many of an order are in that state.
pub fn count(order: &Shown, state: NumberState) -> i64 {
    order.counts.iter().filter(|(of, _)| *of == state).map(|(_, count)| count).sum()
}

/// The counts of an order sum to its numbers.
#[track_caller]
pub fn sums(order: &Shown) {
    let sum: i64 = order.counts.iter().map(|(_, count)| count).sum();
    assert_eq!(sum, order.number_count, "{:?}", order.counts);
}

pub fn flags(plan: &Planned) -> Vec<(ImpactFlag, i64)> {
    plan.flags.clone()
}

pub fn is_in(order: &Shown, state: OrderState) {
    assert_eq!(order.state, state);
    sums(order);
}
