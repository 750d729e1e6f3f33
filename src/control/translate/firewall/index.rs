//! Which policies are for what.
//!
//! Invariant: policies of a level stand in the order of their age, and what a younger one sets that an
//! older one sets too is a Problem. Non-goal: what policies of different levels make together.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use k8s_openapi::{
    api::networking::v1::Ingress,
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time},
};

use super::{
    policy::Policy,
    spec::{TargetKind, TargetRef},
};
use crate::{
    config::{ObjectKind, Problem},
    control::{Key, Objects, Stored, WafPolicy, translate::report::Reporter},
};

/// The order of policies: the oldest first, then by name. No time at all is older than any.
pub(super) type Age = (Option<Time>, Key);

pub(super) fn age(key: &Key, metadata: &ObjectMeta) -> Age {
    (metadata.creation_timestamp.clone(), key.clone())
}

/// The policies of one namespace.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Namespace {
    /// The oldest first, with what each is for.
    policies: Vec<(Arc<Policy>, Targets)>,
}

/// What a policy is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Targets {
    /// Everything in its namespace.
    Namespace,
    /// These objects.
    Objects(BTreeSet<(TargetKind, Arc<str>)>),
}

impl Namespace {
    /// `policies` are in order.
    pub(super) fn new(policies: Vec<(Arc<Policy>, Targets)>) -> Self {
        Self { policies }
    }

    /// The policies for rules of an Ingress that go to a Service, by level: the nearest first.
    pub(super) fn levels<'a>(
        &'a self,
        ingress: &'a str,
        service: &'a str,
    ) -> [Vec<&'a Arc<Policy>>; 3] {
        let of = |target: Option<(TargetKind, &str)>| {
            let policies =
                self.policies
                    .iter()
                    .filter(move |(_, targets)| match (targets, target) {
                        (Targets::Namespace, None) => true,
                        (Targets::Objects(objects), Some((kind, name))) => {
                            objects.iter().any(|(k, n)| *k == kind && **n == *name)
                        }
                        (Targets::Namespace, Some(_)) | (Targets::Objects(_), None) => false,
                    });
            policies.map(|(policy, _)| policy).collect()
        };
        [
            of(Some((TargetKind::Ingress, ingress))),
            of(Some((TargetKind::Service, service))),
            of(None),
        ]
    }

    /// Every policy.
    pub(super) fn policies(&self) -> impl Iterator<Item = &Arc<Policy>> {
        self.policies.iter().map(|(policy, _)| policy)
    }

    /// Fields that two policies set for one object, or for `everything`.
    pub(super) fn conflicts(
        &self,
        everything: &str,
        stored: &BTreeMap<Key, Stored<WafPolicy>>,
    ) -> Vec<Problem> {
        // By what is set for, and the field.
        type Setter<'a> = (Option<(TargetKind, &'a str)>, &'a str);
        let mut setters: BTreeMap<Setter<'_>, &Policy> = BTreeMap::new();
        let mut problems = Vec::new();
        for (policy, targets) in &self.policies {
            let key = Key {
                namespace: Arc::clone(&policy.object.namespace),
                name: Arc::clone(&policy.object.name),
            };
            let places = stored.get(&key).and_then(|it| it.places.clone());
            let mut reporter = Reporter::new(policy.object.clone(), places);
            let targets: Vec<Option<(TargetKind, &str)>> = match targets {
                Targets::Namespace => vec![None],
                Targets::Objects(objects) => objects
                    .iter()
                    .map(|(kind, name)| Some((*kind, &**name)))
                    .collect(),
            };
            for target in targets {
                let set = policy.single_fields().into_iter().filter(|(_, set)| *set);
                for (field, _) in set {
                    let first = *setters.entry((target, field)).or_insert(policy);
                    if std::ptr::eq(first, &**policy) {
                        continue;
                    }
                    let of = match target {
                        Some((kind, name)) => format!("{} {name}", kind.as_str()),
                        None => everything.to_owned(),
                    };
                    reporter.error(
                        field,
                        format!("{}, which goes first, sets it for {of} too", first.object),
                        "it has no effect there",
                    );
                }
            }
            problems.append(&mut reporter.finish());
        }
        problems
    }

    /// Targets that do not exist, or that nothing is served through.
    pub(super) fn missing(&self, objects: &Objects) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (policy, targets) in &self.policies {
            let own = Key {
                namespace: Arc::clone(&policy.object.namespace),
                name: Arc::clone(&policy.object.name),
            };
            let places = objects
                .waf_policies
                .get(&own)
                .and_then(|it| it.places.clone());
            let mut reporter = Reporter::new(policy.object.clone(), places);
            for message in unserved(&own.namespace, targets, objects) {
                let consequence = "the policy is for nothing there";
                reporter.warning("spec.targetRefs", message, consequence);
            }
            problems.append(&mut reporter.finish());
        }
        problems
    }
}

/// Why nothing that is served comes under a policy for these.
fn unserved(namespace: &Arc<str>, targets: &Targets, objects: &Objects) -> Vec<String> {
    let Targets::Objects(targets) = targets else {
        let nothing = ingresses(namespace, objects).next().is_none();
        let message = format!("there is no Ingress in the namespace {namespace}");
        return nothing.then_some(message).into_iter().collect();
    };
    if targets.is_empty() {
        return vec!["none of the targets can be understood".to_owned()];
    }
    let why = |(kind, name): &(TargetKind, Arc<str>)| {
        let key = Key {
            namespace: Arc::clone(namespace),
            name: Arc::clone(name),
        };
        let is_there = match kind {
            TargetKind::Ingress => objects.ingresses.contains_key(&key),
            TargetKind::Service => objects.services.contains_key(&key),
        };
        if !is_there {
            Some(format!("there is no {} {name}", kind.as_str()))
        } else if *kind == TargetKind::Service
            && !ingresses(namespace, objects).any(|it| uses(it, name))
        {
            Some(format!("no Ingress names Service {name}"))
        } else {
            None
        }
    };
    targets.iter().filter_map(why).collect()
}

fn ingresses<'a>(
    namespace: &'a Arc<str>,
    objects: &'a Objects,
) -> impl Iterator<Item = &'a Ingress> {
    let first = Key {
        namespace: Arc::clone(namespace),
        name: Arc::default(),
    };
    objects
        .ingresses
        .range(first..)
        .take_while(move |(key, _)| key.namespace == *namespace)
        .map(|(_, stored)| &*stored.object)
}

/// Whether an Ingress names a Service.
fn uses(ingress: &Ingress, service: &str) -> bool {
    let Some(spec) = &ingress.spec else {
        return false;
    };
    let rules = spec.rules.iter().flatten();
    let paths = rules.filter_map(|rule| rule.http.as_ref());
    let backends = paths.flat_map(|http| &http.paths).map(|path| &path.backend);
    let mut all = spec.default_backend.iter().chain(backends);
    all.any(|backend| {
        backend
            .service
            .as_ref()
            .is_some_and(|it| it.name == service)
    })
}

/// What the references of a policy come to.
pub(super) fn targets(refs: &[Option<TargetRef>], reporter: &mut Reporter) -> Targets {
    if refs.is_empty() {
        return Targets::Namespace;
    }
    let mut objects = BTreeSet::new();
    for (index, reference) in refs.iter().enumerate() {
        let Some(TargetRef { group, kind, name }) = reference else {
            continue;
        };
        if !group.is_empty() && group != kind.group() {
            reporter.error(
                format!("spec.targetRefs[{index}].group"),
                format!("{} is of the group {:?}", kind.as_str(), kind.group()),
                "the policy is for it all the same",
            );
        }
        objects.insert((*kind, name.as_str().into()));
    }
    Targets::Objects(objects)
}

/// The kind of object that a policy is.
pub(super) const fn kind(is_tenant: bool) -> ObjectKind {
    if is_tenant {
        ObjectKind::WafPolicy
    } else {
        ObjectKind::ClusterWafPolicy
    }
}
