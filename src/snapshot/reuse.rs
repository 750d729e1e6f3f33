//! What survives from one snapshot to the next, by key.
//!
//! Compiled rules survive by host and the routes that name it, clusters' slots by cluster name, the
//! certificate store as long as every certificate is the same.
//! Pools and health survive on the workers, see `upstream`.

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::compile::{Rule, hosts_of};
use crate::{
    config::{self, ClusterMap, Config, Route},
    message::HostMatch,
    routing::{HostRoutes, RouteTable},
    tls::{Certificate, CertificateBinding, CertificateStore},
    upstream::ClusterId,
};

/// The compiled rules of each host.
#[derive(Default)]
pub(super) struct Fragments {
    by_host: HashMap<HostMatch, Fragment, RandomState>,
}

struct Fragment {
    /// The routes that name the host, in order of precedence.
    routes: Vec<Arc<Route>>,
    compiled: Arc<HostRoutes<Arc<Rule>>>,
}

impl Fragments {
    /// The table for these routes. Hosts whose routes are the same objects as before are reused.
    pub(super) fn table(
        &mut self,
        routes: &[Arc<Route>],
        mut compile: impl FnMut(&config::Rule) -> Rule,
    ) -> RouteTable<Arc<Rule>> {
        let mut wanted: HashMap<&HostMatch, Vec<&Arc<Route>>, RandomState> =
            HashMap::with_capacity_and_hasher(self.by_host.len(), RandomState::default());
        for route in routes {
            for host in hosts_of(route) {
                wanted.entry(host).or_default().push(route);
            }
        }
        self.by_host.retain(|host, _| wanted.contains_key(host));
        for (host, routes) in wanted {
            let fragment = self.by_host.get(host);
            if fragment.is_some_and(|fragment| same_objects(&fragment.routes, &routes)) {
                continue;
            }
            let compiled = Arc::new(compile_host(&routes, &mut compile));
            let routes = routes.into_iter().map(Arc::clone).collect();
            self.by_host
                .insert(host.clone(), Fragment { routes, compiled });
        }
        RouteTable::build(
            self.by_host
                .iter()
                .map(|(host, fragment)| (host.clone(), Arc::clone(&fragment.compiled))),
        )
    }
}

fn same_objects(kept: &[Arc<Route>], wanted: &[&Arc<Route>]) -> bool {
    kept.len() == wanted.len() && kept.iter().zip(wanted).all(|(a, b)| Arc::ptr_eq(a, b))
}

fn compile_host(
    routes: &[&Arc<Route>],
    compile: &mut impl FnMut(&config::Rule) -> Rule,
) -> HostRoutes<Arc<Rule>> {
    let mut rules = Vec::new();
    for rule in routes.iter().flat_map(|route| &route.rules) {
        let compiled = Arc::new(compile(rule));
        for condition in &rule.matches {
            rules.push((condition.clone(), Arc::clone(&compiled)));
        }
    }
    // Translation has already refused patterns that do not compile; should one come through, its rule
    // alone is left out.
    HostRoutes::build_what_compiles(rules, |rule, error| {
        tracing::error!(
            object = %rule.meta.object,
            %error,
            "a rule's pattern does not compile and the rule is not served"
        );
    })
}

/// Numbers for clusters: stable while a cluster exists, used again when it is gone.
#[derive(Default)]
pub(super) struct ClusterSlots {
    by_id: HashMap<ClusterId, usize, RandomState>,
    free: Vec<usize>,
    len: usize,
}

impl ClusterSlots {
    /// Frees the slots of clusters that are gone.
    ///
    /// A host's compiled rules are kept only while their routes are the same, and those routes'
    /// clusters are in the configuration with them, so no kept rule holds a freed slot.
    pub(super) fn keep_only(&mut self, clusters: &ClusterMap) {
        let Self {
            by_id,
            free,
            len: _,
        } = self;
        by_id.retain(|id, slot| {
            let keep = clusters.contains_key(id);
            if !keep {
                free.push(*slot);
            }
            keep
        });
    }

    pub(super) fn slot(&mut self, id: &ClusterId) -> usize {
        if let Some(slot) = self.by_id.get(id) {
            return *slot;
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            self.len += 1;
            self.len - 1
        });
        self.by_id.insert(id.clone(), slot);
        slot
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }
}

/// The certificates in use.
pub(super) struct Certificates {
    self_signed: Arc<Certificate>,
    bindings: Vec<Arc<CertificateBinding>>,
    default: Option<Arc<CertificateBinding>>,
    asking: Vec<HostMatch>,
    refused: Vec<HostMatch>,
    store: Arc<CertificateStore>,
}

impl Certificates {
    pub(super) fn new(self_signed: Arc<Certificate>) -> Self {
        let store = Arc::new(CertificateStore::build([], Arc::clone(&self_signed)));
        Self {
            self_signed,
            bindings: Vec::new(),
            default: None,
            asking: Vec::new(),
            refused: Vec::new(),
            store,
        }
    }

    /// Builds the store anew if something differs.
    pub(super) fn follow(&mut self, config: &Config) {
        let Self {
            self_signed,
            bindings,
            default,
            asking,
            refused,
            store,
        } = self;
        if *bindings == config.certificates
            && *default == config.default_certificate
            && *asking == config.certificate_hosts
            && *refused == config.refused_hosts
        {
            return;
        }
        asking.clone_from(&config.certificate_hosts);
        refused.clone_from(&config.refused_hosts);
        bindings.clone_from(&config.certificates);
        default.clone_from(&config.default_certificate);
        let fallback = default
            .as_ref()
            .map_or(&*self_signed, |binding| &binding.certificate);
        let pairs = bindings
            .iter()
            .map(|binding| (&binding.hosts[..], &binding.certificate));
        let built = CertificateStore::build(pairs, Arc::clone(fallback));
        *store = Arc::new(built.asking(asking).refusing(refused));
    }

    pub(super) fn store(&self) -> Arc<CertificateStore> {
        Arc::clone(&self.store)
    }
}
