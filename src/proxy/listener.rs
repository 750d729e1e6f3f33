//! Listening sockets: bound at the start, opened once there is something to serve.
//!
//! Invariant: until it is opened, a socket takes no connection. Whoever connects is refused at once and
//! turns to another instance; where one shares the address, it gets them all. Non-goal: accepting.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::watch;

use crate::tls::ServerAcceptor;

/// Connections that the kernel keeps for us while we are busy, for each worker.
const BACKLOG: i32 = 4096;

/// A listening socket, still without a runtime.
pub struct Listener {
    pub(super) socket: TcpListener,
    pub(super) tls: Option<ServerAcceptor>,
}

/// Opens listeners, all of them at once.
#[derive(Debug)]
pub struct Opening {
    sockets: Vec<Socket>,
    opened: watch::Sender<bool>,
}

/// Sees when listeners are opened.
#[derive(Clone, Debug)]
pub struct Opened(watch::Receiver<bool>);

impl Listener {
    /// Binds a socket that shares its address with other workers' sockets. It takes no connection
    /// before it is opened.
    ///
    /// # Errors
    /// Those of the socket: the address is taken or not ours.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let domain = Domain::for_address(address);
        let socket = Socket::new(domain, Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
        if address.is_ipv6() {
            socket.set_only_v6(address.ip().is_loopback())?;
        }
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(true)?;
        socket.bind(&address.into())?;
        Ok(Self {
            socket: socket.into(),
            tls: None,
        })
    }

    /// The same socket, for connections over TLS.
    #[must_use]
    pub fn with_tls(self, tls: ServerAcceptor) -> Self {
        Self {
            tls: Some(tls),
            ..self
        }
    }

    /// The address that it is bound to, with the port that the kernel chose where 0 was asked for.
    ///
    /// # Errors
    /// Those of the socket.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

impl Opening {
    /// What opens these.
    ///
    /// # Errors
    /// When no descriptor is left.
    pub fn of<'a>(listeners: impl IntoIterator<Item = &'a Listener>) -> io::Result<Self> {
        let listeners = listeners.into_iter();
        let sockets = listeners.map(|listener| listener.socket.try_clone().map(Socket::from));
        Ok(Self {
            sockets: sockets.collect::<io::Result<_>>()?,
            opened: watch::Sender::new(false),
        })
    }

    /// Sees when they are opened.
    pub fn watch(&self) -> Opened {
        Opened(self.opened.subscribe())
    }

    /// Opens them: from here on connections come in. Another time nothing happens.
    ///
    /// # Errors
    /// When somebody else has begun to listen on an address meanwhile, and does not share it.
    pub fn open(&mut self) -> io::Result<()> {
        for socket in self.sockets.drain(..) {
            socket.listen(BACKLOG)?;
        }
        self.opened.send_replace(true);
        Ok(())
    }
}

impl Opened {
    /// Waits for it.
    pub(super) async fn wait(&mut self) {
        if self.0.wait_for(|opened| *opened).await.is_err() {
            // Nobody is left who could open them.
            std::future::pending::<()>().await;
        }
    }
}
