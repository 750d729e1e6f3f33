//! The EndpointSlices of each Service.

use std::collections::{BTreeSet, HashMap};

use k8s_openapi::api::discovery::v1::EndpointSlice;

use crate::control::{Key, Objects, translate::names};

/// Which slices a Service has: by the label `kubernetes.io/service-name`.
#[derive(Debug, Default)]
pub(in crate::control::translate) struct SliceIndex {
    of_service: HashMap<Key, BTreeSet<Key>>,
    service_of: HashMap<Key, Key>,
}

impl SliceIndex {
    /// Follows a slice that came, went or changed; gives the Services that it concerns.
    pub(in crate::control::translate) fn update(
        &mut self,
        slice: &Key,
        objects: &Objects,
    ) -> BTreeSet<Key> {
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

    pub(super) fn of<'a>(
        &'a self,
        service: &Key,
        objects: &'a Objects,
    ) -> Vec<(&'a Key, &'a EndpointSlice)> {
        let keys = self.of_service.get(service).into_iter().flatten();
        keys.filter_map(|key| {
            let stored = objects.endpoint_slices.get(key);
            names::live(stored, |slice| &slice.metadata).map(|slice| (key, slice))
        })
        .collect()
    }
}
