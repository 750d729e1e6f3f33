//! What the load asks for: arguments, and the bytes of every request, made before the window.

use std::net::SocketAddr;

use clap::{Args, ValueEnum};

use crate::routes;

/// How the load speaks to its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Protocol {
    /// HTTP/1.1 on connections that stay.
    Http1,
    /// HTTP/2 with prior knowledge, `--streams` at a time on each connection.
    Http2,
    /// TLS 1.3, a full handshake and one request a connection.
    TlsNew,
    /// TLS 1.3, a resumed handshake and one request a connection.
    TlsResumed,
}

/// One window of load.
#[derive(Clone, Debug, Args)]
pub(crate) struct LoadArgs {
    /// Address of the proxy; loopback only.
    #[arg(long)]
    pub target: SocketAddr,
    /// Protocol spoken to it.
    #[arg(long, value_enum, default_value = "http1")]
    pub protocol: Protocol,
    /// Connections, each with one request at a time.
    #[arg(long, default_value_t = 32)]
    pub connections: usize,
    /// Streams at a time on each HTTP/2 connection.
    #[arg(long, default_value_t = 8)]
    pub streams: usize,
    /// Header fields of a request, `Host` included: 2 or 12.
    #[arg(long, default_value_t = 12)]
    pub headers: usize,
    /// Bytes of each answer's body.
    #[arg(long, default_value_t = 512)]
    pub answer: usize,
    /// Bytes of each request's body; 0 sends a GET.
    #[arg(long, default_value_t = 0)]
    pub post: usize,
    /// Length of the measured window, in milliseconds.
    #[arg(long, default_value_t = 500)]
    pub millis: u64,
    /// Length of the warm-up before it, in milliseconds.
    #[arg(long, default_value_t = 100)]
    pub warm_millis: u64,
    /// Most requests in the window, whatever its time.
    #[arg(long, default_value_t = 1_000_000)]
    pub requests: u64,
    /// Ask for answers that the backend holds until every connection waits for one, then stay
    /// idle instead of measuring.
    #[arg(long)]
    pub hold: bool,
}

impl LoadArgs {
    /// The paths a connection asks for in turn, one a service.
    pub(super) fn paths(&self) -> Vec<String> {
        let path = |service: &&str| {
            if self.hold {
                routes::hold_path(service, self.connections)
            } else {
                routes::path(service, self.answer)
            }
        };
        match self.hold {
            // One service, so that one pool has to keep every connection.
            true => routes::SERVICES[..1].iter().map(path).collect(),
            false => routes::SERVICES.iter().map(path).collect(),
        }
    }

    /// HTTP/1.1 requests of the connection at `index`, sent in turn.
    pub(super) fn http1_requests(&self, index: usize) -> Vec<Vec<u8>> {
        let host = routes::host(index % routes::HOSTS);
        let method = if self.post > 0 { "POST" } else { "GET" };
        self.paths()
            .iter()
            .map(|path| {
                let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n");
                for (name, value) in routes::fields(self.headers) {
                    request.push_str(&format!("{name}: {value}\r\n"));
                }
                if self.post > 0 {
                    // A form, since firewalls refuse a body that does not say what it is.
                    request.push_str("content-type: application/x-www-form-urlencoded\r\n");
                    request.push_str(&format!("content-length: {}\r\n\r\np=", self.post));
                } else {
                    request.push_str("\r\n");
                }
                let head = request.len() - if self.post > 0 { 2 } else { 0 };
                let mut request = request.into_bytes();
                request.resize(head + self.post, b'p');
                request
            })
            .collect()
    }
}
