//! Idle HTTP/1.1 connections: one stack an endpoint, and a limit for the whole process.
//!
//! Invariant: at most the stated number of idle connections is kept for an endpoint by a worker, and
//! at most [`IdleLimit`]'s by the process. Non-goal: connections in use; those belong to the request.

use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::{clock::Nanos, connection::Http1Connection};

/// The most idle upstream connections of the whole process. Workers take from it in batches, so the
/// shared counter is written once for many connections.
#[derive(Debug)]
pub struct IdleLimit {
    left: AtomicUsize,
    batch: usize,
}

/// The largest batch that a worker takes.
const LARGEST_BATCH: usize = 64;

impl IdleLimit {
    /// At most `connections` idle ones.
    #[must_use]
    pub fn new(connections: usize) -> Self {
        let batch = (connections / 32).clamp(1, LARGEST_BATCH);
        Self {
            left: AtomicUsize::new(connections),
            batch,
        }
    }

    /// Takes a batch, or what is left of one.
    fn take(&self) -> usize {
        let mut taken = 0;
        // The closure always gives a value, so there is no failure to look at.
        let _ = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                taken = left.min(self.batch);
                Some(left - taken)
            });
        taken
    }

    fn put_back(&self, connections: usize) {
        self.left.fetch_add(connections, Ordering::Relaxed);
    }
}

/// One worker's part of the [`IdleLimit`].
#[derive(Debug)]
pub(super) struct IdleShare {
    limit: Arc<IdleLimit>,
    held: Cell<usize>,
    used: Cell<usize>,
}

impl IdleShare {
    pub(super) fn new(limit: Arc<IdleLimit>) -> Self {
        Self {
            limit,
            held: Cell::new(0),
            used: Cell::new(0),
        }
    }

    /// Makes room for one more idle connection; `false`: the process has as many as it may.
    fn take(&self) -> bool {
        if self.used.get() == self.held.get() {
            self.held.set(self.held.get() + self.limit.take());
        }
        let free = self.used.get() < self.held.get();
        self.used.set(self.used.get() + usize::from(free));
        free
    }

    fn release(&self, connections: usize) {
        self.used.set(self.used.get() - connections);
    }

    /// Returns what this worker has not needed, except for one batch.
    pub(super) fn trim(&self) {
        let unused = self.held.get() - self.used.get();
        let surplus = unused.saturating_sub(self.limit.batch);
        if surplus >= self.limit.batch {
            self.held.set(self.held.get() - surplus);
            self.limit.put_back(surplus);
        }
    }
}

impl Drop for IdleShare {
    fn drop(&mut self) {
        self.limit.put_back(self.held.get());
    }
}

/// The idle connections of one endpoint, the latest used on top.
#[derive(Debug, Default)]
pub(super) struct IdlePool {
    stack: Vec<Http1Connection>,
}

impl IdlePool {
    pub(super) fn len(&self) -> usize {
        self.stack.len()
    }

    /// Keeps a connection unless there are `most` already or the process has enough.
    #[inline]
    pub(super) fn push(&mut self, connection: Http1Connection, most: usize, share: &IdleShare) {
        if self.stack.len() < most && share.take() {
            self.stack.push(connection);
        }
    }

    /// The latest used connection that is still good; stale ones above it are closed.
    #[inline]
    pub(super) fn pop(&mut self, share: &IdleShare) -> Option<Http1Connection> {
        while let Some(mut connection) = self.stack.pop() {
            share.release(1);
            if connection.is_fresh() {
                return Some(connection);
            }
        }
        None
    }

    /// Closes what has been idle for `timeout` or longer and what its server has closed.
    pub(super) fn sweep(&mut self, now: Nanos, timeout: Nanos, share: &IdleShare) {
        let before = self.stack.len();
        self.stack
            .retain_mut(|idle| now.saturating_sub(idle.idle_since) < timeout && idle.is_fresh());
        share.release(before - self.stack.len());
        if self.stack.capacity() > 4 * self.stack.len().max(4) {
            self.stack.shrink_to(2 * self.stack.len());
        }
    }

    /// Closes every connection.
    pub(super) fn clear(&mut self, share: &IdleShare) {
        share.release(self.stack.len());
        self.stack = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_workers_never_keep_more_than_the_process_may() {
        proptest!(|(limit in 0_usize..300, steps in prop::collection::vec((0_usize..3, 0..3), 1..600))| {
            let process = Arc::new(IdleLimit::new(limit));
            let shares: Vec<_> = (0..3).map(|_| IdleShare::new(Arc::clone(&process))).collect();
            let mut used = [0; 3];
            for (worker, step) in steps {
                let share = &shares[worker];
                match step {
                    0 if share.take() => used[worker] += 1,
                    0 => {
                        let held: usize = shares.iter().map(|share| share.held.get()).sum();
                        prop_assert_eq!(held, limit, "refused while there was room");
                    }
                    1 if used[worker] > 0 => {
                        share.release(1);
                        used[worker] -= 1;
                    }
                    _ => share.trim(),
                }
                prop_assert!(used.iter().sum::<usize>() <= limit);
                prop_assert!(share.held.get() >= used[worker]);
            }
            drop(shares);
            prop_assert_eq!(process.left.load(Ordering::Relaxed), limit);
        });
    }

    #[test]
    fn what_a_worker_does_not_need_any_more_others_get() {
        let process = Arc::new(IdleLimit::new(640));
        let (one, other) = (
            IdleShare::new(Arc::clone(&process)),
            IdleShare::new(process),
        );
        assert_eq!((0..1_000).filter(|_| one.take()).count(), 640);
        assert!(!other.take());
        one.release(640);
        one.trim();
        assert_eq!((0..1_000).filter(|_| other.take()).count(), 620);
    }
}
