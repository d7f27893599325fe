//! The command line, one file per subcommand. Exit codes: 0 done, 1 failed, 64 called or configured wrongly.

pub mod agent;
pub mod authority;
mod base64;
pub mod cert;
pub mod config;
pub mod ctl;
pub mod dev;
pub mod doctor;
pub mod env;
pub mod healthcheck;
mod holder;
pub mod key;
pub mod kit;
mod link;
pub mod log;
pub mod node;
pub mod protoset;
pub mod receipt;
pub mod serve;
mod stop;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The gateway between base telecom carriers and mobile virtual network operators.
#[derive(Parser)]
#[command(name = "greenlane", version, about, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start a gateway on this machine with certificates and sample data, and say how to use it.
    Dev(dev::Args),
    /// Start a gateway from a configuration file.
    Serve(serve::Args),
    /// Check a configuration file, or print one with every key.
    #[command(subcommand)]
    Config(config::Command),
    /// Tell what is reachable, safe and in sync, and what is not.
    Doctor(doctor::Args),
    /// Make CAs and certificates, revoke, list.
    Cert(cert::Args),
    /// Make and list the keys by which names and numbers are kept.
    #[command(subcommand)]
    Key(key::Command),
    /// A made-up identity authority, for development.
    #[command(subcommand)]
    Authority(authority::Command),
    /// Pack what a regulator needs to use a gateway with grpcurl.
    Kit(kit::Args),
    /// Use a gateway: contexts, whoami, check, doctor, quota, register, import, close.
    Ctl(ctl::Args),
    /// Take commands as a carrier or an MVNO and hand each to a program or an HTTP hook of this machine.
    Agent(agent::Args),
    /// Verify a receipt offline.
    #[command(subcommand)]
    Receipt(receipt::Command),
    /// Write the descriptors of every service.
    Protoset(protoset::Args),
    /// Ask a node on this machine whether it is ready.
    Healthcheck(healthcheck::Args),
}

/// A command that did not work: what to say, and the exit code.
pub struct Failure {
    /// One sentence a line.
    pub lines: Vec<String>,
    /// 1 for what failed, 64 for what was asked wrongly.
    pub code: u8,
}

/// Runs the command line.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print(); // nowhere to say that it could not be said
            return if error.use_stderr() { ExitCode::from(64) } else { ExitCode::SUCCESS };
        }
    };
    let done = match cli.command {
        Command::Dev(args) => dev::run(args),
        Command::Serve(args) => serve::run(&args),
        Command::Config(command) => config::run(&command),
        Command::Doctor(args) => doctor::run(&args),
        Command::Cert(args) => cert::run(&args),
        Command::Key(command) => key::run(&command),
        Command::Authority(command) => authority::run(&command),
        Command::Kit(args) => kit::run(&args),
        Command::Ctl(args) => ctl::run(args),
        Command::Agent(args) => agent::run(args),
        Command::Receipt(command) => receipt::run(&command),
        Command::Protoset(args) => protoset::run(&args),
        Command::Healthcheck(args) => healthcheck::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.lines.iter().for_each(|line| eprintln!("greenlane: {line}"));
            ExitCode::from(failure.code)
        }
    }
}

// === impl Failure ===

impl From<String> for Failure {
    fn from(line: String) -> Self {
        Self { lines: vec![line], code: 1 }
    }
}
