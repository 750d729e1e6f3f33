//! What Ingresses that share a host make of it together.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use super::{client_certificate::Asked, conflict::Precedence, host, outline::Outline};
use crate::{control::Key, message::HostMatch};

/// Hosts of all Ingresses that are served.
#[derive(Debug, Default)]
pub(super) struct HostIndex {
    hosts: HashMap<HostMatch, Entry>,
}

#[derive(Debug, Default)]
struct Entry {
    users: BTreeSet<Key>,
    tls: usize,
    guards: usize,
    /// What Ingresses ask of client certificates; the first one decides.
    certificates: BTreeMap<Precedence, Arc<Asked>>,
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
}

impl HostIndex {
    pub(super) fn facts(&self, host: &HostMatch) -> HostFacts {
        let tls = |host: &HostMatch| self.hosts.get(host).is_some_and(|entry| entry.tls > 0);
        HostFacts {
            tls: match host {
                HostMatch::Any => false,
                host => tls(host) || host::wildcard_of(host).is_some_and(|host| tls(&host)),
            },
            guarded: self.hosts.get(host).is_some_and(|entry| entry.guards > 0),
            certificate: self
                .hosts
                .get(host)
                .and_then(|entry| entry.certificates.values().next())
                .cloned(),
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
