//! Whether a file changed, without reading it.
//!
//! Invariant: a file written in place, replaced, or moved over has another fingerprint, but for writes
//! that its time stamps cannot tell apart; `is_settled` says when that is past. Non-goal: content.

use std::{
    fs::Metadata,
    os::unix::fs::MetadataExt,
    time::{Duration, SystemTime},
};

/// File systems' coarsest time stamps.
const GRANULARITY: Duration = Duration::from_secs(2);

/// What tells versions of a file apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::control::source) struct Fingerprint {
    inode: (u64, u64),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Fingerprint {
    pub(in crate::control::source) fn of(metadata: &Metadata) -> Self {
        Self {
            inode: inode(metadata),
            size: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether another write at `now` would be seen.
    pub(in crate::control::source) fn is_settled(&self, now: SystemTime) -> bool {
        let Ok(now) = now.duration_since(SystemTime::UNIX_EPOCH) else {
            return false;
        };
        // Every write sets it to the time of the write, whatever is done to the other.
        u64::try_from(self.changed.0)
            .is_ok_and(|changed| changed.saturating_add(GRANULARITY.as_secs()) < now.as_secs())
    }
}

/// What tells a file or folder from every other, whatever it is called.
pub(super) fn inode(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}
