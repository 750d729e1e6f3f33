//! The data plane: connections, requests, and what is said about them afterwards.
//!
//! Invariant: a worker's state is its own; nothing shared is written on the request path. Non-goal:
//! where the configuration comes from; that is `control`.

#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::string_slice))]

mod access_log;
mod account;
mod clock;
mod connection;
mod cookies;
mod downstream;
mod error;
mod exchange;
mod forward;
mod forwarded;
mod hash_key;
mod head;
mod http2;
mod incoming;
mod inspect;
mod io;
mod limits;
mod listener;
mod metrics;
mod outgoing;
mod panic;
mod peer_certificate;
mod pipeline;
mod proxy_protocol;
mod record;
mod relay;
mod request_id;
mod respond;
mod scratch;
mod server;
mod sides;
mod ticker;
mod tunnel;
mod worker;

pub use access_log::{AccessLog, AccessLogDestination, AccessLogWriter};
pub use error::{Blame, ProxyError, Retry};
pub use inspect::{
    AuditLog, BUFFERED_BYTES, FirewallLog, Inspectors, Rehearsal, RehearsalError, Rehearsed,
    Uninspected,
};
pub use limits::Limits;
pub use listener::{Listener, Opened, Opening};
pub use metrics::{Counter, FirewallOutcome, Gauge, Metrics, WorkerMetrics};
pub use proxy_protocol::{ProxiedAddresses, ProxyHeader, ProxyHeaderError};
pub use record::{
    CookieRecord, Outcome, Phase, Refusal, RequestRecord, SeriesId, UpstreamFailure, UpstreamRecord,
};
pub use server::{WorkerParts, run_worker};
