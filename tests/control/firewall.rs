//! From manifests and folders of rules to what they do.

use std::{
    fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use portcullis::{
    config::{Config, FirewallMode},
    control::{
        Store,
        source::{files::FileSource, rules::RuleFolders},
        translate::{
            ClassSelection, DefaultFirewall, GlobalOptions, TranslateSettings, Translation,
            Translator,
        },
    },
    snapshot::Firewalls,
    upstream::NameTrust,
    waf::{BodyWish, Exchange, Policy, RequestLine, Transaction, Verdict},
};
use tempfile::TempDir;

/// Manifests beside a folder of rules.
pub(crate) struct World {
    top: TempDir,
    folders: Arc<RuleFolders>,
}

impl World {
    pub(crate) fn new(rules: &str) -> Self {
        let top = TempDir::new().unwrap();
        fs::create_dir(top.path().join("rules")).unwrap();
        fs::create_dir(top.path().join("manifests")).unwrap();
        fs::write(top.path().join("rules/a.conf"), rules).unwrap();
        Self {
            top,
            folders: Arc::default(),
        }
    }

    fn rules(&self) -> PathBuf {
        self.top.path().join("rules")
    }

    /// The configuration that a manifest comes to, with the rules in front of everything.
    fn config(&self, manifest: &str) -> Config {
        self.translation(manifest).config
    }

    pub(crate) fn translation(&self, manifest: &str) -> Translation {
        let manifests = self.top.path().join("manifests");
        fs::write(manifests.join("a.yaml"), manifest).unwrap();
        let store = Store::default();
        FileSource::new(vec![manifests]).sync(&store);
        let settings = TranslateSettings {
            https_port: None,
            class: ClassSelection::Every,
            default_certificate: None,
            trust: NameTrust::Trusted,
            permit_unsupported_access_control: false,
            options: GlobalOptions::default(),
            stand_ins: Default::default(),
            firewall: Some(DefaultFirewall {
                rules: self.rules(),
                mode: FirewallMode::Block,
            }),
            rule_folders: Arc::clone(&self.folders),
            strict_hosts: false,
            by_cluster_ip: false,
            zone: None,
        };
        Translator::new(settings).translate(&store.objects())
    }
}

/// The rules of the first rule of a configuration, or of unmatched hosts where there is none.
pub(crate) fn policy(config: &Config) -> Arc<Policy> {
    let mut firewalls = Firewalls::default();
    firewalls.follow(config);
    let problems = firewalls.problems();
    let rules = config.routes.iter().flat_map(|route| &route.rules);
    let settings = rules
        .filter_map(|rule| rule.firewall.as_ref())
        .chain(&config.default_firewall)
        .next();
    let firewall = firewalls.of(settings).unwrap();
    firewall
        .policy
        .clone()
        .unwrap_or_else(|| panic!("{problems:?}"))
}

/// What a policy says to a POST.
pub(crate) fn post(
    policy: &Arc<Policy>,
    host: &str,
    target: &str,
    (kind, body): (&str, &str),
) -> Verdict {
    let mut transaction = Transaction::new(Arc::clone(policy));
    let exchange = Exchange {
        client: b"192.0.2.1",
        client_port: 40_000,
        server: b"192.0.2.2",
        server_port: 80,
        id: b"id",
        at: SystemTime::UNIX_EPOCH,
    };
    transaction.begin(policy, &exchange);
    let line = format!("POST {target} HTTP/1.1");
    transaction.request_line(&RequestLine {
        line: line.as_bytes(),
        method: b"POST",
        target: target.as_bytes(),
        protocol: b"HTTP/1.1",
    });
    let length = body.len().to_string();
    for (name, value) in [
        ("Host", host),
        ("Content-Type", kind),
        ("Content-Length", &length),
    ] {
        transaction.request_header(name.as_bytes(), value.as_bytes());
    }
    let verdict = transaction.run_request_head();
    if !verdict.passes() {
        return verdict;
    }
    if let BodyWish::Inspect { .. } = transaction.request_body_wish() {
        transaction.request_body(body.as_bytes(), true);
    }
    transaction.run_request_body()
}

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
const RULES: &str = "SecRule ARGS|XML:/* \"@contains attack\" \"id:1001,phase:2,deny,tag:'a/b'\"\n";

#[test]
fn bodies_are_read_as_what_they_are_called_and_refused_where_they_do_not_parse() {
    let world = World::new(RULES);
    let policy = policy(&world.config(""));
    let pass = Verdict::Pass;
    let refused = |status| Verdict::Deny {
        status,
        named: status != 403,
    };
    for (kind, body, expected) in [
        (FORM, "a=b", pass.clone()),
        (FORM, "a=attack", refused(403)),
        ("application/json", r#"{"a":"b"}"#, pass.clone()),
        ("application/json", r#"{"a":"att\u0061ck"}"#, refused(403)),
        (
            "Application/Vnd.Api+JSON; charset=utf-8",
            r#"["att\u0061ck"]"#,
            refused(403),
        ),
        ("text/json", r#"["att\u0061ck"]"#, refused(403)),
        ("application/json", r#"{"a":"#, refused(400)),
        ("application/xml", "<a>x</a>", pass.clone()),
        ("text/xml", "<a>att&#97;ck</a>", refused(403)),
        (
            "application/soap+xml;a=b",
            "<a>att&#97;ck</a>",
            refused(403),
        ),
        ("application/xml", "<a>", refused(400)),
        (
            "multipart/form-data; boundary=x",
            "--x\r\n\r\n",
            refused(400),
        ),
        ("application/jsonx", "{", pass.clone()),
    ] {
        assert_eq!(
            post(&policy, "a.com", "/", (kind, body)),
            expected,
            "{kind}: {body}"
        );
    }
}

#[test]
fn a_folder_may_set_the_engine_up_itself() {
    let world = World::new(RULES);
    fs::write(
        world.rules().join("modsecurity.conf"),
        "SecRequestBodyAccess On\n",
    )
    .unwrap();
    let policy = policy(&world.config(""));
    let verdict = post(&policy, "a.com", "/", ("application/json", "{"));
    assert_eq!(verdict, Verdict::Pass);
}

const INGRESS: &str = r#"
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web}, spec: {rules: [{http: {paths: [
  {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}}
---
{apiVersion: portcullis.dev/v1alpha1, kind: WafPolicy, metadata: {name: web}, spec: {exclusions: ["#;

#[test]
fn exclusions_are_for_what_they_name_and_nothing_else() {
    for (exclusion, host, target, body, is_refused) in [
        ("{ids: [1001]}", "a.com", "/", "a=attack", false),
        ("{ids: [\"1000-1002\"]}", "a.com", "/", "a=attack", false),
        ("{ids: [1002]}", "a.com", "/", "a=attack", true),
        ("{tags: [a/b]}", "a.com", "/", "a=attack", false),
        ("{tags: [a]}", "a.com", "/", "a=attack", true),
        (
            "{ids: [1001], variables: [{name: ARGS, selector: a}]}",
            "a.com",
            "/",
            "a=attack",
            false,
        ),
        (
            "{ids: [1001], variables: [{name: ARGS, selector: a}]}",
            "a.com",
            "/",
            "b=attack",
            true,
        ),
        (
            "{tags: [a/b], variables: [{name: ARGS, selector: ^a, regex: true}]}",
            "a.com",
            "/",
            "ab=attack",
            false,
        ),
        (
            "{variables: [{name: ARGS, selector: a}]}",
            "a.com",
            "/",
            "a=attack",
            false,
        ),
        (
            "{variables: [{name: ARGS, selector: a}]}",
            "a.com",
            "/",
            "b=attack",
            true,
        ),
        (
            "{ids: [1001], paths: [{value: /up}]}",
            "a.com",
            "/up",
            "a=attack",
            false,
        ),
        (
            "{ids: [1001], paths: [{value: /up}]}",
            "a.com",
            "/up/x?y",
            "a=attack",
            false,
        ),
        (
            "{ids: [1001], paths: [{value: /up}]}",
            "a.com",
            "/upper",
            "a=attack",
            true,
        ),
        (
            "{ids: [1001], paths: [{value: /up}]}",
            "a.com",
            "/up/../x",
            "a=attack",
            true,
        ),
        (
            "{ids: [1001], paths: [{value: /up}]}",
            "a.com",
            "/up/%2e%2e/x",
            "a=attack",
            true,
        ),
        (
            "{ids: [1001], paths: [{value: /up}]}",
            "a.com",
            "/x/..%2fup",
            "a=attack",
            true,
        ),
        (
            "{ids: [1001], paths: [{value: /up}]}",
            "a.com",
            "/x/%2E%2E%2Fup",
            "a=attack",
            true,
        ),
        (
            "{ids: [1001], paths: [{value: /up}]}",
            "a.com",
            "/x/%252e%252e/up",
            "a=attack",
            true,
        ),
        (
            "{ids: [1001], paths: [{value: /up}]}",
            "a.com",
            "/x/..%5cup",
            "a=attack",
            true,
        ),
        (
            "{ids: [1001], paths: [{value: /up}]}",
            "a.com",
            "/x//../up",
            "a=attack",
            true,
        ),
        (
            "{ids: [1001], paths: [{value: /up}]}",
            "a.com",
            "/x/../%75p/y?%2f",
            "a=attack",
            false,
        ),
        (
            "{ids: [1001], paths: [{type: Exact, value: /up}]}",
            "a.com",
            "/up/x",
            "a=attack",
            true,
        ),
        (
            "{tags: [a/b], hosts: [a.com]}",
            "A.com:80",
            "/",
            "a=attack",
            false,
        ),
        (
            "{tags: [a/b], hosts: [a.com]}",
            "xa.com",
            "/",
            "a=attack",
            true,
        ),
        (
            "{ids: [1001], paths: [{value: \"/a;b\"}]}",
            "a.com",
            "/a;b",
            "a=attack",
            false,
        ),
        (
            "{ids: [1001], paths: [{value: \"/a;b\"}]}",
            "a.com",
            "/a;b/x%3By",
            "a=attack",
            true,
        ),
        (
            "{ids: [1001], paths: [{value: \"/a;b\"}]}",
            "a.com",
            "/a%3Bb",
            "a=attack",
            true,
        ),
        (
            "{ids: [1001], paths: [{value: \"/a;b\"}]}",
            "a.com",
            "/a%3bb/",
            "a=attack",
            true,
        ),
        (
            "{ids: [1001], paths: [{value: \"/a;b\"}]}",
            "a.com",
            "/a;b?x=%3B",
            "a=attack",
            false,
        ),
        (
            "{ids: [1001], paths: [{value: /up}]}",
            "a.com",
            "/up/x%3By",
            "a=attack",
            false,
        ),
        (
            "{tags: [a/b], hosts: [\"*.a.com\"]}",
            "b.a.com",
            "/",
            "a=attack",
            false,
        ),
        (
            "{tags: [a/b], hosts: [\"*.a.com\"]}",
            "a.com",
            "/",
            "a=attack",
            true,
        ),
        (
            "{ids: [1001], variables: [{name: ARGS, selector: a}], hosts: [a.com], paths: [{value: /up}]}",
            "a.com",
            "/up",
            "a=attack",
            false,
        ),
        (
            "{ids: [1001], variables: [{name: ARGS, selector: a}], hosts: [a.com], paths: [{value: /up}]}",
            "a.com",
            "/up",
            "b=attack",
            true,
        ),
        (
            "{ids: [1001], variables: [{name: ARGS, selector: a}], hosts: [a.com], paths: [{value: /up}]}",
            "b.com",
            "/up",
            "a=attack",
            true,
        ),
    ] {
        let world = World::new(RULES);
        let policy = policy(&world.config(&format!("{INGRESS}{exclusion}]}}}}\n")));
        let verdict = post(&policy, host, target, (FORM, body));
        let context = format!("{exclusion} {host} {target} {body}");
        assert_eq!(verdict != Verdict::Pass, is_refused, "{context}");
    }
}

#[test]
fn exclusions_of_the_operator_and_of_a_tenant_for_some_requests_hold_together() {
    let world = World::new(RULES);
    let manifest = format!(
        "{INGRESS}{}]}}}}\n---\n{}",
        "{ids: [1001], paths: [{value: /tenant}]}",
        "{apiVersion: portcullis.dev/v1alpha1, kind: ClusterWafPolicy, metadata: {name: all}, spec: \
         {exclusions: [{ids: [1001], paths: [{value: /operator}]}]}}\n"
    );
    let policy = policy(&world.config(&manifest));
    for (target, is_refused) in [("/tenant", false), ("/operator", false), ("/", true)] {
        let verdict = post(&policy, "a.com", target, (FORM, "a=attack"));
        assert_eq!(verdict != Verdict::Pass, is_refused, "{target}");
    }
}

#[test]
fn exclusions_for_some_requests_past_what_there_is_room_for_are_told() {
    let exclusion = "{ids: [1001], paths: [{value: /}]}";
    let exclusions = |count| vec![exclusion; count].join(",");
    let manifest = format!(
        "{INGRESS}{}]}}}}\n---\n{}{}]}}}}\n",
        exclusions(3_001),
        "{apiVersion: portcullis.dev/v1alpha1, kind: ClusterWafPolicy, metadata: {name: all}, spec: \
         {exclusions: [",
        exclusions(2_901),
    );
    let problems = World::new(RULES).translation(&manifest).problems;
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    for expected in [
        "WafPolicy default/web: spec.exclusions[3000]: those for",
        "ClusterWafPolicy all: spec.exclusions[2900]: those for",
    ] {
        let found = problems.iter().filter(|it| it.contains(expected));
        assert_eq!(found.count(), 1, "{expected}: {problems:?}");
    }
    let untold = problems.iter().filter(|it| it.contains("those for"));
    assert_eq!(untold.count(), 2);
}

#[test]
fn a_change_of_a_folder_wakes_the_readers_of_the_store() {
    let world = World::new(RULES);
    let store = Arc::new(Store::default());
    let before = world.folders.rules(&world.rules());
    let mut changes = store.subscribe();
    changes.borrow_and_update();
    let watch = world.folders.watch(Arc::clone(&store)).unwrap();
    fs::write(world.rules().join("b.conf"), "# more\n").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    // What is promised is a second; the machine may be busy with other things.
    let woken = runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(120), changes.changed()).await
    });
    assert!(woken.is_ok());
    let now = world.folders.rules(&world.rules());
    assert_ne!(before.part, now.part);
    drop(watch);
}
