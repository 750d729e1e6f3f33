//! What the clusters of one worker have in common.
//!
//! Invariant: it is `!Send`; the only thing in it that other workers see is the limit of idle
//! connections, which is taken in batches. Non-goal: the clusters themselves.

use std::{
    cell::{Cell, RefCell},
    mem,
    rc::Rc,
};

use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::{clock::Clock, endpoint::LiveEndpoint, pool::IdleShare};

/// Clock, random source, idle allowance, tasks, and the endpoints that a sweep must look at.
#[derive(Debug)]
pub(super) struct WorkerState {
    pub(super) clock: Clock,
    pub(super) random: RefCell<fastrand::Rng>,
    pub(super) idle: IdleShare,
    pub(super) idle_per_endpoint: Cell<usize>,
    pub(super) tasks: TaskTracker,
    next_number: Cell<u64>,
    /// Endpoints with idle connections or an ejection; the others cost a sweep nothing.
    watched: RefCell<Vec<Rc<LiveEndpoint>>>,
}

impl WorkerState {
    pub(super) fn new(
        random: fastrand::Rng,
        idle: IdleShare,
        idle_per_endpoint: usize,
        tasks: TaskTracker,
    ) -> Self {
        Self {
            clock: Clock::new(Instant::now()),
            random: RefCell::new(random),
            idle,
            idle_per_endpoint: Cell::new(idle_per_endpoint),
            tasks,
            next_number: Cell::new(0),
            watched: RefCell::default(),
        }
    }

    /// A number that no endpoint of this worker has had.
    pub(super) fn next_number(&self) -> u64 {
        self.next_number.replace(self.next_number.get() + 1)
    }

    /// A random number below `end`, which is not 0.
    #[inline]
    pub(super) fn random_below(&self, end: usize) -> usize {
        self.random.borrow_mut().usize(..end)
    }

    pub(super) fn watch(&self, endpoint: Rc<LiveEndpoint>) {
        self.watched.borrow_mut().push(endpoint);
    }

    pub(super) fn sweep(&self, now: Instant) {
        self.clock.set(now);
        let mut watched = mem::take(&mut *self.watched.borrow_mut());
        watched.retain(|endpoint| endpoint.sweep(now));
        let joined = self.watched.replace(watched);
        self.watched.borrow_mut().extend(joined);
        self.idle.trim();
    }

    /// Closes every idle connection of the worker.
    pub(super) fn close_idle(&self) {
        let watched = mem::take(&mut *self.watched.borrow_mut());
        for endpoint in &watched {
            endpoint.close_idle();
        }
        self.watched.borrow_mut().extend(watched);
    }

    /// Lets go of the endpoints, which hold this state themselves.
    pub(super) fn unwatch_all(&self) {
        self.watched.borrow_mut().clear();
    }
}
