//! The clusters of the moment, kept from one translation to the next.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use super::{ClusterSpec, SliceIndex, build::build};
use crate::{
    config::{ClusterMap, Problem},
    control::{Key, Objects, translate::TranslateSettings},
    upstream::ClusterId,
};

/// Every cluster that some Ingress uses, kept from one translation to the next.
#[derive(Debug, Default)]
pub(in crate::control::translate) struct Clusters {
    entries: HashMap<ClusterId, Entry>,
    of_service: HashMap<Key, BTreeSet<ClusterId>>,
    /// Those to build again.
    stale: BTreeSet<ClusterId>,
    settings: ClusterMap,
    /// They were built from endpoints that were too old.
    old_endpoints: bool,
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
    pub(in crate::control::translate) fn add(&mut self, spec: &ClusterSpec, user: &Key) {
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

    pub(in crate::control::translate) fn remove(&mut self, spec: &ClusterSpec, user: &Key) {
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
    pub(in crate::control::translate) fn service_changed(&mut self, service: &Key) {
        self.stale
            .extend(self.of_service.get(service).into_iter().flatten().cloned());
    }

    /// Builds what is stale, and drops what nobody uses any more.
    pub(in crate::control::translate) fn refresh(
        &mut self,
        objects: &Objects,
        slices: &SliceIndex,
        settings: &TranslateSettings,
    ) {
        if self.old_endpoints != objects.old_endpoints {
            self.old_endpoints = objects.old_endpoints;
            self.stale.extend(self.entries.keys().cloned());
        }
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

    pub(in crate::control::translate) const fn settings(&self) -> &ClusterMap {
        &self.settings
    }

    /// Clusters without endpoints, why, and the Ingresses that use them.
    pub(in crate::control::translate) fn empty(
        &self,
    ) -> impl Iterator<Item = (&ClusterId, &str, &BTreeSet<Key>)> {
        self.empty.iter().filter_map(|(id, why)| {
            self.entries
                .get(id)
                .map(|entry| (id, why.as_str(), &entry.users))
        })
    }

    pub(in crate::control::translate) fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.problems.values().flatten()
    }
}
