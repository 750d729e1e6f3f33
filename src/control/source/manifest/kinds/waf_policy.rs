//! WafPolicy and ClusterWafPolicy: `portcullis.dev/v1alpha1`.
//!
//! One that cannot be used is stood in for: without it, what it refuses would be served.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use super::{
    super::decode::{Decoded, decode},
    row::{Row, Unread, as_named, unconverted},
};
use crate::{
    config::ObjectKind,
    control::{Key, Object, WafPolicy},
};

/// The field that says something of cookies.
const COOKIES: &str = "cookieIntegrity";

pub(super) const V1ALPHA1: Row = Row {
    api_version: "portcullis.dev/v1alpha1",
    kind: "WafPolicy",
    object: ObjectKind::WafPolicy,
    namespaced: true,
    confidential: false,
    stand_in: Some(|key, spec, unread| Object::WafPolicy(Arc::new(stand_in(key, spec, unread)))),
    convert: unconverted,
    decode: |value| policy(value).map(|object| Object::WafPolicy(Arc::new(object))),
    written: as_named,
};

pub(super) const CLUSTER_V1ALPHA1: Row = Row {
    kind: "ClusterWafPolicy",
    object: ObjectKind::ClusterWafPolicy,
    namespaced: false,
    stand_in: Some(|key, spec, unread| {
        Object::ClusterWafPolicy(Arc::new(stand_in(key, spec, unread)))
    }),
    decode: |value| policy(value).map(|object| Object::ClusterWafPolicy(Arc::new(object))),
    ..V1ALPHA1
};

fn policy(value: Value) -> Decoded<WafPolicy> {
    let mut decoded = decode::<WafPolicy>(value);
    let is_misspelt = decoded.unknown.iter().any(|field| field.0.len() == 1);
    if let Ok(policy) = &mut decoded.object {
        // `specs:` would be a policy that says nothing.
        policy.is_broken = is_misspelt && policy.spec.is_null();
        policy.may_name_cookies = policy.is_broken;
    }
    decoded
}

fn stand_in(key: &Key, spec: Value, unread: Option<Unread<'_>>) -> WafPolicy {
    let may_name_cookies =
        unread.is_some_and(|unread| unread.is_cut || unread.text.contains(COOKIES));
    WafPolicy {
        metadata: ObjectMeta {
            name: Some(key.name.to_string()),
            namespace: (!key.namespace.is_empty()).then(|| key.namespace.to_string()),
            ..ObjectMeta::default()
        },
        spec,
        is_broken: true,
        may_name_cookies,
        ..WafPolicy::default()
    }
}
