//! How many requests may be sent again.
//!
//! Invariant: within the window retries are at most a fifth of the requests plus a small floor, so
//! retries cannot multiply an overload. Non-goal: whether a request may be repeated at all; the
//! proxy knows that. Failed connects and stale pooled connections are outside the budget: nothing
//! was done for them.

use std::{cell::Cell, rc::Rc};

use super::worker::WorkerState;

/// Slots of the window, a second each.
const SLOTS: usize = 10;

/// Requests that pay for one retry.
const REQUESTS_PER_RETRY: u32 = 5;

/// Retries that a window always allows, for each worker and cluster.
const FLOOR: u32 = 10;

/// One worker's budget for one cluster, over a sliding window of ten seconds.
#[derive(Debug)]
pub struct RetryBudget {
    worker: Rc<WorkerState>,
    second: Cell<u64>,
    slots: [Slot; SLOTS],
    total: Slot,
}

#[derive(Debug, Default)]
struct Slot {
    requests: Cell<u32>,
    retries: Cell<u32>,
}

impl RetryBudget {
    pub(super) fn new(worker: Rc<WorkerState>) -> Self {
        let second = Cell::new(worker.clock.second());
        Self {
            worker,
            second,
            slots: Default::default(),
            total: Slot::default(),
        }
    }

    /// Counts a request: its first attempt, not its retries.
    #[inline]
    pub fn count_request(&self) {
        let slot = self.slot();
        slot.requests.set(slot.requests.get().saturating_add(1));
        self.total
            .requests
            .set(self.total.requests.get().saturating_add(1));
    }

    /// Takes one retry; `false`: the budget is used up and the failure stands.
    #[must_use]
    pub fn take_retry(&self) -> bool {
        let slot = self.slot();
        let retries = self.total.retries.get();
        let allowed = FLOOR + self.total.requests.get() / REQUESTS_PER_RETRY;
        if retries >= allowed {
            return false;
        }
        slot.retries.set(slot.retries.get() + 1);
        self.total.retries.set(retries + 1);
        true
    }

    /// The slot of the present second, after the seconds that have passed were cleared.
    #[inline]
    fn slot(&self) -> &Slot {
        let now = self.worker.clock.second();
        if now != self.second.get() {
            self.turn_to(now);
        }
        self.at(now)
    }

    #[cold]
    fn turn_to(&self, now: u64) {
        let passed = (now - self.second.get()).min(SLOTS as u64);
        for second in (now + 1 - passed)..=now {
            let slot = self.at(second);
            let (requests, retries) = (slot.requests.take(), slot.retries.take());
            self.total
                .requests
                .set(self.total.requests.get().saturating_sub(requests));
            self.total
                .retries
                .set(self.total.retries.get().saturating_sub(retries));
        }
        self.second.set(now);
    }

    fn at(&self, second: u64) -> &Slot {
        &self.slots[(second % SLOTS as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;
    use tokio::time::{Duration, Instant};

    use super::*;
    use crate::upstream::tests::fixture::worker;

    fn budget() -> (RetryBudget, Rc<WorkerState>, Instant) {
        let worker = worker();
        (RetryBudget::new(Rc::clone(&worker)), worker, Instant::now())
    }

    #[test]
    fn a_fifth_of_the_requests_plus_the_floor_may_be_retried() {
        for (requests, retries) in [(0, 10), (4, 10), (5, 11), (100, 30), (1_000, 210)] {
            let (budget, _, _) = budget();
            for _ in 0..requests {
                budget.count_request();
            }
            let taken = (0..10_000).filter(|_| budget.take_retry()).count();
            assert_eq!(taken, retries, "of {requests}");
        }
    }

    #[test]
    fn the_budget_is_that_of_the_last_ten_seconds() {
        #[derive(Clone, Debug)]
        enum Step {
            Requests(u32),
            Retry,
            Wait(u64),
        }
        let step = prop_oneof![
            (0_u32..40).prop_map(Step::Requests),
            Just(Step::Retry),
            (1_u64..14).prop_map(Step::Wait),
        ];
        proptest!(|(steps in prop::collection::vec(step, 1..200))| {
            let (budget, worker, start) = budget();
            let (mut requests, mut retries) = (Vec::new(), Vec::new());
            let mut second = 0;
            for step in steps {
                match step {
                    Step::Requests(count) => for _ in 0..count {
                        budget.count_request();
                        requests.push(second);
                    },
                    Step::Wait(seconds) => {
                        second += seconds;
                        worker.clock.set(start + Duration::from_secs(second) + Duration::from_millis(500));
                    }
                    Step::Retry => {
                        let within = |at: &&u64| **at + 10 > second;
                        let requests = requests.iter().filter(within).count();
                        let used = retries.iter().filter(within).count();
                        let allowed = used < 10 + requests / 5;
                        prop_assert_eq!(budget.take_retry(), allowed);
                        if allowed {
                            retries.push(second);
                        }
                    }
                }
            }
        });
    }
}
