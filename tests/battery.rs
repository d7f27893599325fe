//! Who is let in and who is not: bad certificates, bad handshakes and silent peers against a running server.
//! Everything is made at run time; nothing here waits for time to pass, only for what the other side does.

#[path = "battery/cases.rs"]
mod cases;
#[path = "battery/der.rs"]
mod der;
#[path = "battery/forge.rs"]
mod forge;
#[path = "battery/life.rs"]
mod life;
#[path = "battery/neighbours.rs"]
mod neighbours;
#[path = "battery/world.rs"]
mod world;

use greenlane::{domain::caller::Class, net::Limits};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::{
    cases::Stage,
    forge::{Ca, mvno},
    world::{Faults, Pki, Shown, forget, reason},
};

/// A socket whose fate can be asked for.
async fn socket(server: &greenlane::net::Server) -> TcpStream {
    let tcp = TcpStream::connect(server.local_addr()).await.expect("TCP");
    forget(tcp.local_addr().expect("address"));
    tcp
}

#[tokio::test]
async fn every_bad_certificate_is_refused_for_its_reason() {
    let pki = Pki::new();
    let (stage, faults) = Stage::new(&pki);
    let server = pki.start(&faults, Limits::default());
    let cases = stage.cases();
    assert!(cases.len() >= 40, "only {} cases", cases.len());
    let mut wrong = Vec::new();
    for case in cases {
        let tcp = socket(&server).await;
        let address = tcp.local_addr().expect("address");
        if let Ok(answer) = pki.who(tcp, Some(case.shown), &[b"h2"]).await {
            wrong.push(format!("{}: answered {answer}", case.name));
            continue;
        }
        let word = reason(address);
        if word != case.word {
            wrong.push(format!("{}: refused as {word}, not as {}", case.name, case.word));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn every_bad_hello_is_refused() {
    let pki = Pki::new();
    let server = pki.start(&Faults::default(), Limits::default());
    let none: &[&[u8]] = &[];
    for (name, shown, alpn, word) in [
        ("no certificate", false, &[b"h2".as_slice()][..], "NO_CERTIFICATE"),
        ("no ALPN", true, none, "NO_H2"),
        ("only HTTP/1.1", true, &[b"http/1.1"], "NO_H2"),
        ("HTTP/2 in clear", true, &[b"h2c"], "NO_H2"),
    ] {
        let tcp = socket(&server).await;
        let address = tcp.local_addr().expect("address");
        let shown = shown.then(|| pki.good(Class::Carrier));
        assert!(pki.who(tcp, shown, alpn).await.is_err(), "{name}");
        assert_eq!(reason(address), word, "{name}");
    }
    let hello = der::hello_1_2();
    for (name, bytes, word) in [
        ("TLS 1.2", hello.as_slice(), "OLD_TLS"),
        ("HTTP/1.1", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "NOT_TLS"),
        ("HTTP/2 without TLS", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "NOT_TLS"),
        ("nothing", b"", "PEER_GONE"),
    ] {
        let mut tcp = socket(&server).await;
        let address = tcp.local_addr().expect("address");
        tcp.write_all(bytes).await.expect("sent");
        tcp.shutdown().await.expect("half closed");
        assert_eq!(reason(address), word, "{name}");
    }
}

#[tokio::test]
async fn every_class_is_let_in_and_known() {
    let pki = Pki::new();
    let server = pki.start(&Faults::default(), Limits::default());
    for class in Class::ALL {
        let issued = pki.issue(class, greenlane::pki::Validity::starting(pki.clock.now(), world::HOUR));
        let shown = Shown::from(&issued);
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &shown.chain[0]);
        let hex: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let person = if class.needs_person() { "/officer-1" } else { "" };
        let mut client = pki.client(socket(&server).await, Some(shown), &[b"h2"]).await.expect("let in");
        let said = client.ask("/who").await.expect("answered");
        assert_eq!(said, format!("{}/x1{person} {hex}", class.collection()));
        let peers = server.peers();
        let peer = peers.iter().find(|peer| peer.certificate() == hex).expect("registered");
        assert_eq!(peer.serial, issued.serial);
    }
}

#[tokio::test]
async fn what_is_unusual_but_sound_is_let_in() {
    let pki = Pki::new();
    let (_, faults) = Stage::new(&pki);
    let root = Ca::of(&pki, Class::Mvno);
    let middle = root.below(forge::ca_params("sound middle", Some(0)));
    let lists = vec![middle.list(&[])];
    let server = pki.start(&Faults { more_lists: lists, ..faults }, Limits::default());
    let posing =
        forge::with(|params| params.distinguished_name.push(rcgen::DnType::CommonName, "regulator/miit/a"));
    let ed25519 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("key");
    let p384 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).expect("key");
    for (name, shown) in [
        ("a subject that claims more", root.leaf(&posing)),
        ("Ed25519", root.leaf_of(&mvno(), ed25519)),
        ("P-384", root.leaf_of(&mvno(), p384)),
        ("an intermediate with its list", forge::followed(middle.leaf(&mvno()), &[&middle])),
    ] {
        let mut client = pki.client(socket(&server).await, Some(shown), &[b"h2"]).await.expect(name);
        let said = client.ask("/who").await.expect(name);
        assert!(said.starts_with("mvnos/x1 "), "{name}: {said}");
    }
}
