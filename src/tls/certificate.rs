//! A certificate chain with its key, checked, and the names that it is bound to.

use std::{fmt, sync::Arc, time::SystemTime};

use rustls::sign::CertifiedKey;

use crate::message::HostMatch;

/// A chain and the key that fits it.
pub struct Certificate {
    /// What rustls signs with.
    pub key: Arc<CertifiedKey>,
    /// SHA-256 over the chain's DER and the key's DER: equal means the same certificate.
    pub fingerprint: [u8; 32],
    /// When the leaf ends being valid.
    pub not_after: SystemTime,
    /// The leaf's DNS names, lower-case, wildcards as `*.suffix`.
    pub names: Vec<Box<str>>,
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl fmt::Debug for Certificate {
    /// Shows names and expiry; never the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("names", &self.names)
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

/// A certificate and the server names that get it.
#[derive(Clone, Debug, PartialEq)]
pub struct CertificateBinding {
    /// The names; [`HostMatch::Any`] makes it a default.
    pub hosts: Vec<HostMatch>,
    /// The certificate.
    pub certificate: Arc<Certificate>,
    /// Where it came from, for metrics and the log: `namespace/name` of the Secret.
    pub secret: Arc<str>,
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CertificateError {
    /// No certificate in the PEM text.
    #[error("there is no certificate in it")]
    NoCertificate,
    /// No private key in the PEM text.
    #[error("there is no private key in it")]
    NoKey,
    /// The text is not PEM.
    #[error("it is not valid PEM")]
    NotPem,
    /// A certificate that is not X.509.
    #[error("its certificate cannot be read")]
    BadCertificate,
    /// A key of a kind that cannot sign.
    #[error("its private key is of a kind that is not supported")]
    UnsupportedKey,
    /// Key and certificate do not belong together.
    #[error("its private key does not fit its certificate")]
    Mismatch,
}
