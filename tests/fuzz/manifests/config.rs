//! Problems and what they name.

#[path = "../../../src/config/meta.rs"]
mod meta;
#[path = "../../../src/config/problem.rs"]
mod problem;

pub use meta::{ObjectKind, ObjectRef, RuleMeta};
pub use problem::{Cause, Location, Problem, Severity};
