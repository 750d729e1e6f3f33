//! The data plane: connections, requests, and what is said about them afterwards.
//!
//! Invariant: a worker's state is its own; nothing shared is written on the request path. Non-goal:
//! where the configuration comes from; that is `control`.

mod record;

pub use record::{
    Outcome, Phase, Refusal, RequestRecord, SeriesId, UpstreamFailure, UpstreamRecord,
};
