//! TLS towards endpoints.

use std::{net::SocketAddr, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    sign::{CertifiedKey, SingleCertAndKey},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::fixture::{SECOND, clusters, heard, id, listen, on_worker, settings, upstreams};
use crate::{
    tls::{ClientTls, ClientTlsError, VerifyServer},
    upstream::{
        ClusterSettings, ConnectError, Http1Connection, Lease, Protocol, UpstreamStream, Upstreams,
    },
};

/// An authority and a server that it vouches for.
pub(super) struct Pki {
    authority: Arc<[u8]>,
    server: Arc<ServerConfig>,
}

impl Pki {
    /// A server with a certificate for `names`, which agrees to `protocols`.
    pub(super) fn new(names: &[&str], protocols: &[&[u8]]) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(names)
            .unwrap()
            .signed_by(&key, &authority)
            .unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let mut server =
            ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![leaf.der().clone()], key)
                .unwrap();
        server.alpn_protocols = protocols.iter().map(|it| it.to_vec()).collect();
        Self {
            authority: authority.der().as_ref().into(),
            server: Arc::new(server),
        }
    }

    /// A server with a certificate of X.509 version 1, which is its own authority.
    fn version_1() -> Self {
        let file = |name| format!("{}/tests/fixtures/tls/{name}", env!("CARGO_MANIFEST_DIR"));
        let certificate = CertificateDer::from_pem_file(file("ec-v1.crt")).unwrap();
        let key = PrivateKeyDer::from_pem_file(file("ec-pkcs8.key")).unwrap();
        let key = aws_lc_rs::sign::any_supported_type(&key).unwrap();
        let certified = CertifiedKey::new(vec![certificate.clone()], key);
        let server = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        Self {
            authority: certificate.as_ref().into(),
            server: Arc::new(server),
        }
    }

    pub(super) fn trusted(&self, name: &str) -> ClientTls {
        ClientTls {
            server_name: Some(name.into()),
            verify: VerifyServer::Authorities(vec![Arc::clone(&self.authority)]),
        }
    }

    pub(super) async fn accept(
        &self,
        listener: &TcpListener,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let (stream, _) = listener.accept().await?;
        TlsAcceptor::from(Arc::clone(&self.server))
            .accept(stream)
            .await
    }
}

fn with(tls: ClientTls, protocol: Protocol, address: SocketAddr) -> (Upstreams, Lease) {
    let upstreams = upstreams();
    let settings = ClusterSettings {
        tls: Some(tls),
        protocol,
        ..settings("a", &[address])
    };
    upstreams.update(&clusters([settings]));
    let lease = upstreams
        .cluster(&id("a"))
        .unwrap()
        .pick(None, &[])
        .unwrap();
    (upstreams, lease)
}

async fn exchange(connection: &mut Http1Connection, peer: &mut TlsStream<TcpStream>) {
    let mut word = [0; 4];
    connection.stream().write_all(b"ping").await.unwrap();
    connection.stream().flush().await.unwrap();
    peer.read_exact(&mut word).await.unwrap();
    peer.write_all(b"pong").await.unwrap();
    peer.flush().await.unwrap();
    connection.stream().read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"pong");
}

#[tokio::test]
async fn a_certificate_that_nobody_checks_may_be_of_version_1() {
    on_worker(async {
        let pki = Pki::version_1();
        let tls = ClientTls {
            server_name: Some("ec.example".into()),
            verify: VerifyServer::No,
        };
        let (listener, address) = listen().await;
        let (_upstreams, lease) = with(tls, Protocol::Http1, address);
        let (connected, accepted) = tokio::join!(lease.connect(5 * SECOND), pki.accept(&listener));
        exchange(&mut connected.unwrap(), &mut accepted.unwrap()).await;
    })
    .await;
}

#[tokio::test]
async fn certificates_are_checked_as_the_settings_say() {
    on_worker(async {
        let (pki, other) = (
            Pki::new(&["good.example"], &[]),
            Pki::new(&["good.example"], &[]),
        );
        let unchecked = |name: Option<&str>| ClientTls {
            server_name: name.map(Into::into),
            verify: VerifyServer::No,
        };
        let nameless = ClientTls {
            server_name: None,
            ..pki.trusted("")
        };
        for (tls, is_good) in [
            (pki.trusted("good.example"), true),
            (pki.trusted("bad.example"), false),
            (other.trusted("good.example"), false),
            (unchecked(None), true),
            (unchecked(Some("bad.example")), true),
            // Without a name the address is checked, which the certificate does not have.
            (nameless, false),
        ] {
            let (listener, address) = listen().await;
            let (_upstreams, lease) = with(tls.clone(), Protocol::Http1, address);
            let (connected, _) = tokio::join!(lease.connect(5 * SECOND), pki.accept(&listener));
            match connected {
                Ok(_) => assert!(is_good, "{tls:?}"),
                Err(error) => {
                    assert!(
                        !is_good && matches!(error, ConnectError::Tls(_)),
                        "{tls:?}: {error}"
                    );
                    assert!(error.blames_endpoint());
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn the_server_is_told_the_name_that_is_set_and_no_other() {
    on_worker(async {
        let pki = Pki::new(&["good.example"], &[]);
        for name in [Some("good.example"), None] {
            let tls = ClientTls {
                server_name: name.map(Into::into),
                ..ClientTls::default()
            };
            let (listener, address) = listen().await;
            let (_upstreams, lease) = with(tls, Protocol::Http1, address);
            let (connected, peer) = tokio::join!(lease.connect(5 * SECOND), pki.accept(&listener));
            assert!(connected.is_ok());
            assert_eq!(peer.unwrap().get_ref().1.server_name(), name);
        }
    })
    .await;
}

#[tokio::test]
async fn settings_that_cannot_be_used_fail_every_connect_and_blame_nobody() {
    on_worker(async {
        let junk = VerifyServer::Authorities(vec![Arc::from(&b"junk"[..])]);
        for (tls, expected) in [
            (
                ClientTls {
                    server_name: Some("not a name".into()),
                    ..ClientTls::default()
                },
                ClientTlsError::ServerName,
            ),
            (
                ClientTls {
                    server_name: None,
                    verify: junk,
                },
                ClientTlsError::Authority,
            ),
        ] {
            let (_listener, address) = listen().await;
            let (_upstreams, lease) = with(tls, Protocol::Http1, address);
            let error = lease.connect(5 * SECOND).await.unwrap_err();
            assert!(matches!(error, ConnectError::Settings(reason) if reason == expected));
            assert!(!error.blames_endpoint());
        }
    })
    .await;
}

#[tokio::test]
async fn a_session_ticket_does_not_make_an_idle_connection_stale() {
    on_worker(async {
        let pki = Pki::new(&["good.example"], &[]);
        let (listener, address) = listen().await;
        let (_upstreams, lease) = with(pki.trusted("good.example"), Protocol::Http1, address);
        let (connection, peer) = tokio::join!(lease.connect(5 * SECOND), pki.accept(&listener));
        // The server's tickets come after the handshake; nothing has been read since.
        let mut connection = connection.unwrap();
        heard(&mut connection).await;
        lease.give_back(connection);
        let mut connection = lease.checkout().unwrap();
        let mut peer = peer.unwrap();
        exchange(&mut connection, &mut peer).await;
        lease.give_back(connection);
        exchange(&mut lease.checkout().unwrap(), &mut peer).await;
    })
    .await;
}

#[tokio::test]
async fn an_idle_connection_that_was_closed_or_written_to_is_stale() {
    on_worker(async {
        let pki = Pki::new(&["good.example"], &[]);
        for is_close in [true, false] {
            let (listener, address) = listen().await;
            let (_upstreams, lease) = with(pki.trusted("good.example"), Protocol::Http1, address);
            let (connection, peer) = tokio::join!(lease.connect(5 * SECOND), pki.accept(&listener));
            let (mut connection, mut peer) = (connection.unwrap(), peer.unwrap());
            exchange(&mut connection, &mut peer).await;
            if is_close {
                peer.shutdown().await.unwrap();
            } else {
                peer.write_all(b"HTTP/1.1 408 Late\r\n\r\n").await.unwrap();
                peer.flush().await.unwrap();
            }
            heard(&mut connection).await;
            lease.give_back(connection);
            assert!(lease.checkout().is_none(), "closed: {is_close}");
        }
    })
    .await;
}

#[tokio::test]
async fn bytes_that_were_decrypted_with_a_response_keep_the_connection_from_being_reused() {
    on_worker(async {
        let pki = Pki::new(&["good.example"], &[]);
        let (listener, address) = listen().await;
        let (_upstreams, lease) = with(pki.trusted("good.example"), Protocol::Http1, address);
        let (connection, peer) = tokio::join!(lease.connect(5 * SECOND), pki.accept(&listener));
        let (mut connection, mut peer) = (connection.unwrap(), peer.unwrap());
        peer.write_all(b"pongHTTP/1.1 200 OK\r\n").await.unwrap();
        peer.flush().await.unwrap();
        let mut word = [0; 4];
        connection.stream().read_exact(&mut word).await.unwrap();
        // All of it is off the socket: only the session knows that there is more.
        lease.give_back(connection);
        assert!(lease.checkout().is_none());
    })
    .await;
}

#[tokio::test]
async fn one_server_is_resumed_with_its_ticket() {
    on_worker(async {
        let pki = Pki::new(&["good.example"], &[]);
        let (listener, address) = listen().await;
        let (_upstreams, lease) = with(pki.trusted("good.example"), Protocol::Http1, address);
        for kind in [rustls::HandshakeKind::Full, rustls::HandshakeKind::Resumed] {
            let (connection, peer) = tokio::join!(lease.connect(5 * SECOND), pki.accept(&listener));
            let mut connection = connection.unwrap();
            exchange(&mut connection, &mut peer.unwrap()).await;
            let UpstreamStream::Tls(stream) = connection.into_stream() else {
                panic!("TLS was asked for");
            };
            assert_eq!(stream.get_ref().1.handshake_kind(), Some(kind));
        }
    })
    .await;
}

#[tokio::test]
async fn http2_over_tls_needs_a_server_that_agrees_to_it() {
    on_worker(async {
        for (protocols, is_good) in [
            (&[&b"h2"[..]][..], true),
            (&[b"http/1.1", b"h2"], true),
            (&[], false),
            (&[b"http/1.1"], false),
        ] {
            let pki = Pki::new(&["good.example"], protocols);
            let (listener, address) = listen().await;
            let (_upstreams, lease) = with(pki.trusted("good.example"), Protocol::Http2, address);
            let (stream, _peer) = tokio::join!(lease.http2(5 * SECOND), pki.accept(&listener));
            match stream {
                Ok(_) => assert!(is_good, "{protocols:?}"),
                Err(ConnectError::NotHttp2 | ConnectError::Tls(_)) => {
                    assert!(!is_good, "{protocols:?}");
                }
                Err(error) => panic!("{protocols:?}: {error}"),
            }
        }
    })
    .await;
}
