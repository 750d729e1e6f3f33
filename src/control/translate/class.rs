//! Which Ingresses are served.

use std::collections::{BTreeMap, BTreeSet};

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
    /// Whose classes these are, by class.
    controllers: BTreeMap<String, String>,
    defaults: BTreeSet<String>,
}

impl Classes {
    pub(super) fn of(objects: &Objects) -> Self {
        let mut all = Self::default();
        for stored in objects.ingress_classes.values() {
            let Some(class) = names::live(Some(stored), |class| &class.metadata) else {
                continue;
            };
            let Some(name) = class.metadata.name.clone() else {
                continue;
            };
            let annotations = class.metadata.annotations.as_ref();
            if annotations
                .and_then(|all| all.get(DEFAULT))
                .is_some_and(|value| value == "true")
            {
                all.defaults.insert(name.clone());
            }
            let controller = class.spec.as_ref().and_then(|spec| spec.controller.clone());
            all.controllers.insert(name, controller.unwrap_or_default());
        }
        all
    }

    /// Judges by the field, else by the legacy annotation, else by the default class. Where several
    /// classes are the default, an Ingress without a class is each one's.
    pub(super) fn judge(&self, selection: &ClassSelection, ingress: &Ingress) -> Verdict {
        if *selection == ClassSelection::Every {
            return Verdict::Served;
        }
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
            Some(name) if self.is_ours(selection, name) => Verdict::Served,
            Some(_) => Verdict::Foreign,
            None if self
                .defaults
                .iter()
                .any(|name| self.is_ours(selection, name)) =>
            {
                Verdict::Served
            }
            None if self.defaults.is_empty() => Verdict::NoClass,
            None => Verdict::Foreign,
        }
    }

    /// A class that is named and has no object is taken at its name: before there were IngressClasses,
    /// annotations alone said whose an Ingress is.
    fn is_ours(&self, selection: &ClassSelection, class: &str) -> bool {
        match selection {
            ClassSelection::Every => true,
            ClassSelection::Named(ours) => ours.contains(class),
            ClassSelection::Controller { name, only } => match self.controllers.get(class) {
                Some(controller) => controller == name && (only.is_empty() || only.contains(class)),
                None => only.contains(class),
            },
        }
    }
}
