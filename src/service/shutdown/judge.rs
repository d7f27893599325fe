//! Looks at the world for the numbers of a plan: whose they are, who has them, and what orders did to them before.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{key::unlock_holder, tenancy};
use crate::{
    domain::{
        caller::Class,
        name::ParticipantName,
        number::{self, Msisdn},
        participant::{Level, Participant},
        shutdown::{
            CommandKind, Flags, NumberState, Scopes,
            impact::{Fate, Known, Tenancy, judge},
            tenancy::Since,
            terms::Terms,
        },
        time::Time,
    },
    service::persons::Persons,
    store::{
        StoreError, Tx,
        sql::{
            self,
            registration::DETAILS,
            shutdown_known::{self, Details, Index, Live, Past},
        },
    },
};

/// A number of a plan.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// The number.
    pub(super) msisdn: Msisdn,
    /// By which it is found.
    pub(super) number_index: Index,
    /// Named more than once.
    pub(super) twice: bool,
}

/// What was found of a number.
#[derive(Clone, Debug)]
pub(super) struct Impact {
    /// All that is to be said of it.
    pub(super) flags: Flags,
    /// What becomes of it.
    pub(super) fate: Fate,
    /// Whose it is.
    pub(super) mvno: Option<ParticipantName>,
    /// The line on it.
    pub(super) line: Option<Box<str>>,
}

/// How closely to look.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Depth {
    /// All that a plan tells.
    Plan,
    /// What decides over a number's fate, and no more.
    Fate,
}

/// Looks at numbers, a few hundred at a time.
pub(super) struct Look<'l> {
    persons: &'l Persons,
    terms: &'l Terms,
    /// The plan's own row: what it says is no news.
    not: &'l str,
    depth: Depth,
    now: Time,
    blocks: Blocks,
}

// === impl Look ===

impl<'l> Look<'l> {
    /// For the numbers of a plan.
    pub(super) async fn new(
        tx: &mut dyn Tx,
        persons: &'l Persons,
        terms: &'l Terms,
        not: &'l str,
        depth: Depth,
        now: Time,
    ) -> Result<Self, StoreError> {
        let authority = sql::participant::lookup(tx, &terms.organisation).await?;
        let blocks = Blocks { authority, held: HashMap::new(), in_remit: HashMap::new() };
        Ok(Self { persons, terms, not, depth, now, blocks })
    }

    /// What is found of these, one by one; [`sql::any::MOST`] at most.
    pub(super) async fn at(&mut self, tx: &mut dyn Tx, asked: &[Asked]) -> Result<Vec<Impact>, StoreError> {
        let indexes: Vec<Index> = asked.iter().map(|asked| asked.number_index).collect();
        let lines = shutdown_known::live(tx, &indexes).await?;
        let released: HashMap<Index, Time> =
            shutdown_known::released(tx, &indexes).await?.into_iter().collect();
        let mut past: HashMap<Index, Vec<Past>> = HashMap::new();
        for one in shutdown_known::past(tx, self.not, &indexes).await? {
            past.entry(one.number_index).or_default().push(one);
        }
        let told = match self.depth {
            Depth::Plan => Told::of(tx, self.persons, &lines).await?,
            Depth::Fate => Told::default(),
        };
        let lines = self.tenancies(tx, lines, &released, &past).await?;
        let mut impacts = Vec::with_capacity(asked.len());
        for asked in asked {
            let class = number::classify(&asked.msisdn);
            let (mvno, in_remit) = match class.kind {
                number::NumberKind::Mvno => self.blocks.of(tx, &asked.msisdn).await?,
                _ => (None, true),
            };
            let line = lines.get(&asked.number_index);
            let past = past.get(&asked.number_index).map_or(&[][..], Vec::as_slice);
            let known = Known {
                kind: class.kind,
                digits: asked.msisdn.reveal(),
                allocated: mvno.is_some(),
                in_remit,
                line: line.map(|(line, since)| told.tenancy(line, *since)),
                first_named: first_named(past),
                off: off(past),
                restored: past.iter().filter(|past| restored(past)).filter_map(|past| past.verify_time).max(),
                twice: asked.twice,
            };
            let (flags, fate) = judge(&known, self.terms, self.now);
            impacts.push(Impact { flags, fate, mvno, line: line.map(|(line, _)| line.id.as_str().into()) });
        }
        Ok(impacts)
    }

    /// Lines by their numbers, each with the tenancy that it is part of.
    async fn tenancies(
        &self,
        tx: &mut dyn Tx,
        lines: Vec<Live>,
        released: &HashMap<Index, Time>,
        past: &HashMap<Index, Vec<Past>>,
    ) -> Result<HashMap<Index, (Live, Since)>, StoreError> {
        let with = |line: Live| {
            let last_release = released.get(&line.number_index).copied();
            let since = Since { start: line.start_time, recorded: line.record_time, last_release };
            (line.number_index, (line, since))
        };
        let mut lines: HashMap<Index, (Live, Since)> = lines.into_iter().map(with).collect();
        if let Some(evidence) = self.terms.evidence_time {
            let came_later = lines.iter_mut().filter_map(|(number, (_, since))| {
                let named = past.get(number).and_then(|past| first_named(past));
                (since.began(named) > evidence).then_some((*number, since))
            });
            tenancy::through(tx, came_later).await?;
        }
        Ok(lines)
    }
}

/// What orders have cut or found off, and not let back: each that stands keeps it off by itself.
fn off(past: &[Past]) -> Scopes {
    let cut = past.iter().filter(|past| {
        past.kind == CommandKind::Shutdown
            && past.asked.is_some()
            && !past.drill
            && !past.overruled
            && matches!(past.state, NumberState::Executed | NumberState::Verified)
    });
    Scopes::of(cut.flat_map(|past| past.scopes.iter()))
}

/// When the number was first named in another plan.
fn first_named(past: &[Past]) -> Option<Time> {
    past.iter().map(|past| past.plan_time).min()
}

fn restored(past: &Past) -> bool {
    past.kind == CommandKind::Restore && !past.drill && past.state == NumberState::Restored
}

/// Whose each block is, looked up once, and whether the authority may act there.
struct Blocks {
    authority: Option<Participant>,
    held: HashMap<String, Option<ParticipantName>>,
    in_remit: HashMap<ParticipantName, bool>,
}

/// What a plan tells of lines beside their tenancy.
#[derive(Default)]
struct Told {
    sole: HashSet<String>,
    units: HashSet<String>,
}

// === impl Blocks ===

impl Blocks {
    async fn of(
        &mut self,
        tx: &mut dyn Tx,
        msisdn: &Msisdn,
    ) -> Result<(Option<ParticipantName>, bool), StoreError> {
        let Some(block) = msisdn.block() else { return Ok((None, true)) };
        let mvno = match self.held.get(&block) {
            Some(held) => held.clone(),
            None => {
                let held = sql::allocation::lookup_active(tx, &block).await?.map(|found| found.mvno);
                self.held.insert(block, held.clone());
                held
            }
        };
        let Some(mvno) = mvno else { return Ok((None, true)) };
        let in_remit = match self.in_remit.get(&mvno) {
            Some(in_remit) => *in_remit,
            None => {
                let found = sql::participant::lookup(tx, &mvno).await?;
                let in_remit = is_in_remit(self.authority.as_ref(), found.as_ref());
                self.in_remit.insert(mvno.clone(), in_remit);
                in_remit
            }
        };
        Ok((Some(mvno), in_remit))
    }
}

/// Whether an MVNO is in an authority's area. Regulators and ministries have the whole country, and an MVNO that names no
/// area works everywhere. `guangdong` has `guangdong/shenzhen` in it.
fn is_in_remit(authority: Option<&Participant>, mvno: Option<&Participant>) -> bool {
    let (Some(authority), Some(mvno)) = (authority, mvno) else { return true };
    let everywhere = authority.name.class != Class::Police || authority.level == Some(Level::Ministry);
    let within =
        mvno.area.strip_prefix(&authority.area).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    everywhere || authority.area.is_empty() || mvno.area.is_empty() || within
}

// === impl Told ===

impl Told {
    async fn of(tx: &mut dyn Tx, persons: &Persons, lines: &[Live]) -> Result<Self, StoreError> {
        let ids: Vec<&str> = lines.iter().map(|line| line.id.as_str()).collect();
        let sole = shutdown_known::sole(tx, &ids).await?.into_iter().collect();
        // The last event of a line says what it is now.
        let mut details: BTreeMap<String, Details> = BTreeMap::new();
        for one in shutdown_known::details(tx, &ids).await? {
            if details.get(&one.line).is_none_or(|other| other.id < one.id) {
                details.insert(one.line.clone(), one);
            }
        }
        let mut told = Self { sole, units: HashSet::new() };
        let named = lines.iter().filter_map(|line| Some((line.subject.as_str(), details.get(&line.id)?)));
        let named: Vec<(&str, &Details)> = named.collect();
        let holders: Vec<&str> = named.iter().map(|(subject, _)| *subject).collect();
        let keys: HashMap<String, _> = shutdown_known::holders(tx, &holders)
            .await?
            .into_iter()
            .map(|holder| Ok((holder.id.clone(), unlock_holder(persons, &holder)?)))
            .collect::<Result<_, StoreError>>()?;
        for (subject, details) in named {
            // An erased holder has no line that works.
            let Some(key) = keys.get(subject) else { continue };
            let opened = key
                .open(DETAILS.at(&details.id), &details.details)
                .map_err(|error| crate::service::register::seal::closed(&details.id, error))?;
            if crate::service::register::seal::is_of_unit(opened.expose()) {
                told.units.insert(details.line.clone());
            }
        }
        Ok(told)
    }

    fn tenancy(&self, line: &Live, since: Since) -> Tenancy {
        Tenancy {
            since,
            sole: self.sole.contains(&line.id),
            unit: self.units.contains(&line.id),
            industry: line.industry,
        }
    }
}
