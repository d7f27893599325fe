//! `greenlane agent`: the receiving end of commands, as carriers and MVNOs run it. Takes them in order, hands each to a
//! program or an HTTP hook once, acknowledges when it has come and how it went, and remembers on the disk how far it
//! is, so that it can be killed at any moment.

mod exec;
mod hook;
mod http;
mod journal;
mod pause;
mod print;
mod seal;
mod session;
mod snapshot;
mod verdict;
mod worker;

use std::{
    collections::{HashSet, VecDeque},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::sleep,
};
use tonic::transport::Channel;
use tracing::{info, warn};

use self::{
    hook::Hook,
    journal::Journal,
    pause::Pause,
    print::Printer,
    seal::Seals,
    session::{Cut, Desk, Session, cut},
    worker::{Shared, Terms, Worker},
};
use super::{
    Failure,
    ctl::{
        Which,
        call::{self, block_on, request},
    },
    env,
    link::{Link, Papers},
    log,
    stop::Stop,
};
use crate::{
    config::Log,
    domain::time::Clock,
    host::SystemClock,
    rpc::pb::{self, server_info_service_client::ServerInfoServiceClient},
};

/// Take commands and have them carried out.
#[derive(clap::Args)]
#[command(after_help = PAGE)]
pub struct Args {
    #[command(flatten)]
    which: Which,
    /// Where the gateway is, one for each node, where no context is to say it.
    #[arg(long, value_name = "HOST:PORT")]
    addr: Vec<String>,
    /// The folder with ca.pem, cert.pem and key.pem.
    #[arg(long, value_name = "FOLDER", requires = "addr")]
    certs: Option<PathBuf>,
    /// The CA of the gateway.
    #[arg(long, value_name = "FILE", requires = "addr")]
    ca: Option<PathBuf>,
    /// The receiver's certificate.
    #[arg(long, value_name = "FILE", requires = "addr")]
    cert: Option<PathBuf>,
    /// Its key.
    #[arg(long, value_name = "FILE", requires = "addr")]
    key: Option<PathBuf>,
    /// Where the agent remembers how far it is; made where there is none.
    #[arg(long, value_name = "FOLDER")]
    state: PathBuf,
    /// The program that is run for each command.
    #[arg(long, value_name = "PROGRAM", required_unless_present = "http", conflicts_with = "http")]
    exec: Option<PathBuf>,
    /// The hook on this machine that each command is posted to.
    #[arg(long, value_name = "URL")]
    http: Option<http::Address>,
    /// What GetServerInfo answered, or the public key alone: who may sign commands. Without it the keys that the gateway
    /// shows at the first start are pinned in the state folder.
    #[arg(long, value_name = "FILE")]
    signing_key: Option<PathBuf>,
    /// How often a command is handed over before it counts as failed.
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    tries: u32,
    /// How long one of these may take.
    #[arg(long, default_value_t = 300, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    patience: u64,
}

const PAGE: &str = "\
Without --addr the context says where the gateway is and which certificate to show, as it does for `greenlane ctl`.

The program gets the command on standard input, as the JSON that grpcurl prints (`gl describe Command`), and in its
environment GREENLANE_KIND (SHUTDOWN, RESTORE, VERIFY or SNAPSHOT), GREENLANE_COMMAND_ID, GREENLANE_DRILL (yes, or empty)
and GREENLANE_TIMES: how often it was begun for this command, with this time; after a crash it may have been done already.
GREENLANE_STATE is the state folder; it may keep files of its own there.
An HTTP hook gets the same as headers: greenlane-kind, idempotency-key, greenlane-drill, greenlane-times.

Exit code 0, or an answer 2xx: every number is EXECUTED; of a VERIFY, VERIFIED. What is printed, or answered, may say
otherwise: {\"outcome\": \"EXECUTED\", \"results\": [{\"msisdn\": \"+8617...\", \"outcome\": \"FAILED\", \"code\": \"HLR_BUSY\"}]}, or the
results alone. Anything else is tried again, and then every number is FAILED.

A SNAPSHOT is everything that is to be off at this receiver, for an agent that was away for longer than the gateway
keeps commands: make the network so, and exit with 0.";

/// Begun sessions that another one ended, in so short a time, are two agents of one receiver.
const FENCED: (usize, Duration) = (5, Duration::from_secs(60));

/// Runs it.
pub fn run(args: Args) -> Result<(), Failure> {
    let (links, hook) = (links(&args)?, hook(&args)?);
    let filter = std::env::var("GREENLANE_LOG").unwrap_or_else(|_| "warn,greenlane=info".to_owned());
    log::start(&Log { json: false, filter })?;
    let journal = Journal::open(&args.state)?;
    let seals = match &args.signing_key {
        Some(path) => Some(Seals::given(path)?),
        None => Seals::pinned(&args.state)?,
    };
    let terms = Terms {
        tries: args.tries,
        pause: Duration::from_secs(1),
        patience: Duration::from_secs(args.patience),
    };
    let printer = Printer::new()?;
    block_on(async move {
        let (jobs, todo) = mpsc::unbounded_channel();
        let (finished, done) = mpsc::unbounded_channel();
        let stopping = watch::Sender::new(false);
        let journal = Shared::new(journal);
        let worker = Worker {
            hook: hook.clone(),
            terms,
            printer: printer.clone(),
            journal: journal.clone(),
            jobs: todo,
            done: finished,
            stopping: stopping.subscribe(),
        };
        let work = tokio::spawn(worker.run());
        let desk = Desk {
            journal,
            jobs,
            done,
            waiting: HashSet::new(),
            numbers: 0,
            stop: Stop::listen()?,
            stopping,
            idle: false,
        };
        Agent { desk, seals, state: args.state, hook, terms, printer }.run(&links, work).await
    })
}

fn wrong(line: String) -> Failure {
    Failure { lines: vec![line], code: 64 }
}

/// The nodes: those that were named, or else those of the context.
fn links(args: &Args) -> Result<Vec<Link>, Failure> {
    if args.addr.is_empty() {
        return Ok(call::links(&args.which.context()?).collect());
    }
    if args.certs.is_none() && [&args.ca, &args.cert, &args.key].contains(&&None) {
        return Err(wrong("--addr needs --certs, or --ca, --cert and --key".to_owned()));
    }
    let papers = papers(args);
    let link = |address: &String| {
        env::address(address).map(|_| Link { address: address.clone(), papers: papers.clone() })
    };
    args.addr.iter().map(link).collect()
}

/// What carries commands out; told at once where it cannot.
fn hook(args: &Args) -> Result<Hook, Failure> {
    if let Some(address) = &args.http {
        return Ok(Hook::Http(address.clone()));
    }
    let program = args.exec.as_deref().unwrap_or(Path::new(""));
    let program = program.canonicalize().map_err(|error| wrong(format!("{}: {error}", program.display())))?;
    let runs = program.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0);
    if !runs {
        return Err(wrong(format!("{}: not a program", program.display())));
    }
    let state = std::path::absolute(&args.state).map_err(|error| wrong(error.to_string()))?;
    Ok(Hook::Program { path: program, state })
}

fn papers(args: &Args) -> Papers {
    let mut papers = args.certs.as_deref().map_or(Papers::of(Path::new("")), Papers::of);
    for (named, paper) in
        [(&args.ca, &mut papers.ca), (&args.cert, &mut papers.certificate), (&args.key, &mut papers.key)]
    {
        if let Some(named) = named {
            paper.clone_from(named);
        }
    }
    papers
}

/// A receiver.
struct Agent {
    desk: Desk,
    seals: Option<Seals>,
    state: PathBuf,
    hook: Hook,
    terms: Terms,
    printer: Printer,
}

// === impl Agent ===

impl Agent {
    /// Stays connected to whichever node answers, until it is to stop.
    async fn run(mut self, links: &[Link], work: JoinHandle<std::io::Result<()>>) -> Result<(), Failure> {
        let clock = SystemClock::start();
        let mut pause = Pause::from(Duration::from_millis(100), Duration::from_secs(10));
        let mut fences: VecDeque<Duration> = VecDeque::new();
        let ended = 'ended: {
            for link in links.iter().cycle() {
                let cursor = self.desk.journal.lock().cursor();
                let text = match self.connection(link).await {
                    Cut::Stopped => break 'ended Ok(()),
                    Cut::Fatal(text) => break 'ended Err(text),
                    Cut::Passing(text) => text,
                    Cut::TooOld(_) => "what comes next is no longer kept".to_owned(),
                    Cut::Fenced => {
                        fences.push_back(clock.monotonic());
                        if fences.len() >= FENCED.0 {
                            let first = fences.pop_front().unwrap_or_default();
                            if clock.monotonic().saturating_sub(first) < FENCED.1 {
                                let line =
                                    "another session takes this receiver's commands; one agent is enough";
                                break 'ended Err(line.to_owned());
                            }
                        }
                        "a newer session of this receiver began".to_owned()
                    }
                };
                if self.desk.journal.lock().cursor() > cursor {
                    pause.reset();
                }
                let wait = pause.next();
                warn!(node = link.address, "{text}; again in {} ms", wait.as_millis());
                tokio::select! {
                    () = sleep(wait) => {}
                    () = self.desk.stop.asked() => {
                        let _ = self.desk.end(); // it ends below
                        break 'ended Ok(());
                    }
                }
            }
            Ok(())
        };
        self.end(ended, work).await
    }

    /// Lets the work end what it is at; who asks once more does not wait for it.
    async fn end(
        mut self,
        ended: Result<(), String>,
        work: JoinHandle<std::io::Result<()>>,
    ) -> Result<(), Failure> {
        self.desk.stopping.send_replace(true);
        if !self.desk.stop.is_pressing() {
            let done = tokio::select! {
                done = work => done.map_err(|error| error.to_string())?,
                () = self.desk.stop.asked() => Ok(()),
            };
            done.map_err(|error| format!("the journal cannot be written: {error}"))?;
        }
        ended?;
        info!(cursor = self.desk.journal.lock().cursor(), "stopped");
        Ok(())
    }

    /// One connection, from its beginning to its end.
    async fn connection(&mut self, link: &Link) -> Cut {
        let channel = tokio::select! {
            channel = link.open() => channel,
            () = self.desk.stop.asked() => {
                let _ = self.desk.end(); // there is nothing to acknowledge by
                return Cut::Stopped;
            }
        };
        let channel = match channel {
            Ok(channel) => channel,
            Err(fault) => return Cut::Passing(fault.text),
        };
        match self.receive(channel).await {
            Ok(cut) | Err(cut) => cut,
        }
    }

    async fn receive(&mut self, channel: Channel) -> Result<Cut, Cut> {
        let mut client = ServerInfoServiceClient::new(channel.clone());
        let info = client.get_server_info(request(pb::GetServerInfoRequest {})).await;
        let info = info.map_err(|status| cut(&status))?.into_inner();
        let receiver = info.caller.map(|caller| caller.name).unwrap_or_default();
        if !["carriers/", "mvnos/"].iter().any(|class| receiver.starts_with(class)) {
            return Err(Cut::Fatal(format!("{receiver} gets no commands: a carrier or an MVNO does")));
        }
        let ours = self.desk.journal.lock().belongs_to(&receiver);
        if !ours.map_err(|error| Cut::Fatal(format!("the journal cannot be written: {error}")))? {
            let line =
                format!("{}: another receiver's state; {receiver} needs its own", self.state.display());
            return Err(Cut::Fatal(line));
        }
        if self.seals.is_none() {
            let seals = Seals::pin(&self.state, &info.signing_keys).map_err(Cut::Fatal)?;
            info!(keys = seals.ids(), "pinned; another key signs nothing from now on");
            self.seals = Some(seals);
        }
        let Some(seals) = &self.seals else { return Err(Cut::Fatal("no keys".to_owned())) };
        let cut = Session::run(&mut self.desk, seals, &receiver, channel.clone()).await;
        let Cut::TooOld(oldest) = cut else { return Ok(cut) };
        let Self { desk, hook, terms, printer, .. } = self;
        snapshot::take(desk, hook, *terms, printer, &receiver, channel, oldest).await?;
        Ok(Cut::Passing("the list of all numbers was taken".to_owned()))
    }
}
