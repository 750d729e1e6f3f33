//! What is served at the moment: a `Config` compiled, immutable and numbered.
//!
//! Invariant: a request sees one snapshot from its head to its response head. Non-goal: what lives on
//! beside it on each worker (pools, health); that is `upstream`, by key.

mod compile;
mod firewall;
mod firewalls;
mod reuse;

pub use compile::{Action, ClusterRef, Compiler, Rule, SeriesOf, Snapshot, SnapshotHandle};
pub use firewall::Firewall;
pub use firewalls::{CompiledSets, FirewallStates, Firewalls, SourceFiles, amended_rules};
