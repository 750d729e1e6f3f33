//! TLS towards upstreams.

use std::sync::Arc;

/// How the server's certificate is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum VerifyServer {
    /// Not at all: ingress-nginx's default for `backend-protocol: HTTPS`.
    #[default]
    No,
    /// Against these DER-encoded authorities.
    Authorities(Vec<Arc<[u8]>>),
    /// Against the system's authorities.
    System,
}

/// TLS towards an upstream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ClientTls {
    /// The name sent in SNI and checked; `None`: no SNI, the request's host is not leaked.
    pub server_name: Option<Box<str>>,
    /// How the server's certificate is checked.
    pub verify: VerifyServer,
}
