//! Endpoints: from the EndpointSlices of a Service to addresses.

use std::net::{IpAddr, SocketAddr};

use k8s_openapi::api::{
    core::v1::ServicePort,
    discovery::v1::{Endpoint as SliceEndpoint, EndpointSlice},
};

use crate::{control::translate::service, upstream::Endpoint};

/// What the slices of a Service hold for one of its ports.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Gathered {
    /// Addresses, sorted and without repetition.
    pub(super) addresses: Vec<Endpoint>,
    /// Names and ports from slices of type FQDN, sorted and without repetition.
    pub(super) names: Vec<(String, u16)>,
    /// Whether any slice has the port at all.
    pub(super) has_port: bool,
    /// Texts that are not addresses: which slice of those given, field, text.
    pub(super) invalid: Vec<(usize, String, String)>,
}

/// Gathers the endpoints that are ready. Where none is, those that still serve while they end are
/// taken, as kube-proxy does, so that a roll-out that removes the last pod loses no request.
///
/// Of the ready ones those are taken that their slices hint at for `zone`, if every one of them has a
/// hint and any has that one: kube-proxy's rule, so that no zone is left without endpoints.
pub(super) fn gather(
    slices: &[&EndpointSlice],
    port: &ServicePort,
    zone: Option<&str>,
) -> Gathered {
    let all = slices
        .iter()
        .flat_map(|slice| slice.endpoints.iter().flatten());
    let ready: Vec<&SliceEndpoint> = all.filter(|endpoint| is_ready(endpoint)).collect();
    let zone = zone.filter(|zone| {
        ready.iter().all(|it| hints(it).next().is_some())
            && ready.iter().any(|it| is_hinted_at(it, zone))
    });
    let ready = gather_where(slices, port, |endpoint| {
        is_ready(endpoint) && zone.is_none_or(|zone| is_hinted_at(endpoint, zone))
    });
    if !ready.addresses.is_empty() || !ready.names.is_empty() {
        return ready;
    }
    gather_where(slices, port, is_serving_to_the_end)
}

fn hints(endpoint: &SliceEndpoint) -> impl Iterator<Item = &str> {
    let hints = endpoint
        .hints
        .iter()
        .flat_map(|hints| hints.for_zones.iter().flatten());
    hints.map(|zone| zone.name.as_str())
}

fn is_hinted_at(endpoint: &SliceEndpoint, zone: &str) -> bool {
    hints(endpoint).any(|hint| hint == zone)
}

fn gather_where(
    slices: &[&EndpointSlice],
    port: &ServicePort,
    wanted: impl Fn(&SliceEndpoint) -> bool,
) -> Gathered {
    let mut gathered = Gathered::default();
    for (index, slice) in slices.iter().enumerate() {
        let Some(number) = port_in(slice, port) else {
            continue;
        };
        gathered.has_port = true;
        for (at, endpoint) in slice.endpoints.iter().flatten().enumerate() {
            if !wanted(endpoint) {
                continue;
            }
            for (place, text) in endpoint.addresses.iter().enumerate() {
                if slice.address_type == "FQDN" {
                    gathered.names.push((text.clone(), number));
                } else if let Ok(ip) = text.parse::<IpAddr>() {
                    gathered.addresses.push(Endpoint {
                        address: SocketAddr::new(ip, number),
                    });
                } else {
                    let field = format!("endpoints[{at}].addresses[{place}]");
                    gathered.invalid.push((index, field, text.clone()));
                }
            }
        }
    }
    gathered.addresses.sort_unstable();
    gathered.addresses.dedup();
    gathered.names.sort_unstable();
    gathered.names.dedup();
    gathered
}

/// The number that a Service port has in a slice, found by name. A slice without ports leaves it to
/// the Service's `targetPort`; where Service port and slice port stand alone, either may go unnamed.
fn port_in(slice: &EndpointSlice, port: &ServicePort) -> Option<u16> {
    let wanted = service::port_name(port);
    let ports = slice.ports.as_deref().unwrap_or_default();
    let tcp = |protocol: Option<&str>| matches!(protocol, None | Some("" | "TCP"));
    let name = |port: &k8s_openapi::api::discovery::v1::EndpointPort| {
        port.name.clone().unwrap_or_default()
    };
    let candidates: Vec<_> = ports
        .iter()
        .filter(|port| tcp(port.protocol.as_deref()))
        .collect();
    let found = candidates
        .iter()
        .find(|port| name(port) == wanted)
        .or(match &*candidates {
            [alone] if wanted.is_empty() || name(alone).is_empty() => Some(alone),
            _ => None,
        });
    match found {
        Some(found) => match found.port {
            Some(number) => u16::try_from(number).ok().filter(|number| *number > 0),
            // All ports (discovery/v1 EndpointPort).
            None => service::target_number(port),
        },
        None if ports.is_empty() => service::target_number(port),
        None => None,
    }
}

/// Nil `ready` is true (discovery/v1 EndpointConditions).
fn is_ready(endpoint: &SliceEndpoint) -> bool {
    endpoint
        .conditions
        .as_ref()
        .and_then(|conditions| conditions.ready)
        .unwrap_or(true)
}

/// Nil `serving` is true, nil `terminating` is false.
fn is_serving_to_the_end(endpoint: &SliceEndpoint) -> bool {
    endpoint.conditions.as_ref().is_some_and(|conditions| {
        conditions.serving.unwrap_or(true) && conditions.terminating.unwrap_or(false)
    })
}
