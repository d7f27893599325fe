//! From settings to a client: reads every file and judges everything that can be judged without a connection.

use std::{path::Path, time::Duration};

use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo,
    ProtocolVersion, PushInfo, TlsCertificates,
    aio::MultiplexedConnection,
    io::tcp::{TcpSettings, socket2::TcpKeepalive},
};

use super::{Settings, fault::Fault, is_key, seal::Seal};

/// Bytes that were sent and not acknowledged for so long end the connection, whatever TCP would still try.
const USER_TIMEOUT: Duration = Duration::from_secs(2);
/// A silent connection is probed after so long, and so often.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// Commands on the line at once.
const MOST_AT_ONCE: usize = 256;

/// What it takes to connect.
pub(super) struct Door {
    pub(super) client: Client,
    pub(super) seal: Seal,
    /// For a new connection with all that goes before its first command.
    pub(super) connect_limit: Duration,
}

// === impl Door ===

impl Door {
    /// Reads the files.
    pub(super) fn open(settings: &Settings) -> Result<Self, Fault> {
        prefix(settings)?;
        let (seal, client) = (seal(settings)?, client(settings)?);
        Ok(Self { client, seal, connect_limit: settings.connect_limit })
    }

    /// Connects, says who we are, and hands what the server pushes to `pushed`.
    pub(super) async fn connect(
        &self,
        pushed: impl Fn(PushInfo) + Send + Sync + 'static,
    ) -> Result<MultiplexedConnection, Fault> {
        // The limits of the driver are ours to keep: it knows none that holds for the whole.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_concurrency_limit(MOST_AT_ONCE)
            .set_push_sender(move |push| {
                pushed(push);
                Ok::<(), ()>(())
            });
        let connecting = self.client.get_multiplexed_async_connection_with_config(&config);
        match tokio::time::timeout(self.connect_limit, connecting).await {
            Ok(connected) => connected.map_err(|error| Fault::of(&error, "HELLO")),
            Err(_) => {
                let waited = format!("no answer in {} ms", self.connect_limit.as_millis());
                // A plain Redis waits for the end of the line, and TLS has none.
                let tls = matches!(self.client.get_connection_info().addr(), ConnectionAddr::TcpTls { .. });
                let hint = if tls { "; does that port speak TLS?" } else { "" };
                Err(Fault::OutOfReach(waited + hint))
            }
        }
    }
}

/// Everything that is wrong with the settings and the files that they name, as far as it shows without a connection.
pub fn faults(settings: &Settings) -> Vec<Fault> {
    [prefix(settings), seal(settings).map(drop), client(settings).map(drop)]
        .into_iter()
        .filter_map(Result::err)
        .collect()
}

fn prefix(settings: &Settings) -> Result<(), Fault> {
    match is_key(&settings.prefix) {
        true => Ok(()),
        false => Err(Fault::Settings("cache.prefix: up to 200 of a-z, 0-9 and -_./ are needed")),
    }
}

fn seal(settings: &Settings) -> Result<Seal, Fault> {
    const KEY: &str = "cache.seal_key_file";
    let key = read(KEY, &settings.seal_key)?;
    if key.len() < 32 {
        return Err(Fault::file(KEY, &settings.seal_key, "at least 32 bytes are needed"));
    }
    Ok(Seal::new(&key))
}

fn client(settings: &Settings) -> Result<Client, Fault> {
    const NOT_PEM: Fault =
        Fault::Settings("cache.ca_file, cache.certificate_file or cache.key_file: not PEM");
    let info = info(settings)?;
    match tls(settings, info.addr())? {
        Some(certificates) => Client::build_with_tls(info, certificates).map_err(|_| NOT_PEM),
        None => Client::open(info).map_err(|_| Fault::Url(settings.shown_url())),
    }
}

fn read(key: &'static str, path: &Path) -> Result<Vec<u8>, Fault> {
    std::fs::read(path).map_err(|error| Fault::file(key, path, error))
}

/// Where, as whom and how.
fn info(settings: &Settings) -> Result<ConnectionInfo, Fault> {
    let wrong = || Fault::Url(settings.shown_url());
    let scheme = ["redis://", "rediss://"].into_iter().find(|scheme| settings.url.starts_with(scheme));
    let rest = &settings.url[scheme.ok_or_else(wrong)?.len()..];
    if rest.contains('@') {
        return Err(Fault::SecretInUrl);
    }
    if rest.contains(['?', '#']) {
        return Err(wrong());
    }
    let info = settings.url.as_str().into_connection_info().map_err(|_| wrong())?;
    let mut user = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3).set_skip_set_lib_name();
    match (&settings.username, &settings.password) {
        (Some(_), None) => {
            return Err(Fault::Settings("cache.username: a user needs a password; name cache.password_file"));
        }
        (username, Some(path)) => {
            let text = read("cache.password_file", path)?;
            let text = String::from_utf8(text)
                .map_err(|_| Fault::file("cache.password_file", path, "one line of text is needed"))?;
            let password = text.trim_end_matches(['\r', '\n']);
            if password.is_empty() {
                return Err(Fault::file("cache.password_file", path, "the file is empty"));
            }
            user = user.set_password(password);
            if let Some(username) = username {
                user = user.set_username(username);
            }
        }
        (None, None) => {}
    }
    let tcp = TcpSettings::default()
        .set_nodelay(true)
        .set_user_timeout(USER_TIMEOUT)
        .set_keepalive(TcpKeepalive::new().with_time(KEEP_ALIVE).with_interval(KEEP_ALIVE));
    Ok(info.set_redis_settings(user).set_tcp_settings(tcp))
}

/// What TLS needs beside the machine's own anchors; `None` where nothing.
fn tls(settings: &Settings, address: &ConnectionAddr) -> Result<Option<TlsCertificates>, Fault> {
    let files = [&settings.ca, &settings.certificate, &settings.key];
    if !matches!(address, ConnectionAddr::TcpTls { .. }) {
        return match files.iter().all(|file| file.is_none()) {
            true => Ok(None),
            false => Err(Fault::Settings(
                "cache.url: certificates are named, but redis:// is plain; use rediss://",
            )),
        };
    }
    let client_tls = match (&settings.certificate, &settings.key) {
        (Some(certificate), Some(key)) => Some(ClientTlsConfig {
            client_cert: read("cache.certificate_file", certificate)?,
            client_key: read("cache.key_file", key)?,
        }),
        (None, None) => None,
        _ => return Err(Fault::Settings("cache.certificate_file and cache.key_file go together")),
    };
    let root_cert = settings.ca.as_deref().map(|path| read("cache.ca_file", path)).transpose()?;
    if root_cert.is_none() && client_tls.is_none() {
        return Ok(None);
    }
    Ok(Some(TlsCertificates { client_tls, root_cert }))
}
