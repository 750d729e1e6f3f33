//! Backends: clusters of endpoints, balancing, health, pooled connections, retries.
//!
//! Invariant: everything here belongs to one worker; nothing shared is written on the request path.
//! Only the look-up of names is shared by the process, and the limit of idle connections, which each
//! worker takes in batches. Non-goal: which cluster a request goes to; that is routing.

mod balancer;
mod clock;
mod cluster;
mod clusters;
mod connect;
mod connection;
mod endpoint;
mod health;
mod http2;
mod lease;
mod names;
mod pool;
mod retry;
mod settings;
mod transport;
mod upstreams;
mod worker;

#[cfg(test)]
pub(in crate::upstream) mod tests;

pub use balancer::KeyHasher;
pub use cluster::{Cluster, ClusterGauges};
pub use connect::ConnectError;
pub use connection::{Http1Connection, UpstreamStream};
pub use http2::{BodyError, Http2Error, Http2Stream, RequestBody};
pub use lease::{Lease, Outcome};
pub use names::NameResolver;
pub use pool::IdleLimit;
pub use retry::RetryBudget;
pub use settings::{
    Balancer, ClusterId, ClusterSettings, Endpoint, HashKey, NameTarget, NameTrust, Protocol,
    UpstreamSource,
};
pub use upstreams::{UpstreamOptions, Upstreams};
