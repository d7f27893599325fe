//! `greenlane ctl context`: adds, selects, lists and removes contexts. Asks no gateway.

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde::Serialize;

use super::{
    Common,
    contexts::{Context, open_to_others},
    output::{Format, Sheet, print_json},
    wrong,
};
use crate::cli::{Failure, env, holder::Holder};

/// What to do with contexts.
#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Add one; the first is selected at once.
    Add {
        /// What to call it.
        name: String,
        /// Where the gateway is; several nodes, by commas or more of these, are tried in that order.
        #[arg(long, required = true, value_delimiter = ',', value_name = "HOST:PORT")]
        address: Vec<String>,
        /// The folder with ca.pem, cert.pem and key.pem.
        #[arg(long, value_name = "FOLDER")]
        certs: PathBuf,
        /// Select it.
        #[arg(long)]
        select: bool,
        /// Overwrite the one of that name.
        #[arg(long)]
        replace: bool,
    },
    /// Use one wherever none is named.
    Select {
        /// Which.
        name: String,
    },
    /// List all, the selected one marked.
    List,
    /// Forget one; its certificates stay where they are.
    Remove {
        /// Which.
        name: String,
    },
}

/// Runs it.
pub(super) fn run(common: &Common, command: Command) -> Result<(), Failure> {
    let contexts = common.contexts()?;
    match command {
        Command::Add { name, address, certs, select, replace } => {
            let certs =
                certs.canonicalize().map_err(|error| wrong(format!("{}: {error}", certs.display())))?;
            let addresses = address.iter().map(|address| env::address(address)).collect::<Result<_, _>>()?;
            let context = Context { name, addresses, certs };
            let holder = holder(&context)?;
            contexts.add(&context, replace)?;
            let first = contexts.selected()?.is_none();
            if select || first {
                contexts.select(&context.name)?;
            }
            println!("{}: {} at {}", context.name, holder.path, context.addresses.join(", "));
            Ok(())
        }
        Command::Select { name } => {
            contexts.select(&name)?;
            println!("{name} is selected");
            Ok(())
        }
        Command::List => list(common),
        Command::Remove { name } => {
            contexts.remove(&name)?;
            println!("{name} is forgotten");
            Ok(())
        }
    }
}

/// Whose certificate it shows; refused where somebody else could show it too.
fn holder(context: &Context) -> Result<Holder, Failure> {
    for file in ["ca.pem", "key.pem"] {
        let path = context.certs.join(file);
        let kept = fs::metadata(&path).map_err(|error| wrong(format!("{}: {error}", path.display())))?;
        if let Some(fault) = open_to_others(&kept).filter(|_| file == "key.pem") {
            return Err(wrong(format!(
                "{} {fault}; chmod 600 it, or issue another certificate",
                path.display()
            )));
        }
    }
    let path = context.certs.join("cert.pem");
    let pem = fs::read(&path).map_err(|error| wrong(format!("{}: {error}", path.display())))?;
    Holder::of(&pem).map_err(|fault| wrong(format!("{}: {fault}", path.display())))
}

/// One line of the list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    name: String,
    selected: bool,
    addresses: Vec<String>,
    /// Whose certificate; or why it cannot be shown.
    identity: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_expire_time: Option<String>,
    certs: PathBuf,
}

fn list(common: &Common) -> Result<(), Failure> {
    let contexts = common.contexts()?;
    let selected = contexts.selected()?;
    let row = |name: String| {
        let context = contexts.get(Some(&name))?;
        let (identity, ends) = match holder(&context) {
            Ok(holder) => (holder.path, Some(holder.not_after.to_string())),
            Err(failure) => (failure.lines.join("; "), None),
        };
        Ok(Row {
            selected: selected.as_ref() == Some(&name),
            name,
            addresses: context.addresses,
            identity,
            certificate_expire_time: ends,
            certs: context.certs,
        })
    };
    let rows = contexts.names()?.into_iter().map(row).collect::<Result<Vec<_>, Failure>>()?;
    if common.output == Format::Json {
        return print_json(&BTreeMap::from([("contexts", rows)]));
    }
    let mut sheet = Sheet::columns(["", "NAME", "ADDRESS", "IDENTITY", "CERTIFICATE ENDS"]);
    for row in rows {
        let mark = if row.selected { "*" } else { "" };
        let ends = row.certificate_expire_time.unwrap_or_default();
        sheet.row([mark, &row.name, &row.addresses.join(","), &row.identity, &ends]);
    }
    sheet.print();
    Ok(())
}
