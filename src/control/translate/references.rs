//! What the objects of the moment name, and which of them are served.
//!
//! For a source that does not read everything there is: it has to know what to ask for before the first
//! translation. Invariant: whatever a translation looks up in a Secret or a ConfigMap is named here. The
//! test of parity between the sources holds it to that. Non-goal: whether what is named exists.

use std::{collections::BTreeSet, sync::Arc};

use k8s_openapi::api::networking::v1::Ingress;
use serde_json::Value;

use super::{
    class::{Classes, Verdict},
    settings::ClassSelection,
};
use crate::control::{Key, Objects, WafPolicy};

/// Annotations whose values name a Secret as `namespace/name`.
const SECRETS: [&str; 1] = ["nginx.ingress.kubernetes.io/auth-tls-secret"];

/// Objects that others name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// Secrets that say who is let in.
    pub secrets: BTreeSet<Key>,
    /// Secrets with certificates for hosts.
    pub certificates: BTreeSet<Key>,
    /// ConfigMaps.
    pub config_maps: BTreeSet<Key>,
}

/// What is named by the Ingresses that are served and by policies.
pub fn references(objects: &Objects, class: &ClassSelection) -> References {
    let mut found = References::default();
    for (key, ingress) in served(objects, class) {
        let spec = ingress.spec.as_ref();
        let tls = spec
            .and_then(|spec| spec.tls.as_deref())
            .unwrap_or_default();
        let names = tls.iter().filter_map(|entry| entry.secret_name.as_deref());
        let names = names.filter(|name| !name.is_empty());
        found
            .certificates
            .extend(names.map(|name| in_namespace(&key.namespace, name)));
        let annotations = ingress.metadata.annotations.iter().flatten();
        let named = annotations.filter(|(name, _)| SECRETS.contains(&name.as_str()));
        let named = named.filter_map(|(_, value)| value.trim().split_once('/'));
        // Those of other namespaces are not used, so nobody has to be allowed to read them.
        let own = named.filter(|(namespace, _)| **namespace == *key.namespace);
        found
            .secrets
            .extend(own.map(|(_, name)| in_namespace(&key.namespace, name)));
    }
    for (key, policy) in objects.waf_policies.iter() {
        let own = |(_, name): (Option<&str>, &str)| in_namespace(&key.namespace, name);
        found
            .config_maps
            .extend(config_maps(&policy.object).map(own));
        found.secrets.extend(cookie_keys(&policy.object).map(own));
    }
    for policy in objects.cluster_waf_policies.values() {
        let named = |(namespace, name): (Option<&str>, &str)| Some(Key::new(namespace?, name));
        found
            .config_maps
            .extend(config_maps(&policy.object).filter_map(named));
        found
            .secrets
            .extend(cookie_keys(&policy.object).and_then(named));
    }
    found
}

/// The Ingresses that are served, by their class.
pub fn served_ingresses(objects: &Objects, class: &ClassSelection) -> BTreeSet<Key> {
    served(objects, class).map(|(key, _)| key.clone()).collect()
}

fn served<'a>(
    objects: &'a Objects,
    class: &'a ClassSelection,
) -> impl Iterator<Item = (&'a Key, &'a Ingress)> {
    let classes = Classes::of(objects);
    let all = objects
        .ingresses
        .iter()
        .map(|(key, stored)| (key, &*stored.object));
    all.filter(move |(_, ingress)| {
        ingress.metadata.deletion_timestamp.is_none()
            && classes.judge(class, ingress) == Verdict::Served
    })
}

fn in_namespace(namespace: &Arc<str>, name: &str) -> Key {
    Key {
        namespace: Arc::clone(namespace),
        name: name.into(),
    }
}

/// Namespace, where one is written, and name of the ConfigMaps that a policy names.
fn config_maps(policy: &WafPolicy) -> impl Iterator<Item = (Option<&str>, &str)> {
    let sets = policy.spec.get("ruleSets").and_then(Value::as_array);
    sets.into_iter().flatten().filter_map(|set| {
        let map = set.get("configMap")?;
        let namespace = map.get("namespace").and_then(Value::as_str);
        Some((namespace, map.get("name")?.as_str()?))
    })
}

/// Likewise for the Secret with keys for cookies.
fn cookie_keys(policy: &WafPolicy) -> Option<(Option<&str>, &str)> {
    let secret = policy.spec.pointer("/cookieIntegrity/keys/secret")?;
    let namespace = secret.get("namespace").and_then(Value::as_str);
    Some((namespace, secret.get("name")?.as_str()?))
}
