//! Numbers that one thread writes and others read.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// A number with one writer: adding is a load and a store, without a locked instruction.
#[derive(Debug, Default)]
pub(super) struct Cell(AtomicU64);

impl Cell {
    /// Adds. Only the shard's own worker calls this.
    #[inline]
    pub(super) fn add(&self, number: u64) {
        self.set(self.value().wrapping_add(number));
    }

    /// Subtracts, wrapping. Only the shard's own worker calls this.
    #[inline]
    pub(super) fn subtract(&self, number: u64) {
        self.set(self.value().wrapping_sub(number));
    }

    /// Replaces the number. Only the shard's own worker calls this.
    #[inline]
    pub(super) fn set(&self, number: u64) {
        self.0.store(number, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Upper bounds of the buckets of durations, in microseconds, inclusive.
pub(super) const BOUNDS_MICROS: [u64; 13] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 10_000_000,
];
/// The buckets and one beyond the last bound.
pub(super) const BUCKETS: usize = BOUNDS_MICROS.len() + 1;

/// A histogram of durations.
#[derive(Debug, Default)]
pub(super) struct Durations {
    counts: [Cell; BUCKETS],
    micros: Cell,
}

/// A histogram as read, merged over shards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct DurationsTotal {
    /// How many durations fell into each bucket, not cumulative.
    pub(super) counts: [u64; BUCKETS],
    /// The sum, in microseconds.
    pub(super) micros: u64,
}

impl DurationsTotal {
    /// Takes away what an earlier reading had.
    pub(super) fn subtract(&mut self, earlier: &Self) {
        for (count, earlier) in self.counts.iter_mut().zip(earlier.counts) {
            *count -= earlier;
        }
        self.micros -= earlier.micros;
    }
}

impl Durations {
    #[inline]
    pub(super) fn record(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        // Counting the bounds below it has no branch to mispredict.
        let bucket = BOUNDS_MICROS
            .iter()
            .map(|bound| usize::from(micros > *bound))
            .sum::<usize>();
        if let Some(count) = self.counts.get(bucket) {
            count.add(1);
        }
        self.micros.add(micros);
    }

    pub(super) fn add_to(&self, total: &mut DurationsTotal) {
        for (total, count) in total.counts.iter_mut().zip(&self.counts) {
            *total += count.value();
        }
        total.micros += self.micros.value();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_falls_into_the_first_bucket_whose_bound_it_does_not_exceed() {
        for (micros, bucket) in [
            (0, 0),
            (500, 0),
            (501, 1),
            (1_000, 1),
            (10_000_000, 12),
            (10_000_001, 13),
        ] {
            let durations = Durations::default();
            durations.record(Duration::from_micros(micros));
            let mut total = DurationsTotal::default();
            durations.add_to(&mut total);
            let mut counts = [0; BUCKETS];
            counts[bucket] = 1;
            assert_eq!(total, DurationsTotal { counts, micros }, "{micros}");
        }
    }
}
