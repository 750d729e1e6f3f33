//! Compiling one Ingress.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use k8s_openapi::api::networking::v1::{Ingress, IngressSpec};

use super::{
    CompiledIngress,
    compiler::{CertificateOf, Compiler},
};
use crate::{
    config::ObjectKind,
    control::{
        Key, Objects, Stored,
        translate::{
            TranslateSettings, annotations::DENIED, backend::Resolver, client_certificate,
            firewall::Firewalls, host, hosts::HostIndex, names, outline::Outline,
            policy::PolicyMaker, report::Reporter, secret::Certificates, tls,
        },
    },
    message::HostMatch,
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
    mut world: World<'_>,
) -> CompiledIngress {
    let object = names::object_ref(ObjectKind::Ingress, key);
    let mut reporter = Reporter::new(object.clone(), stored.places.clone());
    let nothing = IngressSpec::default();
    let spec = stored.object.spec.as_ref().unwrap_or(&nothing);
    let rules = spec.rules.as_deref().unwrap_or_default();
    let certificates = demands(outline, &mut world, &mut reporter);
    let mut tls = tls::bind(
        spec.tls.as_deref().unwrap_or_default(),
        &outline.hosts,
        &key.namespace,
        (world.objects, world.certificates),
        &mut reporter,
    );
    tls.leave_out(|host| world.hosts.is_refused(host, &key.namespace));
    let asked = outline.hosts.iter().map(|host| world.hosts.facts(host));
    let secrets = asked.filter_map(|facts| facts.certificate?.secret().cloned());
    tls.secrets.extend(secrets);
    let mut compiler = Compiler {
        object: object.clone(),
        outline,
        settings: world.settings,
        hosts: world.hosts,
        policies: world.policies,
        certificates,
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
        no_keys: BTreeSet::new(),
        refused_snippet: false,
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

/// What is asked of client certificates on the hosts of an Ingress, and what is wrong with that.
fn demands(
    outline: &Outline,
    world: &mut World<'_>,
    reporter: &mut Reporter,
) -> HashMap<HostMatch, CertificateOf> {
    let own = outline.certificate.as_ref().map(|(_, asked)| asked);
    let mut demands = HashMap::new();
    for host in &outline.hosts {
        let Some(asked) = world.hosts.facts(host).certificate else {
            continue;
        };
        let is_own = own.is_some_and(|own| Arc::ptr_eq(own, &asked));
        if !is_own && own.is_some_and(|own| *own != asked) {
            let message = format!(
                "another Ingress decides on client certificates for {}",
                host::described(host)
            );
            reporter.warning(
                client_certificate::field(),
                message,
                "that Ingress' annotations apply to the host",
            );
        }
        let resolved = asked.resolve(world.certificates, world.objects);
        let demand = match resolved {
            Ok(policy) => CertificateOf::Asked(policy),
            Err(fault) => {
                match (fault, asked.secret()) {
                    (Some(fault), Some(secret)) if is_own => reporter.awaits(
                        client_certificate::field(),
                        format!("Secret {} {fault}", names::spelled(secret)),
                        DENIED,
                    ),
                    _ if is_own => {}
                    _ => reporter.awaits(
                        "spec.rules",
                        format!(
                            "another Ingress asks for client certificates on all of {} that cannot \
                             be checked",
                            host::described(host)
                        ),
                        "requests for the host are answered 403",
                    ),
                }
                CertificateOf::Nobody
            }
        };
        demands.insert(host.clone(), demand);
    }
    demands
}
