//! EndpointSlice: `discovery.k8s.io/v1`.

use std::sync::Arc;

use k8s_openapi::api::discovery::v1::EndpointSlice;

use super::{
    super::decode::decode,
    row::{Row, as_named, unconverted},
};
use crate::{config::ObjectKind, control::Object};

pub(super) const V1: Row = Row {
    api_version: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    object: ObjectKind::EndpointSlice,
    namespaced: true,
    confidential: false,
    stand_in: None,
    convert: unconverted,
    decode: |value| {
        decode::<EndpointSlice>(value).map(|object| Object::EndpointSlice(Arc::new(object)))
    },
    written: as_named,
};
