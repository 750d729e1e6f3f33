//! Compiling one Ingress.

use std::collections::BTreeSet;

use k8s_openapi::api::networking::v1::{Ingress, IngressSpec};

use super::{CompiledIngress, compiler::Compiler};
use crate::{
    config::ObjectKind,
    control::{
        Key, Objects, Stored,
        translate::{
            TranslateSettings, backend::Resolver, firewall::Firewalls, hosts::HostIndex, names,
            outline::Outline, policy::PolicyMaker, report::Reporter, secret::Certificates, tls,
        },
    },
};

/// What compiling one Ingress reads besides it.
pub(in crate::control::translate) struct World<'a> {
    pub(in crate::control::translate) objects: &'a Objects,
    pub(in crate::control::translate) settings: &'a TranslateSettings,
    pub(in crate::control::translate) hosts: &'a HostIndex,
    pub(in crate::control::translate) certificates: &'a mut Certificates,
    pub(in crate::control::translate) policies: &'a mut PolicyMaker,
    pub(in crate::control::translate) firewalls: &'a mut Firewalls,
}

/// Compiles an Ingress that is served.
pub(in crate::control::translate) fn compile(
    key: &Key,
    stored: &Stored<Ingress>,
    outline: &Outline,
    world: World<'_>,
) -> CompiledIngress {
    let object = names::object_ref(ObjectKind::Ingress, key);
    let mut reporter = Reporter::new(object.clone(), stored.places.clone());
    let nothing = IngressSpec::default();
    let spec = stored.object.spec.as_ref().unwrap_or(&nothing);
    let rules = spec.rules.as_deref().unwrap_or_default();
    let tls = tls::bind(
        spec.tls.as_deref().unwrap_or_default(),
        &outline.hosts,
        &key.namespace,
        (world.objects, world.certificates),
        &mut reporter,
    );
    let mut compiler = Compiler {
        object: object.clone(),
        outline,
        settings: world.settings,
        hosts: world.hosts,
        policies: world.policies,
        firewalls: world.firewalls,
        resolver: Resolver {
            namespace: &key.namespace,
            annotations: &outline.settings,
            objects: world.objects,
            settings: world.settings,
            services: BTreeSet::new(),
        },
        reporter,
        ranks: Default::default(),
        clusters: Vec::new(),
        uses: Vec::new(),
    };
    let default = spec.default_backend.as_ref().map(|backend| {
        let field = "spec.defaultBackend";
        let backend = compiler
            .resolver
            .resolve(backend, None, field, &mut compiler.reporter);
        compiler.note_use(&backend, field);
        backend
    });
    for (index, rule) in rules.iter().enumerate() {
        compiler.rule(index, rule, default.as_ref());
    }
    match &default {
        Some(backend) => compiler.default_backend(backend, rules.is_empty()),
        None if rules.is_empty() => compiler.reporter.error(
            "spec",
            "the Ingress has neither rules nor a default backend",
            "it serves nothing",
        ),
        None => {}
    }
    compiler.guarded_hosts();
    compiler.without_firewall();
    compiler.finish(tls, stored.places.clone())
}
