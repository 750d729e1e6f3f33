//! What a request is about.

use std::collections::BTreeMap;

use serde_json::Value;

use super::objects::{Name, Resource};

/// A request's path and query, understood.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) resource: Resource,
    /// The `apiVersion` of its objects.
    pub(super) api_version: String,
    pub(super) namespace: Option<String>,
    pub(super) name: Option<String>,
    pub(super) is_status: bool,
    pub(super) query: BTreeMap<String, String>,
}

impl Target {
    pub(super) fn parse(uri: &http::Uri) -> Option<Self> {
        let parts: Vec<&str> = uri.path().split('/').skip(1).collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some(*namespace), rest),
            rest => (None, rest),
        };
        let (plural, name, is_status) = match rest {
            [plural] => (plural, None, false),
            [plural, name] => (plural, Some(*name), false),
            [plural, name, "status"] => (plural, Some(*name), true),
            _ => return None,
        };
        let query = uri.query().unwrap_or_default();
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        Some(Self {
            resource: (group.to_owned(), (*plural).to_owned()),
            api_version: match group {
                "" => version.to_owned(),
                group => format!("{group}/{version}"),
            },
            namespace: namespace.map(str::to_owned),
            name: name.map(str::to_owned),
            is_status,
            query: pairs
                .map(|(key, value)| (key.to_owned(), decoded(value)))
                .collect(),
        })
    }

    pub(super) fn object(&self) -> Option<Name> {
        let namespace = self.namespace.clone().unwrap_or_default();
        Some((self.resource.clone(), namespace, self.name.clone()?))
    }

    pub(super) fn is_watch(&self) -> bool {
        self.query
            .get("watch")
            .is_some_and(|value| value != "false" && value != "0")
    }

    /// Whether its field selector is one (apimachinery's `fields.ParseSelector`).
    pub(super) fn is_well_formed(&self) -> bool {
        let selector = self.query.get("fieldSelector").map_or("", String::as_str);
        let mut terms = selector.split(',').filter(|term| !term.is_empty());
        terms.all(|term| term.contains('='))
    }

    pub(super) fn number(&self, key: &str) -> Option<u64> {
        self.query.get(key)?.parse().ok()
    }

    /// Whether a list or watch is about an object.
    pub(super) fn selects(&self, (resource, namespace, name): &Name, object: &Value) -> bool {
        let field = |path: &str| match path {
            "metadata.name" => Some(name.as_str()),
            "metadata.namespace" => Some(namespace.as_str()),
            "type" => object["type"].as_str(),
            other => panic!("no field selector {other}"),
        };
        let label = |key: &str| object["metadata"]["labels"][key].as_str();
        *resource == self.resource
            && self
                .namespace
                .as_ref()
                .is_none_or(|wanted| wanted == namespace)
            && self.holds("fieldSelector", field)
            && self.holds("labelSelector", label)
    }

    fn holds<'a>(&self, which: &str, value: impl Fn(&str) -> Option<&'a str>) -> bool {
        let selector = self.query.get(which).map_or("", String::as_str);
        let mut terms = selector.split(',').filter(|term| !term.is_empty());
        terms.all(|term| {
            let (key, wanted) = term.split_once('=').unwrap();
            value(key) == Some(wanted.trim_start_matches('='))
        })
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        bytes.push(match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                rest = after;
                let digits = [*high, *low];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            (b'+', _) => b' ',
            (other, _) => *other,
        });
    }
    String::from_utf8(bytes).unwrap()
}
