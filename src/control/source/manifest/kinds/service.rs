//! Service: `v1`.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Service;

use super::{
    super::decode::decode,
    row::{Row, as_named, unconverted},
};
use crate::{config::ObjectKind, control::Object};

pub(super) const V1: Row = Row {
    api_version: "v1",
    kind: "Service",
    object: ObjectKind::Service,
    namespaced: true,
    confidential: false,
    stand_in: None,
    convert: unconverted,
    decode: |value| decode::<Service>(value).map(|object| Object::Service(Arc::new(object))),
    written: as_named,
};
