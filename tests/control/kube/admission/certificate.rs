//! The certificate that replicas share.

use std::{
    collections::HashSet,
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use k8s_openapi::{ByteString, api::core::v1::Secret};
use portcullis::{
    control::admission::{Clock, Issuer, ShownCertificate},
    tls::Certificate,
};
use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier as _},
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
};
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinHandle, time::Instant};

use super::super::support::{spawn, until};
use crate::api_server::ApiServer;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

struct Replica {
    leads: watch::Sender<bool>,
    shown: ShownCertificate,
    task: JoinHandle<Infallible>,
}

impl Replica {
    fn start(server: &ApiServer, clock: &Clock, leads: bool) -> Self {
        let (leads, follows) = watch::channel(leads);
        let issuer = Issuer {
            client: server.client(),
            namespace: "ingress".to_owned(),
            secret: "portcullis-admission".to_owned(),
            configuration: "portcullis-admission".to_owned(),
            clock: Arc::clone(clock),
        };
        let shown = ShownCertificate::default();
        Self {
            leads,
            task: spawn(issuer.run(follows, shown.clone())),
            shown,
        }
    }

    fn certificate(&self) -> Option<Arc<Certificate>> {
        self.shown.certificate()
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A clock that goes by with the paused one, so many times as fast.
fn clock(speed: u32) -> Clock {
    let (start, since) = (SystemTime::now(), Instant::now());
    Arc::new(move || start + since.elapsed() * speed)
}

fn configuration() -> Value {
    let webhook = |name: &str| {
        json!({
            "name": name,
            "clientConfig": {"service": {
                "name": "portcullis-admission", "namespace": "ingress", "path": "/validate",
            }},
            "sideEffects": "None", "admissionReviewVersions": ["v1"],
            "aFieldOfLater": {"kept": true},
        })
    };
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "portcullis-admission"},
        "webhooks": [webhook("ingresses.portcullis.dev"), webhook("policies.portcullis.dev")],
    })
}

fn told(server: &ApiServer) -> Value {
    let resource = (
        "admissionregistration.k8s.io",
        "validatingwebhookconfigurations",
    );
    server.find(resource, "", "portcullis-admission").unwrap()
}

/// The bundles that the API server is told.
fn bundles(server: &ApiServer) -> Vec<String> {
    let told = told(server);
    let webhooks = told["webhooks"].as_array().unwrap().iter();
    let bundles = webhooks.filter_map(|webhook| {
        let bundle = webhook["clientConfig"].get("caBundle")?;
        let bytes: ByteString = serde_json::from_value(bundle.clone()).unwrap();
        Some(String::from_utf8(bytes.0).unwrap())
    });
    bundles.collect()
}

fn secret(server: &ApiServer) -> Option<Secret> {
    let secret = server.find(("", "secrets"), "ingress", "portcullis-admission")?;
    Some(serde_json::from_value(secret).unwrap())
}

/// Whether the API server, by what it is told, would talk to who shows this one.
fn is_trusted(server: &ApiServer, certificate: &Certificate, now: SystemTime) -> bool {
    let bundle = bundles(server).swap_remove(0);
    let mut roots = RootCertStore::empty();
    for authority in CertificateDer::pem_slice_iter(bundle.as_bytes()) {
        roots.add(authority.unwrap()).unwrap();
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
    let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let verified = verifier.build().unwrap().verify_server_cert(
        &certificate.key.cert[0],
        &certificate.key.cert[1..],
        &ServerName::try_from("portcullis-admission.ingress.svc").unwrap(),
        &[],
        UnixTime::since_unix_epoch(now),
    );
    verified.is_ok()
}

#[tokio::test(start_paused = true)]
async fn the_leader_makes_a_certificate_and_every_replica_shows_it() {
    // With a Secret that the chart has made, and without.
    for is_there in [true, false] {
        let (server, clock) = (ApiServer::new(), clock(1));
        server.put(configuration());
        if is_there {
            server.put(json!({
                "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
                "metadata": {"namespace": "ingress", "name": "portcullis-admission",
                    "labels": {"a": "b"}},
            }));
        }
        let follower = Replica::start(&server, &clock, false);
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(follower.certificate().is_none());
        assert_eq!(bundles(&server), [""; 0]);
        let leader = Replica::start(&server, &clock, true);
        let took = until("both show it", || {
            leader.certificate().is_some() && leader.certificate() == follower.certificate()
        });
        let took = took.await;
        assert!(took < Duration::from_secs(31), "{took:?}");
        until("the API server knows it", || bundles(&server).len() == 2).await;
        let certificate = leader.certificate().unwrap();
        assert_eq!(
            *certificate.names,
            ["portcullis-admission.ingress.svc".into()]
        );
        assert!(is_trusted(&server, &certificate, clock()));
        let told = told(&server);
        assert_eq!(told["webhooks"][1]["aFieldOfLater"], json!({"kept": true}));
        let secret = secret(&server).unwrap();
        let labels = secret.metadata.labels.unwrap_or_default();
        assert_eq!(labels.contains_key("a"), is_there);
        // The authority's key is kept nowhere.
        let names: Vec<String> = secret.data.unwrap().into_keys().collect();
        assert_eq!(names, ["ca.crt", "tls.crt", "tls.key"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_follows_another_one_makes_no_other_certificate() {
    let (server, clock) = (ApiServer::new(), clock(1));
    server.put(configuration());
    let first = Replica::start(&server, &clock, true);
    until("there is one", || first.certificate().is_some()).await;
    let before = secret(&server).unwrap();
    first.leads.send_replace(false);
    let second = Replica::start(&server, &clock, true);
    // Somebody wrote the configuration anew.
    server.put(configuration());
    until("it is told again", || bundles(&server).len() == 2).await;
    assert_eq!(second.certificate(), first.certificate());
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(secret(&server).unwrap(), before);
    let writes = server
        .requests()
        .into_iter()
        .filter(|it| it.starts_with("PUT"));
    assert_eq!(writes.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn another_certificate_comes_long_before_the_end_and_no_replica_is_ever_distrusted() {
    // A look is taken every eight hours.
    let (server, clock) = (ApiServer::new(), clock(1000));
    server.put(configuration());
    let leader = Replica::start(&server, &clock, true);
    let follower = Replica::start(&server, &clock, false);
    until("both show one", || {
        leader.certificate().is_some() && leader.certificate() == follower.certificate()
    })
    .await;
    until("the API server knows it", || bundles(&server).len() == 2).await;
    let mut seen = vec![leader.certificate().unwrap()];
    let start = clock();
    while clock() < start + 200 * DAY {
        tokio::time::sleep(Duration::from_secs(5)).await;
        for replica in [&leader, &follower] {
            let certificate = replica.certificate().unwrap();
            assert!(is_trusted(&server, &certificate, clock()));
            if !seen.contains(&certificate) {
                let last = seen.last().unwrap();
                assert!(last.not_after > clock() + 28 * DAY);
                seen.push(certificate);
            }
        }
    }
    assert_eq!(seen.len(), 4);
    let authorities = bundles(&server)[0].matches("BEGIN CERTIFICATE").count();
    assert_eq!(authorities, 4);
}

/// A Secret as it is after somebody took its data, or all of it, away.
fn lose(server: &ApiServer, is_deleted: bool) {
    let mut object = server
        .find(("", "secrets"), "ingress", "portcullis-admission")
        .unwrap();
    object["apiVersion"] = "v1".into();
    object["kind"] = "Secret".into();
    match is_deleted {
        true => server.delete(&object),
        false => {
            object["data"] = Value::Null;
            server.put(object);
        }
    }
}

/// Looks at the replicas for so long, and sees none of them distrusted.
async fn trusted_throughout(
    server: &ApiServer,
    clock: &Clock,
    replicas: &[Replica],
    time: Duration,
) {
    let end = Instant::now() + time;
    let mut seen = HashSet::new();
    while Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(50)).await;
        for (index, replica) in replicas.iter().enumerate() {
            let certificate = replica.certificate().unwrap();
            if !seen.insert((bundles(server), certificate.fingerprint)) {
                continue;
            }
            let is_trusted = is_trusted(server, &certificate, clock());
            assert!(
                is_trusted,
                "{index}, {:?} before the end",
                end - Instant::now()
            );
        }
    }
}

/// Some that believe to lead and some that do not, who all show the same certificate. A look of a leader
/// takes them more than a second.
async fn agreed(server: &ApiServer, clock: &Clock, leaders: usize) -> [Replica; 4] {
    server.put(configuration());
    server.fault(|faults| faults.latency = Duration::from_millis(300));
    let replicas = [0, 1, 2, 3].map(|index| Replica::start(server, clock, index < leaders));
    until("they agree", || {
        agree(&replicas) && bundles(server).len() == 2
    })
    .await;
    tokio::time::sleep(Duration::from_secs(100)).await;
    replicas
}

fn agree(replicas: &[Replica]) -> bool {
    let certificate = replicas[0].certificate();
    let mut all = replicas.iter();
    certificate.is_some() && all.all(|it| it.certificate() == certificate)
}

/// Has the first two take a look now, the second one so much later.
async fn look(replicas: &[Replica], apart: Duration) {
    replicas[0].leads.send_replace(true);
    tokio::time::sleep(apart).await;
    let leads = *replicas[1].leads.borrow();
    replicas[1].leads.send_replace(leads);
}

/// From the same moment up to after the other's look.
const APART: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1300),
];

#[tokio::test(start_paused = true)]
async fn a_secret_that_is_lost_leaves_no_replica_distrusted() {
    let alone = (1, Duration::ZERO);
    let cases = APART.map(|apart| (2, apart)).into_iter().chain([alone]);
    for (is_deleted, (leaders, apart)) in cases.flat_map(|case| [(false, case), (true, case)]) {
        let (server, clock) = (ApiServer::new(), clock(1));
        let replicas = agreed(&server, &clock, leaders).await;
        let before = replicas[0].certificate();
        lose(&server, is_deleted);
        look(&replicas, apart).await;
        trusted_throughout(&server, &clock, &replicas, Duration::from_secs(70)).await;
        assert!(replicas[0].certificate() != before && agree(&replicas));
    }
}

#[tokio::test(start_paused = true)]
async fn two_that_both_believe_to_lead_when_its_end_comes_leave_no_replica_distrusted() {
    for apart in APART {
        let (server, clock) = (ApiServer::new(), clock(1));
        let passed = Arc::new(AtomicBool::new(false));
        let clock: Clock = Arc::new({
            let passed = Arc::clone(&passed);
            move || match passed.load(Ordering::Relaxed) {
                true => clock() + 61 * DAY,
                false => clock(),
            }
        });
        let replicas = agreed(&server, &clock, 2).await;
        let before = replicas[0].certificate();
        passed.store(true, Ordering::Relaxed);
        look(&replicas, apart).await;
        trusted_throughout(&server, &clock, &replicas, Duration::from_secs(70)).await;
        assert!(replicas[0].certificate() != before && agree(&replicas));
    }
}

#[tokio::test(start_paused = true)]
async fn who_was_overtaken_looks_again_soon() {
    for is_deleted in [false, true] {
        let (server, clock) = (ApiServer::new(), clock(1));
        let replicas = agreed(&server, &clock, 2).await;
        let leaders = &replicas[..2];
        let before = replicas[0].certificate();
        lose(&server, is_deleted);
        look(&replicas, Duration::ZERO).await;
        let both = until("both have another", || {
            agree(leaders) && leaders[0].certificate() != before
        });
        let took = both.await;
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_conflict_without_end_is_no_race_and_is_looked_at_seldom() {
    let (server, clock) = (ApiServer::new(), clock(1));
    server.put(configuration());
    let leader = [Replica::start(&server, &clock, true)];
    until("there is one", || leader[0].certificate().is_some()).await;
    lose(&server, true);
    server.fault(|faults| faults.status_of_writes = Some(("/secrets", 409)));
    let before = server.requests().len();
    trusted_throughout(&server, &clock, &leader, Duration::from_secs(600)).await;
    let looks = server.requests().len() - before;
    assert!((20..=150).contains(&looks), "{looks} requests");
}

#[tokio::test(start_paused = true)]
async fn while_the_secret_cannot_be_written_no_authority_is_pushed_out() {
    let (server, clock) = (ApiServer::new(), clock(1));
    server.put(configuration());
    let leader = [Replica::start(&server, &clock, true)];
    until("there is one", || leader[0].certificate().is_some()).await;
    lose(&server, true);
    server.fault(|faults| faults.status_of_writes = Some(("/secrets", 403)));
    trusted_throughout(&server, &clock, &leader, Duration::from_secs(1000)).await;
    let before = leader[0].certificate();
    server.fault(|faults| faults.status_of_writes = None);
    trusted_throughout(&server, &clock, &leader, Duration::from_secs(100)).await;
    assert_ne!(leader[0].certificate(), before);
}

#[tokio::test(start_paused = true)]
async fn two_that_both_believe_to_lead_end_with_one_certificate() {
    let (server, clock) = (ApiServer::new(), clock(1));
    server.put(configuration());
    server.fault(|faults| faults.latency = Duration::from_millis(300));
    let replicas = [true, true].map(|leads| Replica::start(&server, &clock, leads));
    until("they agree", || {
        let [a, b] = &replicas;
        let certificate = a.certificate();
        certificate.is_some()
            && certificate == b.certificate()
            && bundles(&server).len() == 2
            && is_trusted(&server, &certificate.unwrap(), clock())
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_the_secret_holds_is_made_anew_where_it_is_of_no_use() {
    let (server, clock) = (ApiServer::new(), clock(1));
    server.put(configuration());
    server.put(json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"namespace": "ingress", "name": "portcullis-admission"},
        "stringData": {"tls.crt": "x", "tls.key": "y", "ca.crt": "z"},
    }));
    let leader = Replica::start(&server, &clock, true);
    until("there is one", || leader.certificate().is_some()).await;
    // The Service is called otherwise.
    let mut other = configuration();
    for webhook in other["webhooks"].as_array_mut().unwrap() {
        webhook["clientConfig"]["service"]["name"] = "other".into();
    }
    server.put(other);
    until("it has the new name", || {
        let names = leader.certificate().unwrap().names.clone();
        *names == ["other.ingress.svc".into()]
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn without_a_configuration_or_an_api_server_what_is_shown_stays() {
    let (server, clock) = (ApiServer::new(), clock(1));
    let leader = Replica::start(&server, &clock, true);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(leader.certificate().is_none());
    assert!(secret(&server).is_none());
    server.put(configuration());
    until("there is one", || leader.certificate().is_some()).await;
    let before = leader.certificate();
    server.fault(|faults| faults.absent = true);
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(leader.certificate(), before);
}
