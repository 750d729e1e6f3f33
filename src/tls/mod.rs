//! TLS on both sides: certificates by name, server and client configurations.
//!
//! Invariant: the crypto provider is passed explicitly, never installed for the process. Non-goal:
//! where certificates come from; that is `control`.

mod acceptor;
mod certificate;
mod certificate_store;
mod client;
mod client_configs;
mod server;
mod stream;
#[cfg(test)]
mod tests;

pub use acceptor::{Accepted, ServerAcceptor};
pub use certificate::{Certificate, CertificateBinding, CertificateError};
pub use certificate_store::{CertificateStore, ServerResolver};
pub use client::{ClientTls, VerifyServer};
pub use client_configs::{ClientConfigs, ClientTlsError};
pub use server::{ServerTlsError, ServerTlsOptions, TlsVersion, server_config};
pub use stream::Stream;
