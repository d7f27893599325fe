//! The files of the repository as text, and what of a Rust file is not a test.

use std::{fs, path::Path, process::Command};

/// One Rust file under `src`.
pub struct Source {
    /// From the root: `src/service/tick.rs`.
    pub path: String,
    /// All of it.
    pub text: String,
    /// Without its tests.
    pub code: String,
}

// === impl Source ===

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), code: without_tests(text) }
    }

    /// The room at the top that it is in: `service`.
    pub fn room(&self) -> &str {
        let rest = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let end = rest.find(['/', '.']).unwrap_or(rest.len());
        &rest[..end]
    }

    /// Its code without comments and without what stands in quotes.
    pub fn bare(&self) -> String {
        bare(&self.code)
    }
}

/// Every Rust file under `src` that is not tests alone.
pub fn sources() -> Vec<Source> {
    let files = tracked().into_iter().filter(|path| path.starts_with("src/") && path.ends_with(".rs"));
    let files = files.filter(|path| !path.ends_with("/tests.rs"));
    let sources: Vec<Source> = files.map(|path| Source::new(&path, &read(&path))).collect();
    assert!(sources.len() > 50, "the sources were not found");
    sources
}

/// The text of a file, empty where it is none.
pub fn read(path: &str) -> String {
    let bytes = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

/// Every file that git keeps, or that is about to be kept; every file at all where this is no clone.
pub fn tracked() -> Vec<String> {
    let root = env!("CARGO_MANIFEST_DIR");
    let mut git = Command::new("git");
    git.args(["-C", root, "ls-files", "-z"]);
    match git.output() {
        Ok(output) if output.status.success() => {
            let names = String::from_utf8(output.stdout).expect("names are UTF-8");
            names.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect()
        }
        Ok(_) | Err(_) => {
            let mut found = Vec::new();
            walk(Path::new(root), "", &mut found);
            found
        }
    }
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            if !matches!(name.as_str(), "target" | ".git" | "greenlane-dev") {
                walk(&entry.path(), &format!("{name}/"), found);
            }
        } else {
            found.push(name);
        }
    }
}

/// What stands before the file's tests; by habit they are its end.
fn without_tests(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let opens_tests = line.trim() == "#[cfg(test)]"
            && lines.peek().is_some_and(|next| next.starts_with("mod tests") && next.ends_with('{'));
        if opens_tests {
            break;
        }
        code.push_str(line);
        code.push('\n');
    }
    code
}

fn bare(code: &str) -> String {
    let mut kept = String::new();
    for line in code.lines() {
        let mut quoted = false;
        let mut last = ' ';
        for (at, c) in line.char_indices() {
            if !quoted && line[at..].starts_with("//") {
                break;
            }
            if c == '"' && last != '\\' && !line[at..].starts_with("\"'") {
                quoted = !quoted;
            }
            if !quoted {
                kept.push(c);
            }
            last = c;
        }
        kept.push('\n');
    }
    kept
}

#[test]
fn tests_and_comments_are_no_code() {
    let source = Source::new(
        "src/net/x.rs",
        "//! crate::rpc\nuse crate::domain; // crate::cli\nlet a = \"crate::app\";\n#[cfg(test)]\nmod tests {\nuse crate::host;\n}\n",
    );
    assert_eq!(source.room(), "net");
    assert_eq!(source.code.lines().count(), 3);
    assert_eq!(source.bare().matches("crate::").count(), 1);
    assert_eq!(Source::new("src/host.rs", "").room(), "host");
}
