//! The load: a closed loop of a bounded time and count, every answer checked.
//!
//! One thread, so that its share of its core can be told. A wrong answer ends the run. Not a
//! generator of arrival processes: it measures what a request costs the proxy, not its latency.

mod handshake;
mod http1;
mod http2;
mod request;
mod response;
mod window;

pub(crate) use request::{LoadArgs, Protocol};
pub(crate) use window::{Outcome, run};
