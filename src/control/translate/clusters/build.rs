//! From a use of a Service to a cluster's settings.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use k8s_openapi::api::{core::v1::Service, discovery::v1::EndpointSlice};

use super::{ClusterSpec, SliceIndex, endpoints};
use crate::{
    config::{ObjectKind, Problem},
    control::{
        Objects,
        translate::{TranslateSettings, names, report::Reporter, service},
    },
    upstream::{ClusterSettings, Endpoint, NameTarget, NameTrust, UpstreamSource},
};

/// What became of a specification.
pub(super) struct Built {
    pub(super) settings: ClusterSettings,
    /// Why there are no endpoints, if there are none.
    pub(super) empty: Option<String>,
    pub(super) problems: Vec<Problem>,
}

/// Finds the endpoints of a cluster.
pub(super) fn build(
    spec: &ClusterSpec,
    objects: &Objects,
    slices: &SliceIndex,
    settings: &TranslateSettings,
) -> Built {
    let ClusterSpec {
        id,
        service,
        port: _,
        protocol,
        tls,
        balancer,
        by_cluster_ip: _,
    } = spec;
    let object = names::live(objects.services.get(service), |service| &service.metadata);
    let mut problems = Vec::new();
    let source = match (object, settings.stand_ins.get(service)) {
        (_, Some(stand_ins)) => Ok(addresses(stand_ins.iter().copied())),
        (None, None) => Err(format!(
            "Service {} does not exist",
            names::spelled(service)
        )),
        (Some(object), None) if service::is_external_name(object) => {
            external_name(spec, object, settings.trust)
        }
        (Some(object), None) => in_slices(spec, object, objects, slices, settings, &mut problems),
    };
    let (source, empty) = match source {
        Ok(source) => (source, None),
        Err(why) => (UpstreamSource::Endpoints(Arc::default()), Some(why)),
    };
    let settings = ClusterSettings {
        id: id.clone(),
        source,
        protocol: *protocol,
        tls: tls.clone(),
        balancer: balancer.clone(),
        idle_timeout: settings.options.options.upstream_idle_timeout,
    };
    Built {
        settings,
        empty,
        problems,
    }
}

fn in_slices(
    spec: &ClusterSpec,
    service: &Service,
    objects: &Objects,
    index: &SliceIndex,
    settings: &TranslateSettings,
    problems: &mut Vec<Problem>,
) -> Result<UpstreamSource, String> {
    let name = names::spelled(&spec.service);
    let port = service::find(service, spec.port)
        .ok_or_else(|| format!("Service {name} has no port {}", spec.port))?;
    let own = || {
        let ips = service::cluster_ips(service).into_iter();
        addresses(ips.map(|ip| SocketAddr::new(ip, spec.port)))
    };
    let has_address = !service::cluster_ips(service).is_empty();
    if has_address && (spec.by_cluster_ip || objects.old_endpoints) {
        return Ok(own());
    }
    let slices = index.of(&spec.service, objects);
    if slices.is_empty() {
        return match (settings.trust, has_address) {
            (NameTrust::Trusted, true) => Ok(own()),
            (NameTrust::Trusted, false) => Err(format!(
                "Service {name} has neither EndpointSlices nor a cluster IP"
            )),
            (NameTrust::Untrusted, _) => Err(format!("Service {name} has no EndpointSlices")),
        };
    }
    let objects_only: Vec<&EndpointSlice> = slices.iter().map(|(_, slice)| *slice).collect();
    let gathered = endpoints::gather(&objects_only, port, settings.zone.as_deref());
    for (slice, field, text) in &gathered.invalid {
        let Some((key, _)) = slices.get(*slice) else {
            continue;
        };
        let places = objects
            .endpoint_slices
            .get(key)
            .and_then(|stored| stored.places.clone());
        let object = names::object_ref(ObjectKind::EndpointSlice, key);
        let mut reporter = Reporter::new(object, places);
        reporter.error(
            field.as_str(),
            format!("{text:?} is not an address"),
            "the endpoint gets no requests",
        );
        problems.append(&mut reporter.finish());
    }
    let names_left = gathered
        .names
        .get(usize::from(gathered.addresses.is_empty())..);
    if let Some([_, ..]) = names_left {
        let places = objects
            .services
            .get(&spec.service)
            .and_then(|stored| stored.places.clone());
        let object = names::object_ref(ObjectKind::Service, &spec.service);
        let mut reporter = Reporter::new(object, places);
        reporter.warning(
            "",
            "its EndpointSlices hold several names, or names and addresses",
            "addresses get the requests, or else the first name",
        );
        problems.append(&mut reporter.finish());
    }
    if !gathered.addresses.is_empty() {
        return Ok(UpstreamSource::Endpoints(gathered.addresses.into()));
    }
    match gathered.names.as_slice() {
        [] if gathered.has_port => Err(format!("no endpoint of Service {name} is ready")),
        [] => Err(match service::port_name(port) {
            "" => format!(
                "no EndpointSlice of Service {name} has its port {}",
                spec.port
            ),
            port => format!("no EndpointSlice of Service {name} has a port {port:?}"),
        }),
        [(host, port), ..] => Ok(UpstreamSource::Name(NameTarget {
            name: host.as_str().into(),
            port: *port,
            trust: settings.trust,
        })),
    }
}

/// A Service that is an alias of a name; its `targetPort` is the port there, as in ingress-nginx.
fn external_name(
    spec: &ClusterSpec,
    service: &Service,
    trust: NameTrust,
) -> Result<UpstreamSource, String> {
    let name = service
        .spec
        .as_ref()
        .and_then(|spec| spec.external_name.as_deref());
    let name = name.unwrap_or_default().trim_end_matches('.');
    if name.is_empty() {
        return Err(format!(
            "Service {} has no externalName",
            names::spelled(&spec.service)
        ));
    }
    if trust == NameTrust::Untrusted && is_local(name) {
        return Err(format!(
            "externalName {name:?} of Service {} is the machine itself",
            names::spelled(&spec.service)
        ));
    }
    let port = service::find(service, spec.port).map_or(Some(spec.port), service::target_number);
    Ok(UpstreamSource::Name(NameTarget {
        name: name.into(),
        port: port.unwrap_or(spec.port),
        trust,
    }))
}

/// What can be told before the name is resolved; the rest is checked after every resolution.
fn is_local(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost")
        || name.to_ascii_lowercase().ends_with(".localhost")
        || name
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified())
}

fn addresses(all: impl Iterator<Item = SocketAddr>) -> UpstreamSource {
    let mut endpoints: Vec<Endpoint> = all.map(|address| Endpoint { address }).collect();
    endpoints.sort_unstable();
    endpoints.dedup();
    UpstreamSource::Endpoints(endpoints.into())
}
