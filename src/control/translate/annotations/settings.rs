//! What the annotations of one Ingress say.

use std::time::Duration;

use super::client_certificate::CertificateSettings;
use crate::{
    control::translate::{access_control::Guards, firewall::ModSecurity},
    policy::BodyLimit,
    upstream::{Balancer, HashKey},
};

/// Annotations as written; `None` where the options for the whole proxy decide.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::control::translate) struct AnnotationSettings {
    /// `ssl-redirect`
    pub(in crate::control::translate) ssl_redirect: Option<bool>,
    /// `force-ssl-redirect`
    pub(in crate::control::translate) force_ssl_redirect: Option<bool>,
    /// `backend-protocol`
    pub(in crate::control::translate) backend_protocol: Option<BackendProtocol>,
    /// `proxy-body-size`
    pub(in crate::control::translate) body_limit: Option<BodyLimit>,
    /// `proxy-connect-timeout`
    pub(in crate::control::translate) connect_timeout: Option<Duration>,
    /// `proxy-read-timeout`
    pub(in crate::control::translate) read_timeout: Option<Duration>,
    /// `proxy-send-timeout`
    pub(in crate::control::translate) send_timeout: Option<Duration>,
    /// `request-timeout`, of our own; `Some(None)` is no limit.
    pub(in crate::control::translate) request_timeout: Option<Option<Duration>>,
    /// `use-port-in-redirects`
    pub(in crate::control::translate) port_in_redirects: Option<bool>,
    /// `load-balance`
    pub(in crate::control::translate) load_balance: Option<Balancer>,
    /// `upstream-hash-by`, which goes before `load-balance`
    pub(in crate::control::translate) hash_by: Option<Vec<HashKey>>,
    /// `service-upstream`
    pub(in crate::control::translate) by_cluster_ip: Option<bool>,
    /// `canary`
    pub(in crate::control::translate) canary: bool,
    /// `auth-tls-*`
    pub(in crate::control::translate) certificate: CertificateSettings,
    /// `enable-modsecurity` and what belongs to it
    pub(in crate::control::translate) mod_security: ModSecurity,
    /// Access control of every other kind.
    pub(in crate::control::translate) guards: Guards,
}

/// `backend-protocol`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::control::translate) enum BackendProtocol {
    /// HTTP/1.1 in the clear, or HTTP/2 where the Service's port says `kubernetes.io/h2c`.
    Http,
    /// HTTP/1.1 over TLS.
    Https,
    /// HTTP/2 in the clear.
    Grpc,
    /// HTTP/2 over TLS.
    Grpcs,
    /// Over TLS if the request came so, else in the clear.
    AutoHttp,
}
