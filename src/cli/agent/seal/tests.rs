//! The text that is signed, and whose word counts.

use prost_types::Timestamp;

use super::*;
use crate::service::receipt::Signer;

fn command() -> pb::Command {
    pb::Command {
        sequence: 12,
        command_id: "0191f0e4-0000-7000-8000-000000000001".to_owned(),
        order: "shutdownOrders/0191f0e4-0000-7000-8000-000000000002".to_owned(),
        kind: pb::CommandKind::Shutdown.into(),
        scopes: vec![pb::Scope::SmsOut.into(), pb::Scope::VoiceOut.into()],
        msisdns: vec!["+8617000000001".to_owned(), "+8617000000002".to_owned()],
        due_time: Some(Timestamp { seconds: 1_700_000_000, nanos: 250_000 }),
        receiver: "mvnos/m01".to_owned(),
        notices: vec![pb::Notice {
            msisdn: "+8617000000002".to_owned(),
            appeal_code: "K7Q2-M4TX-9RBD".to_owned(),
            text: None,
        }],
        ..Default::default()
    }
}

#[test]
fn the_text_is_what_the_proto_says() {
    assert_eq!(
        text(&command()),
        "greenlane.v1.Command\n0191f0e4-0000-7000-8000-000000000001\nmvnos/m01\n12\n\
         shutdownOrders/0191f0e4-0000-7000-8000-000000000002\nSHUTDOWN\nVOICE_OUT,SMS_OUT\n1700000000000250\nreal\n\
         +8617000000001 \n+8617000000002 K7Q2-M4TX-9RBD\n"
    );
}

#[test]
fn only_pinned_keys_sign_and_only_what_they_signed() {
    let folder = tempfile::tempdir().expect("a folder");
    let signer = Signer::from_pkcs8(&Signer::generate()).expect("a key");
    let shown = |signer: &Signer| pb::SigningKey {
        key_id: signer.key_id().to_owned(),
        algorithm: "ED25519".to_owned(),
        public_key: signer.public_key().to_vec(),
    };
    assert!(Seals::pinned(folder.path()).expect("none").is_none());
    Seals::pin(folder.path(), &[shown(&signer)]).expect("pinned");
    let seals = Seals::pinned(folder.path()).expect("read").expect("pinned");
    let seal = |signer: &Signer, mut command: pb::Command| {
        let signed = signer.sign(text(&command).as_bytes());
        (command.signature, command.key_id) = (signed.signature, signed.key_id);
        command
    };
    let sealed = seal(&signer, command());
    assert!(seals.sealed(&sealed, "mvnos/m01"));
    assert!(!seals.sealed(&sealed, "mvnos/m02"), "another's");
    let stranger = Signer::from_pkcs8(&Signer::generate()).expect("a key");
    assert!(!seals.sealed(&seal(&stranger, command()), "mvnos/m01"));
    let changes: [fn(&mut pb::Command); 8] = [
        |command| command.sequence += 1,
        |command| command.command_id.push('1'),
        |command| command.drill = true,
        |command| command.kind = pb::CommandKind::Restore.into(),
        |command| command.scopes.push(pb::Scope::Data.into()),
        |command| command.msisdns.push("+8617000000003".to_owned()),
        |command| command.notices[0].appeal_code.push('2'),
        |command| command.due_time = None,
    ];
    for change in changes {
        let mut changed = sealed.clone();
        change(&mut changed);
        assert!(!seals.sealed(&changed, "mvnos/m01"), "{}", text(&changed));
    }
}
