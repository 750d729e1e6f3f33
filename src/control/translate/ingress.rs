//! One Ingress: from rules as written to routes.

use std::{collections::BTreeSet, sync::Arc};

use k8s_openapi::api::networking::v1::{HTTPIngressPath, Ingress, IngressRule};

use super::{
    backend::{Backend, Resolver},
    clusters::ClusterSpec,
    conflict::{Claim, Place},
    host,
    hosts::HostIndex,
    names,
    outline::Outline,
    path::{self, PathFault},
    policy::PolicyMaker,
    report::Reporter,
    secret::Certificates,
    settings::TranslateSettings,
    tls::{self, Bindings},
};
use crate::{
    config::{Action, DenyReason, ObjectKind, ObjectRef, Problem, Route, Rule, RuleMeta},
    control::{Key, Objects, Places, Stored},
    message::HostMatch,
    policy::RoutePolicy,
    routing::{Match, PathMatch},
    upstream::ClusterId,
};

/// Everything that one Ingress comes to. Which rules lose to other Ingresses is decided elsewhere.
#[derive(Debug)]
pub(super) struct CompiledIngress {
    pub(super) object: ObjectRef,
    pub(super) places: Option<Arc<dyn Places>>,
    /// Routes by rank: what has a lower rank goes before everything of a higher one.
    pub(super) ranks: [Vec<Arc<Route>>; 3],
    /// What the routes claim, by rank.
    pub(super) claims: [Vec<Claim>; 3],
    pub(super) bindings: Bindings,
    pub(super) problems: Vec<Problem>,
    /// The clusters that it uses, without repetition.
    pub(super) clusters: Vec<ClusterSpec>,
    /// Where it names a cluster's Service.
    pub(super) uses: Vec<(ClusterId, String)>,
    /// The Services asked for.
    pub(super) services: BTreeSet<Key>,
}

/// Rank of rules as written.
pub(super) const EXPLICIT: usize = 0;
/// Rank of default backends: of a host, and of an Ingress without rules for all hosts.
pub(super) const DEFAULT: usize = 1;
/// Rank of what is left: hosts without any backend, and the default backend of an Ingress that has
/// rules for every host, which gives way to an Ingress without rules.
pub(super) const LAST: usize = 2;

/// What compiling one Ingress reads besides it.
pub(super) struct World<'a> {
    pub(super) objects: &'a Objects,
    pub(super) settings: &'a TranslateSettings,
    pub(super) hosts: &'a HostIndex,
    pub(super) certificates: &'a mut Certificates,
    pub(super) policies: &'a mut PolicyMaker,
}

/// Compiles an Ingress that is served.
pub(super) fn compile(
    key: &Key,
    stored: &Stored<Ingress>,
    outline: &Outline,
    world: World<'_>,
) -> CompiledIngress {
    let object = names::object_ref(ObjectKind::Ingress, key);
    let mut reporter = Reporter::new(object.clone(), stored.places.clone());
    let spec = stored.object.spec.clone().unwrap_or_default();
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
    compiler.finish(tls, stored.places.clone())
}

struct Compiler<'a> {
    object: ObjectRef,
    outline: &'a Outline,
    settings: &'a TranslateSettings,
    hosts: &'a HostIndex,
    policies: &'a mut PolicyMaker,
    resolver: Resolver<'a>,
    reporter: Reporter,
    ranks: [Vec<HostRules>; 3],
    clusters: Vec<ClusterSpec>,
    uses: Vec<(ClusterId, String)>,
}

/// The rules for one host, and where they were written.
struct HostRules {
    host: HostMatch,
    rules: Vec<Rule>,
    places: Vec<Place>,
}

impl Compiler<'_> {
    fn rule(&mut self, index: usize, rule: &IngressRule, default: Option<&Backend>) {
        let field = format!("spec.rules[{index}]");
        let written = rule.host.as_deref().unwrap_or_default();
        let host = match host::parse(written) {
            Ok(host) => host,
            Err(message) => {
                self.reporter
                    .error(format!("{field}.host"), message, "the rule is not served");
                return;
            }
        };
        let paths = rule
            .http
            .as_ref()
            .map(|http| http.paths.as_slice())
            .unwrap_or_default();
        if paths.is_empty() && rule.http.is_some() {
            self.reporter.warning(
                format!("{field}.http.paths"),
                "there are no paths",
                "the whole host goes to the default backend",
            );
        }
        for (at, path) in paths.iter().enumerate() {
            let place = Place::Path {
                rule: index,
                path: at,
            };
            self.path(&host, place, path, default);
        }
        // A rule without paths claims its host, be it only to answer 404.
        if paths.is_empty() && default.is_none() && host != HostMatch::Any {
            let backend = Backend::none();
            self.push(
                LAST,
                &host,
                Place::Host { rule: index },
                "/",
                root(),
                &backend,
            );
        }
    }

    fn path(
        &mut self,
        host: &HostMatch,
        place: Place,
        path: &HTTPIngressPath,
        default: Option<&Backend>,
    ) {
        let HTTPIngressPath {
            backend,
            path: written,
            path_type,
        } = path;
        let field = place.field();
        let path = match path::parse(written.as_deref(), path_type) {
            Ok(path) => path,
            Err(PathFault::Path(message)) => {
                self.reporter
                    .error(format!("{field}.path"), message, NOT_SERVED);
                return;
            }
            Err(PathFault::Type(message)) => {
                self.reporter
                    .error(format!("{field}.pathType"), message, NOT_SERVED);
                return;
            }
        };
        let field = format!("{field}.backend");
        let backend = self
            .resolver
            .resolve(backend, default, &field, &mut self.reporter);
        self.note_use(&backend, &field);
        let written = written
            .as_deref()
            .filter(|path| !path.is_empty())
            .unwrap_or("/");
        self.push(EXPLICIT, host, place, written, path, &backend);
    }

    /// The default backend has `/` of every host of the rules, unless a rule has it; without rules
    /// it has every host that nobody else claims.
    fn default_backend(&mut self, backend: &Backend, rule_less: bool) {
        let place = Place::DefaultBackend;
        if rule_less {
            self.push(DEFAULT, &HostMatch::Any, place, "/", root(), backend);
            return;
        }
        for host in &self.outline.hosts {
            let rank = if *host == HostMatch::Any {
                LAST
            } else {
                DEFAULT
            };
            self.push(rank, host, place, "/", root(), backend);
        }
    }

    fn push(
        &mut self,
        rank: usize,
        host: &HostMatch,
        place: Place,
        written: &str,
        path: PathMatch,
        backend: &Backend,
    ) {
        let denied = self.is_denied(host, written);
        let action = if denied {
            Action::Deny(DenyReason::UnsupportedAccessControl)
        } else {
            self.need(&backend.clusters);
            backend.action.clone()
        };
        let rule = Rule {
            matches: vec![Match::path(path)],
            policy: self.policy(host, written),
            action,
            meta: Arc::new(RuleMeta {
                object: self.object.clone(),
                service: Arc::clone(&backend.service),
                service_port: Arc::clone(&backend.port),
                host: host::written(host).into(),
                path: written.into(),
            }),
        };
        let Some(routes) = self.ranks.get_mut(rank) else {
            return;
        };
        let at = routes
            .iter()
            .position(|route| route.host == *host)
            .unwrap_or_else(|| {
                let host = host.clone();
                routes.push(HostRules {
                    host,
                    rules: Vec::new(),
                    places: Vec::new(),
                });
                routes.len() - 1
            });
        if let Some(route) = routes.get_mut(at) {
            route.rules.push(rule);
            route.places.push(place);
        }
    }

    fn policy(&mut self, host: &HostMatch, written: &str) -> Arc<RoutePolicy> {
        let facts = self.hosts.facts(host);
        self.policies.make(
            &self.outline.settings,
            &self.settings.options,
            facts,
            written,
        )
    }

    /// Whether access control that is not supported covers a path.
    fn is_denied(&self, host: &HostMatch, written: &str) -> bool {
        if self.settings.permit_unsupported_access_control {
            return false;
        }
        if self.hosts.facts(host).guarded {
            return true;
        }
        let globals = &self.settings.options;
        let exempt = globals
            .no_login
            .iter()
            .any(|start| written.starts_with(&**start));
        let asked = self.outline.settings.guards.over(&globals.access_control);
        asked.iter().any(|kind| !(exempt && kind.is_login()))
    }

    /// Says so where another Ingress' access control covers a host of this one.
    fn guarded_hosts(&mut self) {
        if self.outline.guards_hosts || self.settings.permit_unsupported_access_control {
            return;
        }
        for host in self
            .outline
            .hosts
            .iter()
            .filter(|host| self.hosts.facts(host).guarded)
        {
            self.reporter.error(
                "spec.rules",
                format!(
                    "another Ingress asks for access control on all of {} that is not supported yet",
                    host::described(host)
                ),
                "requests for the host are answered 403",
            );
        }
    }

    fn note_use(&mut self, backend: &Backend, field: &str) {
        if let Some(spec) = backend.clusters.first() {
            self.uses
                .push((spec.id.clone(), format!("{field}.service.name")));
        }
    }

    fn need(&mut self, clusters: &[ClusterSpec]) {
        for spec in clusters {
            if !self.clusters.contains(spec) {
                self.clusters.push(spec.clone());
            }
        }
    }

    fn finish(self, bindings: Bindings, places: Option<Arc<dyn Places>>) -> CompiledIngress {
        let Self {
            object,
            resolver,
            reporter,
            ranks,
            clusters,
            mut uses,
            ..
        } = self;
        uses.retain(|(id, _)| clusters.iter().any(|spec| spec.id == *id));
        let mut claims: [Vec<Claim>; 3] = Default::default();
        for (claims, routes) in claims.iter_mut().zip(&ranks) {
            for (
                at,
                HostRules {
                    host,
                    rules,
                    places,
                },
            ) in routes.iter().enumerate()
            {
                let claimed = rules.iter().zip(places).enumerate();
                claims.extend(claimed.filter_map(|(rule, (it, place))| {
                    let path = &it.matches.first()?.path;
                    Some(Claim::new(host, path, (at, rule), *place))
                }));
            }
        }
        let ranks = ranks.map(|routes| {
            let route = |HostRules {
                             host,
                             rules,
                             places: _,
                         }| {
                Arc::new(Route {
                    object: object.clone(),
                    hosts: vec![host],
                    rules,
                })
            };
            routes.into_iter().map(route).collect()
        });
        CompiledIngress {
            object,
            places,
            ranks,
            claims,
            bindings,
            problems: reporter.finish(),
            clusters,
            uses,
            services: resolver.services,
        }
    }
}

impl CompiledIngress {
    /// Takes over routes of an earlier version that are still the same, so that whoever compares
    /// configurations sees one pointer.
    pub(super) fn share(&mut self, earlier: &Self) {
        for (routes, earlier) in self.ranks.iter_mut().zip(&earlier.ranks) {
            for (route, earlier) in routes.iter_mut().zip(earlier) {
                if route == earlier {
                    *route = Arc::clone(earlier);
                }
            }
        }
        let bindings = self
            .bindings
            .own
            .iter_mut()
            .chain(&mut self.bindings.further);
        let earlier = earlier.bindings.own.iter().chain(&earlier.bindings.further);
        for (bound, earlier) in bindings.zip(earlier) {
            if bound.binding == earlier.binding {
                bound.binding = Arc::clone(&earlier.binding);
            }
        }
    }
}

const NOT_SERVED: &str = "the path is not served";

fn root() -> PathMatch {
    PathMatch::Prefix("/".into())
}
