//! What is done to a request besides choosing its backend: one file a feature, settings and
//! behaviour together.
//!
//! Invariant: a policy reads message types only and never waits. Non-goal: where settings come
//! from; that is `control`.

mod body_limit;
mod client_certificate;
mod cookie_integrity;
mod redirect;
mod route_policy;
mod timeouts;

pub use body_limit::BodyLimit;
pub use client_certificate::{
    AuthoritiesError, CertificateDemand, CertificateRefusal, ClientAuthorities,
    ClientCertificatePolicy, Judgement, SubjectPattern, SubjectPatternError,
    is_client_certificate_field,
};
pub use cookie_integrity::{
    CheckedCookies, ClientBinding, CookieClient, CookieExchange, CookieFinding, CookieFindings,
    CookieIntegrity, CookieKeys, CookieKeysError, CookieMode, CookiePattern, CookiePatternError,
    CookieVerdict, LeastSameSite,
};
pub use redirect::{Hsts, HttpsRedirect, write_https_location};
pub use route_policy::{RoutePolicy, SERVER};
pub use timeouts::Timeouts;
