//! What `run` does differently in a cluster.

use std::{collections::BTreeSet, fs, sync::Arc, time::Duration};

use anyhow::Context;
use tokio::{
    runtime::Handle,
    sync::{oneshot, watch},
    task::{AbortHandle, JoinSet},
    time::timeout,
};

use super::options::ReadOptions;
use crate::{
    cli::{self, KubernetesSettings},
    config::{Cause, ObjectKind, ObjectRef, Problem, Severity},
    control::{
        Key, Objects, Store,
        leader::{self, Election},
        metrics::ClusterMetrics,
        source::kube::{
            Client, Contact, KubeSource, SavedObjects, Statuses, WatchSettings, connect, fall_back,
            keep,
        },
        status::{self, Outcome, PublishedAs, StatusWriter},
        translate::{ClassSelection, TranslateSettings, options_from_config_map},
    },
    upstream::NameTrust,
};

/// For what is written to the cluster at the end.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// What the objects of the moment came to, for whoever tells the cluster.
pub(super) type Outcomes = watch::Sender<Option<Arc<Outcome>>>;

/// A cluster that objects come from.
pub(super) struct Cluster {
    client: Client,
    source: KubeSource,
    contact: Arc<Contact>,
    saved: Option<SavedObjects>,
    election: Election,
    writing: Writing,
    outcomes: Outcomes,
    leads: watch::Sender<bool>,
}

/// What is written to the cluster.
struct Writing {
    class: ClassSelection,
    published_as: PublishedAs,
    pod: Option<Key>,
    statuses: Arc<Statuses>,
    controller: String,
    clear: bool,
}

/// A cluster that is being followed.
pub(super) struct FollowedCluster {
    client: Client,
    writing: Writing,
    leads: watch::Receiver<bool>,
    /// Follows objects until it is dropped.
    _following: JoinSet<()>,
    writer: AbortHandle,
    election: JoinSet<()>,
    stop: oneshot::Sender<()>,
}

impl Cluster {
    /// Prepares to read a cluster's objects, and says how they are understood.
    ///
    /// # Errors
    /// When it cannot be told where its API server is, or nothing can be kept on disk.
    pub(super) fn prepare(
        settings: &KubernetesSettings,
        translating: &mut TranslateSettings,
        runtime: &Handle,
    ) -> anyhow::Result<Self> {
        let KubernetesSettings {
            kubeconfig,
            namespaces,
            controller,
            published_as,
            clear_status,
            election_namespace,
            election_id,
            pod,
            config_map,
            state_dir,
            state_keys,
            service_upstream,
            zone,
            admission: _,
        } = settings;
        let only = match std::mem::take(&mut translating.class) {
            ClassSelection::Named(only) => only,
            ClassSelection::Every | ClassSelection::Controller { .. } => BTreeSet::new(),
        };
        translating.class = ClassSelection::Controller {
            name: controller.clone(),
            only,
        };
        // Whoever may create objects does not own the machine.
        translating.trust = NameTrust::Untrusted;
        translating.by_cluster_ip = *service_upstream;
        translating.zone = zone.as_deref().map(Box::from);
        let client = runtime
            .block_on(connect(kubeconfig.as_deref()))
            .context("no way to the API server")?;
        let saved = match state_dir {
            Some(folder) => Some(
                SavedObjects::new(folder, *state_keys)
                    .with_context(|| format!("{}", folder.display()))?,
            ),
            None => None,
        };
        let watched = WatchSettings {
            namespaces: namespaces.clone(),
            class: translating.class.clone(),
            secrets: translating.default_certificate.iter().cloned().collect(),
            config_maps: config_map.iter().map(key).collect(),
        };
        let source = KubeSource::new(client.clone(), watched);
        let pod = pod.as_ref().map(key);
        let own_namespace = pod.as_ref().map(|pod| pod.namespace.to_string());
        let namespace = election_namespace.clone().or(own_namespace);
        let election = Election {
            namespace: namespace.unwrap_or_else(|| client.default_namespace().to_owned()),
            name: election_id.clone(),
            identity: pod
                .as_ref()
                .map_or_else(identity, |pod| pod.name.to_string()),
        };
        let writing = Writing {
            class: translating.class.clone(),
            published_as: published(published_as, pod.as_ref()),
            pod,
            statuses: Arc::clone(source.statuses()),
            controller: controller.clone(),
            clear: *clear_status,
        };
        Ok(Self {
            contact: Arc::clone(source.contact()),
            client,
            source,
            saved,
            election,
            writing,
            outcomes: watch::Sender::new(None),
            leads: watch::Sender::new(false),
        })
    }

    /// Takes what the objects come to.
    pub(super) fn outcomes(&self) -> Outcomes {
        self.outcomes.clone()
    }

    /// The way to the API server, the namespace in which this replica writes for all of them, and whether
    /// it does.
    pub(super) fn for_issuer(&self) -> (Client, String, watch::Receiver<bool>) {
        let namespace = self.election.namespace.clone();
        (self.client.clone(), namespace, self.leads.subscribe())
    }

    /// How the API server answers, as metrics.
    pub(super) fn metrics(&self) -> ClusterMetrics {
        ClusterMetrics::new(Arc::clone(&self.contact), self.leads.subscribe())
    }

    /// Follows the objects, and takes part in the election of who writes. Needs a running runtime.
    pub(super) fn follow(self, store: &Arc<Store>) -> FollowedCluster {
        let Self {
            client,
            source,
            contact,
            saved,
            election,
            writing,
            outcomes,
            leads,
        } = self;
        let mut following = JoinSet::new();
        if let Some(saved) = saved {
            following.spawn(fall_back(saved.clone(), Arc::clone(store)));
            let keeping = keep(saved, Arc::clone(store), Arc::clone(&contact));
            following.spawn(async { match keeping.await {} });
        }
        let reading = source.run(Arc::clone(store));
        following.spawn(async { match reading.await {} });
        let writer = StatusWriter {
            client: client.clone(),
            statuses: Arc::clone(&writing.statuses),
            class: writing.class.clone(),
            published_as: writing.published_as.clone(),
            controller: writing.controller.clone(),
            instance: election.identity.clone(),
        };
        let seen = leads.subscribe();
        let write = writer.run(outcomes.subscribe(), leads.subscribe());
        // Its sender has to live as long as it does.
        let writer = following.spawn(async move {
            let _outcomes = outcomes;
            match write.await {}
        });
        let (stop, stopped) = oneshot::channel();
        let mut electing = JoinSet::new();
        let until = async {
            // An error means that nobody can tell any more.
            let _ = stopped.await;
        };
        electing.spawn(leader::elect(
            client.clone(),
            election,
            contact,
            leads,
            until,
        ));
        FollowedCluster {
            client,
            writing,
            leads: seen,
            _following: following,
            writer,
            election: electing,
            stop,
        }
    }
}

impl FollowedCluster {
    /// Says what there is to say at the end, and lets another replica lead. Objects are followed on
    /// until what this gives is dropped.
    pub(super) async fn finish(self) -> impl Sized {
        let Self {
            client,
            writing,
            leads,
            _following: following,
            writer,
            mut election,
            stop,
        } = self;
        writer.abort();
        let is_leader = *leads.borrow();
        let clearing = async {
            if is_leader && writing.clear {
                let Writing {
                    published_as, pod, ..
                } = &writing;
                status::clear(&client, &writing.statuses, published_as, pod.as_ref()).await;
            }
        };
        if timeout(LAST_WORDS, clearing).await.is_err() {
            tracing::warn!("the addresses of some Ingresses could not be taken back in time");
        }
        // Its receiver has gone only if the election is over.
        let _ = stop.send(());
        let _ = timeout(LAST_WORDS, election.join_next()).await;
        following
    }
}

fn published(as_set: &cli::PublishedAs, pod: Option<&Key>) -> PublishedAs {
    match as_set {
        cli::PublishedAs::Service(namespace, name) => {
            PublishedAs::Service(Key::new(namespace, name))
        }
        cli::PublishedAs::Addresses(addresses) => PublishedAs::Addresses(addresses.clone()),
        cli::PublishedAs::Nodes => match pod {
            Some(pod) => PublishedAs::NodesOf(pod.clone()),
            None => {
                tracing::warn!(
                    "Ingresses get no addresses: there is neither --publish-service nor \
                     --publish-address nor --pod"
                );
                PublishedAs::Nothing
            }
        },
    }
}

/// A name that no other replica has, outside of a pod.
fn identity() -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}_{:016x}", host.trim(), fastrand::u64(..))
}

/// Options for the whole proxy from a ConfigMap.
///
/// One that is not there any more leaves the options that it last held, as a file does.
#[derive(Debug, Default)]
pub(super) struct ClusterOptions {
    name: Option<Key>,
    read: ReadOptions,
    /// The version that was read last.
    revision: Option<u64>,
}

impl ClusterOptions {
    pub(super) fn new(name: Option<&(String, String)>) -> Self {
        Self {
            name: name.map(key),
            ..Self::default()
        }
    }

    /// The options that a view of the objects comes to.
    pub(super) fn of(&mut self, objects: &Objects) -> ReadOptions {
        let Some(name) = &self.name else {
            return ReadOptions::default();
        };
        let object = ObjectRef {
            kind: ObjectKind::ConfigMap,
            namespace: Arc::clone(&name.namespace),
            name: Arc::clone(&name.name),
        };
        let Some(stored) = objects.config_maps.get(name) else {
            let mut read = self.read.clone();
            read.problems = vec![Problem {
                object,
                field: String::new(),
                message: "the ConfigMap of options does not exist".to_owned(),
                consequence: match self.revision {
                    Some(_) => "the options that it last held stay in force".to_owned(),
                    None => "every option has its default".to_owned(),
                },
                severity: Severity::Error,
                cause: Cause::Surroundings,
                location: None,
            }];
            return read;
        };
        if self.revision != Some(stored.revision) {
            let nothing = Default::default();
            let data = stored.object.data.as_ref().unwrap_or(&nothing);
            let (options, problems) = options_from_config_map(object, None, data);
            self.read = ReadOptions { options, problems };
            self.revision = Some(stored.revision);
        }
        self.read.clone()
    }
}

fn key((namespace, name): &(String, String)) -> Key {
    Key::new(namespace, name)
}
