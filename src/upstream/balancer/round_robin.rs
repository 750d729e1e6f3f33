//! Round robin: each endpoint in turn, from a random one on.
//!
//! Invariant: between two turns of an endpoint every other one that stays has its turn, whatever
//! joins or leaves meanwhile. Non-goal: an equal number of requests over all workers at any moment;
//! the random start evens that out.

use std::{cell::Cell, net::SocketAddr, rc::Rc};

use super::chooser::first_usable;
use crate::upstream::{endpoint::LiveEndpoint, worker::WorkerState};

/// Whose turn is next, as an index into the sorted endpoints.
#[derive(Debug)]
pub(in crate::upstream) struct RoundRobin {
    next: Cell<usize>,
    /// Whose turn it was last, as long as nobody has had one here.
    inherited: Cell<Option<SocketAddr>>,
}

impl RoundRobin {
    /// Goes on behind `last`, which need not be among the endpoints any more.
    pub(super) fn new(
        endpoints: &[Rc<LiveEndpoint>],
        last: Option<SocketAddr>,
        worker: &WorkerState,
    ) -> Self {
        let next = match last {
            Some(last) => endpoints.partition_point(|endpoint| endpoint.address <= last),
            None => worker.random_below(endpoints.len().max(1)),
        };
        Self {
            next: Cell::new(next),
            inherited: Cell::new(last),
        }
    }

    #[inline]
    pub(super) fn choose<'a>(
        &self,
        endpoints: &'a [Rc<LiveEndpoint>],
        usable: impl Fn(&LiveEndpoint) -> bool,
    ) -> Option<&'a Rc<LiveEndpoint>> {
        let (index, chosen) = first_usable(endpoints, self.next.get(), usable)?;
        self.next.set(index + 1);
        self.inherited.set(None);
        Some(chosen)
    }

    pub(super) fn last(&self, endpoints: &[Rc<LiveEndpoint>]) -> Option<SocketAddr> {
        self.inherited.get().or_else(|| {
            // With no turn at all yet this is the one before the random start: just as random.
            let last = self
                .next
                .get()
                .checked_sub(1)
                .or(endpoints.len().checked_sub(1))?;
            Some(endpoints.get(last)?.address)
        })
    }
}
