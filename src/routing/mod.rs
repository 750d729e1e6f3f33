//! Which rule answers a request: hosts, paths, methods, fields.
//!
//! Invariant: look-ups neither allocate nor take a lock. Non-goal: what happens once a rule is
//! found; that is policy and proxy.

mod matches;

pub use matches::{FieldMatch, Match, PathMatch, TextMatch};
