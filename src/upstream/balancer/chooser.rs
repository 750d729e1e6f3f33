//! A cluster's balancer, whichever it is.

use std::{net::SocketAddr, rc::Rc};

use super::{PeakEwma, Rendezvous, RoundRobin};
use crate::upstream::{endpoint::LiveEndpoint, settings::Balancer, worker::WorkerState};

/// A cluster's balancer with its state.
#[derive(Debug)]
pub(in crate::upstream) enum Chooser {
    RoundRobin(RoundRobin),
    Ewma(PeakEwma),
    Hash(Rendezvous),
}

impl Chooser {
    /// `last` is where the predecessor's turn was, if there was one.
    pub(in crate::upstream) fn new(
        balancer: &Balancer,
        endpoints: &[Rc<LiveEndpoint>],
        last: Option<SocketAddr>,
        worker: &WorkerState,
    ) -> Self {
        match balancer {
            Balancer::RoundRobin => Self::RoundRobin(RoundRobin::new(endpoints, last, worker)),
            Balancer::Ewma => Self::Ewma(PeakEwma),
            Balancer::Hash(_) => Self::Hash(Rendezvous::new(endpoints)),
        }
    }

    /// A usable endpoint, if there is one.
    #[inline]
    pub(in crate::upstream) fn choose<'a>(
        &self,
        endpoints: &'a [Rc<LiveEndpoint>],
        hash: Option<u64>,
        worker: &WorkerState,
        usable: impl Fn(&LiveEndpoint) -> bool,
    ) -> Option<&'a Rc<LiveEndpoint>> {
        match self {
            Self::RoundRobin(balancer) => balancer.choose(endpoints, usable),
            Self::Ewma(balancer) => balancer.choose(endpoints, worker, usable),
            Self::Hash(balancer) => balancer.choose(endpoints, hash, worker, usable),
        }
    }

    /// Whose turn it was last, where there are turns.
    pub(in crate::upstream) fn last(&self, endpoints: &[Rc<LiveEndpoint>]) -> Option<SocketAddr> {
        match self {
            Self::RoundRobin(balancer) => balancer.last(endpoints),
            Self::Ewma(_) | Self::Hash(_) => None,
        }
    }
}

/// The first usable endpoint from `start` on, around the end.
#[inline]
pub(super) fn first_usable(
    endpoints: &[Rc<LiveEndpoint>],
    start: usize,
    usable: impl Fn(&LiveEndpoint) -> bool,
) -> Option<(usize, &Rc<LiveEndpoint>)> {
    let (mut index, mut left) = (start, endpoints.len());
    while left > 0 {
        if index >= endpoints.len() {
            index = 0;
        }
        let endpoint = endpoints.get(index)?;
        if usable(endpoint) {
            return Some((index, endpoint));
        }
        (index, left) = (index + 1, left - 1);
    }
    None
}
