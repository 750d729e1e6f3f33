//! The firewall in the proxy: what it sees, what it refuses, and that nothing of it is forwarded.

pub(crate) mod rules;

mod answers;
mod bodies;
mod heads;
mod limits;
mod log;
mod protocols;
