//! Ingress: `networking.k8s.io/v1`, and the legacy schema that `networking.k8s.io/v1beta1` and
//! `extensions/v1beta1` share.
//!
//! Legacy to current, as the API server converted them: `spec.backend` is `spec.defaultBackend`,
//! `serviceName` is `service.name`, `servicePort` is `service.port.number` or `.name`, and an absent
//! `pathType` is `ImplementationSpecific`.

use std::sync::Arc;

use k8s_openapi::api::networking::v1::Ingress;
use serde_json::{Map, Value, json};

use super::{
    super::decode::decode,
    row::{Row, as_named, unconverted},
};
use crate::{
    config::ObjectKind,
    control::{FieldPath, Object, Segment},
};

pub(super) const V1: Row = Row {
    api_version: "networking.k8s.io/v1",
    kind: "Ingress",
    object: ObjectKind::Ingress,
    namespaced: true,
    confidential: false,
    stand_in: None,
    convert: unconverted,
    decode: |value| decode::<Ingress>(value).map(|object| Object::Ingress(Arc::new(object))),
    written: as_named,
};

pub(super) const V1BETA1: Row = Row {
    api_version: "networking.k8s.io/v1beta1",
    convert: from_legacy,
    written: in_legacy,
    ..V1
};

pub(super) const EXTENSIONS: Row = Row {
    api_version: "extensions/v1beta1",
    ..V1BETA1
};

fn from_legacy(ingress: &mut Value) -> Vec<FieldPath> {
    ingress["apiVersion"] = V1.api_version.into();
    let mut unknown = Vec::new();
    let Some(spec) = ingress.get_mut("spec").and_then(Value::as_object_mut) else {
        return unknown;
    };
    let at = FieldPath::default().key("spec");
    if spec.remove("defaultBackend").is_some() {
        unknown.push(at.clone().key("defaultBackend"));
    }
    if let Some(mut backend) = spec.remove("backend") {
        convert_backend(&mut backend, &at.clone().key("backend"), &mut unknown);
        spec.insert("defaultBackend".to_owned(), backend);
    }
    let rules = spec.get_mut("rules").and_then(Value::as_array_mut);
    for (rule_index, rule) in rules.into_iter().flatten().enumerate() {
        let paths = rule
            .get_mut("http")
            .and_then(|http| http.get_mut("paths"))
            .and_then(Value::as_array_mut);
        for (path_index, path) in paths.into_iter().flatten().enumerate() {
            let Some(path) = path.as_object_mut() else {
                continue;
            };
            let path_type = path.entry("pathType").or_insert(Value::Null);
            if path_type.is_null() {
                *path_type = "ImplementationSpecific".into();
            }
            if let Some(backend) = path.get_mut("backend") {
                let at = at.clone().key("rules").index(rule_index).key("http");
                let at = at.key("paths").index(path_index).key("backend");
                convert_backend(backend, &at, &mut unknown);
            }
        }
    }
    unknown
}

fn convert_backend(backend: &mut Value, at: &FieldPath, unknown: &mut Vec<FieldPath>) {
    let Some(backend) = backend.as_object_mut() else {
        return;
    };
    if backend.remove("service").is_some() {
        unknown.push(at.clone().key("service"));
    }
    let mut service = Map::new();
    if let Some(name) = backend.remove("serviceName") {
        service.insert("name".to_owned(), name);
    }
    if let Some(port) = backend.remove("servicePort") {
        service.insert("port".to_owned(), convert_port(port));
    }
    if !service.is_empty() {
        backend.insert("service".to_owned(), Value::Object(service));
    }
}

/// A port's name has a letter in it, so digits in quotes can only be meant as a number.
fn convert_port(port: Value) -> Value {
    match &port {
        Value::String(name) => match name.parse::<u16>() {
            Ok(number) => json!({ "number": number }),
            Err(_) => json!({ "name": port }),
        },
        _ => json!({ "number": port }),
    }
}

fn in_legacy(path: &FieldPath) -> FieldPath {
    let mut written = Vec::new();
    let mut rest = path.0.as_slice();
    while let [segment, after @ ..] = rest {
        rest = after;
        match (segment, written.len()) {
            (Segment::Key(key), 1) if key == "defaultBackend" => {
                written.push(key_segment("backend"))
            }
            (Segment::Key(key), _) if key == "service" && is_backend(written.last()) => {
                match after.first() {
                    Some(Segment::Key(field)) if field == "name" => {
                        written.push(key_segment("serviceName"));
                        break;
                    }
                    Some(Segment::Key(field)) if field == "port" => {
                        written.push(key_segment("servicePort"));
                        break;
                    }
                    _ => break,
                }
            }
            _ => written.push(segment.clone()),
        }
    }
    FieldPath(written)
}

fn key_segment(key: &str) -> Segment {
    Segment::Key(key.to_owned())
}

fn is_backend(segment: Option<&Segment>) -> bool {
    matches!(segment, Some(Segment::Key(key)) if key == "backend")
}
