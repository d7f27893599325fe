//! Every standing that the caller may see, in the order of names.

use std::ops::Bound;

use super::{Gateway, check_status::Reached, feed, page::Filling, standing_of::StandingOf};
use crate::domain::{
    caller::{Caller, Class},
    name::ParticipantName,
    refusal::Refusal,
    standing::Standing,
};

/// Which standings.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Only this MVNO.
    pub mvno: Option<ParticipantName>,
    /// Only this standing.
    pub standing: Option<Standing>,
    /// Rows at most; 0 for the default.
    pub page_size: i32,
    /// Where an earlier page ended; empty for the first.
    pub page_token: String,
}

impl Gateway {
    /// A page of standings and the token of the next, empty at the end.
    pub async fn list_standings(
        &self,
        caller: &Caller,
        filter: &Filter,
    ) -> Result<(Vec<StandingOf>, String), Refusal> {
        if let Some(mvno) = &filter.mvno {
            super::check_status::may_see(caller, mvno)?;
        }
        let own = (caller.class() == Class::Mvno).then(|| caller.organisation.clone());
        let only = filter.mvno.clone().or(own);
        let list = format!("standings|{}|{:?}|{:?}", caller.organisation, only, filter.standing);
        let ask = self.pages.ask(&list, filter.page_size, &filter.page_token)?;
        let Reached { now, view, .. } = self.reach(0, self.patience()).await?;
        let after = ask.after.as_deref().and_then(|name| ParticipantName::parse_mvno(name).ok());
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut filling = Filling::new(ask.size);
        let mut found = Vec::new();
        for (name, held) in feed::all(&view).range((from, Bound::Unbounded)) {
            if only.as_ref().is_some_and(|only| only != name) {
                continue;
            }
            let held = held.at(&self.rules, now)?;
            if filter.standing.is_some_and(|wanted| wanted != held.standing()) {
                continue;
            }
            let sentences = held.evaluation.reasons.len() + held.evaluation.remedies.len();
            if !filling.takes(found.len(), 256 + sentences * 768) {
                let last: &StandingOf = found.last().expect("a page has at least one row");
                let token = self.pages.token(&list, &last.mvno.to_string());
                return Ok((found, token));
            }
            found.push(StandingOf { mvno: name.clone(), held });
        }
        Ok((found, String::new()))
    }
}
