//! A judge over manifests, and what it is asked.

use std::{fs, sync::Arc};

use portcullis::control::{
    Objects, Store,
    admission::{Judge, JudgeSettings, Review, Ruling},
    source::files::FileSource,
    translate::TranslateSettings,
};
use serde_json::{Value, json};

use super::super::support::settings;

/// A store that has read these.
pub(super) fn store(documents: &[Value]) -> Arc<Store> {
    let folder = tempfile::tempdir().unwrap();
    let texts: Vec<String> = documents.iter().map(Value::to_string).collect();
    fs::write(folder.path().join("all.yaml"), texts.join("\n---\n")).unwrap();
    let store = Arc::new(Store::default());
    FileSource::new(vec![folder.path().to_owned()]).sync(&store);
    store
}

pub(super) fn judge_of(store: &Arc<Store>, translating: TranslateSettings) -> Judge {
    Judge::new(JudgeSettings {
        store: Arc::clone(store),
        options: Box::new({
            let options = translating.options.clone();
            move |_: &Objects| options.clone()
        }),
        translating,
        sets: Default::default(),
        namespaces: Vec::new(),
    })
}

pub(super) fn judge(documents: &[Value]) -> Judge {
    judge_of(&store(documents), settings())
}

/// The review of an object, as the API server asks for it.
pub(super) fn review(operation: &str, object: &Value, old: &Value) -> Value {
    let (group, version) = object["apiVersion"]
        .as_str()
        .unwrap()
        .split_once('/')
        .unwrap();
    let namespace = match object["kind"].as_str() {
        Some("ClusterWafPolicy") => Value::Null,
        _ => object["metadata"]
            .get("namespace")
            .cloned()
            .unwrap_or("default".into()),
    };
    let mut request = json!({
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
        "kind": {"group": group, "version": version, "kind": object["kind"]},
        "resource": {"group": group, "version": version, "resource": "things"},
        "name": object["metadata"]["name"],
        "namespace": namespace,
        "operation": operation,
        "userInfo": {"username": "admin", "groups": ["system:authenticated"]},
        "object": object,
        "oldObject": old,
        "dryRun": false,
        "options": {"apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions"},
    });
    if namespace.is_null() {
        request.as_object_mut().unwrap().remove("namespace");
    }
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})
}

pub(super) fn parsed(review: &Value) -> Review {
    Review::parse(review.to_string().as_bytes()).unwrap()
}

pub(super) fn created(judge: &mut Judge, object: &Value) -> Ruling {
    judge
        .rule(&parsed(&review("CREATE", object, &Value::Null)))
        .unwrap()
}

pub(super) fn updated(judge: &mut Judge, object: &Value, old: &Value) -> Ruling {
    judge.rule(&parsed(&review("UPDATE", object, old))).unwrap()
}

/// An Ingress of one path.
pub(super) fn ingress(name: &str, host: &str, path: &str) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"rules": [{"host": host, "http": {"paths": [{
            "path": path, "pathType": "Prefix",
            "backend": {"service": {"name": "web", "port": {"number": 80}}},
        }]}}]},
    })
}

pub(super) fn at(mut object: Value, created: &str) -> Value {
    object["metadata"]["creationTimestamp"] = created.into();
    object
}

/// A Service `web` with a pod.
pub(super) fn web() -> Vec<Value> {
    vec![
        json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"ports": [{"port": 80}]},
        }),
        json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"name": "web-1", "namespace": "default",
                "labels": {"kubernetes.io/service-name": "web"}},
            "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": true}}],
            "ports": [{"port": 8080}],
        }),
    ]
}
