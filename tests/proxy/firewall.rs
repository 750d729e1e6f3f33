//! The firewall in the proxy: what it sees, what it refuses, and that nothing of it is forwarded.

mod rules;

mod answers;
mod audit;
mod bodies;
mod bypasses;
mod engine;
mod heads;
mod limits;
mod log;
mod protocols;
