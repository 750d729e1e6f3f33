//! The objects, their versions and their history.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use serde_json::{Value, json};

/// A kind as paths name it: group (empty: core) and plural.
pub(crate) type Resource = (String, String);

pub(super) type Name = (Resource, String, String);

/// One change.
#[derive(Clone)]
pub(super) struct Change {
    pub(super) version: u64,
    pub(super) name: Name,
    pub(super) before: Option<Value>,
    /// `None`: it was deleted.
    pub(super) after: Option<Value>,
}

#[derive(Default)]
pub(super) struct Objects {
    pub(super) version: u64,
    pub(super) all: BTreeMap<Name, Value>,
    pub(super) history: Vec<Change>,
    /// Watches from before this version are too old.
    pub(super) oldest: u64,
    uids: u64,
}

/// Why something was not done.
pub(super) enum Refused {
    NotFound,
    Exists,
    Conflict,
}

impl Objects {
    /// Puts an object in as it is, whatever was there.
    pub(super) fn put(&mut self, mut object: Value) {
        let name = name_of(&object);
        if let Some(Value::Object(texts)) = object.as_object_mut().unwrap().remove("stringData") {
            for (key, text) in texts {
                let bytes = ByteString(text.as_str().unwrap().as_bytes().to_vec());
                object["data"][key] = serde_json::to_value(bytes).unwrap();
            }
        }
        if object["kind"] == "Secret" && object["type"].is_null() {
            object["type"] = "Opaque".into();
        }
        if !name.1.is_empty() {
            object["metadata"]["namespace"] = name.1.clone().into();
        }
        let old = self.all.get(&name).cloned();
        self.write(name, old, object);
    }

    pub(super) fn create(&mut self, name: &Name, mut object: Value) -> Result<Value, Refused> {
        if self.all.contains_key(name) {
            return Err(Refused::Exists);
        }
        object["metadata"]["namespace"] = name.1.clone().into();
        object["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z".into();
        Ok(self.write(name.clone(), None, object))
    }

    /// Replaces an object, or its status alone.
    pub(super) fn replace(
        &mut self,
        name: &Name,
        object: &Value,
        status_alone: bool,
    ) -> Result<Value, Refused> {
        let old = self.all.get(name).cloned().ok_or(Refused::NotFound)?;
        let version = &object["metadata"]["resourceVersion"];
        if !version.is_null() && version != "" && *version != old["metadata"]["resourceVersion"] {
            return Err(Refused::Conflict);
        }
        let mut new = if status_alone {
            old.clone()
        } else {
            object.clone()
        };
        let source = if status_alone { object } else { &old };
        match source.get("status") {
            Some(status) => new["status"] = status.clone(),
            None => drop(new.as_object_mut().unwrap().remove("status")),
        }
        for kept in ["uid", "creationTimestamp", "generation", "namespace"] {
            if let Some(value) = old["metadata"].get(kept) {
                new["metadata"][kept] = value.clone();
            }
        }
        Ok(self.write(name.clone(), Some(old), new))
    }

    /// A merge patch (RFC 7396) of an object, or of its status alone.
    pub(super) fn patch(
        &mut self,
        name: &Name,
        patch: &Value,
        status_alone: bool,
    ) -> Result<Value, Refused> {
        let mut patched = self.all.get(name).cloned().ok_or(Refused::NotFound)?;
        merge(&mut patched, patch);
        self.replace(name, &patched, status_alone)
    }

    pub(super) fn delete(&mut self, name: &Name) -> Result<Value, Refused> {
        let mut old = self.all.remove(name).ok_or(Refused::NotFound)?;
        let before = old.clone();
        self.version += 1;
        old["metadata"]["resourceVersion"] = self.version.to_string().into();
        self.history.push(Change {
            version: self.version,
            name: name.clone(),
            before: Some(before),
            after: None,
        });
        Ok(old)
    }

    /// Forgets what happened so far: watches from before are too old.
    pub(super) fn compact(&mut self) {
        self.oldest = self.version;
        self.history.clear();
    }

    fn write(&mut self, name: Name, old: Option<Value>, mut new: Value) -> Value {
        let metadata = &mut new["metadata"];
        match &old {
            None => {
                self.uids += 1;
                if metadata["uid"].is_null() {
                    metadata["uid"] = format!("uid-{}", self.uids).into();
                }
                metadata["generation"] = 1.into();
            }
            Some(old) => {
                metadata["uid"] = old["metadata"]["uid"].clone();
                metadata["resourceVersion"] = old["metadata"]["resourceVersion"].clone();
                let generation = old["metadata"]["generation"].as_u64().unwrap();
                let changed = u64::from(old["spec"] != new["spec"]);
                new["metadata"]["generation"] = (generation + changed).into();
                if *old == new {
                    return new;
                }
            }
        }
        self.version += 1;
        new["metadata"]["resourceVersion"] = self.version.to_string().into();
        self.history.push(Change {
            version: self.version,
            name: name.clone(),
            before: old,
            after: Some(new.clone()),
        });
        self.all.insert(name, new.clone());
        new
    }
}

/// Where an object belongs, by its group and kind.
pub(super) fn name_of(object: &Value) -> Name {
    let version = object["apiVersion"].as_str().unwrap();
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let kind = object["kind"].as_str().unwrap().to_lowercase();
    let plural = match kind.as_str() {
        "ingress" | "ingressclass" => format!("{kind}es"),
        "wafpolicy" | "clusterwafpolicy" => format!("{}ies", kind.strip_suffix('y').unwrap()),
        _ => format!("{kind}s"),
    };
    let in_none = [
        "ingressclasses",
        "clusterwafpolicies",
        "nodes",
        "validatingwebhookconfigurations",
        "namespaces",
    ];
    let in_none = in_none.contains(&plural.as_str());
    let metadata = &object["metadata"];
    let namespace = match in_none {
        true => "",
        false => metadata["namespace"].as_str().unwrap_or("default"),
    };
    let name = metadata["name"].as_str().unwrap();
    (
        (group.to_owned(), plural),
        namespace.to_owned(),
        name.to_owned(),
    )
}

fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (key, value) in patch {
        match value {
            Value::Null => drop(target.as_object_mut().unwrap().remove(key)),
            value => merge(&mut target[key.as_str()], value),
        }
    }
}
