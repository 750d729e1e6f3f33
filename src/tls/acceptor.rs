//! Handshakes with clients, each under the options of its moment.
//!
//! Invariant: what is offered and asked for is decided when a handshake begins, so that options are
//! followed without a restart; a client certificate is asked for where the name that the client wants
//! asks for one, and nowhere else. Non-goal: time limits, and which certificate is good.

use std::{fmt, io, sync::Arc};

use rustls::{ServerConfig, server::Acceptor};
use tokio::net::TcpStream;
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor, server::TlsStream};

use super::{ServerResolver, ServerTlsError, ServerTlsOptions, server_config};

/// What makes the handshakes of a listener; cheap to clone.
#[derive(Clone)]
pub struct ServerAcceptor {
    resolver: Arc<ServerResolver>,
    with_http2: Configs,
    without_http2: Configs,
}

/// A client with whom everything is agreed.
#[derive(Debug)]
pub struct Accepted {
    /// Its stream.
    pub stream: TlsStream<TcpStream>,
    /// Whether it was asked for a certificate.
    pub asked: bool,
}

#[derive(Clone)]
struct Configs {
    plain: Arc<ServerConfig>,
    asking: Arc<ServerConfig>,
}

impl ServerAcceptor {
    /// An acceptor whose certificates `resolver` gives.
    ///
    /// # Errors
    /// Those of [`server_config`].
    pub fn new(resolver: &Arc<ServerResolver>) -> Result<Self, ServerTlsError> {
        let configs = |http2| {
            let config = |ask_certificate| {
                let options = ServerTlsOptions {
                    http2,
                    ask_certificate,
                    ..ServerTlsOptions::default()
                };
                server_config(Arc::clone(resolver), &options)
            };
            Ok(Configs {
                plain: config(false)?,
                asking: config(true)?,
            })
        };
        Ok(Self {
            resolver: Arc::clone(resolver),
            with_http2: configs(true)?,
            without_http2: configs(false)?,
        })
    }

    /// Makes a handshake; `http2`: HTTP/2 is offered.
    ///
    /// # Errors
    /// The client is gone, or there is nothing that both sides agree on.
    pub async fn accept(&self, stream: TcpStream, http2: bool) -> io::Result<Accepted> {
        let Configs { plain, asking } = match http2 {
            true => &self.with_http2,
            false => &self.without_http2,
        };
        let store = self.resolver.store();
        if !store.asks_anybody() {
            let acceptor = TlsAcceptor::from(Arc::clone(plain));
            return Ok(Accepted {
                stream: acceptor.accept(stream).await?,
                asked: false,
            });
        }
        let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        let asked = store.asks(start.client_hello().server_name());
        let config = if asked { asking } else { plain };
        Ok(Accepted {
            stream: start.into_stream(Arc::clone(config)).await?,
            asked,
        })
    }
}

impl fmt::Debug for ServerAcceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerAcceptor").finish_non_exhaustive()
    }
}
