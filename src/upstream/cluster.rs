//! A cluster: endpoints, balancer, retry budget.
//!
//! Invariant: a cluster's members never change. When settings or addresses do, a successor takes its
//! place and takes over the endpoints that stay, with their connections, health and latency; requests
//! that hold the old one finish with it. Non-goal: where the addresses come from.

use std::{net::SocketAddr, rc::Rc, sync::Arc};

use super::{
    balancer::Chooser,
    endpoint::LiveEndpoint,
    health::EjectionShare,
    lease::Lease,
    retry::RetryBudget,
    settings::{Balancer, ClusterId, ClusterSettings, HashKey, Protocol},
    transport::Transport,
    worker::WorkerState,
};
use crate::tls::ClientTlsError;

/// One worker's view of a cluster at one moment. Cheap to hold for the time of a request.
#[derive(Debug)]
pub struct Cluster {
    settings: Arc<ClusterSettings>,
    transport: Rc<Transport>,
    endpoints: Box<[Rc<LiveEndpoint>]>,
    chooser: Chooser,
    budget: Rc<RetryBudget>,
    ejections: Rc<EjectionShare>,
    worker: Rc<WorkerState>,
}

/// What a cluster is doing, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClusterGauges {
    /// Endpoints in all.
    pub endpoints: usize,
    /// Endpoints that are left out after failures.
    pub ejected: usize,
    /// Attempts in flight.
    pub in_flight: usize,
    /// Idle HTTP/1.1 connections.
    pub idle_connections: usize,
    /// HTTP/2 connections.
    pub http2_connections: usize,
}

impl Cluster {
    /// The cluster's name.
    #[must_use]
    pub fn id(&self) -> &ClusterId {
        &self.settings.id
    }

    /// The protocol that its endpoints speak.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.settings.protocol
    }

    /// Whether its endpoints are spoken to over TLS.
    #[must_use]
    pub fn is_over_tls(&self) -> bool {
        self.settings.tls.is_some()
    }

    /// What consistent hashing goes by; empty with every other balancer.
    #[must_use]
    pub fn hash_keys(&self) -> &[HashKey] {
        match &self.settings.balancer {
            Balancer::Hash(keys) => keys,
            Balancer::RoundRobin | Balancer::Ewma => &[],
        }
    }

    /// How many requests may be sent again.
    #[must_use]
    pub fn retry_budget(&self) -> &RetryBudget {
        &self.budget
    }

    /// An endpoint for one attempt that is not among those `tried` for this request; `hash` is what
    /// [`super::KeyHasher`] makes of the [`HashKey`]s.
    ///
    /// Ejected endpoints are left out while that leaves one, and while no more than half are ejected.
    /// `None`: there is no endpoint, or every one was tried.
    #[inline]
    #[must_use]
    pub fn pick(&self, hash: Option<u64>, tried: &[SocketAddr]) -> Option<Lease> {
        let untried = |endpoint: &LiveEndpoint| !tried.contains(&endpoint.address);
        let healthy = |endpoint: &LiveEndpoint| endpoint.is_available() && untried(endpoint);
        let Self {
            chooser,
            endpoints,
            worker,
            ..
        } = self;
        let chosen = if self.ejections.is_exceeded() {
            None
        } else {
            chooser.choose(endpoints, hash, worker, healthy)
        };
        let chosen = chosen.or_else(|| chooser.choose(endpoints, hash, worker, untried))?;
        Some(Lease::new(Rc::clone(chosen)))
    }

    /// What it is doing.
    #[must_use]
    pub fn gauges(&self) -> ClusterGauges {
        let mut gauges = ClusterGauges {
            endpoints: self.endpoints.len(),
            ejected: self.ejections.ejected(),
            ..ClusterGauges::default()
        };
        for endpoint in &self.endpoints {
            gauges.in_flight += endpoint.in_flight.get() as usize;
            gauges.idle_connections += endpoint.idle_connections();
            gauges.http2_connections += endpoint.http2.len();
        }
        gauges
    }

    /// The cluster for `settings` with the endpoints at `addresses`, which are sorted and without
    /// repetition; takes over what it can from `predecessor`, and drains what it does not.
    pub(super) fn new(
        settings: Arc<ClusterSettings>,
        addresses: &[SocketAddr],
        predecessor: Option<&Self>,
        transport: impl FnOnce() -> Transport,
        worker: &Rc<WorkerState>,
    ) -> Rc<Self> {
        let usable = predecessor.filter(|old| old.transport.is_for(&settings));
        let transport =
            usable.map_or_else(|| Rc::new(transport()), |old| Rc::clone(&old.transport));
        let (ejections, budget) = match predecessor {
            Some(old) => (Rc::clone(&old.ejections), Rc::clone(&old.budget)),
            None => (
                Rc::new(EjectionShare::new(settings.id.clone())),
                Rc::new(RetryBudget::new(Rc::clone(worker))),
            ),
        };
        let endpoints: Box<[_]> = addresses
            .iter()
            .map(|address| {
                let kept = usable.and_then(|old| old.endpoint(*address)).cloned();
                kept.unwrap_or_else(|| {
                    Rc::new(LiveEndpoint::new(*address, &transport, &ejections, worker))
                })
            })
            .collect();
        let measured = settings.balancer == Balancer::Ewma;
        for endpoint in &endpoints {
            endpoint.adapt(settings.idle_timeout, measured);
        }
        let last = predecessor.and_then(|old| old.chooser.last(&old.endpoints));
        let chooser = Chooser::new(&settings.balancer, &endpoints, last, worker);
        let worker = Rc::clone(worker);
        let new = Self {
            settings,
            transport,
            endpoints,
            chooser,
            budget,
            ejections,
            worker,
        };
        new.ejections.resize(new.endpoints.len());
        if let Some(old) = predecessor {
            old.drain_except(&new);
        }
        Rc::new(new)
    }

    /// The cluster is gone: all of its endpoints are drained.
    pub(super) fn drain(&self) {
        for endpoint in &self.endpoints {
            endpoint.drain();
        }
    }

    pub(super) fn settings_error(&self) -> Option<ClientTlsError> {
        self.transport.settings_error()
    }

    fn drain_except(&self, successor: &Self) {
        let stays = |endpoint: &Rc<LiveEndpoint>| {
            let kept = successor.endpoint(endpoint.address);
            kept.is_some_and(|kept| Rc::ptr_eq(kept, endpoint))
        };
        for gone in self.endpoints.iter().filter(|endpoint| !stays(endpoint)) {
            gone.drain();
        }
    }

    fn endpoint(&self, address: SocketAddr) -> Option<&Rc<LiveEndpoint>> {
        let found = self
            .endpoints
            .binary_search_by_key(&address, |endpoint| endpoint.address);
        self.endpoints.get(found.ok()?)
    }
}
