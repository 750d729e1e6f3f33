//! New connections: TCP with keep-alive, then TLS.
//!
//! Invariant: every way to fail has its variant, which says whose fault it is. Non-goal: trying
//! another endpoint; that is the caller's loop.

use std::{io, net::SocketAddr, time::Duration};

use rustls_pki_types::ServerName;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::tls::ClientTlsError;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nothing listens there.
    #[error("the endpoint refused the connection")]
    Refused,
    /// No way there: no route, no local port left for that address, or a packet filter forbids it.
    #[error("the endpoint cannot be reached: {0}")]
    Unreachable(#[source] io::Error),
    /// Connect and TLS handshake took longer than allowed.
    #[error("the connection was not made in time")]
    TimedOut,
    /// The handshake failed: certificate, protocol version, or the endpoint does not speak TLS.
    #[error("the TLS handshake failed: {0}")]
    Tls(#[source] io::Error),
    /// The endpoint has agreed on another protocol than HTTP/2.
    #[error("the endpoint does not speak HTTP/2")]
    NotHttp2,
    /// The cluster's TLS settings cannot be used.
    #[error("the TLS settings cannot be used: {0}")]
    Settings(#[from] ClientTlsError),
    /// This machine is out of descriptors or memory.
    #[error("out of descriptors or memory: {0}")]
    Exhausted(#[source] io::Error),
    /// Anything else.
    #[error("the connection failed: {0}")]
    Failed(#[source] io::Error),
}

impl ConnectError {
    /// Whether it says something of the endpoint, and so is an [`super::Outcome::ConnectFailed`];
    /// otherwise the fault is here.
    #[must_use]
    pub fn blames_endpoint(&self) -> bool {
        match self {
            Self::Refused
            | Self::Unreachable(_)
            | Self::TimedOut
            | Self::Tls(_)
            | Self::NotHttp2
            | Self::Failed(_) => true,
            Self::Settings(_) | Self::Exhausted(_) => false,
        }
    }

    fn from_tcp(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::TimedOut => Self::TimedOut,
            io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::AddrNotAvailable => Self::Unreachable(error),
            _ if is_out_of_descriptors(&error) => Self::Exhausted(error),
            _ => Self::Failed(error),
        }
    }
}

/// First probe of an idle connection, and the time between probes.
const KEEP_ALIVE: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(15));

pub(super) async fn tcp(address: SocketAddr) -> Result<TcpStream, ConnectError> {
    let stream = TcpStream::connect(address)
        .await
        .map_err(ConnectError::from_tcp)?;
    let (time, interval) = KEEP_ALIVE;
    let keep_alive = TcpKeepalive::new().with_time(time).with_interval(interval);
    // Both are refinements: a socket that refuses them still carries requests, and one that is
    // already broken shows it on the first write.
    let _ = stream.set_nodelay(true);
    let _ = SockRef::from(&stream).set_tcp_keepalive(&keep_alive);
    Ok(stream)
}

pub(super) async fn tls(
    connector: &TlsConnector,
    name: ServerName<'static>,
    stream: TcpStream,
) -> Result<Box<TlsStream<TcpStream>>, ConnectError> {
    connector
        .connect(name, stream)
        .await
        .map(Box::new)
        .map_err(ConnectError::Tls)
}

/// ENOMEM, ENFILE, EMFILE, ENOBUFS: their numbers on Linux; the standard library has no kinds for
/// most of them.
fn is_out_of_descriptors(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(12 | 23 | 24 | 105))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_socket_are_told_apart_by_fault() {
        for (number, name, blames_endpoint) in [
            (111, "Refused", true),
            (110, "TimedOut", true),
            (113, "Unreachable", true),
            (101, "Unreachable", true),
            (100, "Unreachable", true),
            (13, "Unreachable", true),
            (1, "Unreachable", true),
            (99, "Unreachable", true),
            (104, "Failed", true),
            (12, "Exhausted", false),
            (23, "Exhausted", false),
            (24, "Exhausted", false),
            (105, "Exhausted", false),
        ] {
            let error = ConnectError::from_tcp(io::Error::from_raw_os_error(number));
            assert!(
                format!("{error:?}").starts_with(name),
                "{number}: {error:?}"
            );
            assert_eq!(error.blames_endpoint(), blames_endpoint, "{number}");
        }
    }
}
