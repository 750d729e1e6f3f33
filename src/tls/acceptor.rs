//! Handshakes with clients, each under the options of its moment.
//!
//! Invariant: what is offered is decided when a handshake begins, so that options are followed without
//! a restart. Non-goal: time limits; those are the caller's.

use std::{io, sync::Arc};

use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{ServerResolver, ServerTlsError, ServerTlsOptions, server_config};

/// What makes the handshakes of a listener; cheap to clone.
#[derive(Clone)]
pub struct ServerAcceptor {
    with_http2: TlsAcceptor,
    without_http2: TlsAcceptor,
}

impl ServerAcceptor {
    /// An acceptor whose certificates `resolver` gives.
    ///
    /// # Errors
    /// Those of [`server_config`].
    pub fn new(resolver: &Arc<ServerResolver>) -> Result<Self, ServerTlsError> {
        let acceptor = |http2| {
            let options = ServerTlsOptions {
                http2,
                ..ServerTlsOptions::default()
            };
            server_config(Arc::clone(resolver), &options).map(TlsAcceptor::from)
        };
        Ok(Self {
            with_http2: acceptor(true)?,
            without_http2: acceptor(false)?,
        })
    }

    /// Makes a handshake; `http2`: HTTP/2 is offered.
    ///
    /// # Errors
    /// The client is gone, or there is nothing that both sides agree on.
    pub async fn accept(&self, stream: TcpStream, http2: bool) -> io::Result<TlsStream<TcpStream>> {
        let acceptor = match http2 {
            true => &self.with_http2,
            false => &self.without_http2,
        };
        acceptor.accept(stream).await
    }
}

impl std::fmt::Debug for ServerAcceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerAcceptor").finish_non_exhaustive()
    }
}
