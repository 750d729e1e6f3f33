//! The start of a downstream connection: PROXY header, TLS, and which protocol it speaks.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    rc::Rc,
};

use rustls::{HandshakeKind, ProtocolVersion};
use tokio::{
    io::AsyncReadExt,
    net::TcpStream,
    time::{Instant, timeout_at},
};

use super::{
    downstream::Downstream,
    forwarded::{Peer, is_trusted},
    http2::{self, Replayed},
    limits::Place,
    metrics::Counter,
    peer_certificate::PeerCertificate,
    proxy_protocol::{MAX_HEADER, ProxiedAddresses, ProxyHeader},
    worker::Worker,
};
use crate::tls::{Accepted, ServerAcceptor, Stream};

/// Stands for the own address of a connection that is gone already.
const UNKNOWN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// Serves one connection to its end. `place` is held for as long.
///
/// What a connection waits in is as large as the largest of what it may become, so whatever is not an
/// HTTP/1.1 exchange on a kept connection is boxed: here, and below.
pub(super) async fn run(
    worker: &Rc<Worker>,
    mut stream: TcpStream,
    address: SocketAddr,
    tls: Option<ServerAcceptor>,
    mut place: Place,
) {
    let _ = stream.set_nodelay(true);
    let view = worker.view();
    let options = &view.snapshot.config.options;
    let deadline = Instant::now() + options.head_timeout;
    let (most, http2) = (options.max_connections_per_client, options.http2);
    let from = &options.client_address;
    let proxied = from.use_proxy_protocol && is_trusted(address.ip().to_canonical(), &from.trusted);
    drop(view);
    let mut peer = Peer {
        client: address,
        server: stream.local_addr().unwrap_or(UNKNOWN),
        tls: None,
        certificate: None,
    };
    if proxied {
        let header = Box::pin(take_proxy_header(&mut stream));
        let Ok(Ok(addresses)) = timeout_at(deadline, header).await else {
            worker.metrics.count(Counter::RefusedByProxyHeader);
            return;
        };
        peer.client = addresses.map_or(address, |addresses| addresses.source);
    }
    // Counted by client, not by the balancer that all of them may come through.
    if !place.claim(peer.client.ip().to_canonical(), most) {
        worker.metrics.count(Counter::RefusedByClientLimit);
        return;
    }
    let stream = match tls {
        None => Stream::Tcp(stream),
        Some(acceptor) => {
            let handshake = Box::pin(acceptor.accept(stream, http2));
            let Ok(Ok(Accepted { stream, asked })) = timeout_at(deadline, handshake).await else {
                worker.metrics.count(Counter::TlsFailed);
                return;
            };
            let (_, session) = stream.get_ref();
            worker.metrics.count(match session.handshake_kind() {
                Some(HandshakeKind::Resumed) => Counter::TlsResumed,
                _ => Counter::TlsFull,
            });
            peer.tls = Some(match session.protocol_version() {
                Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
                _ => "TLSv1.3",
            });
            if asked {
                peer.certificate = Some(Box::new(PeerCertificate::new(session)));
            }
            let http2 = session.alpn_protocol() == Some(b"h2");
            let stream = Stream::Server(Box::new(stream));
            if http2 {
                let stream = Replayed::new(b"", stream);
                Box::pin(http2::serve(Rc::clone(worker), stream, peer)).await;
                return;
            }
            stream
        }
    };
    Downstream::new(Rc::clone(worker), stream, peer)
        .serve()
        .await;
}

/// Reads the PROXY header that a connection has to begin with, and not a byte more: what follows may
/// be TLS or HTTP.
async fn take_proxy_header(stream: &mut TcpStream) -> io::Result<Option<ProxiedAddresses>> {
    let mut bytes = vec![0; MAX_HEADER];
    let mut taken = 0;
    loop {
        let seen = match bytes.get_mut(taken..) {
            Some(free) if !free.is_empty() => taken + stream.peek(free).await?,
            _ => return Err(io::ErrorKind::InvalidData.into()),
        };
        if seen == taken {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let header = ProxyHeader::parse(bytes.get(..seen).unwrap_or_default())
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        // Bytes that do not complete the header belong to it all the same. They are taken, since
        // with them left in the socket there would be no waiting for more.
        let end = header.map_or(seen, |header| header.consumed);
        if let Some(known) = bytes.get_mut(taken..end) {
            stream.read_exact(known).await?;
        }
        if let Some(header) = header {
            return Ok(header.addresses);
        }
        taken = end;
    }
}
