//! Choosing an endpoint: one file a balancer.
//!
//! Invariant: a balancer looks only at endpoints that the cluster calls usable, and finds one if
//! there is one. Non-goal: health; that is the cluster's.

mod chooser;
mod ewma;
mod rendezvous;
mod round_robin;

#[cfg(test)]
mod tests;

pub(super) use chooser::Chooser;
pub(super) use ewma::{Latency, PeakEwma};
pub use rendezvous::KeyHasher;
pub(super) use rendezvous::Rendezvous;
pub(super) use round_robin::RoundRobin;
