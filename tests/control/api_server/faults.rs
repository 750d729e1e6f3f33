//! What goes wrong with a server.

use std::time::Duration;

/// Faults that are in force until they are changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    /// Nobody answers at all.
    pub(crate) absent: bool,
    /// Before every answer.
    pub(crate) latency: Duration,
    /// The answer to everything.
    pub(crate) status: Option<u16>,
    /// The answer to whatever has this in its path.
    pub(crate) status_of: Option<(&'static str, u16)>,
    /// The answer to whatever changes something and has this in its path.
    pub(crate) status_of_writes: Option<(&'static str, u16)>,
    /// So many watches more are told that their version is too old.
    pub(crate) gone: usize,
    /// So many events more are cut in the middle, with the connection.
    pub(crate) truncated: usize,
    /// Watches end as soon as they have begun.
    pub(crate) drop_watches: bool,
}
