//! Rules, paths and default backends of one Ingress.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use k8s_openapi::api::networking::v1::{HTTPIngressPath, IngressRule};

use super::{CompiledIngress, DEFAULT, EXPLICIT, LAST};
use crate::{
    config::{Action, Cause, DenyReason, ObjectRef, Route, Rule, RuleMeta, Severity},
    control::{
        Key, Places,
        translate::{
            TranslateSettings,
            backend::{Backend, Resolver},
            clusters::ClusterSpec,
            conflict::{Claim, Place},
            firewall::{
                Firewalls, Found, FoundCookies, InFront, NO_RULE_SET, NOT_IN_FORCE, NoKeys, SNIPPET,
            },
            host,
            hosts::HostIndex,
            outline::Outline,
            path::{self, PathFault},
            policy::{HostPolicy, PolicyMaker},
            report::Reporter,
            solver,
            tls::Bindings,
        },
    },
    message::HostMatch,
    policy::{ClientCertificatePolicy, CookieIntegrity, RoutePolicy},
    routing::{Match, PathMatch},
    upstream::ClusterId,
};

/// An Ingress on its way.
pub(super) struct Compiler<'a> {
    pub(super) object: ObjectRef,
    pub(super) outline: &'a Outline,
    pub(super) settings: &'a TranslateSettings,
    pub(super) hosts: &'a HostIndex,
    pub(super) policies: &'a mut PolicyMaker,
    /// By host, where client certificates are asked for.
    pub(super) certificates: HashMap<HostMatch, CertificateOf>,
    pub(super) firewalls: &'a mut Firewalls,
    pub(super) resolver: Resolver<'a>,
    pub(super) reporter: Reporter,
    pub(super) ranks: [Vec<HostRules>; 3],
    pub(super) clusters: Vec<ClusterSpec>,
    pub(super) uses: Vec<(ClusterId, String)>,
    /// Policies that leave cookies without keys.
    pub(super) no_keys: BTreeSet<NoKeys>,
    /// Whether it has been said that its snippet has no effect.
    pub(super) refused_snippet: bool,
}

/// What is asked of client certificates on a host.
#[derive(Debug)]
pub(super) enum CertificateOf {
    /// This.
    Asked(Arc<ClientCertificatePolicy>),
    /// It cannot be told, so that nobody is admitted.
    Nobody,
}

/// The rules for one host, and where they were written.
pub(super) struct HostRules {
    host: HostMatch,
    rules: Vec<Rule>,
    places: Vec<Place>,
}

impl Compiler<'_> {
    pub(super) fn rule(&mut self, index: usize, rule: &IngressRule, default: Option<&Backend>) {
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
        if !self.may_have(&host, &field) {
            return;
        }
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
        let mut claimed = false;
        for (at, path) in paths.iter().enumerate() {
            let place = Place::Path {
                rule: index,
                path: at,
            };
            claimed |= self.path(&host, place, path, default);
        }
        // A rule claims its host even if nothing else can be made of it, so that its requests do
        // not go to whoever has a wildcard or every host.
        if !claimed && default.is_none() && host != HostMatch::Any {
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

    /// Whether rules for a host may be made, which another namespace may have had first.
    fn may_have(&mut self, host: &HostMatch, field: &str) -> bool {
        let facts = self.hosts.facts(host);
        let owner = facts.owner.filter(|owner| *owner != self.object.namespace);
        let Some(owner) = owner.filter(|_| *host != HostMatch::Any) else {
            return true;
        };
        let (field, message) = (
            format!("{field}.host"),
            format!(
                "{} is namespace {owner}'s, which had it first",
                host::described(host)
            ),
        );
        if self.hosts.is_refused(host, &self.object.namespace) {
            let consequence = "the rule is not served, since hosts are strict";
            self.reporter.error(field, message, consequence);
            return false;
        }
        let consequence = "both are served; paths that both have are those of the oldest Ingress";
        self.reporter.warning(field, message, consequence);
        true
    }

    /// Serves one path; tells whether it can be.
    fn path(
        &mut self,
        host: &HostMatch,
        place: Place,
        path: &HTTPIngressPath,
        default: Option<&Backend>,
    ) -> bool {
        let HTTPIngressPath {
            backend,
            path: written,
            path_type,
        } = path;
        let field = place.field();
        let slashes = self.settings.options.options.slashes;
        let path = match path::parse(written.as_deref(), path_type, slashes) {
            Ok(path) => path,
            Err(PathFault::Path(message)) => {
                self.reporter
                    .error(format!("{field}.path"), message, NOT_SERVED);
                return false;
            }
            Err(PathFault::Type(message)) => {
                self.reporter
                    .error(format!("{field}.pathType"), message, NOT_SERVED);
                return false;
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
        true
    }

    /// The default backend has `/` of every host of the rules, unless a rule has it; without rules
    /// it has every host that nobody else claims.
    pub(super) fn default_backend(&mut self, backend: &Backend, rule_less: bool) {
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
            if self.hosts.is_refused(host, &self.object.namespace) {
                continue;
            }
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
        let InFront {
            firewall,
            cookies,
            no_keys,
            refused_snippet,
        } = match self.outline.is_solver {
            true => InFront::default(),
            false => self.in_front(&backend.service),
        };
        self.no_keys.extend(no_keys);
        self.without_snippet(&refused_snippet);
        let (denied, firewall) = match (self.denied(host, written), firewall) {
            (Some(reason), _) => (Some(reason), None),
            (None, Found::NoRules) => (Some(DenyReason::BrokenSecuritySetting), None),
            (None, Found::On(firewall)) => (None, Some(firewall)),
            (None, Found::Off) => (None, None),
        };
        let (denied, cookies) = match cookies {
            FoundCookies::Off => (denied, None),
            FoundCookies::On(cookies) => (denied, Some(cookies)),
            FoundCookies::Broken => (denied.or(Some(DenyReason::BrokenCookieIntegrity)), None),
        };
        let action = match denied {
            Some(reason) => Action::Deny(reason),
            None => {
                self.need(&backend.clusters);
                backend.action.clone()
            }
        };
        let rule = Rule {
            matches: vec![match self.outline.is_solver {
                true => solver::question(path),
                false => Match::path(path),
            }],
            policy: self.policy(host, written, cookies.as_ref()),
            firewall,
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

    fn policy(
        &mut self,
        host: &HostMatch,
        written: &str,
        cookies: Option<&Arc<CookieIntegrity>>,
    ) -> Arc<RoutePolicy> {
        let certificate = match self.certificates.get(host) {
            Some(CertificateOf::Asked(policy)) if !self.needs_no_login(written) => Some(policy),
            _ => None,
        };
        let certificate = certificate.filter(|_| !self.outline.is_solver);
        let host = HostPolicy {
            tls: self.hosts.facts(host).tls,
            certificate,
            cookies,
            never_redirected: self.outline.is_solver,
        };
        self.policies
            .make(&self.outline.settings, self.settings, host, written)
    }

    fn in_front(&mut self, service: &str) -> InFront {
        let ObjectRef {
            kind: _,
            namespace,
            name,
        } = &self.object;
        let key = Key {
            namespace: Arc::clone(namespace),
            name: Arc::clone(name),
        };
        self.firewalls
            .of(&key, service, &self.outline.settings.mod_security)
    }

    /// Says once why the Ingress's snippet has no effect.
    fn without_snippet(&mut self, messages: &[String]) {
        if self.refused_snippet {
            return;
        }
        for message in messages {
            self.refused_snippet = true;
            self.reporter.error(SNIPPET, message, NOT_IN_FORCE);
        }
    }

    /// Whether a firewall is asked for by annotations or options, and nobody names rules for it.
    fn lacks_firewall(&self) -> bool {
        let own = &self.outline.settings.mod_security;
        let options = &self.settings.options.firewall.mod_security;
        let asks = own.asks() || (options.asks() && own.enable != Some(false));
        asks && !self.firewalls.has_rule_set()
    }

    /// Says so where the Ingress itself asks for such a firewall.
    pub(super) fn without_firewall(&mut self) {
        let own = &self.outline.settings.mod_security;
        if !self.lacks_firewall() || !own.asks() {
            return;
        }
        let name = match (own.enable, own.core_rules) {
            (Some(true), _) => "enable-modsecurity",
            (_, true) => "enable-owasp-core-rules",
            (_, false) => "modsecurity-snippet",
        };
        let (consequence, severity) = if self.settings.permit_unsupported_access_control {
            (PERMITTED, Severity::Warning)
        } else {
            (DENIED, Severity::Error)
        };
        self.reporter.because_of(
            Cause::Surroundings,
            format!("metadata.annotations[\"nginx.ingress.kubernetes.io/{name}\"]"),
            (NO_RULE_SET, consequence),
            severity,
        );
    }

    /// Why a path is refused to everybody: access control that cannot be enforced.
    fn denied(&self, host: &HostMatch, written: &str) -> Option<DenyReason> {
        if self.outline.is_solver {
            return None;
        }
        let exempt = self.needs_no_login(written);
        if !exempt && matches!(self.certificates.get(host), Some(CertificateOf::Nobody)) {
            return Some(DenyReason::BrokenSecuritySetting);
        }
        if self.settings.permit_unsupported_access_control {
            return None;
        }
        if self.lacks_firewall() {
            return Some(DenyReason::UnsupportedAccessControl);
        }
        let globals = &self.settings.options.access_control;
        let asked = self.outline.settings.guards.over(globals);
        let is_asked = asked.iter().any(|kind| !(exempt && kind.is_login()));
        (self.hosts.facts(host).guarded || is_asked).then_some(DenyReason::UnsupportedAccessControl)
    }

    /// Whether a path is exempt from logins (`no-auth-locations`).
    fn needs_no_login(&self, written: &str) -> bool {
        let exempt = &self.settings.options.no_login;
        exempt.iter().any(|start| written.starts_with(&**start))
    }

    /// Says so where another Ingress' access control covers a host of this one.
    pub(super) fn guarded_hosts(&mut self) {
        let is_exempt = self.outline.guards_hosts || self.outline.is_solver;
        if is_exempt || self.settings.permit_unsupported_access_control {
            return;
        }
        for host in self
            .outline
            .hosts
            .iter()
            .filter(|host| self.hosts.facts(host).guarded)
        {
            self.reporter.awaits(
                "spec.rules",
                format!(
                    "another Ingress asks for access control on all of {} that is not supported yet",
                    host::described(host)
                ),
                "requests for the host are answered 403",
            );
        }
    }

    pub(super) fn note_use(&mut self, backend: &Backend, field: &str) {
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

    pub(super) fn finish(
        self,
        bindings: Bindings,
        places: Option<Arc<dyn Places>>,
    ) -> CompiledIngress {
        let Self {
            object,
            resolver,
            reporter,
            ranks,
            clusters,
            mut uses,
            certificates,
            no_keys,
            ..
        } = self;
        let asking = certificates
            .into_iter()
            .filter(|(_, demand)| matches!(demand, CertificateOf::Asked(_)));
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
            no_keys,
            services: resolver.services,
            asking: asking.map(|(host, _)| host).collect(),
        }
    }
}

const DENIED: &str = "requests for the rules of this Ingress are answered 403";
const PERMITTED: &str = "requests are served without it, since the operator permits that";
const NOT_SERVED: &str = "the path is not served";

fn root() -> PathMatch {
    PathMatch::Prefix("/".into())
}
