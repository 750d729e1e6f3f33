//! What the objects of the moment name, and which of them are served.
//!
//! For a source that does not read everything there is: it has to know what to ask for before the first
//! translation. Invariant: whatever a translation looks up in a Secret or a ConfigMap is named here. The
//! test of parity between the sources holds it to that. Non-goal: whether what is named exists.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use k8s_openapi::api::networking::v1::Ingress;
use serde_json::Value;

use super::{
    class::{Classes, Verdict},
    settings::ClassSelection,
};
use crate::{
    config::ObjectKind,
    control::{Key, Objects, WafPolicy},
};

/// Annotations whose values name a Secret as `namespace/name`.
const SECRETS: [&str; 1] = ["nginx.ingress.kubernetes.io/auth-tls-secret"];
/// Bytes of a name (RFC 1123, as Kubernetes counts).
const NAME: usize = 253;
/// Bytes of a namespace's name.
const NAMESPACE: usize = 63;

/// Objects that others name, by who names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// By what is in no namespace.
    pub cluster: BTreeSet<(ObjectKind, Key)>,
    /// By what is in a namespace: each names its own alone.
    pub namespaces: BTreeMap<Arc<str>, NamespaceReferences>,
}

/// What is named within a namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamespaceReferences {
    /// Rules, keys, and Secrets that say who is let in.
    pub access: BTreeSet<(ObjectKind, Key)>,
    /// Secrets with certificates for hosts.
    pub certificates: BTreeSet<(ObjectKind, Key)>,
}

/// What is named by the Ingresses that are served and by policies. What no object can be called is left
/// out: an API server refuses to look for some of that.
pub fn references(objects: &Objects, class: &ClassSelection) -> References {
    let mut found = References::default();
    for (key, ingress) in served(objects, class) {
        let spec = ingress.spec.as_ref();
        let tls = spec
            .and_then(|spec| spec.tls.as_deref())
            .unwrap_or_default();
        let names = tls.iter().filter_map(|entry| entry.secret_name.as_deref());
        let secret = |name: &str| named(ObjectKind::Secret, &key.namespace, name);
        let of = found.of(&key.namespace);
        of.certificates.extend(names.filter_map(secret));
        let annotations = ingress.metadata.annotations.iter().flatten();
        let values = annotations.filter(|(name, _)| SECRETS.contains(&name.as_str()));
        let values = values.filter_map(|(_, value)| value.trim().split_once('/'));
        // Those of other namespaces are not used, so nobody has to be allowed to read them.
        let own = values.filter(|(namespace, _)| **namespace == *key.namespace);
        of.access.extend(own.filter_map(|(_, name)| secret(name)));
    }
    for (key, policy) in objects.waf_policies.iter() {
        let own = |(kind, _, name)| named(kind, &key.namespace, name);
        let all = named_by(&policy.object).filter_map(own);
        found.of(&key.namespace).access.extend(all);
    }
    for policy in objects.cluster_waf_policies.values() {
        let all = named_by(&policy.object).filter_map(|(kind, namespace, name)| {
            let namespace = namespace.filter(|it| it.len() <= NAMESPACE && is_label(it))?;
            named(kind, &namespace.into(), name)
        });
        found.cluster.extend(all);
    }
    found
}

impl References {
    fn of(&mut self, namespace: &Arc<str>) -> &mut NamespaceReferences {
        self.namespaces.entry(Arc::clone(namespace)).or_default()
    }
}

/// The Ingresses that are served, by their class.
pub fn served_ingresses(objects: &Objects, class: &ClassSelection) -> BTreeSet<Key> {
    served(objects, class).map(|(key, _)| key.clone()).collect()
}

/// Whether an Ingress is another controller's, by its class.
pub fn is_foreign(ingress: &Ingress, objects: &Objects, class: &ClassSelection) -> bool {
    Classes::of(objects).judge(class, ingress) == Verdict::Foreign
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

fn named(kind: ObjectKind, namespace: &Arc<str>, name: &str) -> Option<(ObjectKind, Key)> {
    let can_be = name.len() <= NAME && name.split('.').all(is_label);
    can_be.then(|| {
        let key = Key {
            namespace: Arc::clone(namespace),
            name: name.into(),
        };
        (kind, key)
    })
}

/// RFC 1123, as Kubernetes has it: small letters, digits and hyphens, a hyphen neither first nor last.
fn is_label(label: &str) -> bool {
    let of_label = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !label.is_empty()
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(of_label)
}

/// Kind, namespace where one is written, and name of what a policy names: ConfigMaps with rules, and the
/// Secret with keys for cookies.
fn named_by(policy: &WafPolicy) -> impl Iterator<Item = (ObjectKind, Option<&str>, &str)> {
    let sets = policy.spec.get("ruleSets").and_then(Value::as_array);
    let maps = sets.into_iter().flatten();
    let maps = maps.filter_map(|set| Some((ObjectKind::ConfigMap, set.get("configMap")?)));
    let keys = policy.spec.pointer("/cookieIntegrity/keys/secret");
    let all = maps.chain(keys.map(|it| (ObjectKind::Secret, it)));
    all.filter_map(|(kind, named)| {
        let namespace = named.get("namespace").and_then(Value::as_str);
        Some((kind, namespace, named.get("name")?.as_str()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_an_object_can_be_called_is_a_name() {
        let long = "a".repeat(254);
        let rows = [
            ("a", true),
            ("ca-1.example.com", true),
            (&long[..253], true),
            (&long, false),
            ("", false),
            ("a,b", false),
            ("a=b", false),
            ("a/b", false),
            ("..", false),
            ("a..b", false),
            ("-a", false),
            ("a-", false),
            ("A", false),
            ("a_b", false),
            ("a b", false),
            ("\u{e4}", false),
        ];
        for (name, is_one) in rows {
            let found = named(ObjectKind::Secret, &"default".into(), name);
            assert_eq!(found.is_some(), is_one, "{name:?}");
        }
    }
}
