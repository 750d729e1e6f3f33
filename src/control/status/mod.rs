//! What the leader writes to the cluster: addresses of Ingresses, conditions of policies, Events.
//!
//! Invariant: nothing is written that is there already, nothing by a replica that does not lead, and
//! nothing about objects of an earlier run. Non-goal: being on time; serving never waits for it.

mod addresses;
mod conditions;
mod events;
mod writer;

pub use addresses::PublishedAs;
pub use writer::{Outcome, StatusWriter, clear};
