//! A test backend: answers every request with a JSON account of it, and echoes WebSocket frames.
//!
//! It serves `portcullis echo` and stands in for the Services of the quickstart. Invariant: it tells
//! what came, byte for byte, headers in order of first appearance. Non-goal: speed.

mod account;
mod server;
mod websocket;

pub use server::serve;
