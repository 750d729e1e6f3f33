//! Backends: clusters of endpoints, balancing, health, pooled connections, retries.
//!
//! Invariant: everything here belongs to one worker; nothing shared is written on the request path.
//! Non-goal: which cluster a request goes to; that is routing.

mod settings;

pub use settings::{
    Balancer, ClusterId, ClusterSettings, Endpoint, HashKey, NameTarget, NameTrust, Protocol,
    UpstreamSource,
};
