//! Everything that is set for one rule, feature by feature.

use std::sync::Arc;

use super::{BodyLimit, ClientCertificatePolicy, CookieIntegrity, Hsts, HttpsRedirect, Timeouts};

/// What the program calls itself in `Server`: no version, which would help nobody but attackers.
pub const SERVER: &str = "Portcullis";

/// Everything that is set for one rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoutePolicy {
    /// Send plain-HTTP requests to HTTPS.
    pub https_redirect: Option<HttpsRedirect>,
    /// `Strict-Transport-Security` on answers over TLS.
    pub hsts: Option<Hsts>,
    /// Send [`SERVER`](super::SERVER) where the backend sends no `Server`.
    pub names_server: bool,
    /// Client certificates that are asked for.
    pub client_certificate: Option<Arc<ClientCertificatePolicy>>,
    /// Cookies that are signed and verified.
    pub cookies: Option<Arc<CookieIntegrity>>,
    /// How long a request body may be.
    pub body_limit: BodyLimit,
    /// How long each part of the exchange may take.
    pub timeouts: Timeouts,
    /// Refuse requests whose path holds an encoded slash or backslash (`%2F`, `%5C`) with 400.
    pub refuse_encoded_slashes: bool,
}
