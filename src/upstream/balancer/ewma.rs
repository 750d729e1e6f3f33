//! Peak EWMA: of two random endpoints the one with the lower expected wait.
//!
//! The wait is the moving average of latency, which jumps up to a peak at once and comes down over
//! [`DECAY`], times the requests in flight. Invariant: an endpoint that has not answered yet gets one
//! request at a time while others are known. Non-goal: latency as a metric.

use std::{cell::Cell, rc::Rc, time::Duration};

use tokio::time::Instant;

use super::chooser::first_usable;
use crate::upstream::{endpoint::LiveEndpoint, worker::WorkerState};

/// How long an observation counts, as a time constant; ingress-nginx's default.
const DECAY: Duration = Duration::from_secs(10);

/// What a request in flight weighs at an endpoint that has not answered yet, in seconds.
const UNKNOWN: f64 = 1_000.0;

/// The least latency that is told apart, in seconds.
const LEAST: f64 = 1e-6;

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
                let now = Instant::now();
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

/// One endpoint's moving average, in seconds.
#[derive(Debug)]
pub(in crate::upstream) struct Latency {
    average: Cell<Option<f64>>,
    at: Cell<Instant>,
}

impl Latency {
    pub(in crate::upstream) fn new(now: Instant) -> Self {
        Self {
            average: Cell::new(None),
            at: Cell::new(now),
        }
    }

    /// Counts an answer.
    pub(in crate::upstream) fn answered(&self, took: Duration, now: Instant) {
        self.observe(took.as_secs_f64(), now);
    }

    /// Counts an answer that says that the endpoint is in trouble: quick errors must not make it
    /// look good.
    pub(in crate::upstream) fn answered_in_trouble(&self, took: Duration, now: Instant) {
        self.observe(
            took.as_secs_f64().max(self.decayed(now).unwrap_or(LEAST)),
            now,
        );
    }

    /// Counts an attempt that got no answer: as twice the wait expected.
    pub(in crate::upstream) fn failed(&self, now: Instant) {
        self.observe(2.0 * self.decayed(now).unwrap_or(LEAST), now);
    }

    fn observe(&self, took: f64, now: Instant) {
        let took = took.max(LEAST);
        let average = match self.average.get() {
            Some(average) if took < average => {
                let weight = self.weight(now);
                average * weight + took * (1.0 - weight)
            }
            _ => took,
        };
        self.average.set(Some(average));
        self.at.set(now);
    }

    /// The wait that one more request should expect behind `in_flight` others, in seconds.
    pub(in crate::upstream) fn wait(&self, in_flight: u32, now: Instant) -> f64 {
        match self.decayed(now) {
            Some(average) => average.max(LEAST) * (f64::from(in_flight) + 1.0),
            None => UNKNOWN * f64::from(in_flight),
        }
    }

    fn decayed(&self, now: Instant) -> Option<f64> {
        Some(self.average.get()? * self.weight(now))
    }

    /// What is left of an observation after the time that has passed: 1 at once, 0 in the end.
    fn weight(&self, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(self.at.get());
        (-passed.as_secs_f64() / DECAY.as_secs_f64()).exp()
    }
}
