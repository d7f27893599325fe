//! Certificates of a simulated authority: a CA that is forgotten, its server's certificate and the gateway's.

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::{Path, PathBuf},
    time::Duration,
};

use rustls::pki_types::{CertificateDer, pem::PemObject};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

use crate::{
    domain::time::{DAY, Time},
    pki::{
        Authority, Issued, Scope, Validity,
        folder::{FolderError, write, write_secret},
    },
};

const VALID: Duration = DAY.saturating_mul(397);

/// Makes what is missing, or about to end, and says where the server's lie. The gateway's lie in `gateway/` there.
pub(super) fn make(dir: &Path, now: Time) -> Result<PathBuf, FolderError> {
    if is_current(dir, now) {
        return Ok(dir.to_owned());
    }
    let gateway = dir.join("gateway");
    fs::create_dir_all(&gateway).map_err(at(dir))?;
    // The anchor goes first and comes last: with it, everything is there.
    for file in [dir.join("ca.pem"), dir.join("key.pem"), gateway.join("key.pem")] {
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(&file)(error)),
            Ok(()) | Err(_) => {}
        }
    }
    let authority = Authority::new(Scope::Server, "authority.simulated", now)?;
    let validity = Validity::starting(now, VALID);
    let ips = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    keep(dir, &authority.issue_server(&["localhost"], &ips, validity)?)?;
    keep(&gateway, &authority.issue_outgoing("gateway", validity)?)?;
    write(&gateway.join("ca.pem"), authority.pem())?;
    write(&dir.join("ca.pem"), authority.pem())?;
    Ok(dir.to_owned())
}

fn keep(place: &Path, issued: &Issued) -> Result<(), FolderError> {
    write_secret(&place.join("key.pem"), &issued.key_pem)?;
    write(&place.join("cert.pem"), &issued.cert_pem)
}

/// Whether everything is there, and good for another month.
fn is_current(dir: &Path, now: Time) -> bool {
    let anchored = dir.join("ca.pem").exists();
    let pem = fs::read(dir.join("cert.pem")).unwrap_or_default();
    let Ok(der) = CertificateDer::from_pem_slice(&pem) else { return false };
    let Ok((_, certificate)) = X509Certificate::from_der(&der) else { return false };
    let end = Time::from_micros(certificate.validity().not_after.timestamp().saturating_mul(1_000_000));
    anchored && end > now.plus(DAY * 30)
}

fn at(path: &Path) -> impl Fn(io::Error) -> FolderError {
    let path = path.to_owned();
    move |error| FolderError::Io { path: path.clone(), error }
}
