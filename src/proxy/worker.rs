//! What one worker thread has: its view of the snapshot, its clusters, its clock, its buffers.

use std::{
    cell::{OnceCell, RefCell},
    rc::Rc,
    sync::Arc,
    time::SystemTime,
};

use arc_swap::{ArcSwap, Cache};

use super::{
    access_log::AccessLog,
    clock::Clock,
    http2::StreamCount,
    inspect::{FirewallLog, Inspectors, Transactions},
    limits::Limits,
    metrics::{Gauge, WorkerMetrics},
    request_id::RequestIds,
    scratch::ScratchPool,
    ticker::{TICK, Ticker},
};
use crate::{
    snapshot::{ClusterRef, Snapshot},
    upstream::{Cluster, Upstreams},
};

/// One worker's share of everything. Nothing in it is written by another thread.
pub(super) struct Worker {
    pub ticker: Rc<Ticker>,
    pub clock: Clock,
    pub ids: RequestIds,
    pub scratch: ScratchPool,
    pub log: AccessLog,
    pub metrics: WorkerMetrics,
    pub upstreams: Rc<Upstreams>,
    /// Limits for the whole process.
    pub limits: Arc<Limits>,
    /// What inspections share with other workers.
    pub inspectors: Inspectors,
    /// Spare transactions of the firewall.
    pub transactions: Transactions,
    /// Where the firewall's findings are written.
    pub firewall_log: FirewallLog,
    /// HTTP/2 streams in flight.
    pub streams: StreamCount,
    fresh: RefCell<Cache<Arc<ArcSwap<Snapshot>>, Arc<Snapshot>>>,
    view: RefCell<Rc<View>>,
}

/// A snapshot with this worker's clusters.
pub(super) struct View {
    pub snapshot: Arc<Snapshot>,
    /// By the slot of the rule's action; found on first use.
    clusters: Box<[OnceCell<Option<Rc<Cluster>>>]>,
    upstreams: Rc<Upstreams>,
}

impl View {
    fn new(snapshot: Arc<Snapshot>, upstreams: Rc<Upstreams>) -> Self {
        let clusters = (0..snapshot.cluster_slots)
            .map(|_| OnceCell::new())
            .collect();
        Self {
            snapshot,
            clusters,
            upstreams,
        }
    }

    /// The cluster as it is now, or as it was where there is none of its name any more.
    pub(super) fn latest(&self, cluster: &Rc<Cluster>) -> Rc<Cluster> {
        let latest = self.upstreams.cluster(cluster.id());
        latest.unwrap_or_else(|| Rc::clone(cluster))
    }

    /// This worker's cluster of a rule's action.
    pub(super) fn cluster(&self, cluster: &ClusterRef) -> Option<Rc<Cluster>> {
        let ClusterRef { id, slot } = cluster;
        self.clusters
            .get(*slot)?
            .get_or_init(|| self.upstreams.cluster(id))
            .clone()
    }
}

impl Worker {
    pub(super) fn new(
        snapshots: Arc<ArcSwap<Snapshot>>,
        upstreams: Upstreams,
        log: AccessLog,
        metrics: WorkerMetrics,
        limits: Arc<Limits>,
        (inspectors, firewall_log): (Inspectors, FirewallLog),
    ) -> Rc<Self> {
        let upstreams = Rc::new(upstreams);
        let mut fresh = Cache::new(snapshots);
        let snapshot = Arc::clone(fresh.load());
        follow(&upstreams, &snapshot);
        Rc::new(Self {
            ticker: Rc::default(),
            clock: Clock::new(SystemTime::now()),
            ids: RequestIds::new(),
            scratch: ScratchPool::default(),
            log,
            metrics,
            limits,
            inspectors,
            transactions: Transactions::default(),
            firewall_log,
            streams: StreamCount::default(),
            fresh: RefCell::new(fresh),
            view: RefCell::new(Rc::new(View::new(snapshot, Rc::clone(&upstreams)))),
            upstreams,
        })
    }

    /// The snapshot of the moment, as this worker serves it.
    pub(super) fn view(&self) -> Rc<View> {
        let mut fresh = self.fresh.borrow_mut();
        let snapshot = fresh.load();
        let mut view = self.view.borrow_mut();
        if !Arc::ptr_eq(&view.snapshot, snapshot) {
            follow(&self.upstreams, snapshot);
            *view = Rc::new(View::new(Arc::clone(snapshot), Rc::clone(&self.upstreams)));
            // They hold rules that may be gone.
            self.transactions.clear();
            self.inspectors.forget_gone();
        }
        Rc::clone(&view)
    }

    /// Runs the worker's clock for as long as it is polled: time limits, the date, idle connections,
    /// the log's flush, and the snapshot, so that a worker without requests lets go of old ones too.
    pub(super) async fn run_clock(&self) {
        const TICKS_A_SECOND: u32 = 10;
        let mut interval = tokio::time::interval(TICK);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut until_second = TICKS_A_SECOND;
        loop {
            let now = interval.tick().await;
            self.ticker.tick();
            self.view();
            until_second -= 1;
            if until_second == 0 {
                until_second = TICKS_A_SECOND;
                self.clock.set(SystemTime::now());
                self.upstreams.sweep(now);
                self.gauge_upstreams();
                self.log.tick(now.into_std());
                self.firewall_log.tick(now.into_std());
                self.scratch.tick();
            }
        }
    }

    fn gauge_upstreams(&self) {
        let (mut idle, mut http2, mut ejected) = (0, 0, 0);
        self.upstreams.for_each(|cluster| {
            let gauges = cluster.gauges();
            idle += gauges.idle_connections;
            http2 += gauges.http2_connections;
            ejected += gauges.ejected;
        });
        self.metrics.set(Gauge::UpstreamIdle, idle as u64);
        self.metrics.set(Gauge::UpstreamHttp2, http2 as u64);
        self.metrics.set(Gauge::UpstreamEjected, ejected as u64);
    }
}

fn follow(upstreams: &Upstreams, snapshot: &Snapshot) {
    let config = &snapshot.config;
    upstreams.keep_idle(config.options.upstream_idle_connections);
    upstreams.update(&config.clusters);
}
