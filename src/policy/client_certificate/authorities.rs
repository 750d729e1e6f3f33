//! Who may have signed client certificates.

use std::fmt;

use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime, pem::PemObject};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

/// Authorities whose word is taken for clients. Equal if their certificates are, in order.
pub struct ClientAuthorities {
    certificates: Vec<CertificateDer<'static>>,
    anchors: Vec<TrustAnchor<'static>>,
}

/// Why a text holds no authorities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthoritiesError {
    /// It is not PEM.
    #[error("it is not PEM")]
    NotPem,
    /// There is no certificate in it.
    #[error("there is no certificate in it")]
    None,
    /// One of the certificates cannot be read.
    #[error("certificate {0} in it cannot be read")]
    Unreadable(
        /// From 1.
        usize,
    ),
}

impl ClientAuthorities {
    /// Reads certificates from PEM text; sections of other kinds are passed over.
    ///
    /// # Errors
    /// If there is none, or one cannot be read: to go without it might admit fewer than is meant, and
    /// whoever wrote it has to know.
    pub fn from_pem(text: &[u8]) -> Result<Self, AuthoritiesError> {
        let certificates = CertificateDer::pem_slice_iter(text)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| AuthoritiesError::NotPem)?;
        let anchors = certificates
            .iter()
            .enumerate()
            .map(|(at, certificate)| {
                anchor_from_trusted_cert(certificate)
                    .map(|anchor| anchor.to_owned())
                    .map_err(|_| AuthoritiesError::Unreadable(at + 1))
            })
            .collect::<Result<Vec<_>, _>>()?;
        if anchors.is_empty() {
            return Err(AuthoritiesError::None);
        }
        Ok(Self {
            certificates,
            anchors,
        })
    }

    /// Checks a chain, the client's own certificate first, with at most so many certificates between
    /// it and an authority, as OpenSSL counts the depth.
    pub(super) fn verify(
        &self,
        chain: &[CertificateDer<'_>],
        max_intermediates: u32,
        now: UnixTime,
    ) -> Result<(), webpki::Error> {
        let Some((leaf, intermediates)) = chain.split_first() else {
            return Err(webpki::Error::UnknownIssuer);
        };
        let is_short = |path: &webpki::VerifiedPath<'_>| {
            let length = path.intermediate_certificates().count();
            if length <= max_intermediates as usize {
                Ok(())
            } else {
                Err(webpki::Error::MaximumPathDepthExceeded)
            }
        };
        EndEntityCert::try_from(leaf)?
            .verify_for_usage(
                webpki::ALL_VERIFICATION_ALGS,
                &self.anchors,
                intermediates,
                now,
                KeyUsage::client_auth(),
                None,
                Some(&is_short),
            )
            .map(|_| ())
    }
}

impl PartialEq for ClientAuthorities {
    fn eq(&self, other: &Self) -> bool {
        self.certificates == other.certificates
    }
}

impl Eq for ClientAuthorities {}

impl fmt::Debug for ClientAuthorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientAuthorities")
            .field("certificates", &self.certificates.len())
            .finish_non_exhaustive()
    }
}
