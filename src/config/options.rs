//! What is set for the whole proxy: the options that ingress-nginx's ConfigMap has.

use std::time::Duration;

use ipnet::IpNet;

use crate::{message::Slashes, policy::RoutePolicy};

/// Options for the whole proxy. Every default is stated in `docs/configuration.md`.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// What a rule has that sets nothing itself (`proxy-body-size`, `proxy-read-timeout`, `hsts`,
    /// `ssl-redirect` and so on). `https_redirect` is what applies once a host has TLS.
    pub defaults: RoutePolicy,
    /// Redirect hosts without TLS too (`force-ssl-redirect`).
    pub force_https_redirect: bool,
    /// Whose word about the client's address is taken.
    pub client_address: ClientAddressOptions,
    /// How the access log is written; `None`: not at all (`disable-access-log`).
    pub access_log: Option<AccessLogFormat>,
    /// Longest request head, in bytes; beyond it 431. Default 32 KiB.
    pub max_head_bytes: usize,
    /// Most fields of a request head; beyond it 431. Default 100.
    pub max_fields: usize,
    /// Longest request target, in bytes; beyond it 414. Default 8 KiB.
    pub max_target_bytes: usize,
    /// From the first byte of a request (or the accept) to the end of its head. Default 10 s
    /// (`client-header-timeout`).
    pub head_timeout: Duration,
    /// Between two reads of a request body or two writes of a response. Default 60 s
    /// (`client-body-timeout`).
    pub body_idle_timeout: Duration,
    /// For a request body that the firewall holds, and a second more for every 500 bytes of it that have
    /// come. Default 20 s (`firewall-body-timeout`).
    pub held_body_timeout: Duration,
    /// How long an idle downstream connection is kept. Default 75 s (`keep-alive`).
    pub keep_alive: Duration,
    /// Requests after which a downstream connection is closed; 0: never (`keep-alive-requests`).
    pub keep_alive_requests: u64,
    /// Idle upstream connections kept by each worker and endpoint
    /// (`upstream-keepalive-connections`).
    pub upstream_idle_connections: usize,
    /// How long an idle upstream connection is kept (`upstream-keepalive-timeout`).
    pub upstream_idle_timeout: Duration,
    /// Downstream connections in all; beyond it the newest is answered 503. 0: no limit.
    pub max_connections: usize,
    /// Downstream connections from one address; 0: no limit, since many clients may stand behind one
    /// balancer.
    pub max_connections_per_client: usize,
    /// Whether names with underscores pass (`enable-underscores-in-headers`). Look-alikes of the
    /// fields that the proxy sets are dropped in any case.
    pub underscores_in_headers: bool,
    /// Offer HTTP/2 (`use-http2`).
    pub http2: bool,
    /// What becomes of runs of slashes in paths (`merge-slashes`).
    pub slashes: Slashes,
}

/// Whose word about the client's address is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientAddressOptions {
    /// Believe `X-Forwarded-*` and `Forwarded` from trusted peers (`use-forwarded-headers`).
    pub use_forwarded_headers: bool,
    /// Keep the trusted peer's list and append to it (`compute-full-forwarded-for`).
    pub compute_full_forwarded_for: bool,
    /// Expect PROXY protocol version 1 or 2 from trusted peers (`use-proxy-protocol`).
    pub use_proxy_protocol: bool,
    /// The trusted peers (`proxy-real-ip-cidr`); empty: none.
    pub trusted: Vec<IpNet>,
}

/// The form of an access log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccessLogFormat {
    /// One JSON object a line.
    #[default]
    Json,
    /// ingress-nginx's `upstreaminfo` line.
    Text,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            defaults: RoutePolicy {
                https_redirect: Some(crate::policy::HttpsRedirect::default()),
                hsts: Some(crate::policy::Hsts::default()),
                ..RoutePolicy::default()
            },
            force_https_redirect: false,
            client_address: ClientAddressOptions::default(),
            access_log: Some(AccessLogFormat::Json),
            max_head_bytes: 32 << 10,
            max_fields: 100,
            max_target_bytes: 8 << 10,
            head_timeout: Duration::from_secs(10),
            body_idle_timeout: Duration::from_secs(60),
            held_body_timeout: Duration::from_secs(20),
            keep_alive: Duration::from_secs(75),
            keep_alive_requests: 0,
            upstream_idle_connections: 320,
            upstream_idle_timeout: Duration::from_secs(60),
            max_connections: 16_384,
            max_connections_per_client: 0,
            underscores_in_headers: false,
            http2: true,
            slashes: Slashes::Merge,
        }
    }
}
