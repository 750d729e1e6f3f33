//! Client certificates: what a host asks for, who is admitted, and what the upstream is told.
//!
//! Invariant: a chain is judged by the rule that a request has, not by the name that its connection was
//! made for. Non-goal: the handshake, which only proves that the client holds the key.

mod authorities;
mod demand;
mod name;
mod subject;
#[cfg(test)]
mod tests;

pub use authorities::{AuthoritiesError, ClientAuthorities};
pub use demand::{
    CertificateDemand, CertificateRefusal, ClientCertificatePolicy, Judgement,
    is_client_certificate_field,
};
pub use subject::{SubjectPattern, SubjectPatternError};
