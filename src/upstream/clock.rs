//! The worker's coarse clock: the time of the last sweep.
//!
//! Invariant: reading it costs a load, never a system call. Non-goal: precision; it is about a second
//! behind, which is enough for idle connections and for the retry budget's window.

use std::cell::Cell;

use tokio::time::Instant;

/// The time of the last sweep.
#[derive(Debug)]
pub(super) struct CoarseClock {
    start: Instant,
    now: Cell<Instant>,
}

impl CoarseClock {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            start: now,
            now: Cell::new(now),
        }
    }

    /// Moves the clock; it never goes back.
    pub(super) fn set(&self, now: Instant) {
        self.now.set(now.max(self.now.get()));
    }

    /// The time of the last sweep.
    pub(super) fn now(&self) -> Instant {
        self.now.get()
    }

    /// Whole seconds since the worker began.
    pub(super) fn second(&self) -> u64 {
        (self.now.get() - self.start).as_secs()
    }
}
