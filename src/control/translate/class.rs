//! Which Ingresses are served.

use std::collections::BTreeSet;

use k8s_openapi::api::networking::v1::Ingress;

use super::{names, settings::ClassSelection};
use crate::control::Objects;

/// The annotation that named the class before there was a field.
const LEGACY: &str = "kubernetes.io/ingress.class";

/// The annotation of the IngressClass that Ingresses without a class get.
const DEFAULT: &str = "ingressclass.kubernetes.io/is-default-class";

/// What becomes of an Ingress because of its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is served.
    Served,
    /// It is another controller's.
    Foreign,
    /// It names no class, and no class of ours is the default.
    NoClass,
}

/// The classes of the moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Classes {
    defaults: BTreeSet<String>,
}

impl Classes {
    pub(super) fn of(objects: &Objects) -> Self {
        let classes = objects.ingress_classes.values();
        let live = classes.filter_map(|stored| names::live(Some(stored), |class| &class.metadata));
        let defaults = live.filter(|class| {
            let annotations = class.metadata.annotations.as_ref();
            annotations
                .and_then(|all| all.get(DEFAULT))
                .is_some_and(|value| value == "true")
        });
        Self {
            defaults: defaults
                .filter_map(|class| class.metadata.name.clone())
                .collect(),
        }
    }

    /// Judges by the field, else by the legacy annotation, else by the default class. Where several
    /// classes are the default, an Ingress without a class is each one's.
    pub(super) fn judge(&self, selection: &ClassSelection, ingress: &Ingress) -> Verdict {
        let ClassSelection::Named(ours) = selection else {
            return Verdict::Served;
        };
        let field = ingress
            .spec
            .as_ref()
            .and_then(|spec| spec.ingress_class_name.as_deref());
        let annotations = ingress.metadata.annotations.as_ref();
        let legacy = || {
            annotations
                .and_then(|all| all.get(LEGACY))
                .map(String::as_str)
        };
        let class = field.filter(|name| !name.is_empty()).or_else(legacy);
        match class.filter(|name| !name.is_empty()) {
            Some(name) if ours.contains(name) => Verdict::Served,
            Some(_) => Verdict::Foreign,
            None if self.defaults.iter().any(|name| ours.contains(name)) => Verdict::Served,
            None if self.defaults.is_empty() => Verdict::NoClass,
            None => Verdict::Foreign,
        }
    }
}
