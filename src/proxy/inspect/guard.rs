//! What asks the engine anything does it here: a panic in it costs what it was at work on, and nothing
//! else.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// The engine panicked, and what it was at work on is not to be used any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Panicked;

/// Runs what may panic. What it has changed is not to be used after that.
pub(super) fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|_| {
        tracing::error!("the firewall's engine panicked");
        Panicked
    })
}
