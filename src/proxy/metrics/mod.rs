//! Request metrics: counted by each worker in a shard of its own, merged when they are scraped.
//!
//! Invariant: a shard has one writer, so counting takes no locked instruction; label values come
//! from configuration and from closed sets, never from requests. Non-goal: metrics of the process
//! and of configuration; those are `admin`'s.

mod cell;
mod collect;
mod families;
mod firewall;
mod series;
mod shard;
mod status;
mod tables;
mod total;

pub use collect::Metrics;
pub use firewall::FirewallOutcome;
pub use shard::WorkerMetrics;
pub use tables::{Counter, Gauge};
