//! What one Ingress comes to.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    config::{ObjectRef, Problem, Route},
    control::{
        Key, Places,
        translate::{clusters::ClusterSpec, conflict::Claim, firewall::NoKeys, tls::Bindings},
    },
    message::HostMatch,
    upstream::ClusterId,
};

/// Everything that one Ingress comes to. Which rules lose to other Ingresses is decided elsewhere.
#[derive(Debug)]
pub(in crate::control::translate) struct CompiledIngress {
    pub(in crate::control::translate) object: ObjectRef,
    pub(in crate::control::translate) places: Option<Arc<dyn Places>>,
    /// Routes by rank: what has a lower rank goes before everything of a higher one.
    pub(in crate::control::translate) ranks: [Vec<Arc<Route>>; 3],
    /// What the routes claim, by rank.
    pub(in crate::control::translate) claims: [Vec<Claim>; 3],
    pub(in crate::control::translate) bindings: Bindings,
    pub(in crate::control::translate) problems: Vec<Problem>,
    /// The clusters that it uses, without repetition.
    pub(in crate::control::translate) clusters: Vec<ClusterSpec>,
    /// Where it names a cluster's Service.
    pub(in crate::control::translate) uses: Vec<(ClusterId, String)>,
    /// Policies that leave its cookies without keys.
    pub(in crate::control::translate) no_keys: BTreeSet<NoKeys>,
    /// The Services asked for.
    pub(in crate::control::translate) services: BTreeSet<Key>,
    /// Its hosts that ask clients for certificates.
    pub(in crate::control::translate) asking: Vec<HostMatch>,
}

/// Rank of rules as written.
pub(in crate::control::translate) const EXPLICIT: usize = 0;
/// Rank of default backends: of a host, and of an Ingress without rules for all hosts.
pub(in crate::control::translate) const DEFAULT: usize = 1;
/// Rank of what is left: hosts without any backend, and the default backend of an Ingress that has
/// rules for every host, which gives way to an Ingress without rules.
pub(in crate::control::translate) const LAST: usize = 2;

impl CompiledIngress {
    /// Takes over routes of an earlier version that are still the same, so that whoever compares
    /// configurations sees one pointer.
    pub(in crate::control::translate) fn share(&mut self, earlier: &Self) {
        for (routes, earlier) in self.ranks.iter_mut().zip(&earlier.ranks) {
            for (route, earlier) in routes.iter_mut().zip(earlier) {
                if route == earlier {
                    *route = Arc::clone(earlier);
                }
            }
        }
        let bindings = self
            .bindings
            .own
            .iter_mut()
            .chain(&mut self.bindings.further);
        let earlier = earlier.bindings.own.iter().chain(&earlier.bindings.further);
        for (bound, earlier) in bindings.zip(earlier) {
            if bound.binding == earlier.binding {
                bound.binding = Arc::clone(&earlier.binding);
            }
        }
    }
}
