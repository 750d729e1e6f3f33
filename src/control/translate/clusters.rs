//! Clusters: what rules ask of Services, and the settings that come of it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use k8s_openapi::api::{core::v1::Service, discovery::v1::EndpointSlice};

use super::{endpoints, names, report::Reporter, service, settings::TranslateSettings};
use crate::{
    config::{ClusterMap, ObjectKind, Problem},
    control::{Key, Objects},
    tls::ClientTls,
    upstream::{
        Balancer, ClusterId, ClusterSettings, Endpoint, HashKey, NameTarget, NameTrust, Protocol,
        UpstreamSource,
    },
};

/// A Service's use by rules. Equal ids mean equal specifications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClusterSpec {
    pub(super) id: ClusterId,
    pub(super) service: Key,
    /// The Service's port.
    pub(super) port: u16,
    pub(super) protocol: Protocol,
    pub(super) tls: Option<ClientTls>,
    pub(super) balancer: Balancer,
}

impl ClusterSpec {
    pub(super) fn new(
        service: &Key,
        port: u16,
        protocol: Protocol,
        tls: Option<ClientTls>,
        balancer: &Balancer,
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
        Self {
            id: ClusterId(id.into()),
            service: service.clone(),
            port,
            protocol,
            tls,
            balancer: balancer.clone(),
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

/// Every cluster that some Ingress uses, kept from one translation to the next.
#[derive(Debug, Default)]
pub(super) struct Clusters {
    entries: HashMap<ClusterId, Entry>,
    of_service: HashMap<Key, BTreeSet<ClusterId>>,
    /// Those to build again.
    stale: BTreeSet<ClusterId>,
    settings: ClusterMap,
    /// Those without endpoints, and why.
    empty: BTreeMap<ClusterId, String>,
    /// What is wrong with the slices of a cluster.
    problems: BTreeMap<ClusterId, Vec<Problem>>,
}

#[derive(Debug)]
struct Entry {
    spec: ClusterSpec,
    users: BTreeSet<Key>,
}

impl Clusters {
    pub(super) fn add(&mut self, spec: &ClusterSpec, user: &Key) {
        let entry = self.entries.entry(spec.id.clone()).or_insert_with(|| {
            self.stale.insert(spec.id.clone());
            self.of_service
                .entry(spec.service.clone())
                .or_default()
                .insert(spec.id.clone());
            Entry {
                spec: spec.clone(),
                users: BTreeSet::new(),
            }
        });
        entry.users.insert(user.clone());
    }

    pub(super) fn remove(&mut self, spec: &ClusterSpec, user: &Key) {
        let Some(entry) = self.entries.get_mut(&spec.id) else {
            return;
        };
        entry.users.remove(user);
        if !entry.users.is_empty() {
            return;
        }
        self.entries.remove(&spec.id);
        if let Some(ids) = self.of_service.get_mut(&spec.service) {
            ids.remove(&spec.id);
            if ids.is_empty() {
                self.of_service.remove(&spec.service);
            }
        }
        self.stale.insert(spec.id.clone());
    }

    /// The Service or its slices changed.
    pub(super) fn service_changed(&mut self, service: &Key) {
        self.stale
            .extend(self.of_service.get(service).into_iter().flatten().cloned());
    }

    /// Builds what is stale, and drops what nobody uses any more.
    pub(super) fn refresh(
        &mut self,
        objects: &Objects,
        slices: &SliceIndex,
        settings: &TranslateSettings,
    ) {
        for id in std::mem::take(&mut self.stale) {
            self.empty.remove(&id);
            self.problems.remove(&id);
            let Some(entry) = self.entries.get(&id) else {
                self.settings.remove(&id);
                continue;
            };
            let built = build(&entry.spec, objects, slices, settings);
            if let Some(why) = built.empty {
                self.empty.insert(id.clone(), why);
            }
            if !built.problems.is_empty() {
                self.problems.insert(id.clone(), built.problems);
            }
            let same = self
                .settings
                .get(&id)
                .is_some_and(|old| **old == built.settings);
            if !same {
                self.settings.insert(id, Arc::new(built.settings));
            }
        }
    }

    pub(super) const fn settings(&self) -> &ClusterMap {
        &self.settings
    }

    /// Clusters without endpoints, why, and the Ingresses that use them.
    pub(super) fn empty(&self) -> impl Iterator<Item = (&ClusterId, &str, &BTreeSet<Key>)> {
        self.empty.iter().filter_map(|(id, why)| {
            self.entries
                .get(id)
                .map(|entry| (id, why.as_str(), &entry.users))
        })
    }

    pub(super) fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.problems.values().flatten()
    }
}

/// Which slices a Service has: by the label `kubernetes.io/service-name`.
#[derive(Debug, Default)]
pub(super) struct SliceIndex {
    of_service: HashMap<Key, BTreeSet<Key>>,
    service_of: HashMap<Key, Key>,
}

impl SliceIndex {
    /// Follows a slice that came, went or changed; gives the Services that it concerns.
    pub(super) fn update(&mut self, slice: &Key, objects: &Objects) -> BTreeSet<Key> {
        let object = names::live(objects.endpoint_slices.get(slice), |slice| &slice.metadata);
        let service = object.and_then(|object| {
            let label = object
                .metadata
                .labels
                .as_ref()?
                .get("kubernetes.io/service-name")?;
            Some(Key {
                namespace: slice.namespace.clone(),
                name: label.as_str().into(),
            })
        });
        let old = match &service {
            Some(service) => self.service_of.insert(slice.clone(), service.clone()),
            None => self.service_of.remove(slice),
        };
        if let Some(old) = &old
            && let Some(slices) = self.of_service.get_mut(old)
        {
            slices.remove(slice);
            if slices.is_empty() {
                self.of_service.remove(old);
            }
        }
        if let Some(service) = &service {
            self.of_service
                .entry(service.clone())
                .or_default()
                .insert(slice.clone());
        }
        old.into_iter().chain(service).collect()
    }

    fn of<'a>(&'a self, service: &Key, objects: &'a Objects) -> Vec<(&'a Key, &'a EndpointSlice)> {
        let keys = self.of_service.get(service).into_iter().flatten();
        keys.filter_map(|key| {
            let stored = objects.endpoint_slices.get(key);
            names::live(stored, |slice| &slice.metadata).map(|slice| (key, slice))
        })
        .collect()
    }
}

struct Built {
    settings: ClusterSettings,
    empty: Option<String>,
    problems: Vec<Problem>,
}

fn build(
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
    } = spec;
    let object = names::live(objects.services.get(service), |service| &service.metadata);
    let mut problems = Vec::new();
    let source = match (object, settings.stand_ins.get(service)) {
        (None, Some(stand_ins)) => Ok(addresses(stand_ins.iter().copied())),
        (None, None) => Err(format!(
            "Service {} does not exist",
            names::spelled(service)
        )),
        (Some(object), _) if service::is_external_name(object) => {
            external_name(spec, object, settings.trust)
        }
        (Some(object), _) => in_slices(spec, object, objects, slices, settings, &mut problems),
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
    let slices = index.of(&spec.service, objects);
    if slices.is_empty() {
        return match (settings.trust, service::cluster_ips(service)) {
            (NameTrust::Trusted, ips) if !ips.is_empty() => Ok(addresses(
                ips.into_iter().map(|ip| SocketAddr::new(ip, spec.port)),
            )),
            (NameTrust::Trusted, _) => Err(format!(
                "Service {name} has neither EndpointSlices nor a cluster IP"
            )),
            (NameTrust::Untrusted, _) => Err(format!("Service {name} has no EndpointSlices")),
        };
    }
    let objects_only: Vec<&EndpointSlice> = slices.iter().map(|(_, slice)| *slice).collect();
    let gathered = endpoints::gather(&objects_only, port);
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
