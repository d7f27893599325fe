//! `greenlane kit`: a zip that a regulator unpacks and works from, with grpcurl and nothing of ours installed. Knows
//! files only; asks no gateway.

use std::{
    fs,
    io::{Cursor, Write},
    path::{Path, PathBuf},
};

use zip::{CompressionMethod, ZipWriter, result::ZipError, write::SimpleFileOptions};

use super::{
    Failure,
    env::{self, env_ps1, env_sh},
    holder::Holder,
};
use crate::{
    domain::time::{Clock, DAY, Time},
    host::SystemClock,
    pki::folder::write_secret_bytes,
    rpc::pb,
};

/// Pack what a person needs to use a gateway with grpcurl: certificates, env.sh, env.ps1, requests, descriptors, a page.
#[derive(clap::Args)]
pub struct Args {
    /// The identity's folder in the certificates, like regulator-miit.
    #[arg(value_name = "IDENTITY")]
    identity: String,
    /// The folder of the identities' certificates.
    #[arg(long, default_value = "greenlane-dev/certs", value_name = "FOLDER")]
    from: PathBuf,
    /// Where to; by default the identity's name with .zip. An existing one is never overwritten.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Where the gateway listens; by default what the identity's own env.sh says.
    #[arg(long, value_name = "HOST:PORT")]
    address: Option<String>,
}

/// Requests to fill in, by the name of the file.
const REQUESTS: [(&str, &str); 8] = [
    ("allocate-numbers.json", include_str!("kit/allocate-numbers.json")),
    ("check-status.json", include_str!("kit/check-status.json")),
    ("close-finding.json", include_str!("kit/close-finding.json")),
    ("lift-suspension.json", include_str!("kit/lift-suspension.json")),
    ("open-finding.json", include_str!("kit/open-finding.json")),
    ("record-assessment.json", include_str!("kit/record-assessment.json")),
    ("record-inspection.json", include_str!("kit/record-inspection.json")),
    ("suspend-mvno.json", include_str!("kit/suspend-mvno.json")),
];

/// Runs it.
pub fn run(args: &Args) -> Result<(), Failure> {
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.zip", args.identity)));
    let place = args.from.join(&args.identity);
    let address = match &args.address {
        Some(address) => env::address(address)?,
        None => known_address(&place)?,
    };
    let bytes = pack(&place, &address, SystemClock::start().now())?;
    write_secret_bytes(&out, &bytes).map_err(|error| error.to_string())?;
    println!("{}: it holds a private key; hand it over as you would a key", out.display());
    Ok(())
}

/// The address in the identity's own `env.sh`.
fn known_address(place: &Path) -> Result<String, Failure> {
    let text = fs::read_to_string(place.join("env.sh")).unwrap_or_default();
    let known =
        text.lines().find_map(|line| line.strip_prefix("GL_HOME=")?.trim_matches('"').split(' ').next());
    known
        .ok_or_else(|| "say where the gateway listens, like --address gw.example:8443".to_owned().into())
        .and_then(env::address)
}

fn pack(place: &Path, address: &str, now: Time) -> Result<Vec<u8>, Failure> {
    let read = |name: &str| {
        let path = place.join(name);
        fs::read(&path).map_err(|error| format!("{}: {error}; issue the identity first", path.display()))
    };
    let cert = read("cert.pem")?;
    let holder = Holder::of(&cert).map_err(|fault| format!("{}/cert.pem: {fault}", place.display()))?;
    if holder.not_after <= now {
        let line = format!("{}/cert.pem has ended; issue another one first", place.display());
        return Err(line.into());
    }
    let page = include_str!("kit/page.html")
        .replace("@IDENTITY@", &holder.path)
        .replace("@NOT_AFTER@", &holder.not_after.to_string())
        .replace("@ADDRESS@", address);
    let mut files = vec![
        ("ca.pem".to_owned(), read("ca.pem")?),
        ("cert.pem".to_owned(), cert),
        ("key.pem".to_owned(), read("key.pem")?),
        ("env.sh".to_owned(), env_sh(address).into_bytes()),
        ("env.ps1".to_owned(), env_ps1(address).into_bytes()),
        ("greenlane.protoset".to_owned(), pb::DESCRIPTORS.to_vec()),
        ("说明.html".to_owned(), page.into_bytes()),
    ];
    files.extend(REQUESTS.map(|(name, text)| (format!("requests/{name}"), request(text, now).into_bytes())));
    zip(files).map_err(|error| error.to_string().into())
}

/// A request that could be sent as it is.
fn request(text: &str, now: Time) -> String {
    let second = Time::from_micros(now.micros() - now.micros().rem_euclid(1_000_000));
    text.replace("@NOW@", &second.to_string()).replace("@IN_30_DAYS@", &second.plus(DAY * 30).to_string())
}

fn zip(files: Vec<(String, Vec<u8>)>) -> Result<Vec<u8>, ZipError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let mode = if name == "key.pem" { 0o600 } else { 0o644 };
        let options =
            SimpleFileOptions::default().compression_method(CompressionMethod::Stored).unix_permissions(mode);
        zip.start_file(name, options)?;
        zip.write_all(&bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

#[cfg(test)]
mod tests;
