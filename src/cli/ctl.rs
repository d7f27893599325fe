//! `greenlane ctl`: what an MVNO or a carrier types to use a gateway. A context says where the gateway is and which
//! certificate to show; everything is printed as a table or as the JSON that grpcurl prints.

pub(super) mod call;
mod check;
mod close;
mod context;
pub(super) mod contexts;
mod doctor;
mod import;
pub(super) mod output;
mod quota;
pub(super) mod refused;
mod register;
mod stamp;
mod whoami;
mod word;

use std::path::PathBuf;

use self::{
    contexts::{Context, Contexts},
    output::Format,
};
use super::Failure;

/// Use a gateway.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(clap::Args)]
struct Common {
    #[command(flatten)]
    which: Which,
    /// How answers are printed; json is as grpcurl prints it.
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    output: Format,
}

/// Which context.
#[derive(clap::Args)]
pub(super) struct Which {
    /// Where contexts are kept [default: $XDG_CONFIG_HOME/greenlane, or ~/.config/greenlane].
    #[arg(long, global = true, env = "GREENLANE_CONTEXTS", value_name = "FOLDER")]
    contexts: Option<PathBuf>,
    /// The context to use, instead of the selected one.
    #[arg(long, global = true, env = "GREENLANE_CONTEXT", value_name = "NAME")]
    context: Option<String>,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Which gateways there are, and by which certificate to use them.
    #[command(subcommand)]
    Context(context::Command),
    /// Who the gateway takes you for.
    Whoami,
    /// Ask whether something may be done with an MVNO. Exit code 0: ALLOW or CONDITIONAL; 1: REVIEW or DENY.
    Check(check::Args),
    /// Look at everything between here and an answer, one line each. Exit code 1 when something is bad.
    Doctor,
    /// Count a person's lines, and how many more there may be.
    Quota(quota::Args),
    /// Register one line.
    Register(Box<register::Args>),
    /// Take subscribers in by file, or show an import.
    Import(import::Args),
    /// End a line.
    Close(close::Args),
}

/// Runs it.
pub fn run(args: Args) -> Result<(), Failure> {
    let Args { common, command } = args;
    match command {
        Command::Context(command) => context::run(&common, command),
        Command::Whoami => whoami::run(&common),
        Command::Check(args) => check::run(&common, &args),
        Command::Doctor => doctor::run(&common),
        Command::Quota(args) => quota::run(&common, &args),
        Command::Register(args) => register::run(&common, &args),
        Command::Import(args) => import::run(&common, &args),
        Command::Close(args) => close::run(&common, &args),
    }
}

/// Called wrongly.
fn wrong(line: impl Into<String>) -> Failure {
    Failure { lines: vec![line.into()], code: 64 }
}

// === impl Common ===

impl Common {
    fn contexts(&self) -> Result<Contexts, Failure> {
        Contexts::at(self.which.contexts.as_deref())
    }

    fn context(&self) -> Result<Context, Failure> {
        self.which.context()
    }
}

// === impl Which ===

impl Which {
    /// The context that was named, or else the selected one. There is no other to fall back on.
    pub(super) fn context(&self) -> Result<Context, Failure> {
        Contexts::at(self.contexts.as_deref())?.get(self.context.as_deref())
    }
}
