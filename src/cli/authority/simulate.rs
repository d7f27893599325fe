//! `greenlane authority simulate`: serves until it is told to stop, by a signal or by the end of its standard input.

use std::{
    io::{Read, Write},
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
};

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

use super::material;
use crate::{
    authority::simulated::{READY, server},
    cli::{Failure, log},
    config::Log,
    domain::time::Clock,
    host::SystemClock,
    net::tls::pair,
};

#[derive(clap::Args)]
pub struct Args {
    /// Where its certificates lie; made where there are none. `gateway/` in it is for the gateway.
    #[arg(long, default_value = "greenlane-authority", value_name = "FOLDER")]
    dir: PathBuf,
    /// Where it listens: an address of this machine's own loopback. Port 0: any that is free.
    #[arg(long, default_value = "127.0.0.1:9444", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// End when standard input ends: for a parent that starts this and may die.
    #[arg(long)]
    until_stdin_ends: bool,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    if !args.listen.ip().is_loopback() {
        let line =
            format!("{}: a made-up authority is for this machine alone; listen on 127.0.0.1", args.listen);
        return Err(Failure { lines: vec![line], code: 64 });
    }
    let filter = std::env::var("GREENLANE_LOG").unwrap_or_else(|_| "warn,greenlane=info".to_owned());
    log::start(&Log { json: false, filter })?;
    let clock = Arc::new(SystemClock::start());
    let place = material::make(&args.dir, clock.now()).map_err(|error| error.to_string())?;
    let tls = pair::server(&place.join("ca.pem"), &place.join("cert.pem"), &place.join("key.pem"))
        .map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    runtime.block_on(async {
        let mut end = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
        let bound = tokio::net::TcpListener::bind(args.listen).await;
        let listener = bound.map_err(|error| format!("cannot listen on {}: {error}", args.listen))?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let alone = args.until_stdin_ends.then(stdin_ends);
        let orphaned = async {
            match alone {
                Some(ended) => drop(ended.await),
                None => std::future::pending().await,
            }
        };
        println!("{READY}{address}");
        // Whoever started this waits for that line.
        std::io::stdout().flush().map_err(|error| error.to_string())?;
        tokio::select! {
            () = server::serve(listener, tls, clock) => {}
            () = orphaned => {}
            _ = end.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        Ok::<_, String>(())
    })?;
    Ok(())
}

/// Resolves when standard input has ended, however it did.
fn stdin_ends() -> oneshot::Receiver<()> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let _held = sender; // let go when the thread is done
        let mut input = std::io::stdin().lock();
        let mut heard = [0; 64];
        while input.read(&mut heard).is_ok_and(|length| length > 0) {}
    });
    receiver
}
