//! TLS towards clients.

use std::sync::Arc;

use rustls::{
    DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme,
    SupportedProtocolVersion,
    client::danger::HandshakeSignatureValid,
    crypto::{
        CryptoProvider, aws_lc_rs as provider, verify_tls12_signature, verify_tls13_signature,
    },
    server::{
        ServerSessionMemoryCache,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    version::{TLS12, TLS13},
};
use rustls_pki_types::{CertificateDer, UnixTime};

use super::ServerResolver;

/// Sessions that a listener remembers for TLS 1.2 clients that cannot keep a ticket; the oldest is
/// forgotten.
const MAX_SESSIONS: usize = 1024;

/// How a listener speaks TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerTlsOptions {
    /// Offer HTTP/2 by ALPN, before HTTP/1.1.
    pub http2: bool,
    /// Ask for a client certificate. A client may do without, and any is taken whose key it proves to
    /// hold: which is good enough is for the rule of each request to say.
    pub ask_certificate: bool,
    /// The oldest version spoken, inclusive.
    pub min_version: TlsVersion,
    /// The newest version spoken, inclusive.
    pub max_version: TlsVersion,
}

/// The versions of TLS that are spoken at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.2, RFC 5246
    Tls12,
    /// TLS 1.3, RFC 8446
    Tls13,
}

/// Why a listener's TLS options cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServerTlsError {
    /// The oldest version is newer than the newest.
    #[error("no version of TLS is left")]
    NoVersion,
    /// The system gives no random bytes for the first ticket key.
    #[error("the system gives no random bytes")]
    NoRandom,
}

impl Default for ServerTlsOptions {
    /// HTTP/2, TLS 1.2 and 1.3, no client certificates.
    fn default() -> Self {
        Self {
            http2: true,
            ask_certificate: false,
            min_version: TlsVersion::Tls12,
            max_version: TlsVersion::Tls13,
        }
    }
}

/// The configuration of a listener whose certificates `resolver` gives.
///
/// Key exchange offers X25519MLKEM768 first, then X25519, P-256 and P-384. Sessions are resumed by
/// tickets whose key changes every six hours and is kept for twelve; no two configurations share
/// one, so that a session of a listener without client certificates opens no other. There is no
/// early data: it can be replayed.
///
/// # Errors
/// If the options contradict themselves or hold something that cannot be read.
pub fn server_config(
    resolver: Arc<ServerResolver>,
    options: &ServerTlsOptions,
) -> Result<Arc<ServerConfig>, ServerTlsError> {
    let ServerTlsOptions {
        http2,
        ask_certificate,
        min_version,
        max_version,
    } = options;
    let crypto = Arc::new(provider::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&crypto))
        .with_protocol_versions(&versions(*min_version, *max_version))
        .map_err(|_| ServerTlsError::NoVersion)?;
    let builder = match ask_certificate {
        false => builder.with_no_client_auth(),
        true => builder.with_client_cert_verifier(Arc::new(AnyCertificate(crypto))),
    };
    let mut config = builder.with_cert_resolver(resolver);
    config.alpn_protocols = match http2 {
        true => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        false => vec![b"http/1.1".to_vec()],
    };
    config.ticketer = provider::Ticketer::new().map_err(|_| ServerTlsError::NoRandom)?;
    config.session_storage = ServerSessionMemoryCache::new(MAX_SESSIONS);
    Ok(Arc::new(config))
}

fn versions(min: TlsVersion, max: TlsVersion) -> Vec<&'static SupportedProtocolVersion> {
    [(TlsVersion::Tls13, &TLS13), (TlsVersion::Tls12, &TLS12)]
        .into_iter()
        .filter(|(version, _)| (min..=max).contains(version))
        .map(|(_, supported)| supported)
        .collect()
}

/// Asks for a certificate and takes any whose key the client holds.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
