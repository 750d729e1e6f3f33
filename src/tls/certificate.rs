//! A certificate chain with its key, checked, and the names that it is bound to.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_lc_rs::digest;
use rustls::{crypto::aws_lc_rs as provider, sign::CertifiedKey};
use rustls_pki_types::{
    CertificateDer, PrivateKeyDer,
    pem::{self, PemObject},
};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use crate::message::HostMatch;

/// A chain and the key that fits it.
pub struct Certificate {
    /// What rustls signs with.
    pub key: Arc<CertifiedKey>,
    /// SHA-256 over the chain's DER and the key's DER: equal means the same certificate.
    pub fingerprint: [u8; 32],
    /// When the leaf ends being valid.
    pub not_after: SystemTime,
    /// The leaf's DNS names, lower-case, wildcards as `*.suffix`; its common name if there are none
    /// and that looks like one.
    pub names: Vec<Box<str>>,
}

impl Certificate {
    /// Reads a chain and its key from PEM text; sections of other kinds are passed over.
    ///
    /// The server's own certificate has to stand first (RFC 8446 section 4.4.2); what follows it is
    /// sent as it stands. Keys are RSA, ECDSA or Ed25519, in PKCS #8, PKCS #1 or SEC 1. Dates are not
    /// checked: a certificate that has expired is served, since a client that gets another one
    /// learns less of what is wrong.
    ///
    /// # Errors
    /// If one of both is missing or cannot be read, or if they do not belong together.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, CertificateError> {
        let chain = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| CertificateError::NotPem)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
            pem::Error::NoItemsFound => CertificateError::NoKey,
            _ => CertificateError::NotPem,
        })?;
        Self::from_der(chain, &key)
    }

    /// A new self-signed certificate for what no other certificate is for. It ends being valid with
    /// the year 9999, RFC 5280's way to say never.
    #[must_use]
    pub fn self_signed() -> Self {
        let key = rcgen::KeyPair::generate().expect("the system gives random bytes");
        // Some clients take a certificate without a name for broken. This one is nobody's (RFC 6761).
        let mut parameters = rcgen::CertificateParams::new(["portcullis.invalid".to_owned()])
            .expect("a name has these letters");
        parameters
            .distinguished_name
            .push(rcgen::DnType::CommonName, "Portcullis default certificate");
        parameters.not_after = rcgen::date_time_ymd(9999, 12, 31);
        let certificate = parameters
            .self_signed(&key)
            .expect("the parameters are complete");
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let mut made = Self::from_der(vec![certificate.der().clone()], &key)
            .expect("a certificate of our own making fits its key");
        made.names.clear();
        made
    }

    fn from_der(
        chain: Vec<CertificateDer<'static>>,
        key: &PrivateKeyDer<'_>,
    ) -> Result<Self, CertificateError> {
        let leaf = parse(chain.first().ok_or(CertificateError::NoCertificate)?)?;
        let signer = provider::sign::any_supported_type(key)
            .map_err(|_| CertificateError::UnsupportedKey)?;
        let public = signer
            .public_key()
            .ok_or(CertificateError::UnsupportedKey)?;
        // Compared here and not by rustls, which refuses X.509 version 1 altogether.
        if leaf.public_key().raw != public.as_ref() {
            let fits = |other: &CertificateDer<'_>| {
                parse(other).is_ok_and(|other| other.public_key().raw == public.as_ref())
            };
            return Err(if chain.iter().any(fits) {
                CertificateError::LeafNotFirst
            } else {
                CertificateError::Mismatch
            });
        }
        let (names, not_after) = (names(&leaf), not_after(&leaf));
        Ok(Self {
            fingerprint: fingerprint(&chain, key),
            not_after,
            names,
            key: Arc::new(CertifiedKey::new(chain, signer)),
        })
    }
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
    /// The key fits a certificate of the chain, but not the first.
    #[error("its private key fits a certificate that is not the first of the chain")]
    LeafNotFirst,
}

fn parse<'a>(der: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, CertificateError> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok(_) | Err(_) => Err(CertificateError::BadCertificate),
    }
}

fn names(leaf: &X509Certificate<'_>) -> Vec<Box<str>> {
    let alternatives: Vec<Box<str>> = leaf
        .subject_alternative_name()
        .ok()
        .flatten()
        .into_iter()
        .flat_map(|extension| &extension.value.general_names)
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(name.to_ascii_lowercase().into()),
            _ => None,
        })
        .collect();
    if !alternatives.is_empty() {
        return alternatives;
    }
    leaf.subject()
        .iter_common_name()
        .filter_map(|name| name.as_str().ok())
        .filter(|name| name.contains('.') && !name.contains(char::is_whitespace))
        .map(|name| name.to_ascii_lowercase().into())
        .collect()
}

fn not_after(leaf: &X509Certificate<'_>) -> SystemTime {
    let seconds = leaf.validity().not_after.timestamp();
    match u64::try_from(seconds) {
        Ok(seconds) => SystemTime::UNIX_EPOCH + Duration::from_secs(seconds),
        // Before 1970 is as expired as 1970.
        Err(_) => SystemTime::UNIX_EPOCH,
    }
}

fn fingerprint(chain: &[CertificateDer<'_>], key: &PrivateKeyDer<'_>) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for certificate in chain {
        context.update(certificate);
    }
    context.update(key.secret_der());
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(context.finish().as_ref());
    fingerprint
}
