//! The table of kinds.

use serde_json::Value;

use super::{
    super::decode::Decoded, config_map, endpoint_slice, ingress, ingress_class, secret, service,
    waf_policy,
};
use crate::{
    config::ObjectKind,
    control::{FieldPath, Key, Object},
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
    /// What stands for an object that cannot be used and has no earlier version, given what could be
    /// read of its `spec`, and what could not: kinds without which requests would be served that it may refuse.
    pub stand_in: Option<fn(&Key, Value, Option<Unread<'_>>) -> Object>,
    /// Brings the written form to the current schema and gives the fields that have no place in the
    /// written one.
    pub convert: fn(&mut Value) -> Vec<FieldPath>,
    pub decode: fn(Value) -> Decoded<Object>,
    /// Where a field of the current schema may stand in the written form.
    pub written: fn(&FieldPath) -> FieldPath,
}

/// A document that could not be read to its end.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Unread<'t> {
    /// All of its text.
    pub text: &'t str,
    /// Whether the text may not be all that there was, since it ends within something.
    pub is_cut: bool,
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

/// The row for an object of this kind whose `apiVersion` is missing or of another version, if it is not
/// to be left out for that.
pub(in super::super) fn row_of_kind(api_version: Option<&str>, kind: &str) -> Option<&'static Row> {
    let group = |api_version: &'static str| api_version.split('/').next();
    let is_of_group = |row: &Row| {
        api_version.is_none_or(|written| written.split('/').next() == group(row.api_version))
    };
    ROWS.into_iter()
        .find(|row| row.stand_in.is_some() && row.kind == kind && is_of_group(row))
}

/// For forms that are the current schema already.
pub(super) fn unconverted(_: &mut Value) -> Vec<FieldPath> {
    Vec::new()
}

/// For forms that are the current schema already.
pub(super) fn as_named(path: &FieldPath) -> FieldPath {
    path.clone()
}
