//! Objects from YAML, and configurations as text.

use std::{collections::BTreeMap, fmt::Write as _, net::SocketAddr, path::Path, sync::Arc};

use rcgen::{CertificateParams, KeyPair};
use serde_json::Value;

use crate::{
    config::{Action, Config, Firewall, FirewallMode, ObjectKind, ObjectRef, Rule, RuleSource},
    control::{
        Key, Objects, Stored,
        translate::{
            ClassSelection, DefaultFirewall, GlobalOptions, TranslateSettings, Translation, host,
            options_from_config_map,
        },
    },
    policy::{
        BodyLimit, ClientCertificatePolicy, CookieIntegrity, CookiePattern, HttpsRedirect,
        RoutePolicy, Timeouts,
    },
    routing::{Match, PathMatch},
    tls::VerifyServer,
    upstream::{Balancer, ClusterSettings, NameTrust, Protocol, UpstreamSource},
};

/// One document of a manifest.
pub(super) type Document = Value;

/// Reads manifests. In Secrets, `tls.crt: for a.com b.com` stands for a certificate for these hosts,
/// and `tls.key: fits` for its key.
pub(super) fn documents(text: &str) -> Vec<Document> {
    let mut documents: Vec<Document> = serde_saphyr::from_multiple(text).unwrap();
    for document in &mut documents {
        issue(document);
    }
    documents
}

fn issue(document: &mut Document) {
    let Some(Value::Object(texts)) = document.get_mut("stringData") else {
        return;
    };
    let Some(hosts) = texts
        .get("tls.crt")
        .and_then(|text| text.as_str()?.strip_prefix("for"))
    else {
        return;
    };
    let hosts: Vec<String> = hosts.split_whitespace().map(str::to_owned).collect();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(hosts)
        .unwrap()
        .self_signed(&key)
        .unwrap();
    texts.insert("tls.crt".to_owned(), certificate.pem().into());
    let key = match texts.get("tls.key").and_then(Value::as_str) {
        Some("fits") => key,
        Some(_) => KeyPair::generate().unwrap(),
        None => return,
    };
    texts.insert("tls.key".to_owned(), key.serialize_pem().into());
}

/// Puts a document in, replacing an earlier version.
pub(super) fn put(objects: &mut Objects, document: &Document, revision: u64) {
    let mut document = document.clone();
    merge_string_data(&mut document);
    macro_rules! into {
        ($map:ident, $key:expr) => {{
            let object = Arc::new(serde_json::from_value(document).unwrap());
            let stored = Stored {
                object,
                revision,
                places: None,
            };
            Arc::make_mut(&mut objects.$map).insert($key, stored);
        }};
    }
    let key = key(&document);
    match document["kind"].as_str().unwrap() {
        "Ingress" => into!(ingresses, key),
        "IngressClass" => into!(ingress_classes, Key::new("", &key.name)),
        "Service" => into!(services, key),
        "EndpointSlice" => into!(endpoint_slices, key),
        "Secret" => into!(secrets, key),
        "ConfigMap" => into!(config_maps, key),
        "WafPolicy" => into!(waf_policies, key),
        "ClusterWafPolicy" => into!(cluster_waf_policies, Key::new("", &key.name)),
        kind => panic!("no kind {kind}"),
    }
}

pub(super) fn remove(objects: &mut Objects, document: &Document) {
    let key = key(document);
    match document["kind"].as_str().unwrap() {
        "Ingress" => drop(Arc::make_mut(&mut objects.ingresses).remove(&key)),
        "IngressClass" => {
            let key = Key::new("", &key.name);
            drop(Arc::make_mut(&mut objects.ingress_classes).remove(&key));
        }
        "Service" => drop(Arc::make_mut(&mut objects.services).remove(&key)),
        "EndpointSlice" => drop(Arc::make_mut(&mut objects.endpoint_slices).remove(&key)),
        "Secret" => drop(Arc::make_mut(&mut objects.secrets).remove(&key)),
        "ConfigMap" => drop(Arc::make_mut(&mut objects.config_maps).remove(&key)),
        "WafPolicy" => drop(Arc::make_mut(&mut objects.waf_policies).remove(&key)),
        "ClusterWafPolicy" => {
            let key = Key::new("", &key.name);
            drop(Arc::make_mut(&mut objects.cluster_waf_policies).remove(&key));
        }
        kind => panic!("no kind {kind}"),
    }
}

pub(super) fn objects(documents: &[Document]) -> Objects {
    let mut objects = Objects::default();
    for (revision, document) in documents.iter().enumerate() {
        put(&mut objects, document, revision as u64);
    }
    objects
}

fn key(document: &Document) -> Key {
    let metadata = &document["metadata"];
    let namespace = metadata["namespace"].as_str().unwrap_or("default");
    Key::new(namespace, metadata["name"].as_str().unwrap())
}

fn merge_string_data(document: &mut Document) {
    let Some(Value::Object(texts)) = document.as_object_mut().unwrap().remove("stringData") else {
        return;
    };
    for (name, text) in texts {
        let bytes = k8s_openapi::ByteString(text.as_str().unwrap().as_bytes().to_vec());
        document["data"][name] = serde_json::to_value(bytes).unwrap();
    }
}

/// The settings of a case: as from disk, changed by the keys of `settings.yaml`.
pub(super) fn settings(text: &str) -> TranslateSettings {
    let mut settings = TranslateSettings {
        class: ClassSelection::Every,
        default_certificate: None,
        trust: NameTrust::Trusted,
        permit_unsupported_access_control: false,
        options: GlobalOptions::default(),
        https_port: Some(8443),
        stand_ins: BTreeMap::new(),
        firewall: None,
        rule_folders: Arc::default(),
        strict_hosts: false,
        by_cluster_ip: false,
        zone: None,
    };
    let keys: BTreeMap<String, Value> = serde_saphyr::from_str(text).unwrap();
    for (key, value) in keys {
        match key.as_str() {
            "classes" => {
                settings.class = ClassSelection::Named(serde_json::from_value(value).unwrap());
            }
            "default-certificate" => {
                settings.default_certificate = Some(Key::new("default", value.as_str().unwrap()));
            }
            "controller" => {
                settings.class = ClassSelection::Controller {
                    name: value.as_str().unwrap().to_owned(),
                    only: Default::default(),
                };
            }
            "strict-hosts" => settings.strict_hosts = true,
            "by-cluster-ip" => settings.by_cluster_ip = true,
            "zone" => settings.zone = Some(value.as_str().unwrap().into()),
            "untrusted" => settings.trust = NameTrust::Untrusted,
            "permit-unsupported-access-control" => {
                settings.permit_unsupported_access_control = true;
            }
            "options" => {
                let object = ObjectRef {
                    kind: ObjectKind::File,
                    namespace: "".into(),
                    name: "options".into(),
                };
                let data = serde_json::from_value(value).unwrap();
                settings.options = options_from_config_map(object, None, &data).0;
            }
            "stand-ins" => {
                let all: BTreeMap<String, Vec<SocketAddr>> = serde_json::from_value(value).unwrap();
                let named = all.into_iter();
                settings.stand_ins = named
                    .map(|(name, at)| (Key::new("default", &name), at))
                    .collect();
            }
            "waf-rules" => {
                let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(value.as_str().unwrap());
                settings.firewall = Some(DefaultFirewall {
                    rules: root,
                    mode: FirewallMode::Detect,
                });
            }
            other => panic!("no setting {other}"),
        }
    }
    settings
}

/// The configuration as text, one line a rule, cluster and certificate.
pub(super) fn render(config: &Config) -> String {
    let Config {
        routes,
        clusters,
        certificates,
        default_certificate,
        default_firewall,
        certificate_hosts,
        refused_hosts,
        rule_origins: _,
        options: _,
    } = config;
    let mut lines = vec!["routes:".to_owned()];
    for route in routes {
        for host in &route.hosts {
            for rule in &route.rules {
                let host = match host::written(host) {
                    host if host.is_empty() => "(any)".to_owned(),
                    host => host,
                };
                lines.push(format!("- {host} {}", render_rule(rule)));
            }
        }
    }
    lines.push("clusters:".to_owned());
    lines.extend(
        clusters
            .values()
            .map(|cluster| format!("- {}", render_cluster(cluster))),
    );
    lines.push("certificates:".to_owned());
    for binding in certificates {
        let hosts: Vec<String> = binding.hosts.iter().map(host::written).collect();
        lines.push(format!("- {} for {}", binding.secret, hosts.join(" ")));
    }
    let firewalls = render_firewalls(config);
    if !firewalls.is_empty() {
        lines.push("firewalls:".to_owned());
        lines.extend(firewalls);
    }
    if let Some(firewall) = default_firewall {
        lines.push(format!("default firewall: {}", firewall.name));
    }
    if let Some(binding) = default_certificate {
        lines.push(format!("default certificate: {}", binding.secret));
    }
    if !certificate_hosts.is_empty() {
        let hosts: Vec<String> = certificate_hosts.iter().map(host::written).collect();
        lines.push(format!(
            "client certificates asked for: {}",
            hosts.join(" ")
        ));
    }
    if !refused_hosts.is_empty() {
        let hosts: Vec<String> = refused_hosts.iter().map(host::written).collect();
        lines.push(format!("handshakes refused: {}", hosts.join(" ")));
    }
    lines.join("\n") + "\n"
}

pub(super) fn render_problems(translation: &Translation) -> String {
    let lines = translation.problems.iter().map(|problem| {
        let severity = format!("{:?}", problem.severity).to_lowercase();
        format!("- {severity} {problem}\n")
    });
    lines.collect()
}

fn render_rule(rule: &Rule) -> String {
    let Rule {
        matches,
        policy,
        firewall,
        action,
        meta: _,
    } = rule;
    let [
        Match {
            path,
            method,
            headers,
            query,
        },
    ] = matches.as_slice()
    else {
        panic!("{matches:?}");
    };
    assert!(headers.is_empty() && query.is_empty());
    let path = match path {
        PathMatch::Exact(path) => format!("Exact {path}"),
        PathMatch::Prefix(path) => format!("Prefix {path}"),
        PathMatch::Regex { .. } => panic!("{path:?}"),
    };
    let action = match action {
        Action::Forward(forward) => match &forward.cluster_over_tls {
            Some(over_tls) => format!("{} or over TLS {over_tls}", forward.cluster),
            None => forward.cluster.to_string(),
        },
        Action::Deny(reason) => format!("deny {reason:?}"),
        Action::Unavailable => "503".to_owned(),
        Action::NotFound => "404".to_owned(),
    };
    let firewall = firewall.as_ref();
    let firewall = firewall.map_or(String::new(), |it| format!(", firewall {}", it.name));
    let method = method
        .as_ref()
        .map_or(String::new(), |method| format!("{method} "));
    format!(
        "{method}{path} -> {action}{}{firewall}",
        render_policy(policy)
    )
}

/// Every firewall once, with the text of its rules.
fn render_firewalls(config: &Config) -> Vec<String> {
    let rules = config.routes.iter().flat_map(|route| &route.rules);
    let all: BTreeMap<&str, &Firewall> = rules
        .filter_map(|rule| rule.firewall.as_deref())
        .chain(config.default_firewall.as_deref())
        .map(|firewall| (&*firewall.name, firewall))
        .collect();
    all.into_values().map(render_firewall).collect()
}

fn render_firewall(firewall: &Firewall) -> String {
    let Firewall {
        name,
        mode,
        rules,
        before,
        after,
        minimum: _,
        presets,
        request_body_limit,
        pass_past_limit,
        inspect_responses,
        streamed_types,
        block_status,
        block_page,
    } = firewall;
    let mut text = format!("- {name}: {mode:?}");
    for (name, value) in presets {
        let _ = write!(text, ", {name}={value}");
    }
    if let Some(limit) = request_body_limit {
        let _ = write!(text, ", body {limit}");
    }
    if *pass_past_limit {
        text += " passes beyond";
    }
    if let Some(inspect) = inspect_responses {
        let _ = write!(text, ", responses {inspect}");
    }
    if !streamed_types.is_empty() {
        let _ = write!(text, ", streams {}", streamed_types.join(" "));
    }
    if let Some(status) = block_status {
        let _ = write!(text, ", status {status}");
    }
    if let Some(page) = block_page {
        let _ = write!(text, ", page {page}");
    }
    for (end, source) in [
        ("before", before),
        ("after", after),
        ("rules", &Some(rules.clone())),
    ] {
        if let Some(source) = source {
            let _ = write!(text, "\n  {end}:{}", render_rules(source));
        }
    }
    text
}

/// The files that a source loads, with the text of those that are not on disk.
fn render_rules(source: &RuleSource) -> String {
    let mut text = String::new();
    let entry = source.files.get(&source.entry);
    let entry = entry.map_or("", |entry| std::str::from_utf8(entry).unwrap());
    for line in entry.lines() {
        let path = line
            .strip_prefix("Include \"/")
            .unwrap()
            .trim_end_matches('"');
        match source.files.get(path) {
            Some(_) if path == "portcullis/engine.conf" => text += "\n  - the engine's",
            Some(file) => {
                let _ = write!(text, "\n  - {path}");
                for line in std::str::from_utf8(file).unwrap().lines() {
                    let _ = write!(text, "\n    {line}");
                }
            }
            None => {
                let name = Path::new(path).file_name().unwrap().to_str().unwrap();
                let _ = write!(text, "\n  - file {name}");
            }
        }
    }
    if text.is_empty() {
        " none".into()
    } else {
        text
    }
}

/// What differs from a policy that nobody touched.
fn render_policy(policy: &RoutePolicy) -> String {
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
    let mut parts = String::new();
    if let Some(redirect) = https_redirect {
        parts += &format!(", redirect {}", redirect.status);
        if redirect.port != HttpsRedirect::default().port {
            parts += &format!(" to port {}", redirect.port);
        }
    }
    if let Some(hsts) = hsts {
        parts += &format!(", hsts {}", hsts.max_age);
        parts += if hsts.include_subdomains {
            " subdomains"
        } else {
            ""
        };
        parts += if hsts.preload { " preload" } else { "" };
    }
    parts += if *names_server {
        ", names its server"
    } else {
        ""
    };
    if let Some(ClientCertificatePolicy {
        authorities: _,
        demand,
        max_intermediates,
        subject,
        pass_on,
    }) = client_certificate.as_deref()
    {
        parts += &format!(", certificate {demand:?} depth {max_intermediates}");
        if let Some(subject) = subject {
            parts += &format!(" subject {subject:?}");
        }
        parts += if *pass_on { " passed on" } else { "" };
    }
    match body_limit {
        limit if *limit == BodyLimit::DEFAULT => {}
        BodyLimit::Bytes(bytes) => parts += &format!(", body {bytes}"),
        BodyLimit::Unlimited => parts += ", body unlimited",
    }
    if *timeouts != Timeouts::default() {
        let Timeouts {
            connect,
            read,
            send,
            request,
        } = timeouts;
        parts += &format!(", connect {connect:?} read {read:?} send {send:?}");
        if let Some(request) = request {
            parts += &format!(" request {request:?}");
        }
    }
    if let Some(cookies) = cookies {
        parts += &render_cookies(cookies);
    }
    assert!(!refuse_encoded_slashes);
    parts
}

fn render_cookies(cookies: &CookieIntegrity) -> String {
    let CookieIntegrity {
        mode,
        signed,
        encrypted,
        keys,
        max_age,
        binding,
        secure,
        http_only,
        same_site,
    } = cookies;
    let mut text = format!(", cookies {mode:?}");
    for (what, patterns) in [("signed", signed), ("encrypted", encrypted)] {
        let patterns: Vec<_> = patterns.iter().map(CookiePattern::as_str).collect();
        if !patterns.is_empty() {
            let _ = write!(text, " {what} {}", patterns.join(" "));
        }
    }
    let keys: Vec<_> = keys.names().collect();
    let _ = write!(text, " keys {}", keys.join(" "));
    if let Some(age) = max_age {
        let _ = write!(text, " age {age}");
    }
    let _ = write!(text, " bound to {binding:?}");
    text += if *secure { " Secure" } else { "" };
    text += if *http_only { " HttpOnly" } else { "" };
    if let Some(least) = same_site {
        let _ = write!(text, " SameSite={least:?}");
    }
    text
}

fn render_cluster(cluster: &ClusterSettings) -> String {
    let ClusterSettings {
        id,
        source,
        protocol,
        tls,
        balancer,
        idle_timeout: _,
    } = cluster;
    let mut line = match source {
        UpstreamSource::Endpoints(endpoints) => {
            let all: Vec<String> = endpoints.iter().map(|it| it.address.to_string()).collect();
            format!(
                "{id} at {}",
                if all.is_empty() {
                    "nothing".into()
                } else {
                    all.join(" ")
                }
            )
        }
        UpstreamSource::Name(target) => {
            format!(
                "{id} at name {}:{} {:?}",
                target.name, target.port, target.trust
            )
        }
    };
    match protocol {
        Protocol::Http1 => {}
        Protocol::Http2 => line += ", HTTP/2",
    }
    if let Some(tls) = tls {
        assert_eq!((&tls.server_name, &tls.verify), (&None, &VerifyServer::No));
        line += ", TLS";
    }
    match balancer {
        Balancer::RoundRobin => {}
        Balancer::Ewma => line += ", EWMA",
        Balancer::Hash(keys) => line += &format!(", {keys:?}"),
    }
    line
}
