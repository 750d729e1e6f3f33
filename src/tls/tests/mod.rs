//! Certificates in all their forms, and real handshakes in memory.

#![allow(clippy::unwrap_used)]

mod certificates;
mod handshakes;
mod hostile;
mod support;
