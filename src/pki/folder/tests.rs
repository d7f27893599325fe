use std::{os::unix::fs::PermissionsExt, process::Command, time::Duration};

use x509_parser::{pem::parse_x509_pem, prelude::FromDer, revocation_list::CertificateRevocationList};

use super::*;
use crate::domain::time::DAY;

const MVNO: Scope = Scope::Class(Class::Mvno);

fn now() -> Time {
    Time::of_date(2026, 1, 1)
}

fn identity() -> Identity {
    Identity { class: Class::Mvno, id: "m01".to_owned(), person: None }
}

fn folder() -> (tempfile::TempDir, Folder) {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = Folder::open(dir.path(), "gw.test").expect("open");
    folder.make_ca(MVNO, now()).expect("CA");
    (dir, folder)
}

fn issue(folder: &Folder) -> Issued {
    folder.issue(&identity(), Validity::starting(now(), DAY), now()).expect("issued")
}

/// The serial numbers of a list, and its own number.
fn listed(folder: &Folder) -> (Vec<String>, u64) {
    let text = read(&folder.path(MVNO, "crl.pem")).expect("list");
    let (_, pem) = parse_x509_pem(text.as_bytes()).expect("PEM");
    let (_, list) = CertificateRevocationList::from_der(&pem.contents).expect("a list");
    let serials = list.iter_revoked_certificates().map(|one| format!("{:x}", one.serial())).collect();
    let number = list.crl_number().expect("a number").to_u64_digits();
    (serials, number[0])
}

#[test]
fn keys_are_their_owners_and_nothing_is_overwritten() {
    let (_dir, folder) = folder();
    let mode = fs::metadata(folder.path(MVNO, "ca.key")).expect("key").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(matches!(folder.make_ca(MVNO, now()), Err(FolderError::Exists(_))));
    fs::remove_file(folder.path(MVNO, "ca.pem")).expect("removed");
    assert!(matches!(folder.make_ca(MVNO, now()), Err(FolderError::Exists(_))));
    assert!(matches!(
        folder.issue(&identity(), Validity::starting(now(), DAY), now()),
        Err(FolderError::NoCa(MVNO))
    ));
}

#[test]
fn what_is_revoked_is_in_the_next_list_and_stays_there() {
    let (_dir, folder) = folder();
    let (one, two) = (issue(&folder), issue(&folder));
    let (_, pem) = parse_x509_pem(one.cert_pem.as_bytes()).expect("PEM");
    let hash = crate::service::receipt::sha256_hex(&pem.contents);
    assert!(read(&folder.path(MVNO, INDEX)).expect("index").contains(&hash));
    folder.sign_crls(now(), DAY).expect("lists");
    assert_eq!(listed(&folder), (vec![], 1));
    folder.revoke(MVNO, &one.serial, "key lost", now()).expect("revoked");
    folder.revoke(MVNO, &one.serial, "again", now()).expect("revoked already");
    assert!(matches!(folder.revoke(MVNO, "00", "no such", now()), Err(FolderError::Unknown)));
    assert_eq!(folder.sign_crls(now(), DAY).expect("lists"), [folder.path(MVNO, "crl.pem")]);
    assert_eq!(listed(&folder), (vec![one.serial.clone()], 2));
    let all = folder.list(MVNO).expect("list");
    assert_eq!(all[0].revoked, Some((now(), "key lost".to_owned())));
    assert_eq!((&all[1].serial, &all[1].revoked), (&two.serial, &None));
}

#[test]
fn a_folder_has_one_trust_domain() {
    let (dir, _) = folder();
    assert_eq!(Folder::existing(dir.path()).expect("there").trust_domain(), "gw.test");
    assert!(matches!(Folder::open(dir.path(), "gw.other"), Err(FolderError::TrustDomain { .. })));
    let none = dir.path().join("none");
    assert!(matches!(Folder::existing(&none), Err(FolderError::NoFolder(_))));
    assert!(!none.exists());
}

#[test]
fn half_a_line_is_dropped_and_a_spoilt_file_is_told() {
    let (_dir, folder) = folder();
    let one = issue(&folder);
    let index = folder.path(MVNO, INDEX);
    let whole = read(&index).expect("index");
    fs::write(&index, format!("{whole}{{\"event\":\"REVO")).expect("torn");
    assert_eq!(folder.list(MVNO).expect("list").len(), 1);
    folder.revoke(MVNO, &one.serial, "key lost", now()).expect("revoked");
    assert!(folder.list(MVNO).expect("list")[0].revoked.is_some());
    fs::write(&index, "not ours\n").expect("spoilt");
    assert!(matches!(folder.list(MVNO), Err(FolderError::Spoilt(_))));
    fs::write(&index, whole).expect("restored");
    fs::write(folder.path(MVNO, "crl-number"), "").expect("spoilt");
    assert!(matches!(folder.sign_crls(now(), DAY), Err(FolderError::Spoilt(_))));
}

#[test]
fn many_at_once_lose_nothing() {
    let (_dir, folder) = folder();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let one = issue(&folder);
                folder.revoke(MVNO, &one.serial, "test", now()).expect("revoked");
                folder.sign_crls(now(), Duration::from_secs(60)).expect("lists");
            });
        }
    });
    let (serials, number) = listed(&folder);
    assert_eq!((serials.len(), number), (8, 8));
}

/// Where the machine has openssl, it must agree with what we make.
#[test]
fn openssl_agrees() {
    let (dir, folder) = folder();
    let issued = issue(&folder);
    folder.sign_crls(now(), DAY).expect("lists");
    let cert = dir.path().join("cert.pem");
    write(&cert, &issued.cert_pem).expect("written");
    let verify = || {
        let ca = folder.path(MVNO, "ca.pem");
        let list = folder.path(MVNO, "crl.pem");
        let at = (now().micros() / 1_000_000).to_string();
        Command::new("openssl")
            .args([
                "verify",
                "-x509_strict",
                "-purpose",
                "sslclient",
                "-attime",
                &at,
                "-crl_check",
                "-CAfile",
            ])
            .args([&ca, &PathBuf::from("-CRLfile"), &list, &cert])
            .output()
    };
    let Ok(output) = verify() else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder.revoke(MVNO, &issued.serial, "key lost", now()).expect("revoked");
    folder.sign_crls(now(), DAY).expect("lists");
    let output = verify().expect("it ran before");
    assert!(String::from_utf8_lossy(&output.stderr).contains("certificate revoked"));
}
