//! What Ingresses that share a host make of it together.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use super::{client_certificate::Asked, conflict::Precedence, host, outline::Outline};
use crate::{control::Key, message::HostMatch};

/// Hosts of all Ingresses that are served.
#[derive(Debug)]
pub(super) struct HostIndex {
    hosts: HashMap<HostMatch, Entry>,
    /// What Ingresses of other namespaces than the owner's say of a host does not count.
    strict: bool,
}

#[derive(Debug, Default)]
struct Entry {
    users: BTreeSet<Key>,
    /// What its users say of it, the oldest first.
    claims: BTreeMap<Precedence, Claim>,
    tls: usize,
    guards: usize,
    /// Claims that ask for client certificates; the first one decides.
    certificates: BTreeMap<Precedence, Arc<Asked>>,
}

#[derive(Debug)]
struct Claim {
    namespace: Arc<str>,
    tls: bool,
    guards: bool,
}

/// What a rule needs to know of its host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct HostFacts {
    /// Some Ingress gives it TLS. Never for rules of every host: whether there is a certificate
    /// then depends on the request.
    pub(super) tls: bool,
    /// Some Ingress asks for access control on the whole host that is not supported.
    pub(super) guarded: bool,
    /// What is asked of client certificates.
    pub(super) certificate: Option<Arc<Asked>>,
    /// The namespace of the oldest Ingress that has it.
    pub(super) owner: Option<Arc<str>>,
}

impl Entry {
    fn owner(&self) -> Option<&Arc<str>> {
        self.claims.values().next().map(|claim| &claim.namespace)
    }

    fn has_tls(&self, strict: bool) -> bool {
        self.tls > 0 && (!strict || self.owners().any(|claim| claim.tls))
    }

    fn is_guarded(&self, strict: bool) -> bool {
        self.guards > 0 && (!strict || self.owners().any(|claim| claim.guards))
    }

    fn certificate(&self, strict: bool) -> Option<&Arc<Asked>> {
        let is_owners = |precedence: &Precedence| {
            let claim = self.claims.get(precedence);
            claim.map(|claim| &claim.namespace) == self.owner()
        };
        let mut asked = self.certificates.iter();
        asked
            .find(|(precedence, _)| !strict || is_owners(precedence))
            .map(|(_, asked)| asked)
    }

    /// What the owner says.
    fn owners(&self) -> impl Iterator<Item = &Claim> {
        let owner = self.owner();
        self.claims
            .values()
            .filter(move |claim| Some(&claim.namespace) == owner)
    }
}

impl HostIndex {
    pub(super) fn new(strict: bool) -> Self {
        Self {
            hosts: HashMap::new(),
            strict,
        }
    }

    /// Whether a host is another namespace's, and that counts.
    pub(super) fn is_refused(&self, host: &HostMatch, namespace: &str) -> bool {
        let owner = self.hosts.get(host).and_then(Entry::owner);
        self.strict && *host != HostMatch::Any && owner.is_some_and(|owner| **owner != *namespace)
    }

    pub(super) fn facts(&self, host: &HostMatch) -> HostFacts {
        let entry = self.hosts.get(host);
        let tls = |host: &HostMatch| {
            let entry = self.hosts.get(host);
            entry.is_some_and(|entry| entry.has_tls(self.strict))
        };
        HostFacts {
            tls: match host {
                HostMatch::Any => false,
                host => tls(host) || host::wildcard_of(host).is_some_and(|host| tls(&host)),
            },
            guarded: entry.is_some_and(|entry| entry.is_guarded(self.strict)),
            certificate: entry
                .and_then(|entry| entry.certificate(self.strict))
                .cloned(),
            owner: entry.and_then(Entry::owner).cloned(),
        }
    }

    /// Replaces what `key` says of its hosts, and gives the Ingresses to whom hosts look different now.
    pub(super) fn replace(
        &mut self,
        key: &Key,
        old: Option<&Outline>,
        new: Option<&Outline>,
    ) -> BTreeSet<Key> {
        let served = |outline: Option<&Outline>| -> Vec<HostMatch> {
            outline
                .filter(|it| it.served)
                .map(|it| it.hosts.clone())
                .unwrap_or_default()
        };
        let mut concerned: BTreeSet<HostMatch> = served(old).into_iter().collect();
        concerned.extend(served(new));
        let before: Vec<(HostMatch, HostFacts)> = concerned
            .into_iter()
            .map(|host| {
                let facts = self.facts(&host);
                (host, facts)
            })
            .collect();
        if let Some(old) = old.filter(|outline| outline.served) {
            self.remove(key, old);
        }
        if let Some(new) = new.filter(|outline| outline.served) {
            self.add(key, new);
        }
        let changed = before
            .iter()
            .filter(|(host, facts)| self.facts(host) != *facts);
        changed.flat_map(|(host, _)| self.users(host)).collect()
    }

    fn add(&mut self, key: &Key, outline: &Outline) {
        for host in &outline.hosts {
            let entry = self.hosts.entry(host.clone()).or_default();
            entry.users.insert(key.clone());
            let claim = Claim {
                namespace: Arc::clone(&key.namespace),
                tls: outline.tls,
                guards: outline.guards_hosts,
            };
            entry.claims.insert(outline.precedence.clone(), claim);
            entry.tls += usize::from(outline.tls);
            entry.guards += usize::from(outline.guards_hosts);
            if let Some((precedence, asked)) = &outline.certificate {
                entry
                    .certificates
                    .insert(precedence.clone(), Arc::clone(asked));
            }
        }
    }

    fn remove(&mut self, key: &Key, outline: &Outline) {
        for host in &outline.hosts {
            let Some(entry) = self.hosts.get_mut(host) else {
                continue;
            };
            entry.users.remove(key);
            entry.claims.remove(&outline.precedence);
            entry.tls -= usize::from(outline.tls);
            entry.guards -= usize::from(outline.guards_hosts);
            if let Some((precedence, _)) = &outline.certificate {
                entry.certificates.remove(precedence);
            }
            if entry.users.is_empty() {
                self.hosts.remove(host);
            }
        }
    }

    /// The Ingresses with rules for this host, or for hosts under this wildcard.
    fn users(&self, host: &HostMatch) -> BTreeSet<Key> {
        let direct = self
            .hosts
            .get(host)
            .into_iter()
            .flat_map(|entry| &entry.users);
        let mut users: BTreeSet<Key> = direct.cloned().collect();
        if matches!(host, HostMatch::Wildcard(_)) {
            for (other, entry) in &self.hosts {
                if host::wildcard_of(other).as_ref() == Some(host) {
                    users.extend(entry.users.iter().cloned());
                }
            }
        }
        users
    }
}
