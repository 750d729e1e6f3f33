//! Services: the port that a backend means, and the kind of Service that it is.

use std::net::IpAddr;

use k8s_openapi::{
    api::{
        core::v1::{Service, ServicePort},
        networking::v1::ServiceBackendPort,
    },
    apimachinery::pkg::util::intstr::IntOrString,
};

/// HTTP/2 in the clear, by the Service's word (KEP-3726).
const H2C: &str = "kubernetes.io/h2c";

/// A port of a Service, resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ResolvedPort {
    /// The Service's port number.
    pub(super) number: u16,
    /// Whether the Service says that HTTP/2 is spoken there in the clear.
    pub(super) h2c: bool,
}

/// Why a backend means no port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PortFault {
    /// The backend cannot mean any.
    Reference(String),
    /// The Service has none that it could mean.
    Service(String),
}

/// Finds the port that a backend means, by the name or number of a Service port.
///
/// # Errors
/// Says what is wrong with the reference.
pub(super) fn resolve(
    service: &Service,
    port: Option<&ServiceBackendPort>,
) -> Result<ResolvedPort, PortFault> {
    let reference = |message: &str| PortFault::Reference(message.to_owned());
    let (name, number) = match port {
        Some(port) => (
            port.name.as_deref().filter(|name| !name.is_empty()),
            port.number,
        ),
        None => (None, None),
    };
    let found = match (name, number) {
        (Some(_), Some(_)) => return Err(reference("name and number exclude each other")),
        (None, None) => return Err(reference("neither a name nor a number is given")),
        (Some(name), None) => tcp_ports(service).find(|port| port_name(port) == name),
        (None, Some(number)) => tcp_ports(service).find(|port| port.port == number),
    };
    if let Some(port) = found {
        let h2c = port.app_protocol.as_deref() == Some(H2C);
        return Ok(ResolvedPort {
            number: valid(port.port).map_err(PortFault::Service)?,
            h2c,
        });
    }
    match number {
        // Names outside the cluster need no list of ports.
        Some(number) if is_external_name(service) && tcp_ports(service).next().is_none() => {
            Ok(ResolvedPort {
                number: valid(number).map_err(PortFault::Reference)?,
                h2c: false,
            })
        }
        _ => Err(PortFault::Service(no_such_port(service, name, number))),
    }
}

/// The Service's port with this number.
pub(super) fn find(service: &Service, number: u16) -> Option<&ServicePort> {
    tcp_ports(service).find(|port| port.port == i32::from(number))
}

pub(super) fn port_name(port: &ServicePort) -> &str {
    port.name.as_deref().unwrap_or_default()
}

/// The number of the port at the endpoints, where the Service itself tells it.
pub(super) fn target_number(port: &ServicePort) -> Option<u16> {
    match &port.target_port {
        Some(IntOrString::Int(0)) | None => u16::try_from(port.port).ok(),
        Some(IntOrString::Int(number)) => u16::try_from(*number).ok(),
        Some(IntOrString::String(text)) => text.parse().ok(),
    }
}

pub(super) fn is_external_name(service: &Service) -> bool {
    service
        .spec
        .as_ref()
        .is_some_and(|spec| spec.type_.as_deref() == Some("ExternalName"))
}

/// The Service's own addresses; none for a headless one.
pub(super) fn cluster_ips(service: &Service) -> Vec<IpAddr> {
    let Some(spec) = &service.spec else {
        return Vec::new();
    };
    let all = spec.cluster_ips.iter().flatten().chain(&spec.cluster_ip);
    let mut addresses: Vec<IpAddr> = all.filter_map(|ip| ip.parse().ok()).collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

fn tcp_ports(service: &Service) -> impl Iterator<Item = &ServicePort> {
    let ports = service
        .spec
        .as_ref()
        .and_then(|spec| spec.ports.as_deref())
        .unwrap_or_default();
    ports
        .iter()
        .filter(|port| matches!(port.protocol.as_deref(), None | Some("" | "TCP")))
}

fn valid(number: i32) -> Result<u16, String> {
    match u16::try_from(number) {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(format!("{number} is not a port number")),
    }
}

fn no_such_port(service: &Service, name: Option<&str>, number: Option<i32>) -> String {
    let wanted = match (name, number) {
        (Some(name), _) => format!("{name:?}"),
        (None, number) => number.unwrap_or_default().to_string(),
    };
    let known: Vec<String> = tcp_ports(service)
        .map(|port| match port_name(port) {
            "" => port.port.to_string(),
            name => format!("{} ({name:?})", port.port),
        })
        .collect();
    if known.is_empty() {
        return format!("port {wanted} is not a port of the Service, which has none");
    }
    format!(
        "port {wanted} is not a port of the Service, which has {}",
        known.join(", ")
    )
}
