//! The translator: everything kept from one translation to the next.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use super::{
    GlobalOptions,
    assembled::Assembled,
    changes::Changes,
    class::Classes,
    clusters::{Clusters, SliceIndex},
    conflict::Precedence,
    firewall::{self, Changed, Firewalls},
    hosts::HostIndex,
    ingress::{self, CompiledIngress, World},
    names,
    outline::Outline,
    policy::PolicyMaker,
    report::Reporter,
    secret::{Certificates, SecretFault},
    settings::TranslateSettings,
    users::Users,
};
use crate::{
    config::{Config, ObjectKind, Options, Problem, RuleOrigin},
    control::{Key, Objects},
    message::HostMatch,
    tls::CertificateBinding,
};

/// What objects come to.
#[derive(Clone, Debug)]
pub struct Translation {
    /// What the proxy should do.
    pub config: Config,
    /// What is wrong with the objects, sorted.
    pub problems: Vec<Problem>,
}

/// Translates one view of the objects after another. Remembers what the last one came to: memory
/// grows with the objects of the moment and nothing else.
#[derive(Debug)]
pub struct Translator {
    settings: TranslateSettings,
    options: Arc<Options>,
    seen: Objects,
    classes: Classes,
    outlines: HashMap<Key, Outline>,
    hosts: HostIndex,
    certificates: Certificates,
    policies: PolicyMaker,
    firewalls: Firewalls,
    slices: SliceIndex,
    clusters: Clusters,
    compiled: HashMap<Key, (Precedence, Arc<CompiledIngress>)>,
    order: BTreeMap<Precedence, Arc<CompiledIngress>>,
    service_users: Users,
    secret_users: Users,
    assembled: Assembled,
}

impl Translator {
    /// A translator that has seen nothing yet.
    pub fn new(settings: TranslateSettings) -> Self {
        Self {
            options: Arc::new(settings.options.options.clone()),
            seen: Objects::default(),
            classes: Classes::default(),
            outlines: HashMap::new(),
            hosts: HostIndex::new(settings.strict_hosts),
            certificates: Certificates::default(),
            policies: PolicyMaker::default(),
            firewalls: Firewalls::default(),
            slices: SliceIndex::default(),
            clusters: Clusters::default(),
            compiled: HashMap::new(),
            order: BTreeMap::new(),
            service_users: Users::default(),
            secret_users: Users::default(),
            assembled: Assembled::default(),
            settings,
        }
    }

    /// Goes on with other options for the whole proxy: everything is translated anew if they differ.
    pub fn follow(&mut self, options: GlobalOptions) {
        if self.settings.options != options {
            *self = Self::new(TranslateSettings {
                options,
                ..self.settings.clone()
            });
        }
    }

    /// Translates the objects of the moment.
    pub fn translate(&mut self, objects: &Objects) -> Translation {
        let changes = Changes::between(&self.seen, objects);
        let mut outdated = self.outdated(changes, objects);
        let all = || objects.ingresses.keys();
        match self.firewalls.refresh(objects, &self.settings) {
            Changed::Nothing => {}
            Changed::Namespaces(changed) => {
                outdated.extend(all().filter(|it| changed.contains(&it.namespace)).cloned());
            }
            Changed::Everything => outdated.extend(all().cloned()),
        }
        let routes_changed = !outdated.is_empty();
        for key in outdated {
            self.compile(&key, objects);
        }
        self.firewalls.forget_unused();
        self.clusters.refresh(objects, &self.slices, &self.settings);
        if routes_changed {
            self.assembled = Assembled::of(&self.order);
        }
        self.seen = objects.clone();
        self.translation(objects)
    }

    /// Brings indexes up to date, and gives the Ingresses to compile again.
    fn outdated(&mut self, changes: Changes, objects: &Objects) -> BTreeSet<Key> {
        let Changes {
            ingresses,
            ingress_classes,
            services,
            endpoint_slices,
            secrets,
        } = changes;
        let mut changed = ingresses;
        if ingress_classes {
            let classes = Classes::of(objects);
            if classes != self.classes {
                self.classes = classes;
                changed.extend(objects.ingresses.keys().cloned());
            }
        }
        let mut outdated = changed.clone();
        for key in &changed {
            outdated.extend(self.outline(key, objects));
        }
        for slice in &endpoint_slices {
            for service in self.slices.update(slice, objects) {
                self.clusters.service_changed(&service);
            }
        }
        for service in &services {
            self.clusters.service_changed(service);
            outdated.extend(self.service_users.of(service));
        }
        for secret in &secrets {
            self.certificates.forget(secret);
            outdated.extend(self.secret_users.of(secret));
        }
        outdated
    }

    /// Reads one Ingress by itself, and gives those to whom its hosts look different now.
    fn outline(&mut self, key: &Key, objects: &Objects) -> BTreeSet<Key> {
        let new = objects
            .ingresses
            .get(key)
            .map(|stored| Outline::of(key, stored, &self.classes, &self.settings));
        let old = self.outlines.remove(key);
        let concerned = self.hosts.replace(key, old.as_ref(), new.as_ref());
        if let Some(new) = new {
            self.outlines.insert(key.clone(), new);
        }
        concerned
    }

    fn compile(&mut self, key: &Key, objects: &Objects) {
        let old = self.compiled.remove(key);
        if let Some((precedence, _)) = &old {
            self.order.remove(precedence);
        }
        let old = old.map(|(_, compiled)| compiled);
        let stored = objects.ingresses.get(key);
        let served = self
            .outlines
            .get(key)
            .filter(|outline| outline.served)
            .zip(stored);
        let new = served.map(|(outline, stored)| {
            let world = World {
                objects,
                settings: &self.settings,
                hosts: &self.hosts,
                certificates: &mut self.certificates,
                policies: &mut self.policies,
                firewalls: &mut self.firewalls,
            };
            let mut new = ingress::compile(key, stored, outline, world);
            if let Some(old) = &old {
                new.share(old);
            }
            (Precedence::of(key, &stored.object), Arc::new(new))
        });
        // What stays in use is added before it is taken away, so that it is not built anew.
        if let Some((_, new)) = &new {
            new.clusters
                .iter()
                .for_each(|spec| self.clusters.add(spec, key));
        }
        if let Some(old) = &old {
            let kept = new
                .as_ref()
                .map(|(_, new)| new.clusters.as_slice())
                .unwrap_or_default();
            let gone = old.clusters.iter().filter(|spec| !kept.contains(spec));
            gone.for_each(|spec| self.clusters.remove(spec, key));
            self.service_users.remove(&old.services, key);
            self.secret_users.remove(&old.bindings.secrets, key);
        }
        if let Some((precedence, new)) = new {
            self.service_users.add(&new.services, key);
            self.secret_users.add(&new.bindings.secrets, key);
            self.order.insert(precedence.clone(), Arc::clone(&new));
            self.compiled.insert(key.clone(), (precedence, new));
        }
    }

    fn translation(&mut self, objects: &Objects) -> Translation {
        let mut problems = self.assembled.problems.clone();
        problems.extend(
            self.outlines
                .values()
                .flat_map(|outline| &outline.problems)
                .cloned(),
        );
        self.report_empty_clusters(objects, &mut problems);
        problems.extend(self.clusters.problems().cloned());
        problems.append(&mut self.firewalls.problems(objects));
        let compiled = self.compiled.values();
        let no_keys: BTreeSet<_> = compiled.flat_map(|(_, it)| &it.no_keys).collect();
        problems.extend(no_keys.into_iter().flat_map(|it| it.problems(objects)));
        let default_certificate = self.default_certificate(objects, &mut problems);
        let mut refused_hosts = self.assembled.refused_hosts.clone();
        if self.is_default_withheld(objects) {
            refused_hosts.push(HostMatch::Any);
        }
        problems.sort_unstable();
        problems.dedup();
        let mut rule_origins = self.firewalls.origins();
        rule_origins.extend(self.snippet_origins());
        let config = Config {
            routes: self.assembled.routes.clone(),
            clusters: self.clusters.settings().clone(),
            certificates: self.assembled.certificates.clone(),
            default_certificate,
            default_firewall: self.firewalls.for_all(),
            certificate_hosts: self.assembled.certificate_hosts.clone(),
            refused_hosts,
            rule_origins,
            options: Arc::clone(&self.options),
        };
        Translation { config, problems }
    }

    /// Where the rules stand that Ingresses bring along.
    fn snippet_origins(&self) -> impl Iterator<Item = (Arc<str>, RuleOrigin)> {
        let with_snippet = self
            .outlines
            .iter()
            .filter(|(_, it)| it.served && it.settings.mod_security.snippet.is_some());
        with_snippet.filter_map(|(key, _)| {
            firewall::snippet_origin(names::object_ref(ObjectKind::Ingress, key))
        })
    }

    /// Reports clusters without endpoints wherever an Ingress names them.
    fn report_empty_clusters(&self, objects: &Objects, problems: &mut Vec<Problem>) {
        for (id, why, users) in self.clusters.empty() {
            for key in users {
                let Some((_, compiled)) = self.compiled.get(key) else {
                    continue;
                };
                let places = objects
                    .ingresses
                    .get(key)
                    .and_then(|stored| stored.places.clone());
                let mut reporter = Reporter::new(compiled.object.clone(), places);
                for (_, field) in compiled.uses.iter().filter(|(used, _)| used == id) {
                    reporter.awaits(field.as_str(), why, "requests are answered 503");
                }
                problems.append(&mut reporter.finish());
            }
        }
    }

    fn is_default_withheld(&mut self, objects: &Objects) -> bool {
        let default = self.settings.default_certificate.as_ref();
        default.is_some_and(|key| {
            let found = self.certificates.find(key, objects);
            found.is_err_and(|fault| *fault == SecretFault::Withheld)
        })
    }

    fn default_certificate(
        &mut self,
        objects: &Objects,
        problems: &mut Vec<Problem>,
    ) -> Option<Arc<CertificateBinding>> {
        let key = self.settings.default_certificate.as_ref()?;
        match self.certificates.find(key, objects) {
            Ok(certificate) => Some(Arc::new(CertificateBinding {
                hosts: vec![HostMatch::Any],
                certificate,
                secret: names::spelled(key).into(),
            })),
            Err(fault) => {
                let places = objects
                    .secrets
                    .get(key)
                    .and_then(|stored| stored.places.clone());
                let object = names::object_ref(ObjectKind::Secret, key);
                let mut reporter = Reporter::new(object, places);
                reporter.error(
                    "",
                    format!("the Secret of the default certificate {fault}"),
                    "a self-made certificate is served instead",
                );
                problems.append(&mut reporter.finish());
                None
            }
        }
    }
}
