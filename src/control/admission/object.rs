//! The object of a review, as far as it is judged.
//!
//! Invariant: what is not kept is passed over and costs no memory: who manages which field, statuses, and
//! what `kubectl apply` leaves behind. Non-goal: whether the object is of its kind; the API server says so.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::networking::v1::{Ingress, IngressSpec},
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time},
};
use serde::Deserialize;
use serde_json::Value;

use crate::control::{WafPolicy, source::kube::LAST_APPLIED};

/// An object as it is written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Written<S> {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
    metadata: Option<Metadata>,
    spec: Option<S>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    annotations: Option<BTreeMap<String, String>>,
    creation_timestamp: Option<Time>,
    deletion_timestamp: Option<Time>,
    generate_name: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    name: Option<String>,
    namespace: Option<String>,
}

impl From<Written<IngressSpec>> for Ingress {
    fn from(written: Written<IngressSpec>) -> Self {
        Self {
            metadata: written.metadata.unwrap_or_default().into(),
            spec: written.spec,
            status: None,
        }
    }
}

impl From<Written<Value>> for WafPolicy {
    fn from(written: Written<Value>) -> Self {
        Self {
            api_version: written.api_version,
            kind: written.kind,
            metadata: written.metadata.unwrap_or_default().into(),
            spec: written.spec.unwrap_or_default(),
            is_broken: false,
            may_name_cookies: false,
        }
    }
}

impl From<Metadata> for ObjectMeta {
    fn from(written: Metadata) -> Self {
        let Metadata {
            mut annotations,
            creation_timestamp,
            deletion_timestamp,
            generate_name,
            labels,
            name,
            namespace,
        } = written;
        // The whole object once more, which changes whenever anything of it does.
        if let Some(annotations) = &mut annotations {
            annotations.remove(LAST_APPLIED);
        }
        Self {
            annotations,
            creation_timestamp,
            deletion_timestamp,
            generate_name,
            labels,
            name,
            namespace,
            ..Self::default()
        }
    }
}
