//! The metrics of a worker that are not a rule's: one row each.

/// A number that only grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// A connection accepted on a plain listener.
    HttpConnections,
    /// A connection accepted on a TLS listener.
    HttpsConnections,
    /// A connection turned away because there are too many in all.
    RefusedByLimit,
    /// A connection turned away because its address has too many.
    RefusedByClientLimit,
    /// A trusted peer's connection that was closed for its PROXY header, or for want of one.
    RefusedByProxyHeader,
    /// A TLS handshake that negotiated from scratch.
    TlsFull,
    /// A TLS handshake that resumed a session.
    TlsResumed,
    /// A TLS handshake that failed.
    TlsFailed,
    /// A connection made to an upstream.
    UpstreamConnects,
    /// An attempt to connect to an upstream that failed.
    UpstreamConnectFailures,
}

/// A number that goes up and down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gauge {
    /// Connections open on plain listeners.
    HttpConnections,
    /// Connections open on TLS listeners.
    HttpsConnections,
    /// Upgraded connections that are open.
    Tunnels,
    /// HTTP/1.1 connections to upstreams that wait for their next request.
    UpstreamIdle,
    /// HTTP/2 connections to upstreams.
    UpstreamHttp2,
    /// Endpoints that are left out because they failed; each worker decides for itself.
    UpstreamEjected,
}

/// How a row is shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// The metric's name; rows of one name stand together and share their help.
    pub(super) name: &'static str,
    /// What it means.
    pub(super) help: &'static str,
    /// A label that sets the row apart from others of the same name.
    pub(super) label: Option<(&'static str, &'static str)>,
}

impl Counter {
    pub(super) const ALL: [Self; 10] = [
        Self::HttpConnections,
        Self::HttpsConnections,
        Self::RefusedByLimit,
        Self::RefusedByClientLimit,
        Self::RefusedByProxyHeader,
        Self::TlsFull,
        Self::TlsResumed,
        Self::TlsFailed,
        Self::UpstreamConnects,
        Self::UpstreamConnectFailures,
    ];

    /// The place in [`Counter::ALL`].
    pub(super) const fn index(self) -> usize {
        self as usize
    }

    pub(super) const fn row(self) -> Row {
        const CONNECTIONS: (&str, &str) = (
            "portcullis_connections_accepted_total",
            "Connections accepted from clients.",
        );
        const REFUSED: (&str, &str) = (
            "portcullis_connections_refused_total",
            "Connections from clients that were turned away by a limit.",
        );
        const TLS: (&str, &str) = (
            "portcullis_tls_handshakes_total",
            "TLS handshakes with clients.",
        );
        const CONNECTS: (&str, &str) = (
            "portcullis_upstream_connects_total",
            "Attempts to connect to an upstream, by their result.",
        );
        match self {
            Self::HttpConnections => row(CONNECTIONS, Some(("listener", "http"))),
            Self::HttpsConnections => row(CONNECTIONS, Some(("listener", "https"))),
            Self::RefusedByLimit => row(REFUSED, Some(("reason", "limit"))),
            Self::RefusedByClientLimit => row(REFUSED, Some(("reason", "client_limit"))),
            Self::RefusedByProxyHeader => row(REFUSED, Some(("reason", "proxy_header"))),
            Self::TlsFull => row(TLS, Some(("result", "full"))),
            Self::TlsResumed => row(TLS, Some(("result", "resumed"))),
            Self::TlsFailed => row(TLS, Some(("result", "failed"))),
            Self::UpstreamConnects => row(CONNECTS, Some(("result", "connected"))),
            Self::UpstreamConnectFailures => row(CONNECTS, Some(("result", "failed"))),
        }
    }
}

impl Gauge {
    pub(super) const ALL: [Self; 6] = [
        Self::HttpConnections,
        Self::HttpsConnections,
        Self::Tunnels,
        Self::UpstreamIdle,
        Self::UpstreamHttp2,
        Self::UpstreamEjected,
    ];

    /// The place in [`Gauge::ALL`].
    pub(super) const fn index(self) -> usize {
        self as usize
    }

    pub(super) const fn row(self) -> Row {
        const CONNECTIONS: (&str, &str) = (
            "portcullis_connections",
            "Connections from clients that are open.",
        );
        const TUNNELS: (&str, &str) = (
            "portcullis_upgraded_connections",
            "Upgraded connections that are open.",
        );
        const IDLE: (&str, &str) = (
            "portcullis_upstream_idle_connections",
            "HTTP/1.1 connections to upstreams that wait for their next request.",
        );
        const HTTP2: (&str, &str) = (
            "portcullis_upstream_http2_connections",
            "HTTP/2 connections to upstreams.",
        );
        const EJECTED: (&str, &str) = (
            "portcullis_upstream_ejected_endpoints",
            "Endpoints that are left out because they failed, counted by each worker.",
        );
        match self {
            Self::HttpConnections => row(CONNECTIONS, Some(("listener", "http"))),
            Self::HttpsConnections => row(CONNECTIONS, Some(("listener", "https"))),
            Self::Tunnels => row(TUNNELS, None),
            Self::UpstreamIdle => row(IDLE, None),
            Self::UpstreamHttp2 => row(HTTP2, None),
            Self::UpstreamEjected => row(EJECTED, None),
        }
    }
}

const fn row(
    (name, help): (&'static str, &'static str),
    label: Option<(&'static str, &'static str)>,
) -> Row {
    Row { name, help, label }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_stands_at_its_place_beside_those_of_its_name() {
        let counters: Vec<_> = Counter::ALL.iter().map(|counter| counter.row()).collect();
        let gauges: Vec<_> = Gauge::ALL.iter().map(|gauge| gauge.row()).collect();
        assert!(
            Counter::ALL
                .iter()
                .enumerate()
                .all(|(place, row)| row.index() == place)
        );
        assert!(
            Gauge::ALL
                .iter()
                .enumerate()
                .all(|(place, row)| row.index() == place)
        );
        for rows in [counters, gauges] {
            let mut names: Vec<_> = rows.iter().map(|row| row.name).collect();
            names.dedup();
            let together = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), together);
        }
    }
}
