//! How a cluster's endpoints are spoken to: protocol and TLS, resolved.
//!
//! Invariant: two transports that differ in any setting share no connection. Non-goal: HTTP.

use std::{fmt, net::SocketAddr};

use rustls_pki_types::ServerName;
use tokio_rustls::TlsConnector;

use super::{
    connect::{self, ConnectError},
    connection::UpstreamStream,
    settings::{ClusterSettings, Protocol},
};
use crate::tls::{ClientConfigs, ClientTls, ClientTlsError};

/// Protocol and TLS of one cluster.
pub(super) struct Transport {
    protocol: Protocol,
    settings: Option<ClientTls>,
    tls: Option<Result<Tls, ClientTlsError>>,
}

struct Tls {
    connector: TlsConnector,
    name: Option<ServerName<'static>>,
}

impl Transport {
    pub(super) fn new(settings: &ClusterSettings, configs: &mut ClientConfigs) -> Self {
        let tls = settings.tls.as_ref().map(|tls| {
            let name = tls.server_name.as_deref().map(|name| {
                ServerName::try_from(name.to_owned()).map_err(|_| ClientTlsError::ServerName)
            });
            let config = configs.config(&tls.verify, alpn(settings.protocol))?;
            Ok(Tls {
                connector: TlsConnector::from(config),
                name: name.transpose()?,
            })
        });
        Self {
            protocol: settings.protocol,
            settings: settings.tls.clone(),
            tls,
        }
    }

    /// Whether connections made for `settings` are the ones made here.
    pub(super) fn is_for(&self, settings: &ClusterSettings) -> bool {
        self.protocol == settings.protocol && self.settings == settings.tls
    }

    /// The first reason why no connection can ever be made.
    pub(super) fn settings_error(&self) -> Option<ClientTlsError> {
        self.tls.as_ref()?.as_ref().err().copied()
    }

    /// A new connection, TLS handshake included.
    pub(super) async fn connect(
        &self,
        address: SocketAddr,
    ) -> Result<UpstreamStream, ConnectError> {
        let Some(tls) = &self.tls else {
            return Ok(UpstreamStream::Tcp(connect::tcp(address).await?));
        };
        let tls = tls.as_ref().map_err(|error| *error)?;
        let name = tls
            .name
            .clone()
            .unwrap_or_else(|| ServerName::IpAddress(address.ip().into()));
        let stream = connect::tls(&tls.connector, name, connect::tcp(address).await?).await?;
        let agreed = stream.get_ref().1.alpn_protocol();
        if self.protocol == Protocol::Http2 && agreed != Some(HTTP_2) {
            return Err(ConnectError::NotHttp2);
        }
        Ok(UpstreamStream::Tls(stream))
    }
}

/// The names of RFC 7301 and RFC 9113 section 3.1.
const HTTP_1: &[u8] = b"http/1.1";
const HTTP_2: &[u8] = b"h2";

fn alpn(protocol: Protocol) -> &'static [u8] {
    match protocol {
        Protocol::Http1 => HTTP_1,
        Protocol::Http2 => HTTP_2,
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("protocol", &self.protocol)
            .field("tls", &self.settings)
            .finish_non_exhaustive()
    }
}
