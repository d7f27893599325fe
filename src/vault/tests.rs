use super::{keyfile::KeyLine, *};
use crate::domain::name::ParticipantName;

const NAME: Column = Column::of("subject", "name");
const NUMBER: Column = Column::of("subject", "number");
const NOTE: Column = Column::of("note", "name");

/// A vault of those key-encryption keys, oldest first.
pub(super) fn vault(keks: &[&KeyLine]) -> Vault {
    let keks: Vec<KeyLine> = keks.iter().map(|line| line.again()).collect();
    Vault { ring: Ring::new(&keks), index: Arc::new(Index::new(&KeyLine::fresh(Purpose::Index))) }
}

fn mvno(name: &str) -> ParticipantName {
    ParticipantName::parse_mvno(name).expect("a name")
}

#[test]
fn what_is_sealed_opens_where_it_was_sealed_and_nowhere_else() {
    let vault = vault(&[&KeyLine::fresh(Purpose::Kek)]);
    let (one, two) = (mvno("mvnos/m01"), mvno("mvnos/m02"));
    let (key, wrapped) = vault.enrol(Owner::new(&one, "s1"), 1);
    let key_again = vault.unlock(Owner::new(&one, "s1"), &wrapped).expect("its own");
    let sealed = key.seal(NAME.at("s1"), "某甲".as_bytes());
    assert_ne!(sealed, key.seal(NAME.at("s1"), "某甲".as_bytes()));
    assert_eq!(key_again.open(NAME.at("s1"), &sealed).expect("its own").expose_text(), Ok("某甲"));
    assert!(!sealed.windows(3).any(|bytes| "某甲".as_bytes().starts_with(bytes)));
    for place in [NAME.at("s2"), NUMBER.at("s1"), NOTE.at("s1"), NAME.at("")] {
        assert_eq!(key.open(place, &sealed).err(), Some(OpenError::Refused));
    }
    // Another subject's key, another version's, and the same bytes of key at another tenant.
    let (other, _) = vault.enrol(Owner::new(&one, "s2"), 1);
    assert_eq!(other.open(NAME.at("s1"), &sealed).err(), Some(OpenError::Refused));
    let raw = [7; subject::KEY];
    let of = |tenant: &ParticipantName, version| SubjectKey::new(&raw, tenant.to_string(), version);
    let sealed = of(&one, 1).seal(NAME.at("s1"), b"x");
    assert!(of(&one, 1).open(NAME.at("s1"), &sealed).is_ok());
    assert_eq!(of(&two, 1).open(NAME.at("s1"), &sealed).err(), Some(OpenError::Refused));
    assert_eq!(of(&one, 2).open(NAME.at("s1"), &sealed).err(), Some(OpenError::Refused));
    let mut renumbered = sealed;
    renumbered[1..5].copy_from_slice(&2_u32.to_be_bytes());
    assert_eq!(of(&one, 2).open(NAME.at("s1"), &renumbered).err(), Some(OpenError::Refused));
}

#[test]
fn a_wrapped_key_is_its_owners() {
    let (old, new) = (KeyLine::fresh(Purpose::Kek), KeyLine::fresh(Purpose::Kek));
    let (before, both, after) = (vault(&[&old]), vault(&[&old, &new]), vault(&[&new]));
    let (one, two) = (mvno("mvnos/m01"), mvno("mvnos/m02"));
    let (key, wrapped) = before.enrol(Owner::new(&one, "s1"), 3);
    let sealed = key.seal(NUMBER.at("s1"), b"119999199003070019");
    for owner in [Owner::new(&two, "s1"), Owner::new(&one, "s2")] {
        assert_eq!(before.unlock(owner, &wrapped).err(), Some(OpenError::Refused));
        assert_eq!(both.rewrap(owner, &wrapped), Err(OpenError::Refused));
    }
    let owner = Owner::new(&one, "s1");
    assert_eq!(Vault::wrapper(&wrapped), Some(old.id()));
    assert_eq!(after.unlock(owner, &wrapped).err(), Some(OpenError::UnknownKey(old.id())));
    let rewrapped = both.rewrap(owner, &wrapped).expect("opens").expect("not the newest");
    assert_eq!(Vault::wrapper(&rewrapped), Some(new.id()));
    assert_eq!(both.rewrap(owner, &rewrapped), Ok(None));
    assert_eq!(before.unlock(owner, &rewrapped).err(), Some(OpenError::UnknownKey(new.id())));
    // What was sealed was not touched, and opens by the older and by the newer wrapping.
    for (vault, wrapped) in [(&both, &wrapped), (&both, &rewrapped), (&after, &rewrapped)] {
        let key = vault.unlock(owner, wrapped).expect("its own");
        assert_eq!(key.version(), 3);
        let opened = key.open(NUMBER.at("s1"), &sealed).expect("its own");
        assert_eq!(opened.expose(), b"119999199003070019");
    }
    // The id of the wrapping key and the version of the data key cannot be exchanged either.
    for at in [1, 9, 12] {
        let mut changed = rewrapped.clone();
        changed[at] ^= 1;
        assert!(both.unlock(owner, &changed).is_err(), "{at}");
    }
}

/// Ten thousand of them: swapped between rows, columns and subjects, every byte flipped, cut anywhere.
#[test]
fn no_changed_or_swapped_value_opens() {
    let vault = vault(&[&KeyLine::fresh(Purpose::Kek)]);
    let tenants = [mvno("mvnos/m01"), mvno("mvnos/m02")];
    let mut kept = Vec::new();
    for subject in 0..50 {
        let (tenant, row) = (&tenants[subject % 2], format!("s{subject}"));
        let (key, wrapped) = vault.enrol(Owner::new(tenant, &row), 1);
        for column in [NAME, NUMBER, NOTE] {
            kept.push((subject, row.clone(), column, key.seal(column.at(&row), row.as_bytes())));
        }
        assert!(vault.unlock(Owner::new(tenant, &row), &wrapped).is_ok());
        let of = kept.iter().filter(|(other, ..)| *other == subject);
        for (_, row, column, sealed) in of {
            assert_eq!(key.open(column.at(row), sealed).expect("its own").expose(), row.as_bytes());
        }
    }
    let keys: Vec<SubjectKey> = (0..50)
        .map(|subject: usize| vault.enrol(Owner::new(&tenants[subject % 2], &format!("s{subject}")), 1).0)
        .collect();
    let (mut tried, mut opened) = (0, 0);
    let mut refuse = |key: &SubjectKey, place: Place<'_>, sealed: &[u8]| {
        tried += 1;
        opened += u32::from(key.open(place, sealed).is_ok());
    };
    // A restored or exchanged key opens nothing that another sealed.
    for (subject, row, column, sealed) in &kept {
        refuse(&keys[*subject], column.at(row), sealed);
    }
    let one = &tenants[0];
    let (key, _) = vault.enrol(Owner::new(one, "one"), 1);
    let rows: Vec<(String, Vec<u8>)> = (0..60)
        .map(|row| format!("r{row}"))
        .map(|row| (row.clone(), key.seal(NAME.at(&row), row.as_bytes())))
        .collect();
    for (row, sealed) in &rows {
        // Under one and the same key: swapped between rows, and between columns.
        for (other, _) in rows.iter().filter(|(other, _)| other != row) {
            refuse(&key, NAME.at(other), sealed);
        }
        refuse(&key, NUMBER.at(row), sealed);
        refuse(&key, NOTE.at(row), sealed);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1 << (at % 8);
            refuse(&key, NAME.at(row), &changed);
            refuse(&key, NAME.at(row), &sealed[..at]);
            changed.clone_from(sealed);
            changed.insert(at, 0);
            refuse(&key, NAME.at(row), &changed);
        }
    }
    assert!(tried >= 10_000, "{tried}");
    assert_eq!(opened, 0);
}

#[test]
fn torn_values_are_told_apart_from_wrong_ones() {
    let vault = vault(&[&KeyLine::fresh(Purpose::Kek)]);
    let one = mvno("mvnos/m01");
    let (key, wrapped) = vault.enrol(Owner::new(&one, "s1"), 1);
    for torn in [&[][..], &[1; 32], &[2; 64]] {
        assert_eq!(key.open(NAME.at("s1"), torn).err(), Some(OpenError::Torn));
    }
    assert!(key.open(NAME.at("s1"), &key.seal(NAME.at("s1"), b"")).expect("its own").expose().is_empty());
    for torn in [&wrapped[..wrapped.len() - 1], &[], &[0; 73]] {
        assert_eq!(vault.unlock(Owner::new(&one, "s1"), torn).err(), Some(OpenError::Torn));
        assert_eq!(Vault::wrapper(torn), None);
    }
}

#[test]
fn a_process_that_read_keys_leaves_no_core_dump() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = Files { kek: folder.path().join("kek"), index: folder.path().join("index") };
    assert!(matches!(Vault::open(&files), Err(VaultError::KeyFile(_))));
    keyfile::tests::write(&files.kek, &KeyLine::fresh(Purpose::Kek).line(), 0o600);
    keyfile::tests::write(&files.index, &KeyLine::fresh(Purpose::Index).line(), 0o600);
    Vault::open(&files).expect("both are there");
    assert_eq!(nix::sys::prctl::get_dumpable(), Ok(false));
}
