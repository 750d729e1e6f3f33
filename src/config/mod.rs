//! What the proxy should do, as plain data: equal means that there is nothing to do.
//!
//! Invariant: a `Config` is complete in itself; no Kubernetes object is needed to serve it.
//! Non-goal: how it is served (`snapshot`, `proxy`) and where it was read from (`control`).

mod cluster;
mod configuration;
mod cookies;
mod firewall;
mod meta;
mod options;
mod problem;
mod route;

pub use cluster::ClusterMap;
pub use configuration::Config;
pub use cookies::cookies_to_json;
pub use firewall::{Firewall, FirewallMode, RuleOrigin, RuleSource};
pub use meta::{ObjectKind, ObjectRef, RuleMeta};
pub use options::{AccessLogFormat, ClientAddressOptions, Options};
pub use problem::{Cause, Location, Problem, Severity};
pub use route::{Action, DenyReason, Forward, Route, Rule};
