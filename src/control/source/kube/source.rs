//! All watches together.

use std::{convert::Infallible, sync::Arc};

use k8s_openapi::api::{
    core::v1::{Secret, Service},
    discovery::v1::EndpointSlice,
    networking::v1::{Ingress, IngressClass},
};
use kube::{Api, core::DeserializeGuard, core::NamespaceResourceScope};
use tokio::task::JoinSet;

use super::{
    Client, Contact, Statuses,
    client::of_one_watch,
    ending::{Ending, follow_namespaces},
    kinds::{ClusterPolicy, NamespacedPolicy, Watched},
    named,
    progress::Progress,
    scope::{self, Scope},
    watch::{Optional, follow},
};
use crate::{
    config::ObjectKind,
    control::{Edit, Key, Store, translate::ClassSelection},
};

/// What is watched.
#[derive(Clone, Debug, Default)]
pub struct WatchSettings {
    /// The namespaces; empty: every one.
    pub namespaces: Vec<String>,
    /// Which Ingresses count when it is asked which Secrets are named.
    pub class: ClassSelection,
    /// Secrets that the operator names.
    pub secrets: Vec<Key>,
    /// ConfigMaps that the operator names.
    pub config_maps: Vec<Key>,
}

impl WatchSettings {
    /// Whether a namespace is read as a whole.
    pub(super) fn covers(&self, namespace: &str) -> bool {
        self.namespaces.is_empty() || self.namespaces.iter().any(|it| it == namespace)
    }
}

/// Reads a cluster's objects into a store.
pub struct KubeSource {
    client: Client,
    settings: WatchSettings,
    contact: Arc<Contact>,
    statuses: Arc<Statuses>,
}

/// What the watches have in common.
pub(super) struct Shared {
    pub(super) store: Arc<Store>,
    pub(super) contact: Arc<Contact>,
    pub(super) statuses: Arc<Statuses>,
    pub(super) ending: Ending,
    pub(super) progress: Progress,
}

impl KubeSource {
    /// A source that has read nothing yet.
    pub fn new(client: Client, settings: WatchSettings) -> Self {
        Self {
            client,
            settings,
            contact: Arc::default(),
            statuses: Arc::default(),
        }
    }

    /// When the API server was last heard of.
    pub fn contact(&self) -> &Arc<Contact> {
        &self.contact
    }

    /// The statuses that objects have.
    pub fn statuses(&self) -> &Arc<Statuses> {
        &self.statuses
    }

    /// Keeps the store up to date for as long as it is polled.
    pub async fn run(self, store: Arc<Store>) -> Infallible {
        let Self {
            client,
            settings,
            contact,
            statuses,
        } = self;
        let shared = Arc::new(Shared {
            store,
            contact,
            statuses,
            ending: Ending::default(),
            progress: Progress::new(),
        });
        let mut tasks = JoinSet::new();
        let namespaces: Vec<Option<&str>> = match settings.namespaces.as_slice() {
            [] => vec![None],
            some => some.iter().map(|name| Some(name.as_str())).collect(),
        };
        // Rights in namespaces alone do not cover what is in no namespace.
        let in_no_namespace = match settings.namespaces.is_empty() {
            true => Optional::No,
            false => Optional::WhereForbidden,
        };
        let policies_in_none = match settings.namespaces.is_empty() {
            true => Optional::WhereUnknown,
            false => Optional::WhereForbidden,
        };
        let mut starts = Starts {
            client: &client,
            shared: &shared,
            tasks: &mut tasks,
        };
        starts.everywhere::<IngressClass>(in_no_namespace);
        starts.everywhere::<ClusterPolicy>(policies_in_none);
        for namespace in &namespaces {
            starts.within::<Ingress>(*namespace, None, Optional::No);
            starts.within::<Service>(*namespace, None, Optional::No);
            starts.within::<EndpointSlice>(*namespace, None, Optional::No);
            starts.within::<NamespacedPolicy>(*namespace, None, Optional::WhereUnknown);
            let certificates = format!("type={}", scope::TLS);
            starts.within::<Secret>(*namespace, Some(certificates), Optional::No);
        }
        if settings.namespaces.is_empty() {
            tasks.spawn(follow_namespaces(client.clone(), Arc::clone(&shared)));
        }
        tasks.spawn(named::follow_references(
            client,
            settings,
            Arc::clone(&shared),
        ));
        while let Some(ended) = tasks.join_next().await {
            // None of them returns; one that panicked leaves its kind as it is.
            let Err(error) = ended;
            tracing::error!(%error, "a kind of objects is not followed any more");
        }
        std::future::pending().await
    }
}

struct Starts<'a> {
    client: &'a Client,
    shared: &'a Arc<Shared>,
    tasks: &'a mut JoinSet<Infallible>,
}

impl Starts<'_> {
    fn everywhere<K: Watched>(&mut self, optional: Optional) {
        let api = Api::all(of_one_watch(self.client));
        self.start::<K>(api, (Scope::Namespace(None), None), optional);
    }

    fn within<K: Watched<Scope = NamespaceResourceScope>>(
        &mut self,
        namespace: Option<&str>,
        fields: Option<String>,
        optional: Optional,
    ) {
        let client = of_one_watch(self.client);
        let api = match namespace {
            None => Api::all(client),
            Some(namespace) => Api::namespaced(client, namespace),
        };
        let scope = Scope::Namespace(namespace.map(Arc::from));
        self.start::<K>(api, (scope, fields), optional);
    }

    fn start<K: Watched>(
        &mut self,
        api: Api<DeserializeGuard<K>>,
        what: (Scope, Option<String>),
        optional: Optional,
    ) {
        self.shared.progress.expect(K::KIND);
        let shared = Arc::clone(self.shared);
        let first = move |edit: &mut Edit<'_>| {
            let is_last = shared.progress.arrived(K::KIND);
            // Of Secrets more may be named than the base watches read.
            if is_last && K::KIND != ObjectKind::Secret {
                edit.mark_synced(K::KIND);
            }
        };
        self.tasks
            .spawn(follow(api, what, optional, Arc::clone(self.shared), first));
    }
}
