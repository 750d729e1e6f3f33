//! The access log: one line an exchange, as JSON or as ingress-nginx's `upstreaminfo` text.
//!
//! Each worker formats into a buffer of its own and hands full buffers to one writer thread.
//! Invariant: a sink that stalls costs lines, which are counted, and never a request's time.
//! Non-goal: rotation; a file is reopened on demand, and whoever moves it away rotates it.

mod clock;
mod format_json;
mod format_text;
mod line;
mod worker;
mod writer;

pub(super) use line::{Escape, push_escaped};
pub use worker::AccessLog;
pub use writer::{AccessLogDestination, AccessLogWriter};

#[cfg(test)]
pub(super) mod tests;
