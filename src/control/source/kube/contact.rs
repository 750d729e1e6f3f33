//! When the API server was last heard of, and what went wrong since.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::config::ObjectKind;

/// What is known of the way to the API server. Shared by everybody who talks to it.
#[derive(Debug, Default)]
pub struct Contact {
    /// Seconds of Unix time; 0: never.
    last: AtomicU64,
    /// Requests and watches that failed, by kind. One entry a kind.
    failures: Mutex<BTreeMap<ObjectKind, u64>>,
}

impl Contact {
    /// It has answered.
    pub fn heard(&self) {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        self.last.fetch_max(now.as_secs(), Ordering::Relaxed);
    }

    /// A list or a watch of a kind failed.
    pub fn failed(&self, kind: ObjectKind) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        *failures.entry(kind).or_default() += 1;
    }

    /// When it answered last, to the second.
    pub fn last(&self) -> Option<SystemTime> {
        match self.last.load(Ordering::Relaxed) {
            0 => None,
            seconds => Some(UNIX_EPOCH + Duration::from_secs(seconds)),
        }
    }

    /// Failures by kind.
    pub fn failures(&self) -> BTreeMap<ObjectKind, u64> {
        self.failures
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
