//! Starts while the API server is away.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use portcullis::{
    config::Config,
    control::{
        Key, View,
        source::kube::{SavedError, SavedObjects, fall_back, keep},
        translate::{TranslateSettings, Translator},
    },
    message::HostMatch,
    upstream::{NameTrust, UpstreamSource},
};
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::support::{Following, ingress, settings, spawn, until};
use crate::api_server::ApiServer;

const MINUTES: Duration = Duration::from_secs(60);

/// A host with TLS, and a pod behind it.
fn objects() -> Vec<Value> {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["a.com".to_owned()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let mut ingress = ingress("default", "a", "a.com");
    ingress["spec"]["tls"] = json!([{"hosts": ["a.com"], "secretName": "tls"}]);
    vec![
        ingress,
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
            "metadata": {"namespace": "default", "name": "tls"},
            "stringData": {"tls.crt": certificate.pem(), "tls.key": key.serialize_pem()},
        }),
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "default", "name": "web"},
            "spec": {"clusterIP": "10.0.0.1", "ports": [{"port": 80}]},
        }),
        json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {"namespace": "default", "name": "web-1", "labels": {"kubernetes.io/service-name": "web"}},
            "addressType": "IPv4", "ports": [{"port": 8080}], "endpoints": [{"addresses": ["10.1.0.1"]}],
        }),
    ]
}

/// What a run that sees these objects leaves behind.
async fn left_behind(keys: bool) -> (TempDir, SavedObjects) {
    let folder = tempfile::tempdir().unwrap();
    let saved = SavedObjects::new(&folder.path().join("state"), keys).unwrap();
    let server = ApiServer::new();
    objects().into_iter().for_each(|object| server.put(object));
    let following = Following::start(server);
    following.synced().await;
    let contact = Arc::clone(&following.contact);
    let keeping = spawn(keep(saved.clone(), Arc::clone(&following.store), contact));
    let state = folder.path().join("state");
    // Written by another thread, for which no time goes by.
    until("both files are there", || {
        state.join("objects.v1.json").exists() && state.join("contact.v1").exists()
    })
    .await;
    keeping.abort();
    (folder, saved)
}

/// A start with the server away, which may have something left from an earlier run.
fn start_alone(saved: &SavedObjects) -> Following {
    let server = ApiServer::new();
    server.fault(|faults| faults.absent = true);
    let following = Following::start(server);
    spawn(fall_back(saved.clone(), Arc::clone(&following.store)));
    following
}

fn served(view: &View) -> Config {
    let settings = TranslateSettings {
        trust: NameTrust::Untrusted,
        ..settings()
    };
    Translator::new(settings).translate(&view.objects).config
}

fn addresses(view: &View) -> Vec<String> {
    let config = served(view);
    let clusters = config.clusters.values();
    let all = clusters.flat_map(|cluster| match &cluster.source {
        UpstreamSource::Endpoints(endpoints) => endpoints.to_vec(),
        UpstreamSource::Name(_) => Vec::new(),
    });
    all.map(|endpoint| endpoint.address.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_last_good_objects_are_served_after_ten_seconds_until_the_server_is_back() {
    let (_folder, saved) = left_behind(true).await;
    let following = start_alone(&saved);
    let took = following
        .until("something is served", |view| view.synced)
        .await;
    assert!((9..=11).contains(&took.as_secs()), "{took:?}");
    let view = following.view();
    let age = SystemTime::now()
        .duration_since(view.stale.unwrap())
        .unwrap();
    assert!(age < MINUTES, "{age:?}");
    assert_eq!(addresses(&view), ["10.1.0.1:8080"]);
    assert_eq!(served(&view).certificates.len(), 1);
    assert_eq!(served(&view).refused_hosts, []);
    tokio::time::sleep(9 * MINUTES).await;
    assert_eq!(addresses(&following.view()), ["10.1.0.1:8080"]);
    // From then on the pod's address may be another's.
    tokio::time::sleep(2 * MINUTES).await;
    assert_eq!(addresses(&following.view()), ["10.0.0.1:80"]);
    let mut changed = objects();
    changed[3]["endpoints"][0]["addresses"][0] = "10.1.0.2".into();
    changed
        .into_iter()
        .for_each(|object| following.server.put(object));
    following.server.fault(|faults| faults.absent = false);
    let took = following
        .until("it is back", |view| view.stale.is_none())
        .await;
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(addresses(&following.view()), ["10.1.0.2:8080"]);
}

#[tokio::test(start_paused = true)]
async fn without_its_key_a_host_gets_no_certificate_rather_than_another_ones() {
    let (folder, saved) = left_behind(false).await;
    let text = fs::read_to_string(folder.path().join("state/objects.v1.json")).unwrap();
    assert!(text.contains("tls.crt") && !text.contains("tls.key"));
    let following = start_alone(&saved);
    following
        .until("something is served", |view| view.synced)
        .await;
    let config = served(&following.view());
    assert_eq!(config.refused_hosts, [HostMatch::Exact("a.com".into())]);
    assert!(config.certificates.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_was_last_true_long_ago_names_no_pods() {
    let (folder, saved) = left_behind(true).await;
    let path = folder.path().join("state/contact.v1");
    let seconds: u64 = fs::read_to_string(&path).unwrap().trim().parse().unwrap();
    fs::write(&path, (seconds - 700).to_string()).unwrap();
    let following = start_alone(&saved);
    following
        .until("something is served", |view| view.synced)
        .await;
    assert_eq!(addresses(&following.view()), ["10.0.0.1:80"]);
}

#[tokio::test(start_paused = true)]
async fn without_an_earlier_run_the_server_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let saved = SavedObjects::new(folder.path(), true).unwrap();
    let following = start_alone(&saved);
    tokio::time::sleep(10 * MINUTES).await;
    assert!(!following.view().synced);
    following.server.fault(|faults| faults.absent = false);
    until("it is read", || following.view().synced).await;
    assert_eq!(following.view().stale, None);
}

#[tokio::test(start_paused = true)]
async fn only_the_owner_can_read_what_is_left_and_only_theirs_is_believed() {
    let (folder, saved) = left_behind(true).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let state = folder.path().join("state");
    let file = state.join("objects.v1.json");
    assert_eq!((mode(&state), mode(&file)), (0o700, 0o600));
    let (objects, _) = saved.load().unwrap().unwrap();
    assert_eq!(objects.len(), 4);
    assert!(
        objects
            .iter()
            .any(|(key, _)| *key == Key::new("default", "web"))
    );
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(saved.load(), Err(SavedError::Exposed)));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let text = fs::read_to_string(&file).unwrap();
    for cut in [0, 1, text.len() / 2, text.len() - 4] {
        fs::write(&file, &text[..cut]).unwrap();
        assert!(matches!(saved.load(), Err(SavedError::Form(_))), "{cut}");
    }
}
