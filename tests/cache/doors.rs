//! Settings that are wrong, each told in one clear line that names the key: passwords, users, protocols and TLS.

use std::{
    fs,
    io::{Read, Write},
    time::Duration,
};

use greenlane::cache::{
    Settings, State,
    redis::{Fault, Report, check},
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use crate::{
    fixture::{clock, load, open, settings, value},
    server::Server,
};

/// What the user of a gateway needs, and nothing else; the README says the same.
const GRANTS: &str = "resetkeys resetchannels -@all ~greenlane:* &greenlane:* +hello +ping +subscribe +publish \
                      +eval +evalsha +script|load +getrange +set +del +get +time";

async fn fault(settings: &Settings) -> Fault {
    match check(settings, &*clock()).await {
        Ok(Report { .. }) => panic!("nothing is wrong with it"),
        Err(fault) => {
            assert!(!fault.to_string().contains('\n'), "{fault}");
            fault
        }
    }
}

/// Writes a secret beside the server.
fn secret(server: &Server, name: &str, text: &str) -> Option<std::path::PathBuf> {
    fs::write(server.file(name), text).expect("a file");
    Some(server.file(name))
}

async fn works(settings: &Settings) {
    check(settings, &*clock()).await.expect("nothing is wrong");
    let cache = open(settings);
    assert_eq!(cache.tried().await, State::Connected);
    use greenlane::cache::Cache;
    cache.keep(vec![value("standing/mvnos/m01", 1, "x")]).await;
    assert_eq!(load(&cache, "standing/mvnos/m01", 1).await.as_deref(), Some("x"));
}

#[tokio::test]
async fn a_check_leaves_nothing_behind() {
    let server = Server::start();
    check(&settings(&server), &*clock()).await.expect("nothing is wrong");
    let keys: Vec<String> = redis::cmd("KEYS").arg("*standing*").query(&mut server.raw()).expect("keys");
    assert_eq!(keys, Vec::<String>::new());
}

#[tokio::test]
async fn wrong_urls_and_files() {
    let server = Server::start();
    let with = |url: &str| Settings { url: url.to_owned(), ..settings(&server) };
    for url in ["", "localhost", "http://localhost", "redis://", "redis://h:port", "redis://h/x", "unix:///s"]
    {
        assert!(matches!(fault(&with(url)).await, Fault::Url(_)), "{url}");
    }
    for url in ["redis://127.0.0.1/?protocol=resp2", "rediss://127.0.0.1/#insecure"] {
        assert!(matches!(fault(&with(url)).await, Fault::Url(_)), "{url}");
    }
    let told = fault(&with("redis://:hunter2@127.0.0.1")).await;
    assert_eq!(told, Fault::SecretInUrl);
    assert!(told.is_mistake());

    let missing = Settings { seal_key: server.file("nowhere"), ..settings(&server) };
    assert!(fault(&missing).await.to_string().starts_with("cache.seal_key_file: "));
    fs::write(server.file("short"), [1; 31]).expect("a file");
    let short = Settings { seal_key: server.file("short"), ..settings(&server) };
    assert!(fault(&short).await.to_string().contains("at least 32 bytes"));
    let user = Settings { username: Some("greenlane".to_owned()), ..settings(&server) };
    assert!(fault(&user).await.to_string().starts_with("cache.username: "));
    let plain = Settings { ca: Some(server.file("seal")), ..settings(&server) };
    assert!(fault(&plain).await.to_string().contains("use rediss://"));
}

#[tokio::test]
async fn nobody_there() {
    let mut server = Server::start();
    server.kill();
    let told = fault(&settings(&server)).await;
    assert_eq!(told.to_string(), "cache.url: Redis is out of reach: nobody listens there");
    assert!(!told.is_mistake());
}

#[tokio::test]
async fn passwords() {
    let server = Server::with(|_| vec!["--requirepass".to_owned(), "correct".to_owned()]);
    let none = settings(&server);
    assert_eq!(fault(&none).await, Fault::PasswordMissing);
    let wrong = Settings { password: secret(&server, "wrong", "incorrect\n"), ..none.clone() };
    assert_eq!(fault(&wrong).await, Fault::PasswordWrong);
    let empty = Settings { password: secret(&server, "empty", "\n"), ..none.clone() };
    assert!(matches!(fault(&empty).await, Fault::File { key: "cache.password_file", .. }));
    works(&Settings { password: secret(&server, "right", "correct\n"), ..none }).await;
}

#[tokio::test]
async fn users_and_what_they_may() {
    let server = Server::start();
    let mut raw = server.raw();
    let mut user = |grants: &str| {
        let words = format!("on >pass {grants}");
        let mut command = redis::cmd("ACL");
        command.arg("SETUSER").arg("gl").arg("reset").arg(words.split_whitespace().collect::<Vec<_>>());
        command.exec(&mut raw).expect("a user");
    };
    let settings = Settings {
        username: Some("gl".to_owned()),
        password: secret(&server, "password", "pass"),
        ..settings(&server)
    };
    user(GRANTS);
    works(&settings).await;
    for (without, what) in [
        ("+subscribe", "SUBSCRIBE"),
        ("+publish", "PUBLISH"),
        ("+evalsha", "EVALSHA"),
        ("+ping", "PING"),
        ("&greenlane:*", "SUBSCRIBE"),
    ] {
        user(&GRANTS.replace(without, ""));
        let told = fault(&settings).await;
        assert!(matches!(told, Fault::Forbidden(named) if named.contains(what)), "{without}: {told}");
    }
    user("off");
    assert_eq!(fault(&settings).await, Fault::PasswordWrong);
}

#[tokio::test]
async fn an_old_protocol() {
    let server = Server::with(|_| ["--rename-command", "HELLO", ""].map(str::to_owned).to_vec());
    assert_eq!(fault(&settings(&server)).await, Fault::OldProtocol);
}

#[tokio::test]
async fn a_replica() {
    let primary = Server::start();
    let port = primary.port.to_string();
    let server = Server::with(|_| ["--replicaof", "127.0.0.1", &port].map(str::to_owned).to_vec());
    assert_eq!(fault(&settings(&server)).await, Fault::ReadOnly);
}

/// A CA of the test's own, and what it issues.
struct Issuer(CertifiedIssuer<'static, KeyPair>);

impl Issuer {
    fn new() -> Self {
        let mut ca = CertificateParams::default();
        ca.distinguished_name.push(DnType::CommonName, "a CA of a test");
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(ca, KeyPair::generate().expect("a key")).expect("a CA"))
    }

    /// Writes a certificate for that name and its key, as `<file>.crt` and `<file>.key`.
    fn issue(&self, folder: &std::path::Path, file: &str, name: &str, ended: bool) {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        if ended {
            params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        }
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        fs::write(folder.join(format!("{file}.crt")), certificate.pem()).expect("a file");
        fs::write(folder.join(format!("{file}.key")), key.serialize_pem()).expect("a file");
    }

    fn write(&self, folder: &std::path::Path, file: &str) {
        fs::write(folder.join(file), self.0.pem()).expect("a file");
    }
}

/// A server that speaks TLS on its port, with a certificate for that name.
fn tls_server(issuer: &Issuer, name: &'static str, ended: bool, clients: &'static str) -> Server {
    Server::with_tls(move |folder| {
        issuer.issue(folder, "server", name, ended);
        issuer.write(folder, "ca.crt");
        let file = |name: &str| folder.join(name).display().to_string();
        vec![
            "--tls-cert-file".to_owned(),
            file("server.crt"),
            "--tls-key-file".to_owned(),
            file("server.key"),
            "--tls-ca-cert-file".to_owned(),
            file("ca.crt"),
            "--tls-auth-clients".to_owned(),
            clients.to_owned(),
        ]
    })
}

fn over_tls(server: &Server) -> Settings {
    let url = format!("rediss://127.0.0.1:{}", server.port);
    Settings { url, ca: Some(server.file("ca.crt")), ..settings(server) }
}

#[tokio::test]
async fn tls() {
    let issuer = Issuer::new();
    let server = tls_server(&issuer, "127.0.0.1", false, "no");
    works(&over_tls(&server)).await;

    Issuer::new().write(server.folder.path(), "other.crt");
    let other = Settings { ca: Some(server.file("other.crt")), ..over_tls(&server) };
    assert_eq!(fault(&other).await, Fault::Untrusted);
    let machine = Settings { ca: None, ..over_tls(&server) };
    assert_eq!(fault(&machine).await, Fault::Untrusted);
    let plain = settings(&server);
    let told = fault(&plain).await;
    assert!(matches!(told, Fault::NotRedis | Fault::OutOfReach(_)), "{told}");
    let half = Settings { certificate: Some(server.file("server.crt")), ..over_tls(&server) };
    assert!(fault(&half).await.to_string().contains("go together"));

    let unfit = tls_server(&issuer, "redis.example", false, "no");
    assert_eq!(fault(&over_tls(&unfit)).await, Fault::CertificateUnfit);
    let ended = tls_server(&issuer, "127.0.0.1", true, "no");
    assert_eq!(fault(&over_tls(&ended)).await, Fault::CertificateUnfit);

    let server = Server::start();
    issuer.write(server.folder.path(), "ca.crt");
    let silent = Settings { connect_limit: Duration::from_millis(300), ..over_tls(&server) };
    assert!(fault(&silent).await.to_string().ends_with("no answer in 300 ms; does that port speak TLS?"));
}

/// What answers in plain text at once, before it was asked anything.
#[tokio::test]
async fn no_redis_at_all() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for socket in listener.incoming().take(2) {
            let mut socket = socket.expect("a caller");
            socket.write_all(b"SSH-2.0-something\r\n").expect("written");
            // Until the caller has seen enough.
            let _ = socket.read_to_end(&mut Vec::new());
        }
    });
    let server = Server::start();
    let plain = Settings { url: format!("redis://127.0.0.1:{port}"), ..settings(&server) };
    assert_eq!(fault(&plain).await, Fault::NotRedis);
    let tls = Settings { url: format!("rediss://127.0.0.1:{port}"), ..plain };
    assert_eq!(fault(&tls).await, Fault::NotTls);
}

#[tokio::test]
async fn tls_with_a_client_certificate() {
    let issuer = Issuer::new();
    let server = tls_server(&issuer, "127.0.0.1", false, "yes");
    assert_eq!(fault(&over_tls(&server)).await, Fault::ClientCertificate);
    issuer.issue(server.folder.path(), "client", "gateway-1", false);
    let with = Settings {
        certificate: Some(server.file("client.crt")),
        key: Some(server.file("client.key")),
        ..over_tls(&server)
    };
    works(&with).await;
}
