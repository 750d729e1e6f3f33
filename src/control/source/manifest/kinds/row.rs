//! The table of kinds.

use serde_json::Value;

use super::{
    super::decode::Decoded, config_map, endpoint_slice, ingress, ingress_class, secret, service,
    waf_policy,
};
use crate::{
    config::ObjectKind,
    control::{FieldPath, Object},
};

/// How objects of one `apiVersion` and `kind` are read.
#[derive(Debug)]
pub(in super::super) struct Row {
    pub api_version: &'static str,
    pub kind: &'static str,
    pub object: ObjectKind,
    /// Whether objects are in a namespace, `default` where none is written.
    pub namespaced: bool,
    /// Whether values must not be shown to people.
    pub confidential: bool,
    /// Brings the written form to the current schema and gives the fields that have no place in the
    /// written one.
    pub convert: fn(&mut Value) -> Vec<FieldPath>,
    pub decode: fn(Value) -> Decoded<Object>,
    /// Where a field of the current schema may stand in the written form.
    pub written: fn(&FieldPath) -> FieldPath,
}

/// Every form that is read.
const ROWS: [&Row; 11] = [
    &ingress::V1,
    &ingress::V1BETA1,
    &ingress::EXTENSIONS,
    &ingress_class::V1,
    &ingress_class::V1BETA1,
    &service::V1,
    &endpoint_slice::V1,
    &secret::V1,
    &config_map::V1,
    &waf_policy::V1ALPHA1,
    &waf_policy::CLUSTER_V1ALPHA1,
];

/// The row for an `apiVersion` and `kind`.
pub(in super::super) fn row(api_version: &str, kind: &str) -> Option<&'static Row> {
    ROWS.into_iter()
        .find(|row| row.api_version == api_version && row.kind == kind)
}

/// For forms that are the current schema already.
pub(super) fn unconverted(_: &mut Value) -> Vec<FieldPath> {
    Vec::new()
}

/// For forms that are the current schema already.
pub(super) fn as_named(path: &FieldPath) -> FieldPath {
    path.clone()
}
