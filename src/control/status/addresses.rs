//! The addresses that Ingresses are told to have.

use std::{collections::BTreeSet, net::IpAddr};

use k8s_openapi::api::{
    core::v1::{Node, Pod, Service},
    networking::v1::IngressLoadBalancerIngress,
};
use kube::{
    Api, Error,
    api::{ListParams, ResourceExt},
};

use crate::control::{Key, source::kube::Client};

/// Most addresses of one Ingress.
const MOST: usize = 128;
/// Labels of pods that replicas of one program do not have in common.
const OF_ONE_VERSION: [&str; 3] = [
    "pod-template-hash",
    "controller-revision-hash",
    "pod-template-generation",
];

/// Where the addresses come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublishedAs {
    /// A Service in front of the replicas.
    Service(Key),
    /// These addresses and names.
    Addresses(Vec<String>),
    /// The nodes that the replicas of this pod run on.
    NodesOf(Key),
    /// Nothing is known to tell.
    Nothing,
}

impl PublishedAs {
    /// The addresses of the moment, in order.
    ///
    /// # Errors
    /// When the API server does not tell.
    pub(super) async fn find(
        &self,
        client: &Client,
    ) -> Result<Vec<IngressLoadBalancerIngress>, Error> {
        let found = match self {
            Self::Service(key) => {
                let services: Api<Service> = Api::namespaced(client.clone(), &key.namespace);
                let service = services.get_opt(&key.name).await?;
                service.as_ref().map(of_service).unwrap_or_default()
            }
            Self::Addresses(addresses) => addresses.iter().cloned().collect(),
            Self::NodesOf(pod) => of_nodes(client, pod).await?,
            Self::Nothing => BTreeSet::new(),
        };
        Ok(found.into_iter().take(MOST).map(entry).collect())
    }
}

/// Pods with the labels of this one that are ready to serve, itself included if it is.
pub(super) async fn replicas(client: &Client, pod: &Key) -> Result<Vec<Pod>, Error> {
    let pods: Api<Pod> = Api::namespaced(client.clone(), &pod.namespace);
    let Some(own) = pods.get_opt(&pod.name).await? else {
        return Ok(Vec::new());
    };
    let labels = own.labels().iter();
    let shared = labels.filter(|(name, _)| !OF_ONE_VERSION.contains(&name.as_str()));
    let selector: Vec<String> = shared
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    if selector.is_empty() {
        return Ok(vec![own]);
    }
    let options = ListParams::default().labels(&selector.join(","));
    let all = pods.list(&options).await?.items.into_iter();
    Ok(all
        .filter(|pod| pod.metadata.deletion_timestamp.is_none())
        .collect())
}

fn of_service(service: &Service) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let balancer = service
        .status
        .as_ref()
        .and_then(|status| status.load_balancer.as_ref());
    for entry in balancer
        .and_then(|it| it.ingress.as_deref())
        .unwrap_or_default()
    {
        found.extend(entry.ip.clone().or_else(|| entry.hostname.clone()));
    }
    let Some(spec) = &service.spec else {
        return found;
    };
    found.extend(spec.external_ips.iter().flatten().cloned());
    match spec.type_.as_deref() {
        Some("ExternalName") => found.extend(spec.external_name.clone()),
        // Inside of the cluster there is nothing better.
        Some("ClusterIP" | "NodePort") | None if found.is_empty() => {
            let ips = spec.cluster_ips.iter().flatten().chain(&spec.cluster_ip);
            found.extend(ips.filter(|ip| ip.parse::<IpAddr>().is_ok()).cloned());
        }
        _ => {}
    }
    found
}

async fn of_nodes(client: &Client, pod: &Key) -> Result<BTreeSet<String>, Error> {
    let pods = replicas(client, pod).await?;
    let names: BTreeSet<String> = pods
        .into_iter()
        .filter(is_running)
        .filter_map(|pod| pod.spec?.node_name)
        .collect();
    let nodes: Api<Node> = Api::all(client.clone());
    let mut found = BTreeSet::new();
    for name in names.into_iter().take(MOST) {
        if let Some(node) = nodes.get_opt(&name).await? {
            found.extend(of_node(&node));
        }
    }
    Ok(found)
}

fn is_running(pod: &Pod) -> bool {
    let phase = pod
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref());
    phase == Some("Running")
}

/// Addresses that the world can reach, else those inside.
fn of_node(node: &Node) -> Vec<String> {
    let status = node.status.as_ref();
    let all = status
        .and_then(|status| status.addresses.as_deref())
        .unwrap_or_default();
    let of = |kind: &str| -> Vec<String> {
        let some = all.iter().filter(|address| address.type_ == kind);
        some.map(|address| address.address.clone()).collect()
    };
    let outside = of("ExternalIP");
    if outside.is_empty() {
        of("InternalIP")
    } else {
        outside
    }
}

fn entry(address: String) -> IngressLoadBalancerIngress {
    let is_ip = address.parse::<IpAddr>().is_ok();
    let (ip, hostname) = if is_ip {
        (Some(address), None)
    } else {
        (None, Some(address))
    };
    IngressLoadBalancerIngress {
        hostname,
        ip,
        ports: None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_service_gives_the_addresses_that_its_type_has() {
        let balancer =
            json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}, {"hostname": "x.example"}]}});
        let cases: [(Value, Value, &[&str]); 6] = [
            (
                json!({"type": "LoadBalancer"}),
                balancer.clone(),
                &["192.0.2.1", "x.example"],
            ),
            (
                json!({"type": "LoadBalancer", "externalIPs": ["192.0.2.9"]}),
                balancer,
                &["192.0.2.1", "192.0.2.9", "x.example"],
            ),
            (
                json!({"type": "LoadBalancer", "clusterIP": "10.0.0.1"}),
                json!({}),
                &[],
            ),
            (
                json!({"type": "ClusterIP", "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"]}),
                json!({}),
                &["10.0.0.1"],
            ),
            (json!({"clusterIP": "None"}), json!({}), &[]),
            (
                json!({"type": "ExternalName", "externalName": "y.example"}),
                json!({}),
                &["y.example"],
            ),
        ];
        for (spec, status, expected) in cases {
            let service = json!({"spec": spec, "status": status});
            let found = of_service(&serde_json::from_value(service.clone()).unwrap());
            assert!(found.iter().eq(expected), "{service}: {found:?}");
        }
    }

    #[test]
    fn a_node_gives_outside_addresses_before_inside_ones() {
        let inside = json!({"type": "InternalIP", "address": "10.0.0.1"});
        let outside = json!({"type": "ExternalIP", "address": "192.0.2.1"});
        for (addresses, expected) in [
            (json!([inside, outside]), "192.0.2.1"),
            (json!([inside]), "10.0.0.1"),
        ] {
            let node = json!({"status": {"addresses": addresses}});
            assert_eq!(of_node(&serde_json::from_value(node).unwrap()), [expected]);
        }
    }
}
