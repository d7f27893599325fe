//! The terms of an order: all that its header says, checked, and the bytes of header and list in normal form, which an
//! approval is about.

use std::time::Duration;

use zeroize::Zeroizing;

use super::{
    CommandKind, Header, Scopes, Urgency,
    list::{List, MOST},
};
use crate::domain::{
    name::ParticipantName,
    refusal::Violation,
    time::{DAY, Time},
};

/// Numbers of an order by break glass, at most.
pub const MOST_BY_BREAK_GLASS: usize = 100;
/// An order takes effect at the latest so long after its plan.
pub const FURTHEST: Duration = DAY.saturating_mul(30);

/// What an order says beside its numbers.
#[derive(Clone, Debug)]
pub struct Terms {
    /// SHUTDOWN or RESTORE.
    pub kind: CommandKind,
    /// Whose.
    pub organisation: ParticipantName,
    /// The number of its document.
    pub order_number: String,
    /// Reason, legal basis and case.
    pub header: Header,
    /// When the numbers were used.
    pub evidence_time: Option<Time>,
    /// What it cuts, or lets back.
    pub scopes: Scopes,
    /// How fast.
    pub urgency: Urgency,
    /// Released not before.
    pub effective_time: Option<Time>,
    /// Restored from then on.
    pub expire_time: Option<Time>,
    /// One officer's, to be confirmed.
    pub break_glass: bool,
    /// Practice.
    pub drill: bool,
    /// The order that it lets back.
    pub restores: Option<String>,
}

// === impl Terms ===

impl Terms {
    /// What is wrong with the terms of a shutdown of so many numbers.
    pub fn faults(&self, numbers: usize, now: Time) -> Vec<Violation> {
        let mut faults = Vec::new();
        let mut fault = |fine: bool, field: &str, code, text: String| {
            if !fine {
                faults.push(Violation::new(field, code, text));
            }
        };
        let basis = self.header.legal_basis.len();
        fault(basis > 0, "legal_basis", "REQUIRED", "the articles that the order rests on".to_owned());
        fault(basis <= 10, "legal_basis", "TOO_MANY", "at most 10 articles".to_owned());
        fault(
            self.scopes != Scopes::default(),
            "scopes",
            "REQUIRED",
            "at least one of SCOPE_VOICE_OUT, SCOPE_VOICE_IN, SCOPE_SMS_OUT, SCOPE_SMS_IN, SCOPE_DATA"
                .to_owned(),
        );
        let evidence = self.evidence_time;
        fault(
            evidence.is_some() || self.urgency == Urgency::Normal,
            "evidence_time",
            "REQUIRED",
            "an urgent order says when its numbers were used, so that whoever came later is spared"
                .to_owned(),
        );
        let past = evidence.is_none_or(|evidence| evidence <= now);
        fault(past, "evidence_time", "IN_FUTURE", format!("not later than now, {now}"));
        let near = self.effective_time.is_none_or(|effective| effective <= now.plus(FURTHEST));
        fault(near, "effective_time", "OUT_OF_RANGE", format!("at most 30 days ahead of now, {now}"));
        let starts = self.effective_time.map_or(now, |effective| effective.max(now));
        let ends_later = self.expire_time.is_none_or(|expire| expire > starts);
        fault(
            ends_later,
            "expire_time",
            "OUT_OF_RANGE",
            format!("later than {starts}, when the order starts"),
        );
        let at_once = !self.break_glass || self.effective_time.is_none_or(|effective| effective <= now);
        fault(at_once, "effective_time", "NOT_TOGETHER", "break_glass is for what cannot wait".to_owned());
        let few = !self.break_glass || numbers <= MOST_BY_BREAK_GLASS;
        fault(
            few,
            "break_glass",
            "TOO_MANY",
            format!("at most {MOST_BY_BREAK_GLASS} numbers by break glass, these are {numbers}"),
        );
        fault(numbers > 0, "msisdns", "REQUIRED", "at least one number".to_owned());
        fault(
            numbers <= MOST,
            "msisdns",
            "TOO_MANY",
            format!("at most {MOST} numbers in an order; make another order of the rest"),
        );
        faults
    }

    /// Terms and list as the same bytes whenever they say the same: every part after its length.
    pub fn canonical(&self, list: &List) -> Zeroizing<Vec<u8>> {
        let mut bytes = self.opening(list.len());
        for listed in list.iter() {
            add(&mut bytes, listed.msisdn.reveal().as_bytes());
        }
        bytes
    }

    /// The same of national digits that are in that order already.
    pub fn canonical_of<'n>(
        &self,
        count: usize,
        numbers: impl Iterator<Item = &'n str>,
    ) -> Zeroizing<Vec<u8>> {
        let mut bytes = self.opening(count);
        numbers.for_each(|number| add(&mut bytes, number.as_bytes()));
        bytes
    }

    /// At its full length at once: a buffer that grows leaves copies behind.
    fn opening(&self, numbers: usize) -> Zeroizing<Vec<u8>> {
        const HEADER: usize = 16 * 1024;
        const NUMBER: usize = size_of::<u64>() + 13;
        let mut bytes = Zeroizing::new(Vec::with_capacity(HEADER + numbers * NUMBER));
        let micros = |time: Option<Time>| time.map_or_else(String::new, |time| time.micros().to_string());
        let flags = format!("{}{}", u8::from(self.break_glass), u8::from(self.drill));
        let header = &self.header;
        for part in [
            "greenlane shutdown plan v1",
            self.kind.as_str(),
            &self.organisation.to_string(),
            &self.order_number,
            &header.reason,
            &header.case_number,
            &micros(self.evidence_time),
            &self.scopes.bits().to_string(),
            self.urgency.as_str(),
            &micros(self.effective_time),
            &micros(self.expire_time),
            &flags,
            self.restores.as_deref().unwrap_or_default(),
            &header.legal_basis.len().to_string(),
        ] {
            add(&mut bytes, part.as_bytes());
        }
        header.legal_basis.iter().for_each(|article| add(&mut bytes, article.as_bytes()));
        add(&mut bytes, numbers.to_string().as_bytes());
        bytes
    }
}

fn add(to: &mut Vec<u8>, part: &[u8]) {
    to.extend_from_slice(&(part.len() as u64).to_be_bytes());
    to.extend_from_slice(part);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{personal::Personal, shutdown::Scope};

    fn now() -> Time {
        Time::of_date(2026, 3, 1)
    }

    fn terms() -> Terms {
        Terms {
            kind: CommandKind::Shutdown,
            organisation: ParticipantName::parse("police/mps").expect("a name"),
            order_number: "公刑 2026-17".to_owned(),
            header: Header {
                reason: "fraud".to_owned(),
                legal_basis: vec!["反电信网络诈骗法§32".to_owned()],
                case_number: "A-17".to_owned(),
            },
            evidence_time: Some(now().minus(DAY)),
            scopes: Scopes::of([Scope::VoiceOut, Scope::VoiceIn]),
            urgency: Urgency::Urgent,
            effective_time: None,
            expire_time: None,
            break_glass: false,
            drill: false,
            restores: None,
        }
    }

    #[test]
    fn what_is_wrong_with_terms() {
        assert_eq!(terms().faults(1, now()), []);
        let later = now().plus(DAY);
        let cases: [(Terms, usize, &str); 13] = [
            (terms(), 0, "msisdns REQUIRED"),
            (terms(), MOST + 1, "msisdns TOO_MANY"),
            (Terms { scopes: Scopes::default(), ..terms() }, 1, "scopes REQUIRED"),
            (Terms { evidence_time: None, ..terms() }, 1, "evidence_time REQUIRED"),
            (Terms { evidence_time: Some(later), ..terms() }, 1, "evidence_time IN_FUTURE"),
            (
                Terms { effective_time: Some(now().plus(DAY * 31)), ..terms() },
                1,
                "effective_time OUT_OF_RANGE",
            ),
            (Terms { expire_time: Some(now()), ..terms() }, 1, "expire_time OUT_OF_RANGE"),
            (
                Terms { effective_time: Some(later), expire_time: Some(later), ..terms() },
                1,
                "expire_time OUT_OF_RANGE",
            ),
            (
                Terms { break_glass: true, effective_time: Some(later), ..terms() },
                1,
                "effective_time NOT_TOGETHER",
            ),
            (Terms { break_glass: true, ..terms() }, 101, "break_glass TOO_MANY"),
            (
                Terms { header: Header { legal_basis: vec![], ..terms().header }, ..terms() },
                1,
                "legal_basis REQUIRED",
            ),
            (
                Terms {
                    header: Header { legal_basis: vec!["§".to_owned(); 11], ..terms().header },
                    ..terms()
                },
                1,
                "legal_basis TOO_MANY",
            ),
            (Terms { break_glass: true, ..terms() }, 0, "msisdns REQUIRED"),
        ];
        for (terms, numbers, expected) in cases {
            let faults = terms.faults(numbers, now());
            let told = |fault: &Violation| {
                format!("{} {}", fault.field, fault.description.split(':').next().unwrap_or_default())
            };
            assert_eq!(faults.iter().map(told).collect::<Vec<_>>(), [expected]);
        }
        let normal = Terms { evidence_time: None, urgency: Urgency::Normal, ..terms() };
        assert_eq!(normal.faults(1, now()), []);
    }

    #[test]
    fn other_terms_and_other_lists_are_other_bytes() {
        let list = |texts: &[&str]| {
            List::read(texts.iter().map(|text| Personal::from(*text)).collect()).expect("numbers")
        };
        let (one, two) = (list(&["17000000001"]), list(&["17000000001", "17000000002"]));
        let base = terms().canonical(&one);
        assert_eq!(base, terms().canonical(&list(&["+86 17000000001", "17000000001"])));
        assert_eq!(base, terms().canonical_of(1, ["17000000001"].into_iter()));
        let header = terms().header;
        let others = [
            terms().canonical(&two),
            Terms { kind: CommandKind::Restore, ..terms() }.canonical(&one),
            Terms { order_number: "x".to_owned(), ..terms() }.canonical(&one),
            Terms { header: Header { reason: "other".to_owned(), ..header.clone() }, ..terms() }
                .canonical(&one),
            Terms { header: Header { case_number: "B".to_owned(), ..header.clone() }, ..terms() }
                .canonical(&one),
            Terms { header: Header { legal_basis: vec![], ..header }, ..terms() }.canonical(&one),
            Terms { evidence_time: None, ..terms() }.canonical(&one),
            Terms { scopes: Scopes::of([Scope::Data]), ..terms() }.canonical(&one),
            Terms { urgency: Urgency::Normal, ..terms() }.canonical(&one),
            Terms { effective_time: Some(now()), ..terms() }.canonical(&one),
            Terms { expire_time: Some(now()), ..terms() }.canonical(&one),
            Terms { break_glass: true, ..terms() }.canonical(&one),
            Terms { drill: true, ..terms() }.canonical(&one),
            Terms { restores: Some("x".to_owned()), ..terms() }.canonical(&one),
        ];
        for (at, other) in others.iter().enumerate() {
            assert_ne!(*other, base, "{at}");
            assert!(others[at + 1..].iter().all(|next| next != other), "{at}");
        }
    }
}
