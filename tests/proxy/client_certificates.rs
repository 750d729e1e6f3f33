//! Client certificates, by host.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
};

use portcullis::{
    message::HostMatch,
    policy::{
        CertificateDemand, ClientAuthorities, ClientCertificatePolicy, RoutePolicy, SubjectPattern,
    },
    tls::{ClientConfigs, VerifyServer},
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::{
    ClientConfig, ClientConnection, StreamOwned,
    crypto::aws_lc_rs,
    sign::{CertifiedKey, SingleCertAndKey},
};
use rustls_pki_types::{PrivateKeyDer, ServerName};

use crate::support::{Build, PATIENCE, Plan, TestProxy, Upstream};

/// An authority for clients.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A client with a certificate for this name.
    fn client(&self, name: &str) -> Arc<ClientConfig> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let key = aws_lc_rs::sign::any_supported_type(&key).unwrap();
        let certified = CertifiedKey::new(vec![certificate.der().clone()], key);
        let mut config = (*nobody()).clone();
        config.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(certified));
        Arc::new(config)
    }

    fn policy(&self) -> ClientCertificatePolicy {
        ClientCertificatePolicy {
            authorities: Arc::new(ClientAuthorities::from_pem(self.0.pem().as_bytes()).unwrap()),
            demand: CertificateDemand::Required,
            max_intermediates: 1,
            subject: None,
            pass_on: false,
        }
    }
}

/// A client without a certificate.
fn over_tls() -> Build<'static> {
    Build {
        tls: true,
        ..Build::default()
    }
}

fn nobody() -> Arc<ClientConfig> {
    ClientConfigs::default()
        .config(&VerifyServer::No, b"http/1.1")
        .unwrap()
}

fn asking(policy: ClientCertificatePolicy) -> RoutePolicy {
    RoutePolicy {
        client_certificate: Some(Arc::new(policy)),
        ..RoutePolicy::default()
    }
}

/// Connects for `name`, and asks two times for `host`.
fn ask(proxy: SocketAddr, client: &Arc<ClientConfig>, name: &str, host: &str) -> String {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let tls = ClientConnection::new(Arc::clone(client), name).unwrap();
    let socket = TcpStream::connect(proxy).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut stream = StreamOwned::new(tls, socket);
    let fields =
        format!("Host: {host}\r\nSSL_Client-Verify: forged\r\nssl-client-cert: forged\r\n");
    let request = format!(
        "GET /1 HTTP/1.1\r\n{fields}\r\nGET /2 HTTP/1.1\r\n{fields}Connection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // A connection that is closed without TLS's word is an end, too.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

#[test]
fn a_host_admits_whom_it_asks_for_and_others_are_not_asked() {
    let (authority, foreign) = (Authority::new(), Authority::new());
    let upstream = Upstream::mirror();
    let mut plan = Plan::default();
    plan.options.underscores_in_headers = true;
    plan.certificate_hosts = vec![HostMatch::Exact("a.example".into())];
    plan.route(
        "a.example",
        "/",
        asking(authority.policy()),
        &[upstream.address],
    );
    plan.route(
        "b.example",
        "/",
        RoutePolicy::default(),
        &[upstream.address],
    );
    let proxy = over_tls().start(plan.config());
    let (friend, foe) = (authority.client("friend"), foreign.client("friend"));
    // The second time the session is resumed.
    for _ in 0..2 {
        let answer = ask(proxy.address, &friend, "a.example", "a.example");
        let told = "ssl-client-verify: SUCCESS\r\nssl-client-subject-dn: CN=friend";
        assert_eq!(answer.matches(told).count(), 2, "{answer}");
        assert!(!answer.contains("forged"), "{answer}");
    }
    for (client, name, host, status, answers) in [
        (&nobody(), "a.example", "a.example", "400", 1),
        (&foe, "a.example", "a.example", "400", 1),
        (&nobody(), "b.example", "b.example", "200", 2),
        (&friend, "b.example", "b.example", "200", 2),
        // Nobody asked on this connection: another one is needed.
        (&friend, "b.example", "a.example", "421", 2),
    ] {
        let answer = ask(proxy.address, client, name, host);
        let begins = format!("HTTP/1.1 {status} ");
        assert_eq!(
            answer.matches(&begins).count(),
            answers,
            "{name} {host}: {answer}"
        );
        assert!(!answer.contains("SUCCESS"), "{answer}");
    }
}

#[test]
fn a_subject_that_does_not_match_is_forbidden_and_plain_http_has_no_certificate() {
    let authority = Authority::new();
    let upstream = Upstream::mirror();
    let plan = || {
        let mut plan = Plan::default();
        plan.certificate_hosts = vec![HostMatch::Any];
        let policy = ClientCertificatePolicy {
            subject: Some(SubjectPattern::new("CN=friend").unwrap()),
            ..authority.policy()
        };
        plan.route("", "/", asking(policy), &[upstream.address]);
        plan.config()
    };
    let proxy = over_tls().start(plan());
    for (name, status) in [("friend", "200"), ("other", "403")] {
        let answer = ask(
            proxy.address,
            &authority.client(name),
            "a.example",
            "a.example",
        );
        let begins = format!("HTTP/1.1 {status} ");
        assert_eq!(answer.matches(&begins).count(), 2, "{answer}");
    }
    let proxy = TestProxy::start(plan());
    let answer = proxy.ask("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}
