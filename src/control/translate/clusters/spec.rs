//! A use of a Service.

use crate::{
    control::Key,
    tls::ClientTls,
    upstream::{Balancer, ClusterId, HashKey, Protocol},
};

/// A Service's use by rules. Equal ids mean equal specifications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::control::translate) struct ClusterSpec {
    pub(in crate::control::translate) id: ClusterId,
    pub(in crate::control::translate) service: Key,
    /// The Service's port.
    pub(in crate::control::translate) port: u16,
    pub(in crate::control::translate) protocol: Protocol,
    pub(in crate::control::translate) tls: Option<ClientTls>,
    pub(in crate::control::translate) balancer: Balancer,
    /// It is reached at the Service's own address.
    pub(in crate::control::translate) by_cluster_ip: bool,
}

impl ClusterSpec {
    pub(in crate::control::translate) fn new(
        service: &Key,
        port: u16,
        protocol: Protocol,
        tls: Option<ClientTls>,
        (balancer, by_cluster_ip): (&Balancer, bool),
    ) -> Self {
        let mut id = format!("{}/{}:{port}", service.namespace, service.name);
        match protocol {
            Protocol::Http1 => {}
            Protocol::Http2 => id.push_str("+h2"),
        }
        if tls.is_some() {
            id.push_str("+tls");
        }
        match balancer {
            Balancer::RoundRobin => {}
            Balancer::Ewma => id.push_str("+ewma"),
            Balancer::Hash(keys) => {
                id.push_str("+hash:");
                keys.iter().for_each(|key| push_hash_key(&mut id, key));
            }
        }
        if by_cluster_ip {
            id.push_str("+service");
        }
        Self {
            id: ClusterId(id.into()),
            service: service.clone(),
            port,
            protocol,
            tls,
            balancer: balancer.clone(),
            by_cluster_ip,
        }
    }
}

fn push_hash_key(id: &mut String, key: &HashKey) {
    match key {
        HashKey::Literal(text) => id.push_str(text),
        HashKey::RequestUri => id.push_str("${request_uri}"),
        HashKey::Path => id.push_str("${uri}"),
        HashKey::Host => id.push_str("${host}"),
        HashKey::ClientAddress => id.push_str("${remote_addr}"),
        HashKey::Header(name) => id.extend(["${http_", name, "}"]),
        HashKey::Cookie(name) => id.extend(["${cookie_", name, "}"]),
        HashKey::Query(name) => id.extend(["${arg_", name, "}"]),
    }
}
