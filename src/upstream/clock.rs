//! The worker's clock: coarse for the request path, precise for latency.
//!
//! Times are nanoseconds since the worker began, which fit a `u64` for centuries and are compared and
//! subtracted in one instruction. Invariant: the coarse time costs a load, never a system call.
//! Non-goal: coarse precision; it is up to a sweep behind, which is enough for idle connections and
//! for the retry budget's window.

use std::{cell::Cell, time::Duration};

use tokio::time::Instant;

/// Nanoseconds since the worker began.
pub(super) type Nanos = u64;

/// The clock of one worker.
#[derive(Debug)]
pub(super) struct Clock {
    start: Instant,
    coarse: Cell<Nanos>,
    second: Cell<u64>,
}

impl Clock {
    pub(super) fn new(start: Instant) -> Self {
        Self {
            start,
            coarse: Cell::new(0),
            second: Cell::new(0),
        }
    }

    /// Moves the coarse time on to `now`; it never goes back.
    pub(super) fn set(&self, now: Instant) {
        let now = self.at(now).max(self.coarse.get());
        self.coarse.set(now);
        self.second.set(Duration::from_nanos(now).as_secs());
    }

    /// The time of the last sweep.
    #[inline]
    pub(super) fn coarse(&self) -> Nanos {
        self.coarse.get()
    }

    /// Whole seconds at the last sweep.
    #[inline]
    pub(super) fn second(&self) -> u64 {
        self.second.get()
    }

    /// The time.
    pub(super) fn precise(&self) -> Nanos {
        self.at(Instant::now())
    }

    /// `instant` on this clock.
    pub(super) fn at(&self, instant: Instant) -> Nanos {
        nanos(instant.saturating_duration_since(self.start))
    }
}

/// `duration` in nanoseconds, at most centuries of them.
#[inline]
pub(super) fn nanos(duration: Duration) -> Nanos {
    let whole = duration.as_secs().saturating_mul(1_000_000_000);
    whole.saturating_add(u64::from(duration.subsec_nanos()))
}
