//! The token that stands for a person in an MVNO's later calls. Of whom the MVNO has no line yet, it is kept here for
//! whom the token stands; once a node, and again after a while.

use std::time::Duration;

use crate::{
    domain::{
        name::ParticipantName,
        refusal::Refusal,
        time::{DAY, Time},
    },
    service::{Gateway, persons::Persons, refusal},
    store::sql,
    vault::index::{BlindIndex, SubjectToken},
};

/// A token is kept for 30 days; one that is given out so long after it was kept is kept anew.
const AGAIN: Duration = DAY;

impl Gateway {
    /// The token of a person at that MVNO; from the answer on it stands for that person.
    pub(super) async fn token(
        &self,
        persons: &Persons,
        mvno: &ParticipantName,
        person: &BlindIndex,
        now: Time,
    ) -> Result<SubjectToken, Refusal> {
        let token = persons.vault.index().subject_token(mvno, person);
        let kept = persons.tokens.get(&token);
        if kept.is_none_or(|kept| now.since(kept) >= AGAIN) {
            let (text, document_index) = (token.as_str().to_owned(), person.as_bytes().to_vec());
            self.store
                .write(move |tx| {
                    let (text, document_index) = (text.clone(), document_index.clone());
                    Box::pin(async move { Ok(sql::card::issue(tx, &text, &document_index, now).await?) })
                })
                .await
                .map_err(refusal)?;
            persons.tokens.insert(token.clone(), now);
        }
        Ok(token)
    }
}
