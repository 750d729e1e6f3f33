//! The bounds of what is read from disk.
//!
//! Invariant: nothing that is read from disk is kept beyond these. Non-goal: tuning; they are far
//! above what people have and far below what hurts.

/// Bytes of one file.
pub(in crate::control) const FILE_BYTES: u64 = 16 << 20;
/// Bytes of all files together, since their text is kept to say where a field stands.
pub(super) const TOTAL_BYTES: u64 = 512 << 20;
/// Files in all.
pub(super) const FILES: usize = 100_000;
/// Folders in all, each of which is watched.
pub(super) const FOLDERS: usize = 10_000;
/// Folders within folders.
pub(super) const FOLDER_DEPTH: usize = 32;
/// Symbolic links followed for one path, as the kernel has it.
pub(super) const LINKS: usize = 40;
/// Collections within collections in one document; Kubernetes objects stay below 20.
pub(super) const DEPTH: usize = 64;
/// Values of one document: room for a list of 15,000 Ingresses.
pub(super) const VALUES: usize = 1_000_000;
/// Values of one document that are there because an alias or a merge key repeats them.
pub(super) const REPEATED_VALUES: usize = 10_000;
/// Type errors and faults reported for one object.
pub(super) const FAULTS: usize = 16;
/// Unknown fields reported for one object.
pub(super) const UNKNOWN_FIELDS: usize = 64;
/// Characters of a parser's own words in a Problem.
pub(super) const MESSAGE_CHARS: usize = 200;
/// Paths that changed and are looked at one by one; beyond it everything is looked at.
pub(super) const CHANGED_PATHS: usize = 256;
/// Rule files of one folder.
pub(super) const RULE_FILES: usize = 1_000;
/// Bytes of the rule files of one folder; the Core Rule Set has a million.
pub(super) const RULE_BYTES: u64 = 16 << 20;
/// Folders of rules that are followed.
pub(super) const RULE_FOLDERS: usize = 64;
