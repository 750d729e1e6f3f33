//! How long each part of an exchange may take; ingress-nginx's `proxy-*-timeout` where it has one.

use std::time::Duration;

/// Time limits of one rule. They are checked on a coarse tick of 100 ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For one connect attempt, TLS handshake included. Default 5 s.
    pub connect: Duration,
    /// Between two reads from the upstream, the response head included. Default 60 s.
    pub read: Duration,
    /// Between two writes to the upstream. Default 60 s.
    pub send: Duration,
    /// For the whole exchange, from the request head to the last byte, an upgraded connection apart;
    /// `None` is no limit. ingress-nginx has none.
    pub request: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            read: Duration::from_secs(60),
            send: Duration::from_secs(60),
            request: None,
        }
    }
}
