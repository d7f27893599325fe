//! Contexts as files: `<folder>/contexts/NAME.toml` and the name of the selected one in `<folder>/selected`. They say
//! which key to show to whom, so only their owner may read them, and one that others can read is not used.

use std::{
    env, fs, io,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::wrong;
use crate::cli::{Failure, env as addresses};

/// The folder.
pub(super) struct Contexts {
    folder: PathBuf,
}

/// One of them.
#[derive(Debug)]
pub(in crate::cli) struct Context {
    /// What it is called here.
    pub(super) name: String,
    /// Where the gateway's nodes are, in the order in which they are tried.
    pub(super) addresses: Vec<String>,
    /// The folder with ca.pem, cert.pem and key.pem.
    pub(super) certs: PathBuf,
}

/// What its file says.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    addresses: Vec<String>,
    certs: PathBuf,
}

// === impl Contexts ===

impl Contexts {
    /// The folder that was named, or the one of this user.
    pub(super) fn at(folder: Option<&Path>) -> Result<Self, Failure> {
        let set = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let folder = folder
            .map(Path::to_owned)
            .or_else(|| set("XDG_CONFIG_HOME").map(|config| config.join("greenlane")))
            .or_else(|| set("HOME").map(|home| home.join(".config/greenlane")));
        let folder = folder
            .ok_or_else(|| wrong("neither HOME nor XDG_CONFIG_HOME is set; name a folder with --contexts"))?;
        Ok(Self { folder })
    }

    /// Where states of imports are kept.
    pub(super) fn imports(&self) -> PathBuf {
        self.folder.join("imports")
    }

    /// The one of that name, or the selected one.
    pub(super) fn get(&self, name: Option<&str>) -> Result<Context, Failure> {
        let name = match name {
            Some(name) => checked(name)?.to_owned(),
            None => self.selected()?.ok_or_else(|| {
                wrong(
                    "no context is selected; add one with `greenlane ctl context add NAME --address HOST:PORT --certs FOLDER`",
                )
            })?,
        };
        let path = self.path(&name);
        if !path.exists() {
            let line = format!("there is no context {name}; `greenlane ctl context list` shows all");
            return Err(wrong(line));
        }
        let text = read(&path)?;
        let kept: Kept = toml::from_str(&text)
            .map_err(|fault| format!("{}: {}; add it again", path.display(), fault.message()))?;
        if kept.addresses.is_empty() {
            return Err(format!("{}: it has no address; add it again", path.display()).into());
        }
        for address in &kept.addresses {
            addresses::address(address)?;
        }
        Ok(Context { name, addresses: kept.addresses, certs: kept.certs })
    }

    /// Keeps one. An existing one is overwritten only where that was asked for.
    pub(super) fn add(&self, context: &Context, replace: bool) -> Result<(), Failure> {
        let path = self.path(checked(&context.name)?);
        if path.exists() && !replace {
            let line = format!("there is a context {} already; --replace overwrites it", context.name);
            return Err(wrong(line));
        }
        let kept = Kept { addresses: context.addresses.clone(), certs: context.certs.clone() };
        let text = toml::to_string(&kept).map_err(|fault| fault.to_string())?;
        write(&path, &text)
    }

    /// Makes it the one that is used where none is named.
    pub(super) fn select(&self, name: &str) -> Result<(), Failure> {
        self.get(Some(name))?;
        write(&self.folder.join("selected"), &format!("{name}\n"))
    }

    /// The name of the selected one.
    pub(super) fn selected(&self) -> Result<Option<String>, Failure> {
        let path = self.folder.join("selected");
        if !path.exists() {
            return Ok(None);
        }
        let name = read(&path)?.trim().to_owned();
        checked(&name).map(|name| Some(name.to_owned()))
    }

    /// Forgets one. Certificates are left where they are.
    pub(super) fn remove(&self, name: &str) -> Result<(), Failure> {
        self.get(Some(name))?;
        if self.selected()?.as_deref() == Some(name) {
            let path = self.folder.join("selected");
            fs::remove_file(&path).map_err(at(&path))?;
        }
        let path = self.path(name);
        Ok(fs::remove_file(&path).map_err(at(&path))?)
    }

    /// The names of all, in order.
    pub(super) fn names(&self) -> Result<Vec<String>, Failure> {
        let folder = self.folder.join("contexts");
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let files = fs::read_dir(&folder).map_err(at(&folder))?;
        let names =
            files.filter_map(|file| Some(file.ok()?.file_name().to_str()?.strip_suffix(".toml")?.to_owned()));
        let mut names: Vec<String> = names.filter(|name| checked(name).is_ok()).collect();
        names.sort();
        Ok(names)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join("contexts").join(format!("{name}.toml"))
    }
}

/// A name that is a file's too.
fn checked(name: &str) -> Result<&str, Failure> {
    let sound = (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        && !name.starts_with(['.', '-']);
    if sound {
        Ok(name)
    } else {
        Err(wrong("a context's name has 1 to 64 letters, digits, dots, hyphens or underscores"))
    }
}

/// Reads a file that nobody else may read or change.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    // SECURITY: looked at through the handle that is read, so that no other file takes its place in between.
    let mut file = fs::File::open(path).map_err(at(path))?;
    let kept = file.metadata().map_err(at(path))?;
    if let Some(fault) = open_to_others(&kept) {
        return Err(format!(
            "{} {fault}; chmod 600 it, and look who could have read or changed it",
            path.display()
        )
        .into());
    }
    let mut text = String::new();
    io::Read::read_to_string(&mut file, &mut text).map_err(at(path))?;
    Ok(text)
}

/// What is wrong with the permissions of a file that is only its owner's.
pub(super) fn open_to_others(kept: &fs::Metadata) -> Option<&'static str> {
    if kept.mode() & 0o077 != 0 {
        return Some("is open to other users");
    }
    (kept.uid() != nix::unistd::geteuid().as_raw()).then_some("belongs to another user")
}

/// Writes a file that only its owner reads, whole or not at all.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(at(folder))?;
    }
    let beside = path.with_extension("new");
    if beside.exists() {
        fs::remove_file(&beside).map_err(at(&beside))?; // what a crash left
    }
    let mut file =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside).map_err(at(&beside))?;
    io::Write::write_all(&mut file, text.as_bytes()).map_err(at(&beside))?;
    Ok(fs::rename(&beside, path).map_err(at(path))?)
}

fn at(path: &Path) -> impl Fn(io::Error) -> String {
    let path = path.to_owned();
    move |error| format!("{}: {error}", path.display())
}

#[cfg(test)]
mod tests;
