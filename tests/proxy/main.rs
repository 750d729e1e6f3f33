//! The data plane over real sockets.
#![allow(clippy::unwrap_used, missing_docs)]

mod client_certificates;
mod cookies;
mod firewall;
mod forwarding;
mod http2;
mod lifetime;
mod proxy_protocol;
mod refusals;
mod streaming;
mod support;
mod uploads;
