//! The certificate that the webhook shows, whoever gives it.
//!
//! Invariant: before there is one, handshakes are refused rather than answered with one that nobody
//! trusts. Non-goal: making certificates.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::{
    message::HostMatch,
    tls::{Certificate, CertificateStore, ServerAcceptor, ServerResolver, ServerTlsError},
};

/// The certificate of the moment; clones are the same one.
#[derive(Clone, Debug)]
pub struct ShownCertificate {
    resolver: Arc<ServerResolver>,
    certificate: Arc<ArcSwapOption<Certificate>>,
}

impl Default for ShownCertificate {
    fn default() -> Self {
        let placeholder = Arc::new(Certificate::self_signed());
        let none = CertificateStore::build([], placeholder).refusing(&[HostMatch::Any]);
        Self {
            resolver: Arc::new(ServerResolver::new(Arc::new(none))),
            certificate: Arc::default(),
        }
    }
}

impl ShownCertificate {
    /// Shows this one in handshakes from now on.
    pub(super) fn show(&self, certificate: Certificate) {
        let certificate = Arc::new(certificate);
        let store = CertificateStore::build([], Arc::clone(&certificate));
        self.resolver.publish(Arc::new(store));
        self.certificate.store(Some(certificate));
    }

    /// The certificate, once there is one.
    pub fn certificate(&self) -> Option<Arc<Certificate>> {
        self.certificate.load_full()
    }

    /// What makes handshakes with it.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub(super) fn acceptor(&self) -> Result<ServerAcceptor, ServerTlsError> {
        ServerAcceptor::new(&self.resolver)
    }
}
