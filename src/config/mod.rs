//! What the proxy should do, as plain data: equal means that there is nothing to do.
//!
//! Invariant: a `Config` is complete in itself; no Kubernetes object is needed to serve it.
//! Non-goal: how it is served (`snapshot`, `proxy`) and where it was read from (`control`).

mod cluster;
mod meta;
mod options;
mod problem;
mod route;

pub use cluster::ClusterMap;
pub use meta::{ObjectKind, ObjectRef, RuleMeta};
pub use options::{AccessLogFormat, ClientAddressOptions, Options};
pub use problem::{Location, Problem, Severity};
pub use route::{Action, DenyReason, Forward, Route, Rule};

use std::sync::Arc;

use crate::tls::CertificateBinding;

/// Everything that the objects of the moment ask for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// Routes, the one with precedence first: where two claim the same match the first one has it.
    pub routes: Vec<Arc<Route>>,
    /// Every cluster that a route forwards to.
    pub clusters: ClusterMap,
    /// Certificates and the names that they are for, the one with precedence first.
    pub certificates: Vec<Arc<CertificateBinding>>,
    /// The certificate for every other name; without it a self-made one is served.
    pub default_certificate: Option<Arc<CertificateBinding>>,
    /// What is set for the whole proxy.
    pub options: Arc<Options>,
}
