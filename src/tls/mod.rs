//! TLS on both sides: certificates by name, server and client configurations.
//!
//! Invariant: the crypto provider is passed explicitly, never installed for the process. Non-goal:
//! where certificates come from; that is `control`.

mod certificate;
mod client;

pub use certificate::{Certificate, CertificateBinding, CertificateError};
pub use client::{ClientTls, VerifyServer};
mod stream;
pub use stream::Stream;
