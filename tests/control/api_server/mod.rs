//! An API server of Kubernetes inside of the test: HTTP over pipes in memory, so that time can be paused.
//!
//! As the real one: resource versions over everything, lists in pages, watches with bookmarks that are
//! too old after a compaction, selectors, conflicts, status subresources, generations. Not as the real
//! one: nothing is validated, and nothing but JSON is spoken.

mod faults;
mod objects;
mod request;
mod serve;
mod watch;

pub(crate) use faults::Faults;
pub(crate) use serve::ApiServer;
