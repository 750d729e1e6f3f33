//! rustls configurations towards endpoints, one for each way to check a server.

use std::{collections::HashMap, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::{settings::Protocol, transport::TlsSettingsError};
use crate::tls::{ClientTls, VerifyServer};

type Built = Result<Arc<ClientConfig>, TlsSettingsError>;

/// The configurations in use.
#[derive(Debug, Default)]
pub(super) struct TlsConfigs {
    built: HashMap<(VerifyServer, Protocol), Built>,
}

impl TlsConfigs {
    pub(super) fn config(&mut self, tls: &ClientTls, protocol: Protocol) -> Built {
        let key = (tls.verify.clone(), protocol);
        self.built
            .entry(key)
            .or_insert_with(|| build(&tls.verify, protocol))
            .clone()
    }

    /// Forgets those that no cluster uses any more.
    pub(super) fn prune(&mut self) {
        self.built
            .retain(|_, config| config.as_ref().is_ok_and(|it| Arc::strong_count(it) > 1));
    }
}

fn build(verify: &VerifyServer, protocol: Protocol) -> Built {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("the provider has suites for the default versions");
    let mut config = match verify {
        VerifyServer::No => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Unverified(provider)))
            .with_no_client_auth(),
        VerifyServer::Authorities(authorities) => {
            let mut roots = RootCertStore::empty();
            for authority in authorities {
                roots
                    .add(CertificateDer::from(authority.to_vec()))
                    .map_err(|_| TlsSettingsError::Authority)?;
            }
            builder.with_root_certificates(roots).with_no_client_auth()
        }
        VerifyServer::System => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                return Err(TlsSettingsError::NoSystemAuthorities);
            }
            builder.with_root_certificates(roots).with_no_client_auth()
        }
    };
    config.alpn_protocols = match protocol {
        Protocol::Http1 => vec![b"http/1.1".to_vec()],
        Protocol::Http2 => vec![b"h2".to_vec()],
    };
    Ok(Arc::new(config))
}

/// Accepts any certificate; the handshake's signature is still checked.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
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
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
