use std::{fs, os::unix::fs::PermissionsExt};

use super::*;

pub(in crate::vault) fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its own file");
}

impl KeyLine {
    /// The same key once more.
    pub(in crate::vault) fn again(&self) -> Self {
        Self { purpose: self.purpose, id: self.id, key: self.key.clone() }
    }
}

#[test]
fn what_is_written_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("kek.key");
    let keys = [KeyLine::fresh(Purpose::Kek), KeyLine::fresh(Purpose::Kek)];
    write(&path, &format!("# oldest first\n\n{}{}", *keys[0].line(), *keys[1].line()), 0o600);
    let read = read(&path, Purpose::Kek).expect("keys");
    assert!(read.iter().map(KeyLine::id).eq(keys.iter().map(KeyLine::id)));
    assert!(read.iter().zip(&keys).all(|(one, other)| *one.key == *other.key));
    assert_ne!(*keys[0].derive("wrap"), *keys[0].derive("id"));
}

#[test]
fn each_fault_is_one_clear_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("kek.key");
    let (key, index) = (KeyLine::fresh(Purpose::Kek), KeyLine::fresh(Purpose::Index));
    let line = key.line();
    let changed = line.trim_end().strip_suffix(|_: char| true).expect("digits");
    let last = if line.trim_end().ends_with('0') { '1' } else { '0' };
    let renamed = index.line().replacen("index", "kek", 1);
    let cases = [
        (line.to_string(), 0o640, "others may read it (mode 0640); say `chmod 600`"),
        (line.to_string(), 0o604, "mode 0604"),
        (String::new(), 0o600, "no key in it"),
        ("# none\n".to_owned(), 0o600, "no key in it"),
        ("kek 0102030405060708\n".to_owned(), 0o600, "kek.key:1: not a key"),
        (format!("{} more\n", line.trim_end()), 0o600, "kek.key:1: not a key"),
        (line.replacen("kek", "pin", 1), 0o600, "kek.key:1: not a key"),
        (format!("#\n{changed}\n"), 0o600, "kek.key:2: a key of 63 digits; 64 are needed"),
        (format!("{changed}{last}\n"), 0o600, "it was changed; restore it from its backup"),
        (renamed, 0o600, "it was changed"),
        (index.line().to_string(), 0o600, "kek.key:1: a key for index; kek is needed here"),
        (format!("{0}{0}", *line), 0o600, "kek.key:2: the key"),
    ];
    for (text, mode, wanted) in cases {
        write(&path, &text, mode);
        let said = read(&path, Purpose::Kek).err().expect("refused").to_string();
        assert!(said.contains(wanted) && said.lines().count() == 1, "{said}");
        assert!(said.starts_with(&path.display().to_string()), "{said}");
        // No fault shows the key.
        let digits = line.split_whitespace().nth(2).expect("digits");
        assert!(!said.contains(&digits[..16]), "{said}");
    }
    let missing = read(&folder.path().join("missing"), Purpose::Kek).err().expect("refused").to_string();
    assert!(missing.contains("`greenlane key make` makes one"), "{missing}");
    let folder = read(folder.path(), Purpose::Kek).err().expect("refused").to_string();
    assert!(folder.contains("not a file"), "{folder}");
}

#[test]
fn a_file_of_one_key_has_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("index.key");
    let key = KeyLine::fresh(Purpose::Index);
    write(&path, &key.line(), 0o600);
    assert_eq!(read_one(&path, Purpose::Index).expect("one").id(), key.id());
    write(&path, &format!("{}{}", *key.line(), *KeyLine::fresh(Purpose::Index).line()), 0o600);
    let said = read_one(&path, Purpose::Index).err().expect("refused").to_string();
    assert!(said.contains("2 keys in it, and there is one for index"), "{said}");
}
