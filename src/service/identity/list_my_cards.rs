//! A person's own lines, enterprise by enterprise: how many, not which (一证通查).

use super::holder_alone;
use crate::{
    domain::{caller::Caller, day, document::DocumentDraft, quota::Slots, refusal::Refusal},
    service::{Gateway, floor::Floor, refusal},
    store::sql::{self, card::CardCount},
};

const METHOD: &str = "LIST_MY_CARDS";

impl Gateway {
    /// Enterprises with at least one line of the person's, in the order of names.
    pub async fn list_my_cards(
        &self,
        caller: &Caller,
        document: DocumentDraft,
    ) -> Result<Vec<CardCount>, Refusal> {
        let floor = Floor::begin(&self.clock);
        let answer = self.cards(caller, document).await;
        floor.held(answer).await
    }

    async fn cards(&self, caller: &Caller, draft: DocumentDraft) -> Result<Vec<CardCount>, Refusal> {
        let persons = self.persons()?;
        self.evidence.ready()?;
        let (now, name) = (self.clock.now(), draft.name.clone());
        let holder = holder_alone(persons, draft, day::of(now))?;
        self.spend(persons, caller, &holder, name.reveal(), now).await?;
        let index = holder.index.as_bytes().to_vec();
        let found = self.store.read(move |tx| {
            let index = index.clone();
            Box::pin(async move { Ok(sql::card::counts(tx, &index, Slots::Ordinary).await?) })
        });
        let found = found.await.map_err(refusal)?;
        self.count(caller, &caller.organisation, METHOD, "ANSWERED", now);
        Ok(found)
    }
}
