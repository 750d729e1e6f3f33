//! Backends of Ingress rules.

use std::{collections::BTreeSet, sync::Arc};

use k8s_openapi::api::networking::v1::{IngressBackend, IngressServiceBackend};

use super::{
    annotations::{AnnotationSettings, BackendProtocol},
    clusters::ClusterSpec,
    names,
    report::Reporter,
    service::{self, PortFault, ResolvedPort},
    settings::TranslateSettings,
};
use crate::{
    config::{Action, Cause, Forward, Severity},
    control::{Key, Objects},
    tls::ClientTls,
    upstream::{Balancer, Protocol},
};

/// What a backend comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Backend {
    pub(super) action: Action,
    /// The Service as written, empty if there is none.
    pub(super) service: Arc<str>,
    /// Its port as written.
    pub(super) port: Arc<str>,
    /// The clusters of the action.
    pub(super) clusters: Vec<ClusterSpec>,
}

impl Backend {
    /// No backend: 404.
    pub(super) fn none() -> Self {
        Self::without_clusters(Action::NotFound)
    }

    fn unavailable() -> Self {
        Self::without_clusters(Action::Unavailable)
    }

    fn without_clusters(action: Action) -> Self {
        Self {
            action,
            service: Arc::default(),
            port: Arc::default(),
            clusters: Vec::new(),
        }
    }
}

/// Resolves the backends of one Ingress.
pub(super) struct Resolver<'a> {
    pub(super) namespace: &'a Arc<str>,
    pub(super) annotations: &'a AnnotationSettings,
    pub(super) objects: &'a Objects,
    pub(super) settings: &'a TranslateSettings,
    /// The Services asked for, those that do not exist included.
    pub(super) services: BTreeSet<Key>,
}

impl Resolver<'_> {
    /// Resolves the backend at `field`. `default` is what a resource backend falls back to.
    pub(super) fn resolve(
        &mut self,
        backend: &IngressBackend,
        default: Option<&Backend>,
        field: &str,
        reporter: &mut Reporter,
    ) -> Backend {
        match (&backend.service, &backend.resource) {
            (Some(service), resource) => {
                if resource.is_some() {
                    reporter.warning(
                        format!("{field}.resource"),
                        "a backend is either a Service or a resource",
                        "the Service is used",
                    );
                }
                self.service(service, field, reporter)
            }
            (None, Some(resource)) => {
                let message = format!("{} backends are not supported", resource.kind);
                let consequence = match default {
                    Some(_) => "requests go to the default backend",
                    None => "requests are answered 404",
                };
                reporter.error(format!("{field}.resource"), message, consequence);
                default.cloned().unwrap_or_else(Backend::none)
            }
            (None, None) => {
                reporter.error(field, "the backend names no Service", UNAVAILABLE);
                Backend::unavailable()
            }
        }
    }

    fn service(
        &mut self,
        backend: &IngressServiceBackend,
        field: &str,
        reporter: &mut Reporter,
    ) -> Backend {
        let IngressServiceBackend { name, port } = backend;
        let key = Key {
            namespace: self.namespace.clone(),
            name: name.as_str().into(),
        };
        self.services.insert(key.clone());
        let written: Arc<str> = match port {
            Some(port) => match (&port.name, port.number) {
                (Some(name), _) if !name.is_empty() => name.as_str().into(),
                (_, Some(number)) => number.to_string().into(),
                (_, None) => Arc::default(),
            },
            None => Arc::default(),
        };
        let object = names::live(self.objects.services.get(&key), |service| &service.metadata);
        let resolved = match object {
            Some(service) => service::resolve(service, port.as_ref()).map_err(|fault| {
                let (cause, message) = match fault {
                    PortFault::Reference(message) => (Cause::Object, message),
                    PortFault::Service(message) => (Cause::Surroundings, message),
                };
                (cause, format!("{field}.service.port"), message)
            }),
            None if self.settings.stand_ins.contains_key(&key) => {
                // Named ports have no number without a Service; the stand-in is the same for all.
                let number = written.parse().unwrap_or(0);
                Ok(ResolvedPort { number, h2c: false })
            }
            None => {
                let message = format!("Service {} does not exist", names::spelled(&key));
                Err((
                    Cause::Surroundings,
                    format!("{field}.service.name"),
                    message,
                ))
            }
        };
        let (action, clusters) = match resolved {
            Ok(port) => self.forward(&key, &port),
            Err((cause, field, message)) => {
                let severity = Severity::Error;
                reporter.because_of(cause, field, (message, UNAVAILABLE), severity);
                (Action::Unavailable, Vec::new())
            }
        };
        Backend {
            action,
            service: key.name,
            port: written,
            clusters,
        }
    }

    fn forward(&self, service: &Key, port: &ResolvedPort) -> (Action, Vec<ClusterSpec>) {
        let hash = self.annotations.hash_by.clone().map(Balancer::Hash);
        let balancer = hash.or_else(|| self.annotations.load_balance.clone());
        let balancer = balancer.as_ref().unwrap_or(&self.settings.options.balancer);
        let by_cluster_ip = self
            .annotations
            .by_cluster_ip
            .unwrap_or(self.settings.by_cluster_ip || self.settings.options.by_cluster_ip);
        let cluster = |protocol, tls: bool| {
            let tls = tls.then(ClientTls::default);
            ClusterSpec::new(
                service,
                port.number,
                protocol,
                tls,
                (balancer, by_cluster_ip),
            )
        };
        let clear = if port.h2c {
            Protocol::Http2
        } else {
            Protocol::Http1
        };
        let (spec, over_tls) = match self.annotations.backend_protocol {
            None | Some(BackendProtocol::Http) => (cluster(clear, false), None),
            Some(BackendProtocol::Https) => (cluster(Protocol::Http1, true), None),
            Some(BackendProtocol::Grpc) => (cluster(Protocol::Http2, false), None),
            Some(BackendProtocol::Grpcs) => (cluster(Protocol::Http2, true), None),
            Some(BackendProtocol::AutoHttp) => {
                (cluster(clear, false), Some(cluster(Protocol::Http1, true)))
            }
        };
        let action = Action::Forward(Forward {
            cluster: spec.id.clone(),
            cluster_over_tls: over_tls.as_ref().map(|spec| spec.id.clone()),
        });
        (action, std::iter::once(spec).chain(over_tls).collect())
    }
}

const UNAVAILABLE: &str = "requests are answered 503";
