//! A consistent view of the objects, whichever source they came from.

use std::{collections::BTreeMap, fmt, sync::Arc};

use k8s_openapi::api::{
    core::v1::{ConfigMap, Secret, Service},
    discovery::v1::EndpointSlice,
    networking::v1::{Ingress, IngressClass},
};

use super::WafPolicy;
use crate::config::Location;

/// Namespace (empty for kinds without one) and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The namespace, `default` where a manifest names none.
    pub namespace: Arc<str>,
    /// The name.
    pub name: Arc<str>,
}

impl Key {
    /// A key of a namespaced object.
    pub fn new(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
        }
    }
}

/// Finds where a field of an object stands in the file that the object came from.
pub trait Places: fmt::Debug + Send + Sync {
    /// The place of the value at a field path such as `spec.rules[0].host` or
    /// `metadata.annotations["a/b"]`, or of the nearest parent that is there.
    fn locate(&self, field: &str) -> Option<Location>;
}

/// An object as last seen.
#[derive(Debug)]
pub struct Stored<T> {
    /// The object.
    pub object: Arc<T>,
    /// Differs whenever the object may have changed, and is never used twice in one process.
    pub revision: u64,
    /// Where its fields stand, if it came from a file.
    pub places: Option<Arc<dyn Places>>,
}

impl<T> Clone for Stored<T> {
    fn clone(&self) -> Self {
        Self {
            object: Arc::clone(&self.object),
            revision: self.revision,
            places: self.places.clone(),
        }
    }
}

/// Every object of the kinds that are understood, by key. Cloning shares the maps.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    /// Ingresses, legacy forms already converted.
    pub ingresses: Arc<BTreeMap<Key, Stored<Ingress>>>,
    /// Ingress classes.
    pub ingress_classes: Arc<BTreeMap<Key, Stored<IngressClass>>>,
    /// Services.
    pub services: Arc<BTreeMap<Key, Stored<Service>>>,
    /// Endpoint slices.
    pub endpoint_slices: Arc<BTreeMap<Key, Stored<EndpointSlice>>>,
    /// Secrets; `stringData` already merged into `data`.
    pub secrets: Arc<BTreeMap<Key, Stored<Secret>>>,
    /// Config maps.
    pub config_maps: Arc<BTreeMap<Key, Stored<ConfigMap>>>,
    /// Policies of the firewall in namespaces.
    pub waf_policies: Arc<BTreeMap<Key, Stored<WafPolicy>>>,
    /// Policies of the firewall for everything.
    pub cluster_waf_policies: Arc<BTreeMap<Key, Stored<WafPolicy>>>,
    /// The EndpointSlices are too old to be believed: pods that they name may be somebody else's now.
    /// A Service that has an address of its own is reached there instead.
    pub old_endpoints: bool,
}
