//! What a cluster should be, as plain data.

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use crate::tls::ClientTls;

/// A cluster's stable name, for example `default/blogservice:80` plus whatever sets this use of the
/// Service apart (protocol, balancer, TLS). Two clusters with one id have equal settings; endpoints
/// apart. It names the cluster in metrics and logs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterId(pub Arc<str>);

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The protocol spoken to a cluster's endpoints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// HTTP/1.1
    #[default]
    Http1,
    /// HTTP/2, with prior knowledge in the clear, by ALPN over TLS.
    Http2,
}

/// How an endpoint is chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Balancer {
    /// Each in turn (ingress-nginx: `round_robin`).
    #[default]
    RoundRobin,
    /// The better of two random ones by peak EWMA latency and requests in flight (`ewma`).
    Ewma,
    /// Consistent hashing over a text taken from the request (`upstream-hash-by`).
    Hash(Vec<HashKey>),
}

/// A part of the text that consistent hashing uses; the parts are concatenated.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HashKey {
    /// Text as written.
    Literal(Box<str>),
    /// `$request_uri`: the target as sent.
    RequestUri,
    /// `$uri`: the canonical path.
    Path,
    /// `$host`
    Host,
    /// `$remote_addr`, `$binary_remote_addr`: the client's address.
    ClientAddress,
    /// `$http_name`: a request field, by lower-case name.
    Header(Box<str>),
    /// `$cookie_name`
    Cookie(Box<str>),
    /// `$arg_name`: a query parameter.
    Query(Box<str>),
}

/// Where an endpoint is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// Address and port.
    pub address: SocketAddr,
}

/// Whether addresses behind a name are free to be anything; see [`UpstreamSource::Name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NameTrust {
    /// Objects from disk, whose author owns the machine: loopback is allowed.
    Trusted,
    /// Objects from a cluster: loopback, link-local, metadata and our own listeners are refused
    /// after every resolution.
    Untrusted,
}

/// A DNS name and what may stand behind it (a Service of type ExternalName).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NameTarget {
    /// The name to resolve.
    pub name: Box<str>,
    /// The port at every address found.
    pub port: u16,
    /// Which addresses are acceptable.
    pub trust: NameTrust,
}

/// Where a cluster's endpoints come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum UpstreamSource {
    /// Known addresses, sorted and without repetition; empty answers 503.
    Endpoints(Arc<[Endpoint]>),
    /// A name that is resolved again and again.
    Name(NameTarget),
}

/// One cluster: endpoints and how they are spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterSettings {
    /// Its name.
    pub id: ClusterId,
    /// Where its endpoints come from.
    pub source: UpstreamSource,
    /// The protocol.
    pub protocol: Protocol,
    /// TLS, if any.
    pub tls: Option<ClientTls>,
    /// The choice of an endpoint.
    pub balancer: Balancer,
    /// How long an idle connection is kept. ingress-nginx: 60 s.
    pub idle_timeout: Duration,
}
