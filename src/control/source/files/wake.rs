//! What wakes the thread that reads files: events, time, and the end.
//!
//! Invariant: bounded; beyond [`limits::CHANGED_PATHS`] paths the answer is to look at everything.
//! Non-goal: the order of events.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::super::limits;

/// How long nothing must happen before changes are looked at: editors do several things at a time.
const QUIET: Duration = Duration::from_millis(50);
/// How long changes wait at most.
const PATIENCE: Duration = Duration::from_millis(250);

/// Why the thread woke.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Woken {
    /// These paths may have changed.
    Paths(BTreeSet<PathBuf>),
    /// Anything may have changed.
    Everything,
    /// It is over.
    Stop,
}

/// Shared between the thread and those who wake it.
#[derive(Debug, Default)]
pub(super) struct Wake {
    pending: Mutex<Pending>,
    condition: Condvar,
}

#[derive(Debug, Default)]
struct Pending {
    paths: BTreeSet<PathBuf>,
    everything: bool,
    stop: bool,
    /// When the first and the latest of the changes happened.
    since: Option<(Instant, Instant)>,
}

impl Wake {
    /// Some paths may have changed.
    pub(super) fn changed(&self, paths: impl IntoIterator<Item = PathBuf>) {
        let mut pending = self.lock();
        if !pending.everything {
            pending.paths.extend(paths);
        }
        let is_over = pending.paths.len() > limits::CHANGED_PATHS;
        self.note(pending, is_over);
    }

    /// Anything may have changed.
    pub(super) fn everything_changed(&self) {
        self.note(self.lock(), true);
    }

    /// Ends the wait for good.
    pub(super) fn stop(&self) {
        self.lock().stop = true;
        self.condition.notify_all();
    }

    /// Waits for changes to settle, for `deadline`, or for the end.
    pub(super) fn wait(&self, deadline: Instant) -> Woken {
        let mut pending = self.lock();
        loop {
            if pending.stop {
                return Woken::Stop;
            }
            let due = match pending.since {
                Some((first, latest)) => (latest + QUIET).min(first + PATIENCE),
                None => deadline,
            };
            let now = Instant::now();
            if now >= due {
                let taken = std::mem::take(&mut *pending);
                return if taken.everything || taken.since.is_none() {
                    Woken::Everything
                } else {
                    Woken::Paths(taken.paths)
                };
            }
            pending = self
                .condition
                .wait_timeout(pending, due - now)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn note(&self, mut pending: MutexGuard<'_, Pending>, everything: bool) {
        if everything {
            pending.everything = true;
            pending.paths.clear();
        }
        let now = Instant::now();
        let first = pending.since.map_or(now, |(first, _)| first);
        pending.since = Some((first, now));
        drop(pending);
        self.condition.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        // Every change to what is pending is whole.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn far() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    #[test]
    fn changes_that_come_together_are_seen_together() {
        let wake = Wake::default();
        wake.changed([PathBuf::from("a")]);
        wake.changed([PathBuf::from("b")]);
        let both = BTreeSet::from([PathBuf::from("a"), PathBuf::from("b")]);
        assert_eq!(wake.wait(far()), Woken::Paths(both));
    }

    #[test]
    fn too_many_changes_become_one() {
        let wake = Wake::default();
        wake.changed((0..=limits::CHANGED_PATHS).map(|n| PathBuf::from(n.to_string())));
        wake.changed([PathBuf::from("late")]);
        assert_eq!(wake.wait(far()), Woken::Everything);
    }

    #[test]
    fn without_changes_the_deadline_wakes() {
        assert_eq!(Wake::default().wait(Instant::now()), Woken::Everything);
    }

    #[test]
    fn the_end_comes_before_everything() {
        let wake = Wake::default();
        wake.everything_changed();
        wake.stop();
        assert_eq!(wake.wait(Instant::now()), Woken::Stop);
    }
}
