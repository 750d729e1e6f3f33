//! Passive ejection: an endpoint that fails again and again is left out for a while.
//!
//! Invariant: at most half of a cluster's endpoints are ejected; past that all are used. Non-goal:
//! active probing, which Kubernetes does already.

use std::{cell::Cell, time::Duration};

use tokio::time::Instant;

use super::settings::ClusterId;

/// Failures in a row that eject an endpoint.
pub(super) const FAILURES_TO_EJECT: u32 = 5;

/// Length of the first ejection; each that follows closely is twice as long.
pub(super) const FIRST_EJECTION: Duration = Duration::from_secs(2);

/// Length of the longest ejection.
pub(super) const LONGEST_EJECTION: Duration = Duration::from_secs(120);

/// One endpoint's record.
#[derive(Debug, Default)]
pub(super) struct Health {
    failures: Cell<u32>,
    until: Cell<Option<Instant>>,
    ended: Cell<Option<Instant>>,
    length: Cell<Duration>,
}

impl Health {
    pub(super) fn is_ejected(&self) -> bool {
        self.until.get().is_some()
    }

    #[inline]
    pub(super) fn succeeded(&self) {
        self.failures.set(0);
    }

    /// Counts a failure; `true` if it ejects the endpoint.
    pub(super) fn failed(&self, now: Instant, share: &EjectionShare) -> bool {
        let failures = self.failures.get().saturating_add(1);
        self.failures.set(failures);
        if failures < FAILURES_TO_EJECT || self.is_ejected() || !share.take() {
            return false;
        }
        let length = self.next_length(now);
        self.length.set(length);
        self.until.set(Some(now + length));
        true
    }

    /// Ends an ejection whose time is over. The next failure ejects again: the endpoint is on trial
    /// until it has answered.
    pub(super) fn sweep(&self, now: Instant, share: &EjectionShare) {
        if self.until.get().is_some_and(|until| until <= now) {
            self.readmit(share);
            self.ended.set(Some(now));
            self.failures.set(FAILURES_TO_EJECT - 1);
        }
    }

    /// Ends an ejection at once.
    pub(super) fn readmit(&self, share: &EjectionShare) {
        if self.until.take().is_some() {
            share.release();
        }
    }

    /// Twice the last one, unless the endpoint has been good for at least as long since then.
    fn next_length(&self, now: Instant) -> Duration {
        let last = self.length.get();
        match self.ended.get() {
            Some(ended) if now - ended < last.max(FIRST_EJECTION) => {
                (last * 2).min(LONGEST_EJECTION)
            }
            _ => FIRST_EJECTION,
        }
    }
}

/// How many of a cluster's endpoints are ejected.
#[derive(Debug)]
pub(super) struct EjectionShare {
    cluster: ClusterId,
    endpoints: Cell<usize>,
    ejected: Cell<usize>,
}

impl EjectionShare {
    pub(super) fn new(cluster: ClusterId) -> Self {
        Self {
            cluster,
            endpoints: Cell::new(0),
            ejected: Cell::new(0),
        }
    }

    /// Whose endpoints they are.
    pub(super) fn cluster(&self) -> &ClusterId {
        &self.cluster
    }

    pub(super) fn resize(&self, endpoints: usize) {
        self.endpoints.set(endpoints);
    }

    pub(super) fn ejected(&self) -> usize {
        self.ejected.get()
    }

    /// Whether so many endpoints are ejected that the others should not carry the load alone.
    #[inline]
    pub(super) fn is_exceeded(&self) -> bool {
        2 * self.ejected.get() > self.endpoints.get()
    }

    fn take(&self) -> bool {
        let fits = 2 * (self.ejected.get() + 1) <= self.endpoints.get();
        self.ejected.set(self.ejected.get() + usize::from(fits));
        fits
    }

    fn release(&self) {
        self.ejected.set(self.ejected.get() - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn share(endpoints: usize) -> EjectionShare {
        let share = EjectionShare::new(ClusterId("a".into()));
        share.resize(endpoints);
        share
    }

    fn fail_until_ejected(health: &Health, share: &EjectionShare, now: Instant) -> u32 {
        (1..=100)
            .find(|_| health.failed(now, share))
            .expect("ejected in the end")
    }

    #[test]
    fn five_failures_in_a_row_eject_and_an_answer_starts_the_count_anew() {
        let (health, share, now) = (Health::default(), share(2), Instant::now());
        for _ in 0..3 {
            for _ in 1..FAILURES_TO_EJECT {
                assert!(!health.failed(now, &share));
            }
            health.succeeded();
        }
        assert_eq!(fail_until_ejected(&health, &share, now), FAILURES_TO_EJECT);
        assert!(health.is_ejected());
        assert_eq!(share.ejected(), 1);
    }

    #[test]
    fn ejections_that_follow_closely_double_up_to_the_longest() {
        let (health, share, mut now) = (Health::default(), share(2), Instant::now());
        fail_until_ejected(&health, &share, now);
        for seconds in [2, 4, 8, 16, 32, 64, 120, 120] {
            now += Duration::from_secs(seconds) - SECOND / 10;
            health.sweep(now, &share);
            assert!(health.is_ejected(), "{seconds}");
            now += SECOND / 10;
            health.sweep(now, &share);
            assert!(!health.is_ejected(), "{seconds}");
            assert_eq!(share.ejected(), 0);
            // On trial: one failure is enough.
            assert_eq!(fail_until_ejected(&health, &share, now), 1);
        }
    }

    #[test]
    fn an_ejection_long_after_the_last_is_a_first_one() {
        let (health, share, mut now) = (Health::default(), share(2), Instant::now());
        fail_until_ejected(&health, &share, now);
        now += FIRST_EJECTION;
        health.sweep(now, &share);
        health.succeeded();
        now += FIRST_EJECTION;
        assert_eq!(fail_until_ejected(&health, &share, now), FAILURES_TO_EJECT);
        now += FIRST_EJECTION;
        health.sweep(now, &share);
        assert!(!health.is_ejected());
    }

    #[test]
    fn at_most_half_of_the_endpoints_are_ejected() {
        for (endpoints, most) in [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2), (5, 2)] {
            let (share, now) = (share(endpoints), Instant::now());
            let ejected = (0..endpoints)
                .filter(|_| {
                    let health = Health::default();
                    (0..FAILURES_TO_EJECT).any(|_| health.failed(now, &share))
                })
                .count();
            assert_eq!(ejected, most, "of {endpoints}");
            assert!(!share.is_exceeded());
        }
    }
}
