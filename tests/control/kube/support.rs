//! A store that follows a server.

use std::{convert::Infallible, future::Future, sync::Arc, time::Duration};

use portcullis::control::{
    Store, View,
    source::kube::{Contact, KubeSource, Statuses, WatchSettings},
    translate::{ClassSelection, TranslateSettings},
};
use portcullis::upstream::NameTrust;
use serde_json::{Value, json};
use tokio::{task::JoinHandle, time::Instant};

use crate::api_server::ApiServer;

/// A source at work.
pub(super) struct Following {
    pub(super) server: ApiServer,
    pub(super) store: Arc<Store>,
    pub(super) contact: Arc<Contact>,
    pub(super) statuses: Arc<Statuses>,
    task: JoinHandle<Infallible>,
}

impl Following {
    pub(super) fn start(server: ApiServer) -> Self {
        Self::start_with(server, WatchSettings::default())
    }

    pub(super) fn start_with(server: ApiServer, settings: WatchSettings) -> Self {
        let store = Arc::new(Store::default());
        let source = KubeSource::new(server.client(), settings);
        Self {
            contact: Arc::clone(source.contact()),
            statuses: Arc::clone(source.statuses()),
            task: spawn(source.run(Arc::clone(&store))),
            server,
            store,
        }
    }

    pub(super) fn view(&self) -> View {
        self.store.view()
    }

    /// Waits until something holds of the view; says how long that took.
    pub(super) async fn until(&self, what: &str, holds: impl Fn(&View) -> bool) -> Duration {
        until(what, || holds(&self.view())).await
    }

    pub(super) async fn synced(&self) -> Duration {
        self.until("every kind is synced", |view| view.synced).await
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "a test ends its tasks by their handles"
)]
pub(super) fn spawn<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    tokio::spawn(future)
}

/// Waits until something holds: time is paused, and goes by while nothing can be done.
pub(super) async fn until(what: &str, mut holds: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(1200), "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    start.elapsed()
}

pub(super) fn ingress(namespace: &str, name: &str, host: &str) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"rules": [{"host": host, "http": {"paths": [{
            "path": "/", "pathType": "Prefix",
            "backend": {"service": {"name": "web", "port": {"number": 80}}},
        }]}}]},
    })
}

pub(super) fn secret(name: &str, kind: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": kind,
        "metadata": {"namespace": "default", "name": name},
        "stringData": {"tls.crt": "x", "tls.key": "y"},
    })
}

pub(super) fn settings() -> TranslateSettings {
    TranslateSettings {
        class: ClassSelection::Every,
        default_certificate: None,
        trust: NameTrust::Trusted,
        permit_unsupported_access_control: false,
        options: Default::default(),
        https_port: Some(8443),
        stand_ins: Default::default(),
        firewall: None,
        rule_folders: Default::default(),
        strict_hosts: false,
        by_cluster_ip: false,
        zone: None,
    }
}
