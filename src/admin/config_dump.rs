//! The configuration of the moment as JSON, without secrets.
//!
//! Invariant: structs are taken apart whole, so that a new field is shown or left out on purpose.
//! Keys of certificates are never looked at. Non-goal: being read back.

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

use super::status::Published;
use crate::{
    config::{
        AccessLogFormat, Action, ClientAddressOptions, Config, DenyReason, Forward, Options, Route,
        Rule, RuleMeta, cookies_to_json,
    },
    message::{HostMatch, Slashes},
    policy::{
        BodyLimit, CertificateDemand, ClientCertificatePolicy, Hsts, HttpsRedirect, RoutePolicy,
        SubjectPattern, Timeouts,
    },
    routing::{FieldMatch, Match, PathMatch, TextMatch},
    tls::{Certificate, CertificateBinding, ClientTls, VerifyServer},
    upstream::{
        Balancer, ClusterSettings, HashKey, NameTarget, NameTrust, Protocol, UpstreamSource,
    },
};

/// Everything that is served.
pub(super) fn dump(published: &Published) -> Value {
    let Published {
        generation,
        at,
        config,
        problems,
        firewalls: _,
        stale,
    } = published;
    let Config {
        routes,
        clusters,
        certificates,
        default_certificate,
        default_firewall,
        certificate_hosts,
        refused_hosts,
        rule_origins: _,
        options,
    } = config.as_ref();
    json!({
        "generation": generation,
        "published": unix_seconds(*at),
        "stale": stale.map(unix_seconds),
        "problems": problems.len(),
        "routes": routes.iter().map(|it| route(it)).collect::<Vec<_>>(),
        "clusters": clusters
            .iter()
            .map(|(id, settings)| (id.to_string(), cluster(settings)))
            .collect::<serde_json::Map<_, _>>(),
        "certificates": certificates.iter().map(|it| certificate(it)).collect::<Vec<_>>(),
        "default_certificate": default_certificate.as_deref().map(certificate),
        "firewalls": firewalls(config),
        "default_firewall": default_firewall.as_ref().map(|firewall| &*firewall.name),
        "certificate_hosts": certificate_hosts.iter().map(host).collect::<Vec<_>>(),
        "refused_hosts": refused_hosts.iter().map(host).collect::<Vec<_>>(),
        "options": self::options(options),
    })
}

/// Every firewall by its name. Those of one name, which differ only in what annotations of different
/// Ingresses say, are one after the other.
fn firewalls(config: &Config) -> Value {
    let rules = config.routes.iter().flat_map(|route| &route.rules);
    let all: BTreeMap<_, _> = rules
        .filter_map(|rule| rule.firewall.as_ref())
        .chain(&config.default_firewall)
        .map(|firewall| ((&firewall.name, Arc::as_ptr(firewall)), firewall))
        .collect();
    all.into_values().map(|it| it.to_json()).collect()
}

fn route(route: &Route) -> Value {
    let Route {
        object,
        hosts,
        rules,
    } = route;
    json!({
        "object": object.to_string(),
        "hosts": hosts.iter().map(host).collect::<Vec<_>>(),
        "rules": rules.iter().map(rule).collect::<Vec<_>>(),
    })
}

fn rule(rule: &Rule) -> Value {
    let Rule {
        matches,
        policy,
        firewall,
        action,
        meta,
    } = rule;
    let RuleMeta {
        object,
        service,
        service_port,
        host,
        path,
    } = meta.as_ref();
    json!({
        "firewall": firewall.as_ref().map(|firewall| &*firewall.name),
        "object": object.to_string(),
        "host": host,
        "path": path,
        "service": service,
        "service_port": service_port,
        "matches": matches.iter().map(condition).collect::<Vec<_>>(),
        "action": self::action(action),
        "policy": self::policy(policy),
    })
}

fn action(action: &Action) -> Value {
    match action {
        Action::Forward(Forward {
            cluster,
            cluster_over_tls,
        }) => json!({
            "forward": cluster.to_string(),
            "forward_over_tls": cluster_over_tls.as_ref().map(ToString::to_string),
        }),
        Action::Deny(DenyReason::UnsupportedAccessControl) => {
            json!({ "deny": "unsupported_access_control" })
        }
        Action::Deny(DenyReason::BrokenSecuritySetting) => {
            json!({ "deny": "broken_security_setting" })
        }
        Action::Deny(DenyReason::BrokenCookieIntegrity) => {
            json!({ "deny": "broken_cookie_integrity" })
        }
        Action::Unavailable => json!("unavailable"),
        Action::NotFound => json!("not_found"),
    }
}

fn condition(condition: &Match) -> Value {
    let Match {
        path,
        method,
        headers,
        query,
    } = condition;
    json!({
        "path": match path {
            PathMatch::Exact(path) => json!({ "exact": path }),
            PathMatch::Prefix(path) => json!({ "prefix": path }),
            PathMatch::Regex { pattern, case_insensitive } => {
                json!({ "regex": pattern, "case_insensitive": case_insensitive })
            }
        },
        "method": method,
        "headers": headers.iter().map(field_condition).collect::<Vec<_>>(),
        "query": query.iter().map(field_condition).collect::<Vec<_>>(),
    })
}

fn field_condition(condition: &FieldMatch) -> Value {
    let FieldMatch { name, value } = condition;
    match value {
        TextMatch::Exact(text) => json!({ "name": name, "exact": text }),
        TextMatch::Regex(pattern) => json!({ "name": name, "regex": pattern }),
    }
}

fn policy(policy: &RoutePolicy) -> Value {
    let RoutePolicy {
        https_redirect,
        hsts,
        names_server,
        client_certificate,
        cookies,
        body_limit,
        timeouts,
        refuse_encoded_slashes,
    } = policy;
    let Timeouts {
        connect,
        read,
        send,
        request,
    } = timeouts;
    json!({
        "https_redirect": https_redirect.map(|HttpsRedirect { status, port }| json!({
            "status": status,
            "port": port,
        })),
        "hsts": hsts.map(|Hsts { max_age, include_subdomains, preload }| json!({
            "max_age": max_age,
            "include_subdomains": include_subdomains,
            "preload": preload,
        })),
        "names_server": names_server,
        "client_certificate": client_certificate.as_deref().map(certificate_demand),
        "cookies": cookies.as_deref().map(cookies_to_json),
        "body_limit_bytes": match body_limit {
            BodyLimit::Bytes(bytes) => Some(*bytes),
            BodyLimit::Unlimited => None,
        },
        "timeouts_seconds": {
            "connect": seconds(*connect),
            "read": seconds(*read),
            "send": seconds(*send),
            "request": request.map(seconds),
        },
        "refuse_encoded_slashes": refuse_encoded_slashes,
    })
}

fn certificate_demand(policy: &ClientCertificatePolicy) -> Value {
    let ClientCertificatePolicy {
        authorities: _,
        demand,
        max_intermediates,
        subject,
        pass_on,
    } = policy;
    json!({
        "demand": match demand {
            CertificateDemand::Required => "required",
            CertificateDemand::Optional => "optional",
            CertificateDemand::OptionalUnverified => "optional, unverified",
        },
        "max_intermediates": max_intermediates,
        "subject": subject.as_ref().map(SubjectPattern::as_str),
        "pass_on": pass_on,
    })
}

fn cluster(cluster: &ClusterSettings) -> Value {
    let ClusterSettings {
        id: _,
        source,
        protocol,
        tls,
        balancer,
        idle_timeout,
    } = cluster;
    json!({
        "source": match source {
            UpstreamSource::Endpoints(endpoints) => {
                let addresses = endpoints.iter().map(|endpoint| endpoint.address.to_string());
                json!({ "endpoints": addresses.collect::<Vec<_>>() })
            }
            UpstreamSource::Name(NameTarget { name, port, trust }) => json!({
                "name": name,
                "port": port,
                "trusted": match trust {
                    NameTrust::Trusted => true,
                    NameTrust::Untrusted => false,
                },
            }),
        },
        "protocol": match protocol {
            Protocol::Http1 => "http1",
            Protocol::Http2 => "http2",
        },
        "tls": tls.as_ref().map(|ClientTls { server_name, verify }| json!({
            "server_name": server_name,
            "verify": match verify {
                VerifyServer::No => "no",
                VerifyServer::Authorities(_) => "authorities",
                VerifyServer::System => "system",
            },
        })),
        "balancer": match balancer {
            Balancer::RoundRobin => json!("round_robin"),
            Balancer::Ewma => json!("ewma"),
            Balancer::Hash(keys) => {
                json!({ "hash": keys.iter().map(hash_key).collect::<Vec<_>>() })
            }
        },
        "idle_timeout_seconds": seconds(*idle_timeout),
    })
}

fn hash_key(key: &HashKey) -> String {
    match key {
        HashKey::Literal(text) => text.to_string(),
        HashKey::RequestUri => "$request_uri".to_owned(),
        HashKey::Path => "$uri".to_owned(),
        HashKey::Host => "$host".to_owned(),
        HashKey::ClientAddress => "$remote_addr".to_owned(),
        HashKey::Header(name) => format!("$http_{name}"),
        HashKey::Cookie(name) => format!("$cookie_{name}"),
        HashKey::Query(name) => format!("$arg_{name}"),
    }
}

fn certificate(binding: &CertificateBinding) -> Value {
    let CertificateBinding {
        hosts,
        certificate,
        secret,
    } = binding;
    let Certificate {
        key: _,
        fingerprint,
        not_after,
        names,
    } = certificate.as_ref();
    json!({
        "secret": secret,
        "hosts": hosts.iter().map(host).collect::<Vec<_>>(),
        "names": names,
        "not_after": unix_seconds(*not_after),
        "fingerprint": fingerprint.iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("a string takes everything");
            hex
        }),
    })
}

fn options(options: &Options) -> Value {
    let Options {
        defaults,
        force_https_redirect,
        client_address,
        access_log,
        max_head_bytes,
        max_fields,
        max_target_bytes,
        head_timeout,
        body_idle_timeout,
        held_body_timeout,
        keep_alive,
        keep_alive_requests,
        upstream_idle_connections,
        upstream_idle_timeout,
        max_connections,
        max_connections_per_client,
        underscores_in_headers,
        http2,
        slashes,
    } = options;
    let ClientAddressOptions {
        use_forwarded_headers,
        compute_full_forwarded_for,
        use_proxy_protocol,
        trusted,
    } = client_address;
    json!({
        "defaults": policy(defaults),
        "force_https_redirect": force_https_redirect,
        "client_address": {
            "use_forwarded_headers": use_forwarded_headers,
            "compute_full_forwarded_for": compute_full_forwarded_for,
            "use_proxy_protocol": use_proxy_protocol,
            "trusted": trusted.iter().map(ToString::to_string).collect::<Vec<_>>(),
        },
        "access_log": access_log.map(|format| match format {
            AccessLogFormat::Json => "json",
            AccessLogFormat::Text => "text",
        }),
        "max_head_bytes": max_head_bytes,
        "max_fields": max_fields,
        "max_target_bytes": max_target_bytes,
        "head_timeout_seconds": seconds(*head_timeout),
        "body_idle_timeout_seconds": seconds(*body_idle_timeout),
        "held_body_timeout_seconds": seconds(*held_body_timeout),
        "keep_alive_seconds": seconds(*keep_alive),
        "keep_alive_requests": keep_alive_requests,
        "upstream_idle_connections": upstream_idle_connections,
        "upstream_idle_timeout_seconds": seconds(*upstream_idle_timeout),
        "max_connections": max_connections,
        "max_connections_per_client": max_connections_per_client,
        "underscores_in_headers": underscores_in_headers,
        "http2": http2,
        "merge_slashes": match slashes {
            Slashes::Merge => true,
            Slashes::Keep => false,
        },
    })
}

fn host(host: &HostMatch) -> String {
    match host {
        HostMatch::Exact(name) => name.to_string(),
        HostMatch::Wildcard(suffix) => format!("*.{suffix}"),
        HostMatch::Any => "*".to_owned(),
    }
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}
