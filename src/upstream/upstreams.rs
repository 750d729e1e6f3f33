//! All clusters of one worker.
//!
//! Invariant: a reload changes only what differs; everything else keeps its connections, health and
//! latency. Non-goal: which cluster a request goes to.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    rc::{Rc, Weak},
    sync::Arc,
};

use tokio::{task::JoinHandle, time::Instant};
use tokio_util::task::TaskTracker;

use super::{
    cluster::Cluster,
    clusters::Clusters,
    names::{Epochs, NameResolver},
    pool::{IdleLimit, IdleShare},
    settings::{ClusterId, ClusterSettings},
    worker::WorkerState,
};

/// What one worker's upstreams are made with.
#[derive(Debug)]
pub struct UpstreamOptions {
    /// Idle HTTP/1.1 connections that this worker keeps for each endpoint.
    pub idle_per_endpoint: usize,
    /// Idle HTTP/1.1 connections that all workers keep; the same one for each worker.
    pub idle_limit: Arc<IdleLimit>,
    /// Counts the worker's tasks: one for names, and those of HTTP/2 connections. The first ends
    /// when the [`Upstreams`] are dropped, the others when their last stream has ended too.
    pub tasks: TaskTracker,
    /// The worker's random source, seeded apart from other workers'.
    pub random: fastrand::Rng,
}

/// One worker's clusters. It lives as long as the worker; [`Upstreams::update`] follows the
/// configuration.
#[derive(Debug)]
pub struct Upstreams {
    clusters: Rc<RefCell<Clusters>>,
    worker: Rc<WorkerState>,
    follower: JoinHandle<()>,
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
        let clusters = Rc::new(RefCell::new(Clusters::new(names, Rc::clone(&worker))));
        let follower = tasks.spawn_local(follow_names(Rc::downgrade(&clusters), epochs));
        Self {
            clusters,
            worker,
            follower,
        }
    }

    /// Keeps at most so many idle connections of an endpoint from now on.
    pub fn keep_idle(&self, connections: usize) {
        self.worker.idle_per_endpoint.set(connections);
    }

    /// Brings the clusters in line with the configuration. What is the same `Arc`, or equal, stays
    /// as it is; an endpoint that stays keeps its connections, health and latency; one that leaves
    /// is drained: idle connections are closed, those in use end with their exchange.
    pub fn update(&self, clusters: &BTreeMap<ClusterId, Arc<ClusterSettings>>) {
        self.clusters.borrow_mut().update(clusters);
    }

    /// The cluster of that name.
    #[inline]
    #[must_use]
    pub fn cluster(&self, id: &ClusterId) -> Option<Rc<Cluster>> {
        self.clusters.borrow().cluster(id)
    }

    /// To be called about once a second: closes idle connections that are past their timeout or
    /// that the server has closed, ends ejections, gives back what other workers may need of the
    /// process's idle connections, and moves the coarse clock.
    pub fn sweep(&self, now: Instant) {
        self.worker.sweep(now);
    }

    /// Closes every idle connection: at shutdown, or when descriptors run out.
    pub fn close_idle(&self) {
        self.worker.close_idle();
    }

    /// Shows every cluster that a request has asked for to `visit`, in no order, for metrics.
    pub fn for_each(&self, visit: impl FnMut(&Cluster)) {
        self.clusters.borrow().for_each(visit);
    }
}

impl Drop for Upstreams {
    fn drop(&mut self) {
        self.follower.abort();
        self.clusters.borrow_mut().clear();
        self.worker.unwatch_all();
    }
}

/// Gives name-based clusters a successor whenever their addresses change.
async fn follow_names(clusters: Weak<RefCell<Clusters>>, mut epochs: Epochs) {
    while epochs.changed().await.is_ok() {
        let Some(clusters) = clusters.upgrade() else {
            return;
        };
        clusters.borrow_mut().follow_names();
    }
}
