//! The firewalls of the moment: every policy read, and what they come to for each rule.
//!
//! Invariant: firewalls that did not change stay the same objects. Non-goal: compiling rules.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::PathBuf,
    sync::{Arc, Weak},
};

use super::{
    annotation::{ModSecurity, ModSecurityOptions, SNIPPET_LABEL},
    compose::{Composed, Operator, first},
    cookies::{self, AskedSecrets, FoundCookies, NoKeys},
    exclusions::{OPERATOR_ROOM, TENANT_ROOM},
    guard::{Minimum, refusals},
    index::{Namespace, Targets, age, kind, targets},
    mode::Mode,
    policy::Policy,
    read::{self, Reading, Written},
    sets::Sets,
};
use crate::{
    config::{Firewall, ObjectKind, ObjectRef, Problem, RuleOrigin, Severity},
    control::{
        Key, Objects, Stored, WafPolicy,
        source::rules::FolderRules,
        translate::{TranslateSettings, names, report::Reporter, settings::DefaultFirewall},
    },
};

/// The firewalls that are in force.
#[derive(Debug, Default)]
pub(in crate::control::translate) struct Firewalls {
    seen: Option<Objects>,
    folders: BTreeMap<PathBuf, Arc<FolderRules>>,
    /// Secrets with keys for cookies.
    secrets: AskedSecrets,
    operator: Operator,
    namespaces: BTreeMap<Arc<str>, Namespace>,
    /// What there is by the policies that it is made of, for as long as Ingresses are compiled: whoever
    /// writes them could grow it without end.
    known: HashMap<Made, InFront>,
    /// Every firewall that is in use, by its name.
    firewalls: HashMap<Arc<str>, Vec<Weak<Firewall>>>,
    default: InFront,
    problems: Vec<Problem>,
}

/// What a firewall is made of: the names of policies, and what the annotations say.
type Made = (Vec<Arc<str>>, Option<(ModSecurity, Option<Key>)>);

/// What is in front of a rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::control::translate) struct InFront {
    pub(in crate::control::translate) firewall: Found,
    pub(in crate::control::translate) cookies: FoundCookies,
    /// Why its cookies cannot be verified.
    pub(in crate::control::translate) no_keys: Option<NoKeys>,
    /// Why the snippet of its Ingress has no effect.
    pub(in crate::control::translate) refused_snippet: Vec<String>,
}

/// The firewall that there is for a rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::control::translate) enum Found {
    /// No firewall.
    #[default]
    Off,
    /// This one.
    On(Arc<Firewall>),
    /// One that would block, and there are no rules.
    NoRules,
}

/// Whose firewalls may be others now.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::control::translate) enum Changed {
    /// Nobody's.
    Nothing,
    /// Those of Ingresses in these namespaces.
    Namespaces(BTreeSet<Arc<str>>),
    /// Everybody's.
    Everything,
}

impl Firewalls {
    /// Brings everything up to date.
    pub(in crate::control::translate) fn refresh(
        &mut self,
        objects: &Objects,
        settings: &TranslateSettings,
    ) -> Changed {
        if self.is_current(objects, settings) {
            return Changed::Nothing;
        }
        let mut next = Self {
            seen: Some(objects.clone()),
            ..Self::default()
        };
        next.read_operator(objects, settings);
        next.read_tenants(objects, settings);
        settings
            .rule_folders
            .keep_only(&next.folders.keys().cloned().collect());
        let changed = if self.seen.is_none() || self.operator != next.operator {
            Changed::Everything
        } else {
            next.operator = std::mem::take(&mut self.operator);
            Changed::Namespaces(differing(&self.namespaces, &next.namespaces))
        };
        next.firewalls = std::mem::take(&mut self.firewalls);
        next.default = next.in_front(&[], false);
        *self = next;
        changed
    }

    /// The firewall for rules of an Ingress that go to a Service.
    pub(in crate::control::translate) fn of(
        &mut self,
        ingress: &Key,
        service: &str,
        asked: &ModSecurity,
    ) -> InFront {
        let namespace = self.namespaces.get(&ingress.namespace);
        if namespace.is_none() && asked.is_silent() {
            return self.default.clone();
        }
        let [first, second, third] = namespace
            .map(|it| it.levels(&ingress.name, service))
            .unwrap_or_default();
        let mut refused_snippet = Vec::new();
        let annotations = (!asked.is_silent()).then(|| {
            let own = asked.snippet.is_some().then(|| ingress.clone());
            let (name, object) = match &own {
                Some(key) => (
                    names::spelled(key),
                    names::object_ref(ObjectKind::Ingress, key),
                ),
                None => (
                    "annotations".to_owned(),
                    names::object_ref(ObjectKind::Ingress, ingress),
                ),
            };
            let mut policy = asked.policy(name.into(), object, SNIPPET);
            if let (Some(minimum), Some(part)) = (&self.operator.minimum, &policy.after) {
                refused_snippet = refusals(minimum, part);
                if !refused_snippet.is_empty() {
                    policy.after = None;
                }
            }
            (own, Arc::new(policy))
        });
        let tenants: Vec<Arc<Policy>> = first
            .into_iter()
            .chain(annotations.as_ref().map(|(_, policy)| policy))
            .chain(second)
            .chain(third)
            .cloned()
            .collect();
        let made = (
            tenants.iter().map(|it| Arc::clone(&it.name)).collect(),
            annotations.map(|(own, _)| (asked.clone(), own)),
        );
        if let Some(known) = self.known.get(&made) {
            return known.clone();
        }
        let tenants: Vec<&Policy> = tenants.iter().map(|it| &**it).collect();
        let mut found = self.in_front(&tenants, asked.asks());
        found.refused_snippet = refused_snippet;
        self.known.insert(made, found.clone());
        found
    }

    /// Whether the operator names a rule set.
    pub(in crate::control::translate) fn has_rule_set(&self) -> bool {
        self.operator.has_rule_set
    }

    /// The firewall of requests that no rule is for.
    pub(in crate::control::translate) fn for_all(&self) -> Option<Arc<Firewall>> {
        match &self.default.firewall {
            Found::On(firewall) => Some(Arc::clone(firewall)),
            Found::Off | Found::NoRules => None,
        }
    }

    /// Forgets firewalls that no route has any more. To be called when Ingresses were compiled.
    pub(in crate::control::translate) fn forget_unused(&mut self) {
        self.known = HashMap::new();
        self.firewalls.retain(|_, alike| {
            alike.retain(|firewall| firewall.strong_count() > 0);
            !alike.is_empty()
        });
    }

    /// Where rules were written, by the names of their files.
    pub(in crate::control::translate) fn origins(&self) -> BTreeMap<Arc<str>, RuleOrigin> {
        let tenants = self.namespaces.values().flat_map(Namespace::policies);
        let all = tenants.chain(&self.operator.policies);
        all.flat_map(|policy| policy.origins.iter().cloned())
            .collect()
    }

    /// What is wrong with policies.
    pub(in crate::control::translate) fn problems(&self, objects: &Objects) -> Vec<Problem> {
        let mut problems = self.problems.clone();
        for namespace in self.namespaces.values() {
            problems.append(&mut namespace.missing(objects));
        }
        problems
    }

    fn is_current(&self, objects: &Objects, settings: &TranslateSettings) -> bool {
        let Some(seen) = &self.seen else {
            return false;
        };
        let folders = self.folders.iter();
        Arc::ptr_eq(&seen.waf_policies, &objects.waf_policies)
            && Arc::ptr_eq(&seen.cluster_waf_policies, &objects.cluster_waf_policies)
            && Arc::ptr_eq(&seen.config_maps, &objects.config_maps)
            && cookies::are_current(&self.secrets, objects)
            && folders
                .into_iter()
                .all(|(path, known)| Arc::ptr_eq(known, &settings.rule_folders.rules(path)))
    }

    fn read_operator(&mut self, objects: &Objects, settings: &TranslateSettings) {
        let mut sorted: Vec<_> = live(&objects.cluster_waf_policies).collect();
        sorted.sort_by_cached_key(|(key, stored)| age(key, &stored.object.metadata));
        let mut policies = Vec::new();
        let mut minimum: Option<Minimum> = None;
        let mut room = OPERATOR_ROOM;
        for (key, stored) in sorted {
            let object = names::object_ref(kind(false), key);
            let mut reporter = Reporter::new(object.clone(), stored.places.clone());
            let written = read::spec(stored, &mut reporter);
            let Written { spec, .. } = &written;
            if !spec.target_refs.is_empty() {
                let message = "a ClusterWafPolicy is for everything";
                reporter.error(
                    "spec.targetRefs",
                    message,
                    "it is for everything all the same",
                );
            }
            if let Some(new) = read::minimum(&key.name, spec.minimum.as_ref(), &mut reporter) {
                match &minimum {
                    None => minimum = Some(new),
                    Some(first) => reporter.error(
                        "spec.minimum",
                        format!("{}, which goes first, sets it", first.policy),
                        "it has no effect",
                    ),
                }
            }
            let policy = Reading {
                policy: Policy::new(Arc::clone(&key.name), object),
                reporter: &mut reporter,
                sets: Sets {
                    objects,
                    folders: &settings.rule_folders,
                    namespace: None,
                    asked: &mut self.folders,
                },
                secrets: &mut self.secrets,
                room: &mut room,
                minimum: None,
            };
            policies.push(Arc::new(policy.read(written)));
            self.problems.append(&mut reporter.finish());
        }
        let all = policies.iter().cloned();
        let all = Namespace::new(all.map(|policy| (policy, Targets::Namespace)).collect());
        let mut conflicts = all.conflicts("everything", &objects.cluster_waf_policies);
        self.problems.append(&mut conflicts);
        let options = &settings.options.firewall;
        if options.mod_security.asks() {
            let ModSecurityOptions {
                mod_security,
                object,
                field,
            } = options;
            let mut policy = mod_security.policy("options".into(), object.clone(), field);
            policy.mode = policy.mode.or(Some(ModSecurity::MODE));
            policies.push(Arc::new(policy));
        }
        if let Some(default) = &settings.firewall {
            policies.push(Arc::new(self.of_command_line(default, settings)));
        }
        if let Some(minimum) = &mut minimum {
            let set = |of: fn(&Policy) -> Option<u32>| policies.iter().find_map(|it| of(it));
            if let Some(threshold) = set(|it| it.inbound_threshold) {
                minimum.inbound_threshold = threshold;
            }
            if let Some(threshold) = set(|it| it.outbound_threshold) {
                minimum.outbound_threshold = threshold;
            }
            minimum.body_limit = first(&policies, |it| it.body_limit);
            minimum.passes_past_limit = first(&policies, |it| it.pass_past_limit).unwrap_or(false);
            minimum.inspects_responses = first(&policies, |it| it.inspect_responses);
            let policies: Vec<&Policy> = policies.iter().map(|it| &**it).collect();
            minimum.cookies = cookies::together(&policies);
        }
        self.operator = Operator::new(policies, minimum);
        self.without_rules(objects);
        if options.mod_security.asks() && !self.operator.has_rule_set {
            let mut reporter = Reporter::new(options.object.clone(), None);
            let (consequence, severity) = if settings.permit_unsupported_access_control {
                (
                    "requests are served without it, since the operator permits that",
                    Severity::Warning,
                )
            } else {
                ("requests are answered 403", Severity::Error)
            };
            let field = options
                .field
                .replace("modsecurity-snippet", "enable-modsecurity");
            reporter.report(field, NO_RULE_SET, consequence, severity);
            self.problems.append(&mut reporter.finish());
        }
    }

    /// Says so where the operator asks for a firewall and names no rules.
    fn without_rules(&mut self, objects: &Objects) {
        let Composed::NoRules(mode) = self.operator.compose(&[], false) else {
            return;
        };
        let mut policies = self.operator.policies.iter();
        let Some(policy) = policies.find(|it| it.mode == Some(mode)) else {
            return;
        };
        if policy.object.kind != ObjectKind::ClusterWafPolicy {
            return;
        }
        let key = Key {
            namespace: Arc::default(),
            name: Arc::clone(&policy.object.name),
        };
        let stored = objects.cluster_waf_policies.get(&key);
        let places = stored.and_then(|it| it.places.clone());
        let mut reporter = Reporter::new(policy.object.clone(), places);
        no_rules(mode, &mut reporter);
        self.problems.append(&mut reporter.finish());
    }

    fn of_command_line(
        &mut self,
        default: &DefaultFirewall,
        settings: &TranslateSettings,
    ) -> Policy {
        let DefaultFirewall { rules: path, mode } = default;
        let object = ObjectRef {
            kind: ObjectKind::File,
            namespace: "".into(),
            name: path.display().to_string().into(),
        };
        let mut policy = Policy::new("default".into(), object.clone());
        policy.mode = Some((*mode).into());
        let folder = settings.rule_folders.rules(path);
        policy.rules.clone_from(&folder.part);
        policy.lacks_rules = folder.part.is_none();
        if let Some(fault) = &folder.fault {
            let mut reporter = Reporter::new(object, None);
            let consequence = match folder.part {
                Some(_) => "the rules that were read last stay in force",
                None => {
                    "where the firewall blocks, requests are answered 503; where it detects, they \
                     are not inspected"
                }
            };
            reporter.error("", fault, consequence);
            self.problems.append(&mut reporter.finish());
        }
        self.folders.insert(path.clone(), folder);
        policy
    }

    fn read_tenants(&mut self, objects: &Objects, settings: &TranslateSettings) {
        let mut sorted: Vec<_> = live(&objects.waf_policies).collect();
        sorted.sort_by_cached_key(|(key, stored)| age(key, &stored.object.metadata));
        let none = Minimum::default();
        let minimum = self.operator.minimum.clone().unwrap_or(none);
        let mut namespaces: BTreeMap<Arc<str>, Vec<_>> = BTreeMap::new();
        let mut rooms: BTreeMap<&Arc<str>, u32> = BTreeMap::new();
        for (key, stored) in sorted {
            let object = names::object_ref(kind(true), key);
            let mut reporter = Reporter::new(object.clone(), stored.places.clone());
            let written = read::spec(stored, &mut reporter);
            let Written {
                spec, is_broken, ..
            } = &written;
            let targets = targets(&spec.target_refs, &mut reporter);
            if spec.minimum.is_some() && !is_broken {
                let message = "only a ClusterWafPolicy sets a minimum";
                reporter.error("spec.minimum", message, "it has no effect");
            }
            let reading = Reading {
                policy: Policy::new(names::spelled(key).into(), object),
                reporter: &mut reporter,
                sets: Sets {
                    objects,
                    folders: &settings.rule_folders,
                    namespace: Some(&key.namespace),
                    asked: &mut self.folders,
                },
                secrets: &mut self.secrets,
                room: rooms.entry(&key.namespace).or_insert(TENANT_ROOM),
                minimum: Some(&minimum),
            };
            let policy = reading.read(written);
            let composed = self.operator.compose(&[&policy], false);
            if let (Composed::NoRules(mode), Some(_)) = (composed, policy.mode) {
                no_rules(mode, &mut reporter);
            }
            self.problems.append(&mut reporter.finish());
            let all = namespaces.entry(Arc::clone(&key.namespace)).or_default();
            all.push((Arc::new(policy), targets));
        }
        for (name, policies) in namespaces {
            let namespace = Namespace::new(policies);
            let mut conflicts = namespace.conflicts("the namespace", &objects.waf_policies);
            self.problems.append(&mut conflicts);
            self.namespaces.insert(name, namespace);
        }
    }

    fn in_front(&mut self, tenants: &[&Policy], asked: bool) -> InFront {
        let operator = self.operator.policies.iter().map(|it| &**it);
        let all: Vec<&Policy> = tenants.iter().copied().chain(operator).collect();
        let (cookies, no_keys) = cookies::compose(&all);
        InFront {
            firewall: self.found(tenants, asked),
            cookies,
            no_keys,
            refused_snippet: Vec::new(),
        }
    }

    fn found(&mut self, tenants: &[&Policy], asked: bool) -> Found {
        match self.operator.compose(tenants, asked) {
            Composed::Off | Composed::NoRules(Mode::Off | Mode::Detect) => Found::Off,
            Composed::NoRules(Mode::Block) => Found::NoRules,
            Composed::On(firewall) => Found::On(self.shared(*firewall)),
        }
    }

    /// The firewall as it was made before, if that is in use and the same.
    fn shared(&mut self, firewall: Firewall) -> Arc<Firewall> {
        let alike = self
            .firewalls
            .entry(Arc::clone(&firewall.name))
            .or_default();
        let mut in_use = alike.iter().filter_map(Weak::upgrade);
        if let Some(same) = in_use.find(|it| **it == firewall) {
            return same;
        }
        let firewall = Arc::new(firewall);
        alike.push(Arc::downgrade(&firewall));
        firewall
    }
}

/// What is wrong where ModSecurity is switched on, and nothing says which rules it has.
pub(in crate::control::translate) const NO_RULE_SET: &str =
    "there are no firewall rules: neither --waf-rules nor a ClusterWafPolicy names any";

/// The annotation whose text is a policy's rules.
pub(in crate::control::translate) const SNIPPET: &str =
    "metadata.annotations[\"nginx.ingress.kubernetes.io/modsecurity-snippet\"]";

/// Where the rules of an Ingress's snippet were written, by the name of their file.
pub(in crate::control::translate) fn snippet_origin(
    object: ObjectRef,
) -> Option<(Arc<str>, RuleOrigin)> {
    let mut policy = Policy::new(Arc::default(), object);
    policy.file(SNIPPET_LABEL, SNIPPET);
    policy.origins.pop()
}

fn no_rules(mode: Mode, reporter: &mut Reporter) {
    let consequence = match mode {
        Mode::Block => "requests are answered 403",
        Mode::Off | Mode::Detect => "requests are not inspected",
    };
    let message = "there are no rules: neither this policy nor one above it names any";
    reporter.awaits("spec.mode", message, consequence);
}

type Map = Arc<BTreeMap<Key, Stored<WafPolicy>>>;

/// The policies that are not being deleted.
fn live(policies: &Map) -> impl Iterator<Item = (&Key, &Stored<WafPolicy>)> {
    policies
        .iter()
        .filter(|(_, stored)| stored.object.metadata.deletion_timestamp.is_none())
}

/// Namespaces whose policies differ.
fn differing(
    before: &BTreeMap<Arc<str>, Namespace>,
    now: &BTreeMap<Arc<str>, Namespace>,
) -> BTreeSet<Arc<str>> {
    let all = before.keys().chain(now.keys());
    all.filter(|name| before.get(*name) != now.get(*name))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Firewalls, Found, Key, ModSecurity};

    #[test]
    fn annotations_that_come_to_no_firewall_are_not_remembered() {
        let mut firewalls = Firewalls::default();
        let ingress = Key::new("default", "web");
        for count in 0..3 {
            let asked = ModSecurity {
                enable: Some(false),
                snippet: Some(format!("# {count}").into()),
                ..ModSecurity::default()
            };
            let found = firewalls.of(&ingress, "web", &asked);
            assert_eq!(found.firewall, Found::Off);
            firewalls.forget_unused();
            assert!(firewalls.known.is_empty());
        }
    }
}
