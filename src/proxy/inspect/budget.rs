//! Bytes that all bodies together may take while they are held for inspection.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// What is taken from the budget at once, so that few of a body's reads touch what workers share.
const STEP: usize = 16 << 10;

/// A number of bytes for the whole process.
#[derive(Debug)]
pub(super) struct Budget {
    size: usize,
    taken: AtomicUsize,
}

/// One exchange's share of the budget; given back when dropped.
#[derive(Debug)]
pub(super) struct Share {
    budget: Arc<Budget>,
    taken: usize,
    used: usize,
}

impl Budget {
    /// `size` in bytes.
    pub(super) const fn new(size: usize) -> Self {
        Self {
            size,
            taken: AtomicUsize::new(0),
        }
    }

    /// A share without bytes.
    pub(super) fn share(self: &Arc<Self>) -> Share {
        Share {
            budget: Arc::clone(self),
            taken: 0,
            used: 0,
        }
    }

    fn take(&self, bytes: usize) -> bool {
        let before = self.taken.fetch_add(bytes, Ordering::Relaxed);
        let fits = before
            .checked_add(bytes)
            .is_some_and(|after| after <= self.size);
        if !fits {
            self.give_back(bytes);
        }
        fits
    }

    fn give_back(&self, bytes: usize) {
        self.taken.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Share {
    /// Takes so many bytes more; whether they were there.
    pub(super) fn grow(&mut self, bytes: usize) -> bool {
        let used = self.used.saturating_add(bytes);
        if used > self.taken {
            let more = (used - self.taken).next_multiple_of(STEP);
            if !self.budget.take(more) {
                return false;
            }
            self.taken += more;
        }
        self.used = used;
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.give_back(self.taken);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_taken_in_steps_and_given_back_whole() {
        let budget = Arc::new(Budget::new(3 * STEP));
        let taken = || budget.taken.load(Ordering::Relaxed);
        let mut one = budget.share();
        assert!(one.grow(0) && taken() == 0, "nothing costs nothing");
        assert!(one.grow(1) && one.grow(STEP - 1));
        assert_eq!(taken(), STEP);
        assert!(one.grow(1));
        assert_eq!(taken(), 2 * STEP);
        let mut two = budget.share();
        assert!(!two.grow(STEP + 1), "one step is left");
        assert!(two.grow(STEP));
        assert!(!one.grow(STEP), "none is left");
        assert!(!one.grow(usize::MAX));
        drop(two);
        assert_eq!(taken(), 2 * STEP);
        drop(one);
        assert_eq!(taken(), 0);
    }
}
