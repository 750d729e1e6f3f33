//! The kinds that are watched, and what the store keeps of them.
//!
//! Invariant: what the store keeps is what a manifest of the object would hold: nothing that changes
//! although nobody changed the object.

use std::{borrow::Cow, fmt::Debug, sync::Arc};

use k8s_openapi::{
    api::{
        core::v1::{ConfigMap, Secret, Service},
        discovery::v1::EndpointSlice,
        networking::v1::{Ingress, IngressClass},
    },
    apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta},
};
use kube::{
    Resource,
    core::{ClusterResourceScope, NamespaceResourceScope},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::statuses::Status;
use crate::{
    config::ObjectKind,
    control::{Object, WafPolicy},
};

/// A kind that is watched.
pub(super) trait Watched:
    Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static
{
    const KIND: ObjectKind;

    /// What the store keeps, and the status where somebody keeps that true.
    fn split(self) -> (Object, Option<Status>);
}

/// What `kubectl apply` leaves behind: the whole object once more.
pub(in crate::control) const LAST_APPLIED: &str =
    "kubectl.kubernetes.io/last-applied-configuration";

fn tidy(metadata: &mut ObjectMeta) {
    metadata.managed_fields = None;
    metadata.resource_version = None;
    metadata.self_link = None;
    if let Some(annotations) = &mut metadata.annotations {
        annotations.remove(LAST_APPLIED);
    }
}

impl Watched for Ingress {
    const KIND: ObjectKind = ObjectKind::Ingress;

    fn split(mut self) -> (Object, Option<Status>) {
        tidy(&mut self.metadata);
        let balancer = self.status.take().and_then(|status| status.load_balancer);
        let addresses = balancer
            .and_then(|balancer| balancer.ingress)
            .unwrap_or_default();
        let status = Status::Addresses(addresses);
        (Object::Ingress(Arc::new(self)), Some(status))
    }
}

impl Watched for IngressClass {
    const KIND: ObjectKind = ObjectKind::IngressClass;

    fn split(mut self) -> (Object, Option<Status>) {
        tidy(&mut self.metadata);
        (Object::IngressClass(Arc::new(self)), None)
    }
}

impl Watched for Service {
    const KIND: ObjectKind = ObjectKind::Service;

    fn split(mut self) -> (Object, Option<Status>) {
        tidy(&mut self.metadata);
        self.status = None;
        (Object::Service(Arc::new(self)), None)
    }
}

impl Watched for EndpointSlice {
    const KIND: ObjectKind = ObjectKind::EndpointSlice;

    fn split(mut self) -> (Object, Option<Status>) {
        tidy(&mut self.metadata);
        (Object::EndpointSlice(Arc::new(self)), None)
    }
}

impl Watched for Secret {
    const KIND: ObjectKind = ObjectKind::Secret;

    fn split(mut self) -> (Object, Option<Status>) {
        tidy(&mut self.metadata);
        (Object::Secret(Arc::new(self)), None)
    }
}

impl Watched for ConfigMap {
    const KIND: ObjectKind = ObjectKind::ConfigMap;

    fn split(mut self) -> (Object, Option<Status>) {
        tidy(&mut self.metadata);
        (Object::ConfigMap(Arc::new(self)), None)
    }
}

/// What both kinds of policies look like at the API server.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Written {
    metadata: ObjectMeta,
    spec: Value,
    /// Whatever stands in it, the policy is understood.
    status: Value,
}

/// The group of policies.
pub(in crate::control) const POLICY_GROUP: &str = "portcullis.dev";
/// The version of them that is watched.
pub(in crate::control) const POLICY_VERSION: &str = "v1alpha1";

impl Written {
    fn split(self, kind: ObjectKind) -> (WafPolicy, Status) {
        let Self {
            mut metadata,
            spec,
            status,
        } = self;
        tidy(&mut metadata);
        let conditions = status.get("conditions").cloned().unwrap_or_default();
        let conditions: Vec<Condition> = serde_json::from_value(conditions).unwrap_or_default();
        let status = Status::Conditions(conditions, metadata.generation.unwrap_or_default());
        let policy = WafPolicy {
            api_version: format!("{POLICY_GROUP}/{POLICY_VERSION}"),
            kind: kind.as_str().to_owned(),
            metadata,
            spec,
            // The API server has let go of fields that the definition does not know.
            is_broken: false,
            may_name_cookies: false,
        };
        (policy, status)
    }
}

/// A WafPolicy.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct NamespacedPolicy(Written);

/// A ClusterWafPolicy.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct ClusterPolicy(Written);

macro_rules! policy {
    ($name:ident, $scope:ty, $kind:ident, $plural:literal) => {
        impl Resource for $name {
            type DynamicType = ();
            type Scope = $scope;

            fn kind((): &()) -> Cow<'_, str> {
                ObjectKind::$kind.as_str().into()
            }

            fn group((): &()) -> Cow<'_, str> {
                POLICY_GROUP.into()
            }

            fn version((): &()) -> Cow<'_, str> {
                POLICY_VERSION.into()
            }

            fn plural((): &()) -> Cow<'_, str> {
                $plural.into()
            }

            fn meta(&self) -> &ObjectMeta {
                &self.0.metadata
            }

            fn meta_mut(&mut self) -> &mut ObjectMeta {
                &mut self.0.metadata
            }
        }

        impl Watched for $name {
            const KIND: ObjectKind = ObjectKind::$kind;

            fn split(self) -> (Object, Option<Status>) {
                let (policy, status) = self.0.split(Self::KIND);
                (Object::$kind(Arc::new(policy)), Some(status))
            }
        }
    };
}

policy!(
    NamespacedPolicy,
    NamespaceResourceScope,
    WafPolicy,
    "wafpolicies"
);
policy!(
    ClusterPolicy,
    ClusterResourceScope,
    ClusterWafPolicy,
    "clusterwafpolicies"
);
