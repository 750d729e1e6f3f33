//! Threads for inspections that would hold up a worker.
//!
//! What waits for them is bounded: whoever finds no room is told at once.

use std::{
    collections::VecDeque,
    io,
    num::NonZeroUsize,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use tokio::sync::oneshot;

use super::work::{Found, Work, lend, perform_guarded};
use crate::waf::{Transaction, Workspace};

/// Inspections that may wait for each thread. At some milliseconds each it is no use to wait longer.
const WAITING: usize = 32;

/// An inspection on its way to a thread.
pub(super) struct Task {
    pub(super) transaction: Box<Transaction>,
    pub(super) work: Work,
    /// Told what came of it.
    pub(super) done: oneshot::Sender<Done>,
}

/// An inspection on its way back.
pub(super) struct Done {
    pub(super) work: Work,
    /// `None` where the engine panicked.
    pub(super) found: Option<(Box<Transaction>, Found)>,
}

/// Threads for inspections. They end when this is dropped and nothing waits any more.
#[derive(Debug)]
pub(super) struct Threads {
    queue: Arc<Queue>,
    /// Inspections that may wait.
    most: usize,
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Task>,
    closed: bool,
    /// How often rules have changed.
    changes: u64,
}

/// What there is to do for a thread.
enum Next {
    Task(Box<Task>),
    /// Rules have changed, so often so far.
    Changed(u64),
    End,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").finish_non_exhaustive()
    }
}

impl Threads {
    /// Starts so many threads.
    ///
    /// # Errors
    /// When a thread cannot be had.
    pub(super) fn start(count: NonZeroUsize) -> io::Result<Self> {
        let queue = Arc::new(Queue::default());
        for number in 0..count.get() {
            let queue = Arc::clone(&queue);
            thread::Builder::new()
                .name(format!("inspect-{number}"))
                .spawn(move || queue.serve())?;
        }
        Ok(Self {
            queue,
            most: WAITING * count.get(),
        })
    }

    /// Gives an inspection to a thread, or back where too many wait.
    pub(super) fn submit(&self, task: Task) -> Result<(), Box<Task>> {
        let mut state = self.queue.lock();
        if state.waiting.len() >= self.most {
            // Those that nobody waits for any more take nobody's place.
            state.waiting.retain(|task| !task.done.is_closed());
        }
        if state.waiting.len() >= self.most {
            return Err(Box::new(task));
        }
        state.waiting.push_back(task);
        drop(state);
        self.queue.changed.notify_one();
        Ok(())
    }

    /// Has every thread let go of what it has learnt about rules that nobody has any more.
    pub(super) fn forget_gone(&self) {
        let mut state = self.queue.lock();
        state.changes = state.changes.wrapping_add(1);
        drop(state);
        self.queue.changed.notify_all();
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.queue.lock().closed = true;
        self.queue.changed.notify_all();
    }
}

impl Queue {
    /// A panic happens outside of the lock, so that what it guards is whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self) {
        let mut workspace = Box::<Workspace>::default();
        let mut changes = 0;
        loop {
            let task = match self.next(changes) {
                Next::Task(task) => task,
                Next::Changed(count) => {
                    changes = count;
                    workspace.forget_gone();
                    continue;
                }
                Next::End => return,
            };
            let Task {
                mut transaction,
                mut work,
                done,
            } = *task;
            // Whoever has gone away meanwhile wants nothing done.
            if done.is_closed() {
                continue;
            }
            let found = lend(&mut workspace, &mut transaction, |transaction| {
                perform_guarded(transaction, &mut work)
            });
            let found = found.map(|found| (transaction, found));
            let _ = done.send(Done { work, found });
        }
    }

    /// What there is to do for a thread that has seen so many changes of the rules.
    fn next(&self, changes: u64) -> Next {
        let mut state = self.lock();
        loop {
            if let Some(task) = state.waiting.pop_front() {
                return Next::Task(Box::new(task));
            }
            if state.closed {
                return Next::End;
            }
            if state.changes != changes {
                return Next::Changed(state.changes);
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::waf::{
        RuleSet,
        seclang::{NoFiles, SourceMap},
    };

    fn task() -> (Task, oneshot::Receiver<Done>) {
        let rules = RuleSet::compile(&[], &SourceMap::default(), &NoFiles);
        let policy = Arc::new(rules.result.unwrap().policy());
        let (done, told) = oneshot::channel();
        let task = Task {
            transaction: Box::new(Transaction::new(policy)),
            work: Work::ResponseHead,
            done,
        };
        (task, told)
    }

    #[test]
    fn what_finds_no_room_is_given_back_and_what_waits_is_done_before_the_end() {
        let queue = Arc::new(Queue::default());
        let threads = Threads {
            queue: Arc::clone(&queue),
            most: 2,
        };
        let (first, mut told) = task();
        let (left, gone) = task();
        assert!(threads.submit(first).is_ok() && threads.submit(left).is_ok());
        assert!(threads.submit(task().0).is_err(), "two wait");
        drop(gone);
        let (third, _waits) = task();
        assert!(threads.submit(third).is_ok(), "one of them for nobody");
        drop(threads);
        queue.serve();
        let Done { found, .. } = told.try_recv().unwrap();
        assert!(found.is_some_and(|(_, found)| found.verdict.passes()));
        assert!(queue.lock().waiting.is_empty());
    }

    #[test]
    fn a_thread_lets_go_of_gone_rules_once_after_each_change_and_before_it_waits() {
        let queue = Arc::new(Queue::default());
        let threads = Threads {
            queue: Arc::clone(&queue),
            most: 2,
        };
        let (first, _waits) = task();
        assert!(threads.submit(first).is_ok());
        for _ in 0..2 {
            threads.forget_gone();
        }
        assert!(matches!(queue.next(0), Next::Task(_)), "somebody waits");
        let Next::Changed(seen) = queue.next(0) else {
            panic!("nobody waits, and rules have changed");
        };
        let (second, _waits) = task();
        assert!(threads.submit(second).is_ok());
        assert!(matches!(queue.next(seen), Next::Task(_)));
        drop(threads);
        assert!(matches!(queue.next(seen), Next::End), "it has seen both");
    }
}
