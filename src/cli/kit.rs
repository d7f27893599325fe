//! `greenlane kit`: a zip that a regulator unpacks and works from, with grpcurl and nothing of ours installed.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{
    Failure,
    env::{env_ps1, env_sh},
};
use crate::rpc::pb;

/// Pack what a person needs to use a gateway with grpcurl: certificates, env.sh, env.ps1, requests, descriptors, a page.
#[derive(clap::Args)]
pub struct Args {
    /// The identity's folder in the certificates, like regulator-miit.
    #[arg(value_name = "IDENTITY")]
    identity: String,
    /// The folder of the identities' certificates.
    #[arg(long, default_value = "greenlane-dev/certs", value_name = "FOLDER")]
    from: PathBuf,
    /// Where to; by default the identity's name with .zip.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Where the gateway listens.
    #[arg(long, default_value = "127.0.0.1:8443", value_name = "HOST:PORT")]
    address: String,
}

/// Requests to fill in, by the name of the file.
const REQUESTS: &[(&str, &str)] = &[
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
    pack(&out, &place, &args.address)
        .map_err(|error| Failure::from(format!("{}: {error}", out.display())))?;
    println!("{}: it holds a private key; hand it over as you would a key", out.display());
    Ok(())
}

fn pack(out: &Path, place: &Path, address: &str) -> io::Result<()> {
    let read = |name: &str| {
        let path = place.join(name);
        fs::read(&path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
    };
    let files: Vec<(String, Vec<u8>)> = [
        ("ca.pem".to_owned(), read("ca.pem")?),
        ("cert.pem".to_owned(), read("cert.pem")?),
        ("key.pem".to_owned(), read("key.pem")?),
        ("env.sh".to_owned(), env_sh(address).into_bytes()),
        ("env.ps1".to_owned(), env_ps1(address).into_bytes()),
        ("greenlane.protoset".to_owned(), pb::DESCRIPTORS.to_vec()),
        ("README.zh-CN.md".to_owned(), include_bytes!("kit/README.zh-CN.md").to_vec()),
    ]
    .into_iter()
    .chain(REQUESTS.iter().map(|(name, text)| (format!("requests/{name}"), text.as_bytes().to_vec())))
    .collect();
    let mut zip = ZipWriter::new(create(out)?);
    for (name, bytes) in files {
        let mode = if name == "key.pem" { 0o600 } else { 0o644 };
        let options =
            SimpleFileOptions::default().compression_method(CompressionMethod::Stored).unix_permissions(mode);
        zip.start_file(name, options)?;
        zip.write_all(&bytes)?;
    }
    zip.finish()?.sync_all()
}

/// A new file that only its owner reads.
fn create(out: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().write(true).create_new(true).mode(0o600).open(out)
}
