//! What is done to a request besides choosing its backend: one file a feature, settings and
//! behaviour together.
//!
//! Invariant: a policy reads message types only and never waits. Non-goal: where settings come
//! from; that is `control`.

mod body_limit;
mod redirect;
mod timeouts;

pub use body_limit::BodyLimit;
pub use redirect::{Hsts, HttpsRedirect};
pub use timeouts::Timeouts;

/// Everything that is set for one rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoutePolicy {
    /// Send plain-HTTP requests to HTTPS.
    pub https_redirect: Option<HttpsRedirect>,
    /// `Strict-Transport-Security` on answers over TLS.
    pub hsts: Option<Hsts>,
    /// How long a request body may be.
    pub body_limit: BodyLimit,
    /// How long each part of the exchange may take.
    pub timeouts: Timeouts,
    /// Refuse requests whose path holds an encoded slash or backslash (`%2F`, `%5C`) with 400.
    pub refuse_encoded_slashes: bool,
}
