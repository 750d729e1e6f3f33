//! The cases of the comparison, in the table's order.

use std::net::SocketAddr;

use crate::{
    load::{LoadArgs, Protocol},
    proxies::Proxy,
};

/// One case: a name for the table, and the load.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub name: String,
    pub protocol: Protocol,
    pub connections: usize,
    pub headers: usize,
    pub answer: usize,
    pub post: usize,
}

impl Case {
    /// Whether the case is plain HTTP/1.1, which is what the ratios' mean is taken over.
    pub(crate) fn is_plain(&self) -> bool {
        self.protocol == Protocol::Http1
    }

    /// The load of a window on `proxy`, unless it does not speak the protocol.
    pub(crate) fn load(&self, proxy: &Proxy, millis: u64) -> Option<LoadArgs> {
        let target: SocketAddr = match self.protocol {
            Protocol::Http1 => Some(proxy.http),
            Protocol::Http2 => proxy.http2,
            Protocol::TlsNew | Protocol::TlsResumed => proxy.https,
        }?;
        Some(LoadArgs {
            target,
            protocol: self.protocol,
            connections: self.connections,
            streams: 8,
            headers: self.headers,
            answer: self.answer,
            post: self.post,
            millis,
            warm_millis: 100,
            requests: 1_000_000,
            hold: false,
        })
    }
}

/// Every case.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for headers in [2, 12] {
        for connections in [4, 32, 200] {
            cases.push(plain(connections, headers, 512, 0));
        }
    }
    for (answer, post) in [(64 << 10, 0), (512, 10 << 10)] {
        for connections in [4, 32, 200] {
            cases.push(plain(connections, 12, answer, post));
        }
    }
    cases.extend(others());
    cases
}

/// One case of each kind.
pub(crate) fn short() -> Vec<Case> {
    let mut cases = vec![
        plain(32, 2, 512, 0),
        plain(32, 12, 512, 0),
        plain(32, 12, 64 << 10, 0),
        plain(32, 12, 512, 10 << 10),
    ];
    cases.extend(others());
    cases
}

fn plain(connections: usize, headers: usize, answer: usize, post: usize) -> Case {
    let size = if answer >= 1024 {
        format!("{} KiB", answer / 1024)
    } else {
        format!("{answer} B")
    };
    let method = match post {
        0 => "GET".to_owned(),
        post => format!("POST {} KiB", post / 1024),
    };
    Case {
        name: format!("{method}, {headers} headers, {size}, c={connections}"),
        protocol: Protocol::Http1,
        connections,
        headers,
        answer,
        post,
    }
}

fn others() -> Vec<Case> {
    let case = |name: &str, protocol, connections, answer| Case {
        name: name.to_owned(),
        protocol,
        connections,
        headers: 12,
        answer,
        post: 0,
    };
    vec![
        case("TLS 1.3 new, 1 GET", Protocol::TlsNew, 8, 512),
        case("TLS 1.3 resumed, 1 GET", Protocol::TlsResumed, 8, 512),
        case("HTTP/2 GET, 512 B, 4x8 streams", Protocol::Http2, 4, 512),
        case(
            "HTTP/2 GET, 64 KiB, 4x8 streams",
            Protocol::Http2,
            4,
            64 << 10,
        ),
    ]
}
