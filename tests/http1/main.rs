//! The HTTP/1.1 codec from outside.

#![allow(clippy::unwrap_used, missing_docs)]

mod oracle;
mod support;
mod targets;

mod bodies;
mod build;
mod check;
mod differential;
mod framing;
mod heads;
mod llhttp;
