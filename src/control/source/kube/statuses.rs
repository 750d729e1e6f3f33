//! The status that objects have at the API server, for whoever keeps it true.
//!
//! Invariant: statuses are kept apart from objects, so that writing one is no change of an object.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use k8s_openapi::{
    api::networking::v1::IngressLoadBalancerIngress, apimachinery::pkg::apis::meta::v1::Condition,
};

use crate::{config::ObjectKind, control::Key};

/// A status as last seen.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::control) enum Status {
    /// `status.loadBalancer.ingress` of an Ingress.
    Addresses(Vec<IngressLoadBalancerIngress>),
    /// `status.conditions` of a policy, and the object's generation.
    Conditions(Vec<Condition>, i64),
}

/// Statuses as last seen: one for each Ingress and policy that there is.
#[derive(Debug, Default)]
pub struct Statuses {
    seen: Mutex<BTreeMap<(ObjectKind, Key), Status>>,
}

impl Statuses {
    /// The addresses that an Ingress shows; `None`: there is no such Ingress.
    pub(in crate::control) fn addresses(
        &self,
        key: &Key,
    ) -> Option<Vec<IngressLoadBalancerIngress>> {
        match self.lock().get(&(ObjectKind::Ingress, key.clone())) {
            Some(Status::Addresses(addresses)) => Some(addresses.clone()),
            _ => None,
        }
    }

    /// Ingresses that show any address.
    pub(in crate::control) fn with_addresses(&self) -> Vec<Key> {
        let seen = self.lock();
        let with = seen.iter().filter(|(_, status)| match status {
            Status::Addresses(addresses) => !addresses.is_empty(),
            Status::Conditions(..) => false,
        });
        with.map(|((_, key), _)| key.clone()).collect()
    }

    /// The conditions that a policy shows, and its generation; `None`: there is no such policy.
    pub(in crate::control) fn conditions(
        &self,
        kind: ObjectKind,
        key: &Key,
    ) -> Option<(Vec<Condition>, i64)> {
        match self.lock().get(&(kind, key.clone())) {
            Some(Status::Conditions(conditions, generation)) => {
                Some((conditions.clone(), *generation))
            }
            _ => None,
        }
    }

    pub(in crate::control) fn see(&self, kind: ObjectKind, key: &Key, status: Status) {
        self.lock().insert((kind, key.clone()), status);
    }

    pub(super) fn forget(&self, kind: ObjectKind, key: &Key) {
        self.lock().remove(&(kind, key.clone()));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(ObjectKind, Key), Status>> {
        // Every change is one insertion or removal.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
