//! The firewall in the proxy: what it sees, what it refuses, and that nothing of it is forwarded.

pub(crate) mod rules;

mod answers;
mod audit;
mod bodies;
mod bypasses;
mod counted;
mod engine;
mod heads;
mod holding;
mod limits;
mod log;
mod protocols;
