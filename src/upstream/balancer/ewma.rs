//! Peak EWMA: of two random endpoints the one with the lower expected wait.
//!
//! The wait is the moving average of latency, which jumps up to a peak at once and comes down over
//! [`DECAY`], times the requests in flight. Invariant: an endpoint that has not answered yet gets one
//! request at a time while others are known. Non-goal: latency as a metric.

use std::{cell::Cell, rc::Rc};

use super::chooser::first_usable;
use crate::upstream::{clock::Nanos, endpoint::LiveEndpoint, worker::WorkerState};

/// How long an observation counts, as a time constant in nanoseconds; ingress-nginx has 10 s too.
const DECAY: f64 = 10e9;

/// What a request in flight weighs at an endpoint that has not answered yet: 1,000 s.
const UNKNOWN: f64 = 1e12;

/// The least latency that is told apart: a microsecond.
const LEAST: f64 = 1e3;

/// The least that a failure weighs: 50 ms.
const FAILURE: f64 = 50e6;

/// The balancer; its state is in each endpoint's [`Latency`].
#[derive(Debug)]
pub(in crate::upstream) struct PeakEwma;

impl PeakEwma {
    #[inline]
    pub(super) fn choose<'a>(
        &self,
        endpoints: &'a [Rc<LiveEndpoint>],
        worker: &WorkerState,
        usable: impl Fn(&LiveEndpoint) -> bool,
    ) -> Option<&'a Rc<LiveEndpoint>> {
        if endpoints.len() < 2 {
            return endpoints.first().filter(|endpoint| usable(endpoint));
        }
        let first = worker.random_below(endpoints.len());
        let second = worker.random_below(endpoints.len() - 1);
        let second = second + usize::from(second >= first);
        let (first_endpoint, second_endpoint) = (endpoints.get(first)?, endpoints.get(second)?);
        match (usable(first_endpoint), usable(second_endpoint)) {
            (true, true) => {
                // What answered since the last sweep has not decayed; what did not, has.
                let now = worker.clock.coarse();
                let second_is_better = second_endpoint.wait(now) < first_endpoint.wait(now);
                Some(if second_is_better {
                    second_endpoint
                } else {
                    first_endpoint
                })
            }
            (true, false) => Some(first_endpoint),
            (false, true) => Some(second_endpoint),
            (false, false) => first_usable(endpoints, first, usable).map(|(_, endpoint)| endpoint),
        }
    }
}

/// One endpoint's moving average, in nanoseconds.
#[derive(Debug, Default)]
pub(in crate::upstream) struct Latency {
    /// 0 until the first answer.
    average: Cell<f64>,
    at: Cell<Nanos>,
}

impl Latency {
    /// Counts an answer that took so long.
    pub(in crate::upstream) fn answered(&self, took: Nanos, now: Nanos) {
        self.observe(took as f64, now);
    }

    /// Counts an answer that says that the endpoint is in trouble: quick errors must not make it
    /// look good.
    pub(in crate::upstream) fn answered_in_trouble(&self, took: Nanos, now: Nanos) {
        self.observe((took as f64).max(self.decayed(now)), now);
    }

    /// Counts an attempt that got no answer: as twice the wait expected, and as [`FAILURE`] at
    /// least, or one that refuses at once would look best of all.
    pub(in crate::upstream) fn failed(&self, now: Nanos) {
        self.observe((2.0 * self.decayed(now)).max(FAILURE), now);
    }

    fn observe(&self, took: f64, now: Nanos) {
        let (took, average) = (took.max(LEAST), self.average.get());
        let weight = if took < average {
            self.weight(now)
        } else {
            0.0
        };
        self.average.set(average * weight + took * (1.0 - weight));
        self.at.set(now);
    }

    /// The wait that one more request should expect behind `in_flight` others.
    #[inline]
    pub(in crate::upstream) fn wait(&self, in_flight: u32, now: Nanos) -> f64 {
        let in_flight = f64::from(in_flight);
        if self.average.get() == 0.0 {
            return UNKNOWN * in_flight;
        }
        self.decayed(now).max(LEAST) * (in_flight + 1.0)
    }

    fn decayed(&self, now: Nanos) -> f64 {
        self.average.get() * self.weight(now)
    }

    /// What is left of an observation after the time that has passed: 1 at once, 0 in the end. The
    /// first terms of the exponential's series are near enough, and cheap.
    #[inline]
    fn weight(&self, now: Nanos) -> f64 {
        let passed = now.saturating_sub(self.at.get()) as f64 / DECAY;
        1.0 / (1.0 + passed * (1.0 + passed * (0.5 + passed / 6.0)))
    }
}
