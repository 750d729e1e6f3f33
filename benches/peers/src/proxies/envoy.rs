//! Envoy, a virtual host a host and a prefix route a path, circuit breakers out of the way.

use std::process::Command;

use anyhow::Result;
use serde_json::{Value, json};

use super::{
    Proxy, Site,
    site::{free_address, version},
    started::Recipe,
};
use crate::routes;

pub(super) fn start(site: &Site) -> Result<Proxy> {
    let (http, https, admin) = (free_address()?, free_address()?, free_address()?);
    let log = site.folder.join("envoy.log");
    let address =
        |port: u16| json!({"socket_address": {"address": "127.0.0.1", "port_value": port}});
    let manager = manager(site, &log.display().to_string());
    let tls = json!({
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            "common_tls_context": {
                "alpn_protocols": ["h2", "http/1.1"],
                "tls_certificates": [{
                    "certificate_chain": {"filename": site.path("tls.crt")},
                    "private_key": {"filename": site.path("tls.key")},
                }],
            },
        },
    });
    let conf = json!({
        "admin": {"address": address(admin.port())},
        "static_resources": {
            "listeners": [
                {
                    "name": "http", "address": address(http.port()), "tcp_backlog_size": 4096,
                    "filter_chains": [{"filters": [manager]}],
                },
                {
                    "name": "https", "address": address(https.port()), "tcp_backlog_size": 4096,
                    "filter_chains": [{"filters": [manager], "transport_socket": tls}],
                },
            ],
            "clusters": routes::SERVICES.iter().map(|service| cluster(site, service)).collect::<Vec<_>>(),
        },
    });
    let conf = site.write("envoy.json", &format!("{conf:#}"))?;
    let mut command = Command::new(&site.envoy);
    command
        .arg("-c")
        .arg(conf)
        .args(["--concurrency", "1", "--log-level", "error"])
        .args(["--disable-hot-restart"]);
    Recipe {
        name: "envoy",
        version: version(&site.envoy, "--version")?,
        command,
        http,
        http2: Some(http),
        https: Some(https),
        log: Some(log),
        duties: true,
    }
    .start(site)
}

/// The HTTP connection manager of both listeners.
fn manager(site: &Site, log: &str) -> Value {
    let log = json!([{
        "name": "envoy.access_loggers.file",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
            "path": log,
        },
    }]);
    let hosts: Vec<Value> = (0..routes::HOSTS).map(virtual_host).collect();
    json!({
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "edge",
            "codec_type": "AUTO",
            "use_remote_address": true,
            "access_log": if site.log { log } else { json!([]) },
            "route_config": {
                "name": "edge",
                "virtual_hosts": hosts,
                "request_headers_to_add": [{
                    "header": {
                        "key": "x-real-ip",
                        "value": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
                    },
                    "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
                }],
            },
            "http_filters": [{
                "name": "envoy.filters.http.router",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
                },
            }],
        },
    })
}

fn virtual_host(index: usize) -> Value {
    let routes: Vec<Value> = routes::SERVICES
        .iter()
        .map(|service| {
            json!({
                "match": {"path_separated_prefix": format!("/{service}")},
                "route": {"cluster": service},
            })
        })
        .collect();
    json!({
        "name": format!("host-{index}"),
        "domains": [routes::host(index)],
        "routes": routes,
    })
}

fn cluster(site: &Site, service: &str) -> Value {
    let most = 1_000_000_000;
    json!({
        "name": service,
        "type": "STATIC",
        "connect_timeout": "5s",
        "circuit_breakers": {"thresholds": [{
            "max_connections": most, "max_pending_requests": most, "max_requests": most,
        }]},
        "load_assignment": {
            "cluster_name": service,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": {"socket_address": {
                "address": "127.0.0.1", "port_value": site.backend.port(),
            }}}}]}],
        },
    })
}
