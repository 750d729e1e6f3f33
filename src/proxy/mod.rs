//! The data plane: connections, requests, and what is said about them afterwards.
//!
//! Invariant: a worker's state is its own; nothing shared is written on the request path. Non-goal:
//! where the configuration comes from; that is `control`.

#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::string_slice))]

mod access_log;
mod metrics;
mod record;

pub use access_log::{AccessLog, AccessLogDestination, AccessLogWriter};
pub use metrics::{Counter, Gauge, Metrics, WorkerMetrics};
pub use record::{
    Outcome, Phase, Refusal, RequestRecord, SeriesId, UpstreamFailure, UpstreamRecord,
};
