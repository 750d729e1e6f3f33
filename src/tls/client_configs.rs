//! rustls configurations towards upstreams, one for each way to check a server.
//!
//! Invariant: servers that are checked in different ways share no session tickets. Non-goal: the name
//! that is sent and checked; a connection brings it along.

use std::{collections::HashMap, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs as provider},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::client::VerifyServer;

/// The configurations in use: as many as there are ways to check a server and protocols to agree on.
#[derive(Debug, Default)]
pub struct ClientConfigs {
    built: HashMap<(VerifyServer, &'static [u8]), Arc<ClientConfig>>,
}

/// Why there can be no TLS towards an upstream. Its connections fail, since to go without would be to
/// send secrets in the clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientTlsError {
    /// The server's name is not a DNS name or an address.
    #[error("the server name is not a DNS name or an address")]
    ServerName,
    /// One of the authorities cannot be read.
    #[error("an authority is not a certificate")]
    Authority,
    /// The system has no authorities.
    #[error("the system has no certificate authorities")]
    NoSystemAuthorities,
}

impl ClientConfigs {
    /// The configuration that checks servers like this and offers one protocol by ALPN (RFC 7301).
    ///
    /// # Errors
    /// There is no authority to check with.
    pub fn config(
        &mut self,
        verify: &VerifyServer,
        alpn: &'static [u8],
    ) -> Result<Arc<ClientConfig>, ClientTlsError> {
        let key = (verify.clone(), alpn);
        if let Some(built) = self.built.get(&key) {
            return Ok(Arc::clone(built));
        }
        let config = Arc::new(build(verify, alpn)?);
        self.built.insert(key, Arc::clone(&config));
        Ok(config)
    }

    /// Forgets those that nobody else holds any more.
    pub fn prune(&mut self) {
        self.built.retain(|_, config| Arc::strong_count(config) > 1);
    }
}

fn build(verify: &VerifyServer, alpn: &[u8]) -> Result<ClientConfig, ClientTlsError> {
    let crypto = Arc::new(provider::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&crypto))
        .with_safe_default_protocol_versions()
        .expect("the provider has suites for the default versions");
    let builder = match verify {
        VerifyServer::No => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Unchecked(crypto))),
        VerifyServer::Authorities(authorities) => {
            builder.with_root_certificates(roots(authorities)?)
        }
        VerifyServer::System => builder.with_root_certificates(system_roots()?),
    };
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    Ok(config)
}

fn roots(authorities: &[Arc<[u8]>]) -> Result<RootCertStore, ClientTlsError> {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        let authority = CertificateDer::from(authority.to_vec());
        roots
            .add(authority)
            .map_err(|_| ClientTlsError::Authority)?;
    }
    Ok(roots)
}

fn system_roots() -> Result<RootCertStore, ClientTlsError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(ClientTlsError::NoSystemAuthorities);
    }
    Ok(roots)
}

/// Accepts any certificate, and so any signature by its key: whoever stands in between could show a
/// certificate of their own. Versions of X.509 that the checks cannot read pass therefore, as with
/// nginx.
#[derive(Debug)]
struct Unchecked(Arc<CryptoProvider>);

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
