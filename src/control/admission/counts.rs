//! How reviews have ended so far.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{NoRuling, Ruled};

/// Counts of reviews by their end.
#[derive(Debug, Default)]
pub struct Counts {
    allowed: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
}

impl Counts {
    pub(super) fn note(&self, ruled: &Result<Ruled, NoRuling>) {
        let count = match ruled {
            Ok(Ruled { ruling, .. }) if ruling.is_allowed() => &self.allowed,
            Ok(_) => &self.refused,
            Err(NoRuling::NoReview(_)) => return,
            Err(NoRuling::NotReady(_) | NoRuling::TooMany | NoRuling::Failed) => &self.failed,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Each end, as the metrics call it, and how many have had it.
    pub fn by_outcome(&self) -> [(&'static str, u64); 3] {
        let Self {
            allowed,
            refused,
            failed,
        } = self;
        [
            ("allowed", allowed),
            ("refused", refused),
            ("failed", failed),
        ]
        .map(|(outcome, count)| (outcome, count.load(Ordering::Relaxed)))
    }
}
