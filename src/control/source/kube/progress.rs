//! Which kinds have been read.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use tokio::sync::watch;

use crate::config::ObjectKind;

/// The base watches that have not had their first list yet.
#[derive(Debug)]
pub(super) struct Progress {
    pending: Mutex<BTreeMap<ObjectKind, usize>>,
    changes: watch::Sender<u64>,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            pending: Mutex::default(),
            changes: watch::Sender::new(0),
        }
    }

    /// One more watch of a kind has to have its list.
    pub(super) fn expect(&self, kind: ObjectKind) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        *pending.entry(kind).or_default() += 1;
    }

    /// A watch of a kind has had its first list. Tells whether it was the last one.
    pub(super) fn arrived(&self, kind: ObjectKind) -> bool {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(left) = pending.get_mut(&kind) {
            *left = left.saturating_sub(1);
            if *left > 0 {
                return false;
            }
            pending.remove(&kind);
        }
        true
    }

    /// Whether every one has.
    pub(super) fn is_complete(&self) -> bool {
        self.pending
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_empty()
    }

    /// Wakes whenever something was read that others may wait for.
    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(super) fn tell(&self) {
        self.changes
            .send_modify(|count| *count = count.wrapping_add(1));
    }
}
