//! Certificates, configurations and handshakes for the tests.

use std::{io, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ClientConfig, DigitallySignedStruct, ServerConfig, SignatureScheme, SupportedProtocolVersion,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

use crate::{
    message::HostMatch,
    tls::{Certificate, CertificateStore, ServerResolver, ServerTlsOptions, server_config},
};

/// An authority that signs for servers and clients.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(super) fn der(&self) -> Arc<[u8]> {
        self.0.der().as_ref().into()
    }

    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }

    /// Chain and key for `params`, as PEM.
    pub(super) fn sign(&self, params: &CertificateParams) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let leaf = params.signed_by(&key, &self.0).unwrap();
        (leaf.pem() + &self.pem(), key.serialize_pem())
    }
}

/// A self-signed certificate for `names`.
pub(super) fn certificate(names: &[&str]) -> Arc<Certificate> {
    let key = KeyPair::generate().unwrap();
    let leaf = params(names).self_signed(&key).unwrap();
    let (chain, key) = (leaf.pem(), key.serialize_pem());
    Arc::new(Certificate::from_pem(chain.as_bytes(), key.as_bytes()).unwrap())
}

pub(super) fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    CertificateParams::new(names).unwrap()
}

pub(super) fn store(
    bindings: &[(&[HostMatch], &Arc<Certificate>)],
    default: &Arc<Certificate>,
) -> Arc<CertificateStore> {
    let bindings = bindings.iter().copied();
    Arc::new(CertificateStore::build(bindings, Arc::clone(default)))
}

/// A listener with one certificate for everything.
pub(super) fn listener(
    certificate: &Arc<Certificate>,
    options: &ServerTlsOptions,
) -> Arc<ServerConfig> {
    let resolver = ServerResolver::new(store(&[], certificate));
    server_config(Arc::new(resolver), options).unwrap()
}

/// A client that takes any certificate, and proves who it is with `identity`.
pub(super) fn client(
    versions: &[&'static SupportedProtocolVersion],
    identity: Option<&(String, String)>,
) -> ClientConfig {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Trusting(provider)));
    match identity {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => {
            use rustls_pki_types::pem::PemObject;
            let chain = CertificateDer::pem_slice_iter(chain.as_bytes())
                .collect::<Result<_, _>>()
                .unwrap();
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    }
}

pub(super) type Pair = (
    server::TlsStream<DuplexStream>,
    client::TlsStream<DuplexStream>,
);

/// A handshake and one byte each way, so that tickets have arrived. The server's error if it fails.
pub(super) async fn handshake(
    server: &Arc<ServerConfig>,
    client: &Arc<ClientConfig>,
    name: &str,
) -> io::Result<Pair> {
    let (near, far) = duplex(64 << 10);
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let (server, client) = tokio::join!(
        TlsAcceptor::from(Arc::clone(server)).accept(near),
        TlsConnector::from(Arc::clone(client)).connect(name, far),
    );
    let (mut server, mut client) = (server?, client?);
    server.write_all(b"s").await?;
    server.flush().await?;
    client.read_u8().await?;
    client.write_all(b"c").await?;
    client.flush().await?;
    server.read_u8().await?;
    Ok((server, client))
}

/// The certificate that the client got.
pub(super) fn leaf(pair: &Pair) -> CertificateDer<'static> {
    pair.1.get_ref().1.peer_certificates().unwrap()[0].clone()
}

#[derive(Debug)]
struct Trusting(Arc<CryptoProvider>);

impl ServerCertVerifier for Trusting {
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

    /// Not checked: rustls cannot read the key of an X.509 version 1 certificate.
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
