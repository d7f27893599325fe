use std::{collections::BTreeMap, io::Read};

use super::*;
use crate::{
    domain::caller::Class,
    pki::{Identity, Scope, Validity, folder::Folder},
};

fn now() -> Time {
    Time::of_date(2026, 1, 1)
}

/// A folder of one officer's certificate.
fn place(dir: &Path) -> PathBuf {
    let folder = Folder::open(&dir.join("pki"), "gw.test").expect("folder");
    let class = Class::Regulator;
    folder.make_ca(Scope::Class(class), now()).expect("CA");
    let identity = Identity { class, id: "miit".to_owned(), person: Some("officer-1".to_owned()) };
    let issued = folder.issue(&identity, Validity::starting(now(), DAY), now()).expect("issued");
    let place = dir.join("regulator-miit");
    fs::create_dir(&place).expect("made");
    for (name, text) in [("cert.pem", &*issued.cert_pem), ("key.pem", &*issued.key_pem), ("ca.pem", "the CA")]
    {
        fs::write(place.join(name), text).expect("written");
    }
    place
}

fn unpacked(bytes: Vec<u8>) -> BTreeMap<String, (Option<u32>, Vec<u8>)> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip");
    (0..zip.len())
        .map(|at| {
            let mut file = zip.by_index(at).expect("a file");
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).expect("its bytes");
            (file.name().expect("a name").into_owned(), (file.unix_mode().map(|mode| mode & 0o777), bytes))
        })
        .collect()
}

#[test]
fn everything_is_in_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let place = place(dir.path());
    let files =
        unpacked(pack(&place, "gw.example:8443", now()).map_err(|failure| failure.lines).expect("packed"));
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "ca.pem",
            "cert.pem",
            "env.ps1",
            "env.sh",
            "greenlane.protoset",
            "key.pem",
            "requests/allocate-numbers.json",
            "requests/check-status.json",
            "requests/close-finding.json",
            "requests/lift-suspension.json",
            "requests/open-finding.json",
            "requests/record-assessment.json",
            "requests/record-inspection.json",
            "requests/suspend-mvno.json",
            "说明.html",
        ]
    );
    assert_eq!(files["key.pem"].0, Some(0o600));
    assert_eq!(files["key.pem"].1, fs::read(place.join("key.pem")).expect("key"));
    let page = String::from_utf8(files["说明.html"].1.clone()).expect("text");
    for wanted in ["regulators/miit/officer-1", "2026-01-02T00:00:00Z", "gw.example:8443"] {
        assert!(page.contains(wanted), "{wanted}");
    }
    for (name, (_, bytes)) in files.iter().filter(|(name, _)| name.ends_with(".json")) {
        let json: serde_json::Value = serde_json::from_slice(bytes).expect("JSON");
        assert_eq!(json["validate_only"].is_null(), name.contains("check-status"), "{name}");
        assert!(page.contains(name), "the page does not mention {name}");
    }
    for (name, (_, bytes)) in files.iter().filter(|(name, _)| !name.ends_with(".pem")) {
        assert!(!bytes.windows(9).any(|part| part == b"@ADDRESS@"), "{name}");
        assert!(!bytes.windows(5).any(|part| part == b"@NOW@"), "{name}");
    }
}

#[test]
fn what_is_missing_or_has_ended_is_told() {
    let dir = tempfile::tempdir().expect("a folder");
    let said = |place: &Path, now| pack(place, "a:1", now).expect_err("refused").lines.concat();
    assert!(said(&dir.path().join("none"), now()).contains("cert.pem"));
    let place = place(dir.path());
    assert!(said(&place, now().plus(DAY * 2)).contains("has ended"));
    fs::write(place.join("cert.pem"), "not one").expect("written");
    assert!(said(&place, now()).contains("not a certificate"));
    assert!(known_address(&place).is_err());
    fs::write(place.join("env.sh"), env_sh("127.0.0.1:9")).expect("written");
    assert_eq!(known_address(&place).ok().as_deref(), Some("127.0.0.1:9"));
}
