//! The start of a downstream connection: TLS, and which protocol it speaks.

use std::{net::SocketAddr, rc::Rc};

use rustls::{HandshakeKind, ProtocolVersion};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout_at},
};
use tokio_rustls::TlsAcceptor;

use super::{
    downstream::Downstream, forwarded::Peer, limits::Place, metrics::Counter, worker::Worker,
};
use crate::tls::Stream;

/// Serves one connection to its end. `place` is held for as long.
pub(super) async fn run(
    worker: &Rc<Worker>,
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    mut place: Place,
) {
    let _ = stream.set_nodelay(true);
    let view = worker.view();
    let options = &view.snapshot.config.options;
    let deadline = Instant::now() + options.head_timeout;
    let mut peer = Peer {
        client: address,
        tls: None,
    };
    if !place.claim(
        peer.client.ip().to_canonical(),
        options.max_connections_per_client,
    ) {
        worker.metrics.count(Counter::RefusedByClientLimit);
        return;
    }
    drop(view);
    let stream = match tls {
        None => Stream::Tcp(stream),
        Some(acceptor) => {
            let Ok(Ok(stream)) = timeout_at(deadline, acceptor.accept(stream)).await else {
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
            Stream::Server(Box::new(stream))
        }
    };
    Downstream::new(Rc::clone(worker), stream, peer)
        .serve()
        .await;
}
