//! Rule sets: where a policy's rules come from.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use k8s_openapi::api::core::v1::ConfigMap;

use super::spec::{ConfigMapRef, RuleSetRef};
use crate::{
    config::{Cause, ObjectKind, RuleOrigin},
    control::{
        Key, Objects,
        source::rules::{BUILTIN, BUILTIN_SET, FolderRules, RuleFolders, RulePart},
        translate::names,
    },
};

/// Where rules of a policy may come from.
pub(super) struct Sets<'a> {
    pub(super) objects: &'a Objects,
    pub(super) folders: &'a RuleFolders,
    /// The namespace of a tenant; `None`: the operator's.
    pub(super) namespace: Option<&'a str>,
    /// The folders that were asked for, as they were.
    pub(super) asked: &'a mut BTreeMap<PathBuf, Arc<FolderRules>>,
}

/// Rules from one place.
pub(super) struct Set {
    pub(super) part: RulePart,
    /// Where they were written, if that is another object.
    pub(super) origins: Vec<(Arc<str>, RuleOrigin)>,
    /// Why they are not what is there now.
    pub(super) fault: Option<String>,
}

impl Sets<'_> {
    /// The rules that one item names; `inline` makes a part of text in the policy itself.
    ///
    /// # Errors
    /// Says which field is wrong, and how.
    pub(super) fn read(
        &mut self,
        item: &RuleSetRef,
        inline: impl FnOnce(&str) -> RulePart,
    ) -> Result<Set, (Cause, &'static str, String)> {
        let own = Cause::Object;
        let RuleSetRef {
            folder,
            config_map,
            inline: text,
            builtin,
        } = item;
        match (folder, config_map, text, builtin) {
            (Some(path), None, None, None) if self.namespace.is_none() => self
                .folder(Path::new(path))
                .map_err(|message| (Cause::Surroundings, "folder", message)),
            (Some(_), None, None, None) => {
                let message = "only a ClusterWafPolicy and the command line name folders";
                Err((own, "folder", message.into()))
            }
            (None, Some(reference), None, None) => self
                .config_map(reference)
                .map_err(|(cause, message)| (cause, "configMap", message)),
            (None, None, Some(text), None) => Ok(Set {
                part: inline(text),
                origins: Vec::new(),
                fault: None,
            }),
            (None, None, None, Some(name)) if name != BUILTIN_SET => {
                Err((own, "builtin", format!("no rule set {name:?} is built in")))
            }
            (None, None, None, Some(_)) if self.namespace.is_some() => {
                let message = "only a ClusterWafPolicy and the command line name built-in rules, \
                               which precede those of a namespace";
                Err((own, "builtin", message.into()))
            }
            (None, None, None, Some(_)) => self
                .folder(Path::new(BUILTIN))
                .map_err(|message| (own, "builtin", message)),
            _ => {
                let message = "name one of folder, configMap and inline";
                Err((own, "", message.into()))
            }
        }
    }

    fn folder(&mut self, path: &Path) -> Result<Set, String> {
        let rules = self.folders.rules(path);
        self.asked.insert(path.to_owned(), Arc::clone(&rules));
        let FolderRules { part, fault } = &*rules;
        match part {
            Some(part) => Ok(Set {
                part: part.clone(),
                origins: Vec::new(),
                fault: fault.clone(),
            }),
            None => Err(fault.clone().unwrap_or_default()),
        }
    }

    fn config_map(&self, reference: &ConfigMapRef) -> Result<Set, (Cause, String)> {
        let own = |message: &str| (Cause::Object, message.to_owned());
        let awaits = |message| (Cause::Surroundings, message);
        let ConfigMapRef { name, namespace } = reference;
        let namespace = match (self.namespace, namespace.as_deref()) {
            (None, Some(namespace)) => namespace,
            (None, None) => return Err(own("the ConfigMap's namespace is missing")),
            (Some(tenant), Some(other)) if other != tenant => {
                let message = "only a ConfigMap of the policy's own namespace can be named";
                return Err(own(message));
            }
            (Some(tenant), _) => tenant,
        };
        let key = Key::new(namespace, name);
        let object = names::live(self.objects.config_maps.get(&key), |it| &it.metadata);
        let Some(object) = object else {
            let message = format!("ConfigMap {} does not exist", names::spelled(&key));
            return Err(awaits(message));
        };
        let (part, origins) = of_config_map(&key, object);
        if part.loaded.is_empty() {
            let spelled = names::spelled(&key);
            return Err(awaits(format!(
                "ConfigMap {spelled} has no rules, which are keys that end in .conf"
            )));
        }
        Ok(Set {
            part,
            origins,
            fault: None,
        })
    }
}

/// Every key a file; those that end in `.conf` are loaded, in their order.
fn of_config_map(key: &Key, object: &ConfigMap) -> (RulePart, Vec<(Arc<str>, RuleOrigin)>) {
    let reference = names::object_ref(ObjectKind::ConfigMap, key);
    let texts = object.data.iter().flatten();
    let texts = texts.map(|(key, text)| (key, text.as_bytes()));
    let bytes = object.binary_data.iter().flatten();
    let bytes = bytes.map(|(key, bytes)| (key, bytes.0.as_slice()));
    let mut part = RulePart::default();
    let mut origins = Vec::new();
    for (key, text) in texts.chain(bytes) {
        let name = format!("{reference}/{key}");
        let field = format!("data[\"{key}\"]");
        origins.push((
            name.as_str().into(),
            RuleOrigin {
                object: reference.clone(),
                field,
            },
        ));
        if key.ends_with(".conf") {
            part.loaded.push(name.clone());
        }
        part.files.insert(name, text.into());
    }
    part.loaded.sort_unstable();
    (part, origins)
}
