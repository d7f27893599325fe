//! `[store]`: which engine keeps the record, and how it is reached.

use std::path::{Path, PathBuf};

use super::section::Section;
use crate::{
    app::Database,
    net::tls::client,
    store::{postgres, sqlite},
};

/// Reads the section.
pub(super) fn read(store: &mut Section, folder: &Path) -> Database {
    let url = store.text("url", "");
    let readers = store.count("readers", 1..=64, 2);
    let connections = store.count("connections", 1..=256, 8);
    let ca = store.opt_path("ca_file", folder);
    let password = store.opt_path("password_file", folder);
    let sqlite = |path| Database::Sqlite(path, sqlite::Options { readers, ..Default::default() });
    if let Some(path) = url.strip_prefix("sqlite://").filter(|path| !path.is_empty()) {
        return sqlite(folder.join(path));
    }
    if url.starts_with("postgresql://") || url.starts_with("postgres://") {
        match reach(&url, ca.as_deref(), password.as_deref()) {
            Ok(mut options) => {
                options.connections = connections;
                return Database::Postgres(options);
            }
            Err(mistakes) => mistakes.iter().for_each(|(key, what)| store.mistake(key, what)),
        }
    } else {
        let examples =
            "\"sqlite:///var/lib/greenlane/greenlane.db\" or \"postgresql://greenlane@db1,db2/greenlane\"";
        store.mistake("url", &format!("a database like {examples} is needed"));
    }
    sqlite(PathBuf::new())
}

/// How a PostgreSQL is reached, or the keys that are wrong and what to do.
fn reach(
    url: &str,
    ca: Option<&Path>,
    password: Option<&Path>,
) -> Result<postgres::Options, Vec<(&'static str, String)>> {
    let tls = ca.map(client::trusting).transpose().map_err(|error| ("ca_file", error.to_string()));
    let password = password.map(secret).transpose().map_err(|what| ("password_file", what));
    let connect = |tls: &Option<_>| tls.clone().map(tokio_postgres_rustls::MakeRustlsConnect::new);
    // A URL is judged even where a file is missing: who sets a node up wants to hear of all mistakes at once.
    let with = (password.as_ref().map_or(None, Option::as_deref), tls.as_ref().map_or(None, connect));
    let unread = tls.is_err() && with.1.is_none();
    let options = postgres::Options::new(url, with.0, with.1).map_err(|error| ("url", error.to_string()));
    let mistakes: Vec<_> = [tls.err(), password.err()].into_iter().flatten().collect();
    match options {
        Ok(options) if mistakes.is_empty() => Ok(options),
        // That TLS is asked for and no CA named is no second mistake where its file cannot be read.
        Err(fault) if !unread => Err(mistakes.into_iter().chain([fault]).collect()),
        Ok(_) | Err(_) => Err(mistakes),
    }
}

/// The one line of a file that holds a secret.
pub(super) fn secret(path: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(format!("{}: the file is empty", path.display())),
        line => Ok(line.to_owned()),
    }
}
