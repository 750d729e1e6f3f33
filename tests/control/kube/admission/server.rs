//! The webhook over real sockets.

use std::{
    io::{self, Read as _, Write as _},
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::Duration,
};

use portcullis::control::{
    Store,
    admission::{BODY, Counts, FileCertificate, ShownCertificate, attend, desk, serve},
};
use rcgen::{CertificateParams, KeyPair};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::aws_lc_rs,
    pki_types::ServerName,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use super::{
    super::support::settings,
    support::{ingress, judge_of, review, store, web},
};

const NAME: &str = "portcullis-admission.ingress.svc";

/// A webhook at work, and who trusts its certificate.
struct Webhook {
    address: SocketAddr,
    client: Arc<ClientConfig>,
    shown: ShownCertificate,
    counts: Arc<Counts>,
    files: FileCertificate,
    _folder: tempfile::TempDir,
    _tasks: JoinSet<()>,
}

impl Webhook {
    async fn start(store: &Arc<Store>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (files, client) = certificate(folder.path());
        let shown = ShownCertificate::default();
        let (desk, waiting) = desk();
        let counts = Arc::clone(desk.counts());
        let judge = judge_of(store, settings());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { match attend(judge, waiting).await {} });
        let shows = shown.clone();
        tasks.spawn(async move { match serve(listener, &shows, desk).await.unwrap() {} });
        Self {
            address,
            client,
            shown,
            counts,
            files,
            _folder: folder,
            _tasks: tasks,
        }
    }

    /// Sends a request and gives what comes back, whether or not all of it was taken; `Err`: there is no
    /// connection.
    async fn send(&self, request: Vec<u8>) -> Result<String, String> {
        self.exchange(request).await.map(|(answer, _)| answer)
    }

    /// Sends a request and gives what comes back, and whether all of it was taken.
    async fn exchange(&self, request: Vec<u8>) -> Result<(String, bool), String> {
        let (address, client) = (self.address, Arc::clone(&self.client));
        let exchange = move || {
            let text = |error: &dyn ToString| error.to_string();
            let socket = std::net::TcpStream::connect(address).unwrap();
            socket
                .set_read_timeout(Some(Duration::from_secs(20)))
                .unwrap();
            let name = ServerName::try_from(NAME).unwrap();
            let connection = ClientConnection::new(client, name).map_err(|it| text(&it))?;
            let mut stream = StreamOwned::new(connection, socket);
            let sent = stream.write_all(&request);
            let is_taken = sent.is_ok();
            let mut answer = Vec::new();
            let end = read_to_end(&mut stream, &mut answer);
            if answer.is_empty() {
                sent.and(end).map_err(|it| text(&it))?;
            }
            Ok((String::from_utf8(answer).unwrap(), is_taken))
        };
        tokio::task::spawn_blocking(exchange).await.unwrap()
    }

    async fn post(&self, body: &str) -> (u16, String) {
        let answer = self.send(post("/validate", "application/json", body)).await;
        parts(&answer.unwrap())
    }
}

/// Reads on without regard to what cannot be sent any more. An end without a word is one.
fn read_to_end(
    stream: &mut StreamOwned<ClientConnection, std::net::TcpStream>,
    answer: &mut Vec<u8>,
) -> io::Result<()> {
    let StreamOwned { conn, sock } = stream;
    loop {
        let is_end = conn.read_tls(sock)? == 0;
        let state = conn.process_new_packets().map_err(io::Error::other)?;
        let mut plain = vec![0; state.plaintext_bytes_to_read()];
        conn.reader().read_exact(&mut plain)?;
        answer.extend_from_slice(&plain);
        if is_end || state.peer_has_closed() {
            return Ok(());
        }
    }
}

/// A certificate in files, and a client that trusts it.
fn certificate(folder: &Path) -> (FileCertificate, Arc<ClientConfig>) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
    let certificate = certificate.self_signed(&key).unwrap();
    let files = FileCertificate {
        certificate: folder.join("tls.crt"),
        key: folder.join("tls.key"),
    };
    std::fs::write(&files.certificate, certificate.pem()).unwrap();
    std::fs::write(&files.key, key.serialize_pem()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone()).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (files, Arc::new(client))
}

fn post(path: &str, content_type: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: {NAME}\r\ncontent-type: {content_type}\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn parts(answer: &str) -> (u16, String) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reviews_are_answered_over_tls_once_there_is_a_certificate() {
    let store = store(&web());
    let webhook = Webhook::start(&store).await;
    let good = review("CREATE", &ingress("new", "a.example", "/"), &Value::Null).to_string();
    let refused = webhook
        .send(post("/validate", "application/json", &good))
        .await;
    assert!(refused.is_err(), "{refused:?}");
    webhook.files.show(&webhook.shown).unwrap();
    let (status, answer) = webhook.post(&good).await;
    assert_eq!(status, 200);
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let uid = "705ab4f5-6393-11e8-b7cc-42010a800002";
    assert_eq!(
        answer,
        json!({
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "response": {"uid": uid, "allowed": true},
        })
    );
    let bad = review("CREATE", &ingress("new", "no host", "/"), &Value::Null).to_string();
    let (status, answer) = webhook.post(&bad).await;
    assert_eq!(status, 200);
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let response = &answer["response"];
    assert_eq!(response["allowed"], false);
    assert_eq!(response["status"]["code"], 422);
    let message = response["status"]["message"].as_str().unwrap();
    let counts = [("allowed", 1), ("refused", 1), ("failed", 0)];
    assert_eq!(webhook.counts.by_outcome(), counts);
    assert!(
        message.starts_with("Ingress default/new: spec.rules[0].host: "),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_review_gets_a_status_and_a_reason() {
    let webhook = Webhook::start(&store(&web())).await;
    webhook.files.show(&webhook.shown).unwrap();
    let json = "application/json";
    let long = format!("{{\"apiVersion\":\"{}\"}}", "x".repeat(BODY));
    let many = format!("[{}]", "[],".repeat(100_000));
    let endless = format!(
        "POST /validate HTTP/1.1\r\nhost: {NAME}\r\ncontent-type: {json}\r\n\
         transfer-encoding: chunked\r\nconnection: close\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"
    );
    let get = format!("GET /validate HTTP/1.1\r\nhost: {NAME}\r\nconnection: close\r\n\r\n");
    let rows = [
        (post("/", json, "{}"), 404, "/validate"),
        (get.into_bytes(), 405, "POST"),
        (
            post("/validate", "text/plain", "{}"),
            415,
            "application/json",
        ),
        (post("/validate", json, "{}"), 400, "AdmissionReview"),
        (post("/validate", json, "no json"), 400, "AdmissionReview"),
        (post("/validate", json, &long), 413, "3145728 bytes"),
        (post("/validate", json, &many), 413, "100000 values"),
        (endless.into_bytes(), 411, "how long"),
    ];
    for (request, status, reason) in rows {
        let answer = webhook.send(request).await.unwrap();
        let (got, body) = parts(&answer);
        assert_eq!(got, status, "{answer}");
        assert!(body.contains(reason), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_reaches_whoever_is_still_sending() {
    let webhook = Webhook::start(&store(&web())).await;
    webhook.files.show(&webhook.shown).unwrap();
    let json = "application/json";
    let long = "x".repeat(2 * BODY);
    let chunk = format!("{BODY:x}\r\n{}\r\n", "x".repeat(BODY));
    let endless = format!(
        "POST /validate HTTP/1.1\r\nhost: {NAME}\r\ncontent-type: {json}\r\n\
         transfer-encoding: chunked\r\nconnection: close\r\n\r\n{chunk}{chunk}0\r\n\r\n"
    );
    let rows = [
        (post("/", json, &long), 404),
        (post("/validate", "text/plain", &long), 415),
        (post("/validate", json, &long), 413),
        (endless.into_bytes(), 411),
    ];
    for (request, status) in rows {
        let (answer, is_taken) = webhook.exchange(request).await.unwrap();
        assert_eq!(parts(&answer).0, status, "{answer}");
        assert!(is_taken, "{status}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_everything_has_been_read_the_answer_is_503() {
    let store = Arc::new(Store::default());
    let webhook = Webhook::start(&store).await;
    webhook.files.show(&webhook.shown).unwrap();
    let good = review("CREATE", &ingress("new", "a.example", "/"), &Value::Null).to_string();
    let (status, reason) = webhook.post(&good).await;
    assert_eq!(status, 503);
    assert!(reason.contains("have not been read yet"), "{reason}");
    store.edit(|edit| edit.mark_all_synced());
    assert_eq!(webhook.post(&good).await.0, 200);
}

#[test]
fn files_that_are_no_certificate_leave_the_last_one() {
    let folder = tempfile::tempdir().unwrap();
    let (files, _) = certificate(folder.path());
    let shown = ShownCertificate::default();
    files.show(&shown).unwrap();
    let before = shown.certificate().unwrap();
    std::fs::write(&files.key, "no key").unwrap();
    let error = files.show(&shown).unwrap_err().to_string();
    assert!(
        error.contains("tls.crt: there is no private key in it"),
        "{error}"
    );
    std::fs::remove_file(&files.key).unwrap();
    assert!(
        files
            .show(&shown)
            .unwrap_err()
            .to_string()
            .contains("tls.key")
    );
    assert!(Arc::ptr_eq(&before, &shown.certificate().unwrap()));
}
