//! `Config` and the previous snapshot in, the next snapshot out.

use std::{fmt, sync::Arc};

use arc_swap::ArcSwap;

use super::{
    CompiledSets, Firewall, FirewallStates, Firewalls,
    reuse::{Certificates, ClusterSlots, Fragments},
};
use crate::{
    config::{self, Config, DenyReason, Problem, RuleMeta},
    message::HostMatch,
    policy::RoutePolicy,
    routing::RouteTable,
    tls::{Certificate, CertificateStore},
    upstream::ClusterId,
};

/// Where the workers find the snapshot of the moment.
pub type SnapshotHandle = Arc<ArcSwap<Snapshot>>;

/// Everything that serving a request needs, compiled.
pub struct Snapshot {
    /// 0 before anything was published, then counting up.
    pub generation: u64,
    /// Which rule answers a request.
    pub routes: RouteTable<Arc<Rule>>,
    /// The firewall of requests that no rule is for.
    pub default_firewall: Option<Arc<Firewall>>,
    /// Server certificates by name.
    pub certificates: Arc<CertificateStore>,
    /// One more than the largest [`ClusterRef::slot`].
    pub cluster_slots: usize,
    /// What it was compiled from.
    pub config: Arc<Config>,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

/// One compiled rule.
#[derive(Debug)]
pub struct Rule {
    /// What happens.
    pub action: Action,
    /// What is set for it.
    pub policy: Arc<RoutePolicy>,
    /// The firewall in front of it.
    pub firewall: Option<Arc<Firewall>>,
    /// What it is called.
    pub meta: Arc<RuleMeta>,
    /// Its series in the request metrics.
    pub series: u32,
}

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is forwarded.
    Forward {
        /// The cluster.
        cluster: ClusterRef,
        /// The cluster for requests that came over TLS, where it is another one.
        over_tls: Option<ClusterRef>,
    },
    /// It is refused.
    Deny(DenyReason),
    /// It is answered 503.
    Unavailable,
    /// It is answered 404.
    NotFound,
}

/// A cluster's name and its slot, by which a worker finds it without hashing the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterRef {
    /// The name.
    pub id: ClusterId,
    /// The slot, below [`Snapshot::cluster_slots`].
    pub slot: usize,
}

/// Names a rule's series in the request metrics: namespace, name and Service of the rule.
pub type SeriesOf = Box<dyn FnMut(&RuleMeta) -> u32 + Send>;

/// Compiles snapshots, reusing what has not changed.
pub struct Compiler {
    fragments: Fragments,
    slots: ClusterSlots,
    series: SeriesOf,
    certificates: Certificates,
    firewalls: Firewalls,
}

impl fmt::Debug for Compiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compiler").finish_non_exhaustive()
    }
}

impl Compiler {
    /// A compiler; `self_signed` is served where no other certificate is, and `series` names the
    /// series of a rule in the request metrics.
    pub fn new(self_signed: Arc<Certificate>, series: SeriesOf) -> Self {
        Self {
            fragments: Fragments::default(),
            slots: ClusterSlots::default(),
            series,
            certificates: Certificates::new(self_signed),
            firewalls: Firewalls::default(),
        }
    }

    /// A snapshot that answers 404 to everything, for the time before the first publish.
    pub fn empty(&self) -> Arc<Snapshot> {
        Arc::new(Snapshot {
            generation: 0,
            routes: RouteTable::build([]),
            default_firewall: None,
            certificates: self.certificates.store(),
            cluster_slots: 0,
            config: Arc::default(),
        })
    }

    /// Compiles the next snapshot. The rules of a host are compiled anew only when one of the routes
    /// that name it has changed, certificates only when one of them has.
    pub fn compile(&mut self, generation: u64, config: Arc<Config>) -> Arc<Snapshot> {
        let Self {
            fragments,
            slots,
            series,
            certificates,
            firewalls,
        } = self;
        slots.keep_only(&config.clusters);
        firewalls.follow(&config);
        let routes = fragments.table(&config.routes, |rule| {
            compile_rule(rule, slots, firewalls, series)
        });
        certificates.follow(&config);
        Arc::new(Snapshot {
            generation,
            routes,
            default_firewall: firewalls.of(config.default_firewall.as_ref()),
            certificates: certificates.store(),
            cluster_slots: slots.len(),
            config,
        })
    }

    /// The rule sets of the snapshot that was compiled last, for whoever asks what others would come to.
    pub fn compiled_sets(&self) -> CompiledSets {
        self.firewalls.compiled_sets()
    }

    /// What is wrong with the rules of the firewalls that were compiled last.
    pub fn problems(&self) -> &[Problem] {
        self.firewalls.problems()
    }

    /// A firewall of the configuration that was compiled last.
    pub fn firewall(&self, settings: &Arc<config::Firewall>) -> Option<Arc<Firewall>> {
        self.firewalls.of(Some(settings))
    }

    /// Whether the rules of a firewall of the last snapshot are those that are written.
    pub fn is_as_written(&self, firewall: &Arc<Firewall>) -> bool {
        self.firewalls.is_as_written(firewall)
    }

    /// How the firewalls that were compiled last came by their rules.
    pub fn firewall_states(&self) -> FirewallStates {
        self.firewalls.states()
    }
}

fn compile_rule(
    rule: &config::Rule,
    slots: &mut ClusterSlots,
    firewalls: &Firewalls,
    series: &mut SeriesOf,
) -> Rule {
    let config::Rule {
        matches: _,
        policy,
        firewall,
        action,
        meta,
    } = rule;
    let action = match action {
        config::Action::Forward(config::Forward {
            cluster,
            cluster_over_tls,
        }) => {
            let mut refer = |id: &ClusterId| ClusterRef {
                slot: slots.slot(id),
                id: id.clone(),
            };
            Action::Forward {
                cluster: refer(cluster),
                over_tls: cluster_over_tls.as_ref().map(refer),
            }
        }
        config::Action::Deny(reason) => Action::Deny(*reason),
        config::Action::Unavailable => Action::Unavailable,
        config::Action::NotFound => Action::NotFound,
    };
    Rule {
        action,
        policy: Arc::clone(policy),
        firewall: firewalls.of(firewall.as_ref()),
        meta: Arc::clone(meta),
        series: series(meta),
    }
}

/// The hosts of a route; a route that names none is for every host.
pub(super) fn hosts_of(route: &config::Route) -> &[HostMatch] {
    const ANY: &[HostMatch] = &[HostMatch::Any];
    if route.hosts.is_empty() {
        ANY
    } else {
        &route.hosts
    }
}
