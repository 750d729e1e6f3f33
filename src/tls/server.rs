//! TLS towards clients.

use std::sync::Arc;

use rustls::{
    RootCertStore, ServerConfig, SupportedProtocolVersion,
    crypto::aws_lc_rs as provider,
    server::{ServerSessionMemoryCache, VerifierBuilderError, WebPkiClientVerifier},
    version::{TLS12, TLS13},
};
use rustls_pki_types::CertificateDer;

use super::ServerResolver;

/// Sessions that a listener remembers for TLS 1.2 clients that cannot keep a ticket; the oldest is
/// forgotten.
const MAX_SESSIONS: usize = 1024;

/// How a listener speaks TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerTlsOptions {
    /// Offer HTTP/2 by ALPN, before HTTP/1.1.
    pub http2: bool,
    /// Ask for client certificates.
    pub client_auth: Option<ClientAuth>,
    /// The oldest version spoken, inclusive.
    pub min_version: TlsVersion,
    /// The newest version spoken, inclusive.
    pub max_version: TlsVersion,
}

/// What a listener asks of client certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientAuth {
    /// The DER-encoded authorities that may have signed one.
    pub authorities: Vec<Arc<[u8]>>,
    /// Whether a client may do without.
    pub certificate: ClientCertificate,
}

/// Whether a client may do without a certificate. One that is sent is checked in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientCertificate {
    /// The handshake fails without one.
    Required,
    /// It may.
    Optional,
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
    /// An authority for client certificates cannot be read.
    #[error("an authority for client certificates is not a certificate")]
    Authority,
    /// Client certificates are asked for, and nobody may have signed them.
    #[error("there are no authorities for client certificates")]
    NoAuthorities,
    /// The system gives no random bytes for the first ticket key.
    #[error("the system gives no random bytes")]
    NoRandom,
}

impl Default for ServerTlsOptions {
    /// HTTP/2, TLS 1.2 and 1.3, no client certificates.
    fn default() -> Self {
        Self {
            http2: true,
            client_auth: None,
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
        client_auth,
        min_version,
        max_version,
    } = options;
    let crypto = Arc::new(provider::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&crypto))
        .with_protocol_versions(&versions(*min_version, *max_version))
        .map_err(|_| ServerTlsError::NoVersion)?;
    let builder = match client_auth {
        None => builder.with_no_client_auth(),
        Some(ClientAuth {
            authorities,
            certificate,
        }) => {
            let roots = Arc::new(roots(authorities)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, crypto);
            let verifier = match certificate {
                ClientCertificate::Required => verifier,
                ClientCertificate::Optional => verifier.allow_unauthenticated(),
            };
            builder.with_client_cert_verifier(verifier.build().map_err(|error| match error {
                VerifierBuilderError::NoRootAnchors => ServerTlsError::NoAuthorities,
                _ => ServerTlsError::Authority,
            })?)
        }
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

fn roots(authorities: &[Arc<[u8]>]) -> Result<RootCertStore, ServerTlsError> {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots
            .add(CertificateDer::from(authority.to_vec()))
            .map_err(|_| ServerTlsError::Authority)?;
    }
    Ok(roots)
}
