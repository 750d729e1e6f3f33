//! What operators and their tools look at: health, readiness, metrics, the configuration of the
//! moment, its problems.
//!
//! Invariant: it reads and never changes; nothing here is on the way of a request. Non-goal: the
//! numbers themselves; requests are counted in `proxy`.

mod config_dump;
mod config_metrics;
mod endpoints;
mod process;
mod server;
mod status;

pub use config_metrics::{ConfigMetrics, DroppedLines};
pub use endpoints::{AdminEndpoints, Answer, Endpoints, StatusEndpoints};
pub use process::{BuildInfo, ProcessMetrics};
pub use server::serve;
pub use status::{Published, Readiness, Status};
