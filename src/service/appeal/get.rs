//! One appeal: to the subscriber by the code, to others by its name.

use super::{Shown, scope, told, unknown, unknown_code};
use crate::{
    domain::{
        appeal::code,
        caller::{Caller, Class},
        personal::Personal,
        refusal::Refusal,
    },
    service::{Gateway, floor::Floor, persons::Persons, refusal},
    store::sql,
};

/// By what an appeal is asked for.
#[derive(Clone, Debug)]
pub enum By {
    /// The code of the notice.
    Code(Personal),
    /// The last part of its name.
    Id(String),
}

impl Gateway {
    /// One appeal.
    pub async fn get_appeal(&self, caller: &Caller, by: By) -> Result<Shown, Refusal> {
        let floor = Floor::begin(&self.clock);
        let answer = self.appeal(caller, by).await;
        floor.held(answer).await
    }

    async fn appeal(&self, caller: &Caller, by: By) -> Result<Shown, Refusal> {
        let persons = self.persons()?;
        match (by, caller.class()) {
            (By::Code(code), Class::Portal) => self.appeal_of_code(persons, caller, code).await,
            (By::Id(id), class) if class != Class::Portal => self.appeal_of_name(persons, caller, id).await,
            (By::Code(_), _) => {
                Err(Refusal::field("appeal", "REQUIRED", "you ask by its name, appeals/<id>"))
            }
            (By::Id(_), _) => Err(Refusal::field("appeal_code", "REQUIRED", "a portal asks by the code")),
        }
    }

    async fn appeal_of_code(
        &self,
        persons: &Persons,
        caller: &Caller,
        code: Personal,
    ) -> Result<Shown, Refusal> {
        let code = code::read(code)
            .map_err(|fault| Refusal::field("appeal_code", fault.code.as_str(), fault.text))?;
        let index = persons.vault.index().appeal(code.reveal());
        let read = self.store.read(move |tx| {
            Box::pin(async move {
                Ok((sql::appeal::by_code(tx, &index).await?, told(tx, &index).await?.is_some()))
            })
        });
        let (found, is_told) = read.await.map_err(refusal)?;
        match found {
            Some(appeal) => return Ok(Shown::bare(appeal)),
            // Somebody has it and has not used it yet.
            None if is_told => {}
            None => persons.codes.missed(caller, &index)?,
        }
        Err(unknown_code())
    }

    async fn appeal_of_name(&self, persons: &Persons, caller: &Caller, id: String) -> Result<Shown, Refusal> {
        let scope = scope(caller).ok_or_else(|| unknown(&id))?;
        let asked = id.clone();
        let found = self
            .store
            .read(move |tx| {
                let id = asked.clone();
                Box::pin(async move { Ok(sql::appeal::lookup_sealed(tx, &id).await?) })
            })
            .await
            .map_err(refusal)?;
        let own = found.filter(|sealed| {
            scope.organisation.as_ref().is_none_or(|own| *own == sealed.appeal.organisation)
                && scope.mvno.as_ref().is_none_or(|own| *own == sealed.appeal.mvno)
        });
        let sealed = own.ok_or_else(|| unknown(&id))?;
        Shown::open(&persons.vault, caller, sealed).map_err(|error| refusal(error.into()))
    }
}
