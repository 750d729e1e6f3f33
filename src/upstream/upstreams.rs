//! All clusters of one worker.
//!
//! Invariant: a reload changes only what differs; everything else keeps its connections, health and
//! latency. Non-goal: which cluster a request goes to.

use std::{
    cell::RefCell,
    cmp::Ordering,
    collections::BTreeMap,
    iter::Peekable,
    net::SocketAddr,
    rc::{Rc, Weak},
    sync::Arc,
};

use hashbrown::HashMap;
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::task::TaskTracker;

use super::{
    cluster::Cluster,
    names::{Epochs, NameResolver, NameWatch, Resolution},
    pool::{IdleLimit, IdleShare},
    settings::{ClusterId, ClusterSettings, UpstreamSource},
    tls_configs::TlsConfigs,
    transport::Transport,
    worker::WorkerState,
};

/// What one worker's upstreams are made with.
#[derive(Debug)]
pub struct UpstreamOptions {
    /// Idle HTTP/1.1 connections that this worker keeps for each endpoint.
    pub idle_per_endpoint: usize,
    /// Idle HTTP/1.1 connections that all workers keep; the same one for each worker.
    pub idle_limit: Arc<IdleLimit>,
    /// Counts the worker's tasks: one for names, and two for each HTTP/2 connection.
    pub tasks: TaskTracker,
    /// The worker's random source, seeded apart from other workers'.
    pub random: fastrand::Rng,
}

/// One worker's clusters. It lives as long as the worker; [`Upstreams::update`] follows the
/// configuration.
#[derive(Debug)]
pub struct Upstreams {
    shared: Rc<Shared>,
    follower: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    worker: Rc<WorkerState>,
    names: NameResolver,
    clusters: RefCell<Clusters>,
}

#[derive(Debug, Default)]
struct Clusters {
    /// Sorted by name, to be walked along with the configuration.
    entries: Vec<Entry>,
    by_id: HashMap<ClusterId, Rc<Cluster>, foldhash::fast::RandomState>,
    tls: TlsConfigs,
}

#[derive(Debug)]
struct Entry {
    settings: Arc<ClusterSettings>,
    cluster: Rc<Cluster>,
    name: Option<NameWatch>,
}

impl Upstreams {
    /// No clusters yet. To be called on the worker's `LocalSet`, where the task that follows names
    /// is started.
    #[must_use]
    pub fn new(options: UpstreamOptions, names: NameResolver) -> Self {
        let UpstreamOptions {
            idle_per_endpoint,
            idle_limit,
            tasks,
            random,
        } = options;
        let idle = IdleShare::new(idle_limit);
        let worker = Rc::new(WorkerState::new(
            random,
            idle,
            idle_per_endpoint,
            tasks.clone(),
        ));
        let epochs = names.epochs();
        let shared = Rc::new(Shared {
            worker,
            names,
            clusters: RefCell::default(),
        });
        let follower = tasks.spawn_local(follow_names(Rc::downgrade(&shared), epochs));
        Self { shared, follower }
    }

    /// Brings the clusters in line with the configuration. What is the same `Arc`, or equal, stays
    /// as it is; an endpoint that stays keeps its connections, health and latency; one that leaves
    /// is drained: idle connections are closed, those in use end with their exchange.
    pub fn update(&self, clusters: &BTreeMap<ClusterId, Arc<ClusterSettings>>) {
        self.shared
            .clusters
            .borrow_mut()
            .update(clusters, &self.shared.names, &self.shared.worker);
    }

    /// The cluster of that name.
    #[inline]
    #[must_use]
    pub fn cluster(&self, id: &ClusterId) -> Option<Rc<Cluster>> {
        self.shared.clusters.borrow().by_id.get(id).cloned()
    }

    /// To be called about once a second: closes idle connections that are past their timeout or
    /// that the server has closed, ends ejections, gives back what other workers may need of the
    /// process's idle connections, and moves the coarse clock.
    pub fn sweep(&self, now: Instant) {
        self.shared.worker.sweep(now);
    }

    /// Closes every idle connection: at shutdown, or when descriptors run out.
    pub fn close_idle(&self) {
        self.shared.worker.close_idle();
    }

    /// Shows every cluster to `visit`, by name, for metrics.
    pub fn for_each(&self, mut visit: impl FnMut(&Cluster)) {
        for entry in &self.shared.clusters.borrow().entries {
            visit(&entry.cluster);
        }
    }
}

impl Drop for Upstreams {
    fn drop(&mut self) {
        self.follower.abort();
        for entry in self.shared.clusters.take().entries {
            entry.cluster.drain();
        }
        self.shared.worker.unwatch_all();
    }
}

/// Gives name-based clusters a successor whenever their addresses change.
async fn follow_names(shared: Weak<Shared>, mut epochs: Epochs) {
    while epochs.changed().await.is_ok() {
        let Some(shared) = shared.upgrade() else {
            return;
        };
        shared.clusters.borrow_mut().follow_names(&shared.worker);
    }
}

impl Clusters {
    fn update(
        &mut self,
        wanted: &BTreeMap<ClusterId, Arc<ClusterSettings>>,
        names: &NameResolver,
        worker: &Rc<WorkerState>,
    ) {
        let mut old = std::mem::take(&mut self.entries).into_iter().peekable();
        self.entries.reserve_exact(wanted.len());
        for (id, settings) in wanted {
            let entry = match self.take_old(&mut old, id, settings) {
                Some(same) if same.is_for(settings) => same,
                predecessor => self.replace(predecessor, settings, names, worker),
            };
            self.entries.push(entry);
        }
        for gone in old {
            self.remove(&gone);
        }
        self.tls.prune();
    }

    /// The entry for `id`, after removal of those before it; both sides are sorted.
    fn take_old(
        &mut self,
        old: &mut Peekable<impl Iterator<Item = Entry>>,
        id: &ClusterId,
        settings: &Arc<ClusterSettings>,
    ) -> Option<Entry> {
        loop {
            let first = old.peek()?;
            // Most entries are the same `Arc`, and need no look at their names.
            if Arc::ptr_eq(&first.settings, settings) {
                return old.next();
            }
            match first.settings.id.cmp(id) {
                Ordering::Less => {
                    if let Some(gone) = old.next() {
                        self.remove(&gone);
                    }
                }
                Ordering::Equal => return old.next(),
                Ordering::Greater => return None,
            }
        }
    }

    fn replace(
        &mut self,
        predecessor: Option<Entry>,
        settings: &Arc<ClusterSettings>,
        names: &NameResolver,
        worker: &Rc<WorkerState>,
    ) -> Entry {
        let mut name = match &settings.source {
            UpstreamSource::Endpoints(_) => None,
            UpstreamSource::Name(target) => {
                let kept = predecessor
                    .as_ref()
                    .filter(|old| old.settings.source == settings.source);
                kept.and_then(|old| old.name.clone())
                    .or_else(|| Some(names.follow(target)))
            }
        };
        let resolution = name.as_mut().map(|name| name.borrow_and_update().clone());
        let addresses = addresses(settings, resolution, predecessor.as_ref());
        let predecessor = predecessor.map(|old| old.cluster);
        self.entry(settings, name, &addresses, predecessor.as_deref(), worker)
    }

    fn entry(
        &mut self,
        settings: &Arc<ClusterSettings>,
        name: Option<NameWatch>,
        addresses: &[SocketAddr],
        predecessor: Option<&Cluster>,
        worker: &Rc<WorkerState>,
    ) -> Entry {
        let transport = || Transport::new(settings, &mut self.tls);
        let cluster = Cluster::new(
            Arc::clone(settings),
            addresses,
            predecessor,
            transport,
            worker,
        );
        if let Some(error) = cluster.settings_error() {
            tracing::warn!(cluster = %settings.id, %error, "no connection to a cluster can be made");
        }
        self.by_id.insert(settings.id.clone(), Rc::clone(&cluster));
        Entry {
            settings: Arc::clone(settings),
            cluster,
            name,
        }
    }

    fn remove(&mut self, gone: &Entry) {
        gone.cluster.drain();
        self.by_id.remove(&gone.settings.id);
    }

    fn follow_names(&mut self, worker: &Rc<WorkerState>) {
        let has_changed = |entry: &Entry| {
            entry
                .name
                .as_ref()
                .is_some_and(|name| name.has_changed().unwrap_or(false))
        };
        for index in 0..self.entries.len() {
            let Some(old) = self.entries.get(index).filter(|entry| has_changed(entry)) else {
                continue;
            };
            let (settings, mut name) = (Arc::clone(&old.settings), old.name.clone());
            let cluster = Rc::clone(&old.cluster);
            let Some(Resolution::Known(addresses)) =
                name.as_mut().map(|name| name.borrow_and_update().clone())
            else {
                continue;
            };
            let entry = self.entry(&settings, name, &addresses, Some(&cluster), worker);
            if let Some(place) = self.entries.get_mut(index) {
                *place = entry;
            }
        }
    }
}

impl Entry {
    fn is_for(&self, settings: &Arc<ClusterSettings>) -> bool {
        Arc::ptr_eq(&self.settings, settings) || self.settings == *settings
    }
}

/// Where the cluster is, sorted and without repetition. While a changed name has not been looked up
/// yet the addresses of the last one serve on, if port and trust are the same.
fn addresses(
    settings: &ClusterSettings,
    resolution: Option<Resolution>,
    predecessor: Option<&Entry>,
) -> Vec<SocketAddr> {
    match (&settings.source, resolution) {
        (UpstreamSource::Endpoints(endpoints), _) => {
            let mut addresses: Vec<_> = endpoints.iter().map(|it| it.address).collect();
            addresses.sort_unstable();
            addresses.dedup();
            addresses
        }
        (UpstreamSource::Name(_), Some(Resolution::Known(known))) => known.to_vec(),
        (UpstreamSource::Name(target), _) => predecessor
            .filter(|old| match &old.settings.source {
                UpstreamSource::Name(last) => {
                    (last.port, last.trust) == (target.port, target.trust)
                }
                UpstreamSource::Endpoints(_) => false,
            })
            .map(|old| old.cluster.addresses())
            .unwrap_or_default(),
    }
}
