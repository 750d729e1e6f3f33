//! What an Ingress says by itself, before other objects are looked at.

use std::sync::Arc;

use k8s_openapi::api::networking::v1::Ingress;

use super::{
    annotations::{self, AnnotationSettings},
    class::{Classes, Verdict},
    client_certificate::{self, Asked},
    conflict::Precedence,
    host, names,
    report::Reporter,
    settings::TranslateSettings,
    solver,
};
use crate::{
    config::{ObjectKind, Problem},
    control::{Key, Stored},
    message::HostMatch,
};

/// The part of an Ingress that others need to know, and its annotations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outline {
    pub(super) settings: AnnotationSettings,
    pub(super) problems: Vec<Problem>,
    /// Its place in the order of Ingresses.
    pub(super) precedence: Precedence,
    /// It answers a certificate authority's question, for cert-manager.
    pub(super) is_solver: bool,
    /// Whether it takes part at all.
    pub(super) served: bool,
    /// The hosts that it serves, without repetition.
    pub(super) hosts: Vec<HostMatch>,
    /// Whether its hosts have TLS, be it with the default certificate.
    pub(super) tls: bool,
    /// What it asks of client certificates on its hosts, and its precedence in that.
    pub(super) certificate: Option<(Precedence, Arc<Asked>)>,
    /// Whether it asks for access control that ingress-nginx enforces on whole hosts.
    pub(super) guards_hosts: bool,
}

impl Outline {
    pub(super) fn of(
        key: &Key,
        stored: &Stored<Ingress>,
        classes: &Classes,
        settings: &TranslateSettings,
    ) -> Self {
        let ingress = &*stored.object;
        let object = names::object_ref(ObjectKind::Ingress, key);
        let mut reporter = Reporter::new(object, stored.places.clone());
        let served = ingress.metadata.deletion_timestamp.is_none()
            && match classes.judge(&settings.class, ingress) {
                Verdict::Served => true,
                Verdict::Foreign => false,
                Verdict::NoClass => {
                    reporter.warning(
                        "spec.ingressClassName",
                        "the Ingress names no class, and no IngressClass is the default",
                        "the Ingress is not served",
                    );
                    false
                }
            };
        let mut outline = Self {
            settings: AnnotationSettings::default(),
            problems: Vec::new(),
            precedence: Precedence::of(key, ingress),
            is_solver: solver::is_solver(ingress),
            served,
            hosts: Vec::new(),
            tls: false,
            certificate: None,
            guards_hosts: false,
        };
        if served {
            outline.read(ingress, settings, &mut reporter);
            outline.certificate =
                client_certificate::asked(&outline.settings, &key.namespace, &mut reporter)
                    .map(|asked| (Precedence::of(key, ingress), Arc::new(asked)));
        }
        outline.problems = reporter.finish();
        outline
    }

    fn read(&mut self, ingress: &Ingress, settings: &TranslateSettings, reporter: &mut Reporter) {
        let permit = settings.permit_unsupported_access_control;
        if let Some(all) = &ingress.metadata.annotations {
            self.settings = annotations::read(all, permit, reporter);
        }
        if self.settings.canary {
            self.served = false;
            return;
        }
        let Some(spec) = &ingress.spec else {
            return;
        };
        let hosts = spec.rules.iter().flatten();
        self.hosts = hosts
            .filter_map(|rule| host::parse(rule.host.as_deref().unwrap_or_default()).ok())
            .collect();
        // Without rules, the default backend is for every host.
        if spec.rules.as_ref().is_none_or(Vec::is_empty) && spec.default_backend.is_some() {
            self.hosts.push(HostMatch::Any);
        }
        self.hosts.sort_unstable();
        self.hosts.dedup();
        self.tls = spec.tls.as_ref().is_some_and(|tls| !tls.is_empty());
        let asked = self.settings.guards.over(&Default::default());
        self.guards_hosts = !permit && asked.iter().any(|kind| kind.is_host_wide());
    }
}
