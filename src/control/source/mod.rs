//! Where objects come from: each source fills the `Store` and says when it has synced.
//!
//! Invariant: whatever a source reads, the store holds the last good version of every object.
//! Non-goal: what the objects mean.

pub mod files;
pub mod kube;
mod limits;
pub mod manifest;
pub mod rules;

pub(super) use limits::FILE_BYTES;
