//! Waiting before another try.

use std::time::Duration;

/// Before the second try.
const FIRST: Duration = Duration::from_millis(200);
/// The longest: an API server that is back is noticed within this.
const LONGEST: Duration = Duration::from_secs(3);

/// Delays that double up to 3 s, each shortened by a random part of up to a half, so that many who lost
/// the same server do not come back as one.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
    random: fastrand::Rng,
}

impl Backoff {
    pub(super) fn new() -> Self {
        Self {
            next: FIRST,
            random: fastrand::Rng::new(),
        }
    }

    /// The delay before the next try.
    pub(super) fn delay(&mut self) -> Duration {
        let whole = self.next;
        self.next = (whole * 2).min(LONGEST);
        whole.mul_f64(1.0 - self.random.f64() / 2.0)
    }

    /// Something worked.
    pub(super) fn reset(&mut self) {
        self.next = FIRST;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_a_bound_and_begin_anew_after_success() {
        let mut backoff = Backoff::new();
        let delays: Vec<Duration> = (0..8).map(|_| backoff.delay()).collect();
        assert!((FIRST / 2..=FIRST).contains(&delays[0]), "{delays:?}");
        for delay in &delays[5..] {
            assert!((LONGEST / 2..=LONGEST).contains(delay), "{delays:?}");
        }
        backoff.reset();
        assert!(backoff.delay() <= FIRST);
    }
}
