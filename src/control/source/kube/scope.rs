//! Which objects of its kind a watch is in charge of.
//!
//! Invariant: no object is two watches' charge. Secrets of type `kubernetes.io/tls`, which never changes,
//! are the base watches' in the namespaces that these read; others are those of the watches by name.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;

use crate::{
    config::ObjectKind,
    control::{Key, Object, Objects},
};

/// The type of Secrets that base watches read.
pub(super) const TLS: &str = "kubernetes.io/tls";

/// What a watch reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Everything in one namespace, or in all.
    Namespace(Option<Arc<str>>),
    /// One object.
    Named {
        /// Which.
        key: Key,
        /// Whether the base watches read its namespace.
        is_in_base: bool,
    },
}

impl Scope {
    /// Whether an object is the charge of a watch of this scope.
    pub(super) fn covers(&self, key: &Key, object: &Object) -> bool {
        let is_tls = match object {
            Object::Secret(secret) => Some(is_tls(secret)),
            _ => None,
        };
        self.holds(key) && self.reads(is_tls)
    }

    /// Whether the object of the moment under a key, if there is one, is in its charge.
    pub(super) fn has(&self, key: &Key, kind: ObjectKind, objects: &Objects) -> bool {
        let secret = match kind {
            ObjectKind::Secret => objects.secrets.get(key),
            _ => None,
        };
        self.holds(key) && self.reads(secret.map(|stored| is_tls(&stored.object)))
    }

    /// The objects of the moment that are in its charge.
    pub(super) fn of(&self, kind: ObjectKind, objects: &Objects) -> Vec<Key> {
        let keys = |all: &mut dyn Iterator<Item = &Key>| -> Vec<Key> {
            all.filter(|key| self.holds(key)).cloned().collect()
        };
        match kind {
            ObjectKind::Ingress => keys(&mut objects.ingresses.keys()),
            ObjectKind::IngressClass => keys(&mut objects.ingress_classes.keys()),
            ObjectKind::Service => keys(&mut objects.services.keys()),
            ObjectKind::EndpointSlice => keys(&mut objects.endpoint_slices.keys()),
            ObjectKind::Secret => {
                let all = objects.secrets.iter();
                let read = all.filter(|(_, stored)| self.reads(Some(is_tls(&stored.object))));
                keys(&mut read.map(|(key, _)| key))
            }
            ObjectKind::ConfigMap => keys(&mut objects.config_maps.keys()),
            ObjectKind::WafPolicy => keys(&mut objects.waf_policies.keys()),
            ObjectKind::ClusterWafPolicy => keys(&mut objects.cluster_waf_policies.keys()),
            ObjectKind::File => Vec::new(),
        }
    }

    fn holds(&self, key: &Key) -> bool {
        match self {
            Self::Namespace(None) => true,
            Self::Namespace(Some(namespace)) => key.namespace == *namespace,
            Self::Named { key: name, .. } => key == name,
        }
    }

    fn reads(&self, is_tls: Option<bool>) -> bool {
        match (self, is_tls) {
            (_, None) => true,
            (Self::Namespace(_), Some(is_tls)) => is_tls,
            (Self::Named { is_in_base, .. }, Some(is_tls)) => !(is_tls && *is_in_base),
        }
    }
}

pub(super) fn is_tls(secret: &Secret) -> bool {
    secret.type_.as_deref() == Some(TLS)
}
