//! A command as it is sent: with its numbers opened, its notices, and a signature over all that must not change.

use std::{fmt::Write, sync::Arc};

use crate::{
    domain::{
        decision::Bilingual,
        notice,
        shutdown::{CommandKind, Header, Scope, Scopes, Side},
    },
    service::{
        Gateway,
        persons::Persons,
        receipt::{Signed, Signer},
        shutdown::{header, key, order_name},
    },
    store::{
        StoreError, Tx,
        sql::{self, command::CommandRow, shutdown::OrderRow},
    },
    vault::SubjectKey,
};

/// What the commands of one order have in common; kept for the next one of it.
pub struct OrderOf {
    /// The order.
    pub row: OrderRow,
    header: Header,
    key: SubjectKey,
}

/// A command, ready to be sent.
#[derive(Clone)]
pub struct Signable {
    /// Its row.
    pub row: CommandRow,
    /// The name of its order.
    pub order: String,
    /// The number of its order's document.
    pub order_number: String,
    /// The articles that it rests on.
    pub legal_basis: Vec<String>,
    /// With what.
    pub scopes: Scopes,
    /// Practice.
    pub drill: bool,
    /// Its numbers.
    pub numbers: Vec<Told>,
    of: Arc<OrderOf>,
}

/// A number of a command.
#[derive(Clone)]
pub struct Told {
    /// In E.164.
    pub msisdn: String,
    /// By which its holder appeals; empty where there is nothing to appeal.
    pub appeal_code: String,
}

/// Reads what a command is about. `kept` is the order of the command before it.
pub async fn read(
    tx: &mut dyn Tx,
    persons: &Persons,
    row: CommandRow,
    kept: Option<Arc<OrderOf>>,
) -> Result<(Signable, Arc<OrderOf>), StoreError> {
    let of = match kept.filter(|kept| kept.row.id == row.order_id) {
        Some(kept) => kept,
        None => Arc::new(order_of(tx, persons, &row.order_id).await?),
    };
    let own = match of.row.kind {
        // What a restoration lets back of some numbers may be less than it names, or more.
        CommandKind::Restore => sql::shutdown::batch(tx, &row.order_id, row.batch).await?,
        CommandKind::Shutdown | CommandKind::Verify => None,
    };
    let scopes = own.and_then(|batch| batch.scopes).unwrap_or(of.row.scopes);
    let index = persons.vault.index();
    let sealed = sql::shutdown_number::sealed(tx, &row.order_id, row.batch).await?;
    let mut numbers = Vec::with_capacity(sealed.len());
    for (n, sealed) in sealed {
        let meant = row.members.as_ref().is_none_or(|members| members.binary_search(&n).is_ok());
        // What was erased is nobody's any more.
        let Some(sealed) = sealed.filter(|_| meant) else { continue };
        let msisdn = key::open_at(&of.key, &row.order_id, n, &sealed)?.e164();
        let appeal_code = match row.kind {
            CommandKind::Shutdown => index.appeal_code(&row.order_id, n),
            CommandKind::Restore | CommandKind::Verify => String::new(),
        };
        numbers.push(Told { msisdn, appeal_code });
    }
    let signable = Signable {
        order: order_name(&row.order_id),
        order_number: of.row.order_number.clone(),
        legal_basis: of.header.legal_basis.clone(),
        scopes,
        drill: of.row.drill,
        row,
        numbers,
        of: of.clone(),
    };
    Ok((signable, of))
}

/// What the commands of an order have in common.
pub(super) async fn order_of(tx: &mut dyn Tx, persons: &Persons, id: &str) -> Result<OrderOf, StoreError> {
    let row = sql::shutdown::lookup(tx, id).await?;
    let row = row.ok_or_else(|| StoreError::inconsistent("command", "order_id", id))?;
    Ok(OrderOf { header: header(&row)?, key: key::unlock(persons, &row)?, row })
}

// === impl OrderOf ===

impl OrderOf {
    /// What opens its numbers.
    pub(super) fn key(&self) -> &SubjectKey {
        &self.key
    }
}

// === impl Signable ===

impl Signable {
    /// What is signed, as `command.proto` says it.
    pub fn canonical(&self) -> String {
        let row = &self.row;
        let scopes: Vec<&str> = self.scopes.iter().map(Scope::as_str).collect();
        let mut text = format!(
            "greenlane.v1.Command\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n",
            row.command_id,
            row.receiver,
            row.sequence,
            self.order,
            row.kind,
            scopes.join(","),
            row.due.done.micros(),
            if self.drill { "drill" } else { "real" },
        );
        for told in &self.numbers {
            writeln!(text, "{} {}", told.msisdn, told.appeal_code).expect("a string takes all");
        }
        text
    }

    /// What the holder of one of its numbers is told, by the MVNO alone. Made when it is sent: a thousand letters for each
    /// number are not kept while a receiver lets others go first.
    pub fn text(&self, told: &Told) -> Option<Bilingual> {
        let (row, of) = (&self.row, &self.of);
        (row.side == Side::Mvno)
            .then(|| notice::text(&of.header, self.scopes, row.kind, &told.appeal_code, of.row.drill))
            .flatten()
    }

    /// Signs it.
    pub fn sign(&self, signer: &Signer) -> Signed {
        signer.sign(self.canonical().as_bytes())
    }

    /// Whether it was sent before.
    pub fn is_redelivered(&self) -> bool {
        self.row.deliver_time.is_some() || self.row.tries > 0
    }
}

impl Gateway {
    /// Reads commands that are to be sent, all at one moment.
    pub(super) async fn signables(
        &self,
        rows: Vec<CommandRow>,
        kept: Option<Arc<OrderOf>>,
    ) -> Result<(Vec<Signable>, Option<Arc<OrderOf>>), crate::domain::refusal::Refusal> {
        let persons = self.persons()?.clone();
        let read = self.store.read(move |tx| {
            let (persons, rows, mut kept) = (persons.clone(), rows.clone(), kept.clone());
            Box::pin(async move {
                let mut all = Vec::with_capacity(rows.len());
                for row in rows {
                    let (signable, of) = self::read(tx, &persons, row, kept).await?;
                    kept = Some(of);
                    all.push(signable);
                }
                Ok((all, kept))
            })
        });
        read.await.map_err(crate::service::refusal)
    }
}
