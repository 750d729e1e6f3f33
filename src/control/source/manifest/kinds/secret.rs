//! Secret: `v1`, with `stringData` merged into `data` as the API server does on writing.

use std::sync::Arc;

use k8s_openapi::{ByteString, api::core::v1::Secret};

use super::{
    super::decode::decode,
    row::{Row, unconverted},
};
use crate::{
    config::ObjectKind,
    control::{Object, Segment},
};

pub(super) const V1: Row = Row {
    api_version: "v1",
    kind: "Secret",
    object: ObjectKind::Secret,
    namespaced: true,
    confidential: true,
    stand_in: None,
    convert: unconverted,
    decode: |value| {
        decode::<Secret>(value).map(|mut secret| {
            for (key, text) in secret.string_data.take().unwrap_or_default() {
                let data = secret.data.get_or_insert_default();
                data.insert(key, ByteString(text.into_bytes()));
            }
            Object::Secret(Arc::new(secret))
        })
    },
    written: |path| {
        let mut path = path.clone();
        if let Some(Segment::Key(first)) = path.0.first_mut()
            && first == "data"
        {
            "stringData".clone_into(first);
        }
        path
    },
};
