//! IngressClass: `networking.k8s.io/v1`, and the beta that has the same fields.

use std::sync::Arc;

use k8s_openapi::api::networking::v1::IngressClass;

use super::{
    super::decode::decode,
    row::{Row, as_named, unconverted},
};
use crate::{config::ObjectKind, control::Object};

pub(super) const V1: Row = Row {
    api_version: "networking.k8s.io/v1",
    kind: "IngressClass",
    object: ObjectKind::IngressClass,
    namespaced: false,
    confidential: false,
    stand_in: None,
    convert: unconverted,
    decode: |value| {
        decode::<IngressClass>(value).map(|object| Object::IngressClass(Arc::new(object)))
    },
    written: as_named,
};

pub(super) const V1BETA1: Row = Row {
    api_version: "networking.k8s.io/v1beta1",
    convert: |value| {
        value["apiVersion"] = V1.api_version.into();
        Vec::new()
    },
    ..V1
};
