//! WafPolicy and ClusterWafPolicy: `portcullis.dev/v1alpha1`.

use std::sync::Arc;

use super::{
    super::decode::decode,
    row::{Row, as_named, unconverted},
};
use crate::{
    config::ObjectKind,
    control::{Object, WafPolicy},
};

pub(super) const V1ALPHA1: Row = Row {
    api_version: "portcullis.dev/v1alpha1",
    kind: "WafPolicy",
    object: ObjectKind::WafPolicy,
    namespaced: true,
    confidential: false,
    convert: unconverted,
    decode: |value| decode::<WafPolicy>(value).map(|object| Object::WafPolicy(Arc::new(object))),
    written: as_named,
};

pub(super) const CLUSTER_V1ALPHA1: Row = Row {
    kind: "ClusterWafPolicy",
    object: ObjectKind::ClusterWafPolicy,
    namespaced: false,
    decode: |value| {
        decode::<WafPolicy>(value).map(|object| Object::ClusterWafPolicy(Arc::new(object)))
    },
    ..V1ALPHA1
};
