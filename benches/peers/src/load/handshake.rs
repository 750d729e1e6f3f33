//! TLS 1.3 load: connect, handshake, one request, close.
//!
//! Every handshake is of the kind asked for, or the run fails. One key exchange (X25519) and one
//! cipher suite for every proxy, so that they are compared on the same work. Certificates are not
//! checked: the client's cost is not measured.

use std::{
    io::{Read, Write},
    sync::Arc,
};

use anyhow::{Context, Result, bail, ensure};
use mio::{Interest, net::TcpStream};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, HandshakeKind, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use super::{
    http1::{connect, would_block},
    request::{LoadArgs, Protocol},
    response::Response,
    window::{Session, Turn},
};
use crate::routes;

/// What all connections share: client settings, and the tickets of resumption.
pub(super) struct Handshakes {
    args: LoadArgs,
    config: Arc<ClientConfig>,
}

impl Handshakes {
    /// Client settings for `args`.
    pub(super) fn new(args: &LoadArgs) -> Result<Self> {
        let mut provider = aws_lc_rs::default_provider();
        provider.kx_groups = vec![aws_lc_rs::kx_group::X25519];
        provider.cipher_suites = vec![aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256];
        let provider = Arc::new(provider);
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
            .with_no_client_auth();
        config.resumption = match args.protocol {
            Protocol::TlsResumed => Resumption::in_memory_sessions(4 * args.connections.max(64)),
            _ => Resumption::disabled(),
        };
        Ok(Self {
            args: args.clone(),
            config: Arc::new(config),
        })
    }

    /// The session at `index`, not yet connected.
    pub(super) fn session(&self, index: usize) -> Handshake {
        Handshake {
            args: self.args.clone(),
            config: Arc::clone(&self.config),
            name: routes::host(index % routes::HOSTS),
            requests: self.args.http1_requests(index),
            next: index,
            warm: false,
            live: None,
        }
    }
}

/// One connection after another.
pub(super) struct Handshake {
    args: LoadArgs,
    config: Arc<ClientConfig>,
    name: String,
    requests: Vec<Vec<u8>>,
    next: usize,
    warm: bool,
    live: Option<Live>,
}

struct Live {
    socket: TcpStream,
    tls: ClientConnection,
    sent: bool,
    response: Response,
}

impl Handshake {
    fn open(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        if !turn.budget.take() {
            return Ok(());
        }
        let mut socket = connect(&self.args)?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        turn.registry.register(&mut socket, turn.token, interest)?;
        let name = ServerName::try_from(self.name.clone())?;
        let mut live = Live {
            socket,
            tls: ClientConnection::new(Arc::clone(&self.config), name)?,
            sent: false,
            response: Response::default(),
        };
        live.write()?;
        self.live = Some(live);
        Ok(())
    }

    /// Goes on with the open connection; true once its answer is whole.
    fn step(&mut self) -> Result<bool> {
        let Some(live) = &mut self.live else {
            return Ok(false);
        };
        let mut body = Vec::new();
        let mut whole = false;
        loop {
            match live.tls.read_tls(&mut live.socket) {
                Ok(0) => bail!("the proxy closed before its answer"),
                Ok(_) => {}
                Err(error) if would_block(&error) => break,
                Err(error) => return Err(error).context("read TLS"),
            }
            let state = live.tls.process_new_packets().context("handshake")?;
            if state.plaintext_bytes_to_read() > 0 {
                body.resize(state.plaintext_bytes_to_read(), 0);
                live.tls.reader().read_exact(&mut body)?;
                whole |= live.response.feed(&body, self.args.answer)?;
            }
        }
        if !live.sent && !live.tls.is_handshaking() {
            self.next = (self.next + 1) % self.requests.len();
            live.tls.writer().write_all(&self.requests[self.next])?;
            live.sent = true;
        }
        if whole {
            let resumed = live.tls.handshake_kind() == Some(HandshakeKind::Resumed);
            let wanted = self.args.protocol == Protocol::TlsResumed;
            // The first handshake of each name brings the tickets for the next.
            ensure!(
                resumed == wanted || !self.warm,
                "handshake was {:?}",
                live.tls.handshake_kind()
            );
            self.warm = true;
            live.tls.send_close_notify();
        }
        live.write()?;
        Ok(whole)
    }
}

impl Session for Handshake {
    fn begin(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        self.open(turn)
    }

    fn advance(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        if self.step()? {
            self.live = None;
            turn.budget.complete();
            self.open(turn)?;
        }
        Ok(())
    }
}

impl Live {
    fn write(&mut self) -> Result<()> {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut self.socket) {
                Ok(_) => {}
                Err(error) if would_block(&error) => break,
                Err(error) => return Err(error).context("write TLS"),
            }
        }
        Ok(())
    }
}

/// Accepts every certificate, yet checks the handshake's signature as a client does.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
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
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
