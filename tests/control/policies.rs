//! Policies of the firewall that cannot be read: what they are for is not served without them.

use std::{fs, sync::Arc};

use portcullis::{
    config::{Action, Config, DenyReason, FirewallMode, Problem, Severity},
    control::{
        Store,
        diagnostics::EffectivePolicies,
        source::files::FileSource,
        translate::{
            ClassSelection, DefaultFirewall, GlobalOptions, TranslateSettings, Translation,
            Translator,
        },
    },
    snapshot::{Firewall, Firewalls},
    upstream::NameTrust,
};
use tempfile::TempDir;

const SHOP: &str = "
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop, namespace: shop}
spec:
  rules:
  - host: shop.example
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: app, port: {number: 80}}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: blog, namespace: shop}
spec:
  rules:
  - host: blog.example
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: app, port: {number: 80}}}}
---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: shop}
spec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}
";

/// What stands in front of a host.
#[derive(Debug, PartialEq, Eq)]
enum InFront {
    Nothing,
    Rules(FirewallMode),
    /// Requests are answered 503.
    Unavailable,
    /// Requests are answered 403.
    Denied,
    /// Requests are answered 503, for their cookies.
    Unverified,
}

/// Manifests beside a folder of rules.
struct World {
    top: TempDir,
    store: Store,
    source: FileSource,
}

impl World {
    fn new() -> Self {
        let top = TempDir::new().unwrap();
        fs::create_dir(top.path().join("rules")).unwrap();
        fs::create_dir(top.path().join("manifests")).unwrap();
        let rule = "SecRule ARGS \"@contains attack\" \"id:1001,phase:2,deny\"\n";
        fs::write(top.path().join("rules/a.conf"), rule).unwrap();
        let source = FileSource::new(vec![top.path().join("manifests")]);
        fs::write(top.path().join("manifests/shop.yaml"), SHOP).unwrap();
        Self {
            top,
            store: Store::default(),
            source,
        }
    }

    /// Reads a policy, with rules of the operator's that detect, or without any.
    fn read(&mut self, policy: &str, with_rules: bool) -> (Config, Vec<Problem>) {
        let manifests = self.top.path().join("manifests");
        fs::write(manifests.join("policy.yaml"), policy).unwrap();
        self.source.sync(&self.store);
        let settings = TranslateSettings {
            https_port: None,
            by_cluster_ip: false,
            strict_hosts: false,
            zone: None,
            class: ClassSelection::Every,
            default_certificate: None,
            trust: NameTrust::Trusted,
            permit_unsupported_access_control: false,
            options: GlobalOptions::default(),
            stand_ins: Default::default(),
            firewall: with_rules.then(|| DefaultFirewall {
                rules: self.top.path().join("rules"),
                mode: FirewallMode::Detect,
            }),
            rule_folders: Arc::default(),
        };
        let view = self.store.view();
        let Translation {
            config,
            mut problems,
        } = Translator::new(settings).translate(&view.objects);
        problems.extend(view.problems.values().flatten().cloned());
        (config, problems)
    }
}

fn in_front(config: &Config, host: &str) -> InFront {
    let mut firewalls = Firewalls::default();
    firewalls.follow(config);
    let mut rules = config.routes.iter().flat_map(|route| &route.rules);
    let rule = rules.find(|rule| &*rule.meta.host == host).unwrap();
    if rule.action == Action::Deny(DenyReason::BrokenCookieIntegrity) {
        return InFront::Unverified;
    }
    if matches!(rule.action, Action::Deny(_)) {
        return InFront::Denied;
    }
    match firewalls.of(rule.firewall.as_ref()).as_deref() {
        None => InFront::Nothing,
        Some(Firewall {
            settings, policy, ..
        }) => match policy {
            Some(_) => InFront::Rules(settings.mode),
            None if settings.mode == FirewallMode::Block => InFront::Unavailable,
            None => InFront::Nothing,
        },
    }
}

const HEAD: &str = "apiVersion: portcullis.dev/v1alpha1\nkind: WafPolicy\n";
const TO_SHOP: &str = "targetRefs: [{group: networking.k8s.io, kind: Ingress, name: shop}]";

/// Broken policies that may say something of cookies.
const MAY_NAME_COOKIES: [&str; 5] = [
    "the document breaks off after its targets",
    "the document breaks off among its targets",
    "the document breaks off before its spec",
    "spec is a list",
    "spec is misspelt",
];

/// Broken policies, and whether they are for Ingress shop alone rather than the namespace.
fn broken() -> Vec<(&'static str, String, bool)> {
    let named = format!("{HEAD}metadata: {{name: p, namespace: shop}}\n");
    vec![
        (
            "a key stands twice",
            format!("{named}spec:\n  {TO_SHOP}\n  mode: Detect\n  mode: Block\n"),
            true,
        ),
        (
            "metadata has a field of the wrong type",
            format!(
                "{HEAD}metadata: {{name: p, namespace: shop, labels: 3}}\nspec: {{mode: Detect, {TO_SHOP}}}\n"
            ),
            true,
        ),
        (
            "the document breaks off after its targets",
            format!("{named}spec:\n  {TO_SHOP}\n  mode: Detect\n  block: {{status: [\n"),
            true,
        ),
        (
            "the document breaks off among its targets",
            format!("{named}spec:\n  mode: Detect\n  targetRefs:\n  - {{kind: Ingress, name: [\n"),
            false,
        ),
        (
            "the document breaks off before its spec",
            format!("{named}extra: [\n"),
            false,
        ),
        (
            "spec is a list",
            format!("{named}spec: [mode, Block]\n"),
            false,
        ),
        (
            "spec is misspelt",
            format!("{named}specs: {{mode: Block}}\n"),
            false,
        ),
        (
            "the mode may be misspelt",
            format!("{named}spec: {{mod: Block, {TO_SHOP}}}\n"),
            true,
        ),
        (
            "the version is one that is not read",
            format!("{named}spec: {{mode: Detect, {TO_SHOP}}}\n").replace("v1alpha1", "v2"),
            true,
        ),
        (
            "the version is missing",
            format!(
                "kind: WafPolicy\nmetadata: {{name: p, namespace: shop}}\nspec: {{{TO_SHOP}}}\n"
            ),
            true,
        ),
        (
            "the name is missing",
            format!("{HEAD}metadata: {{namespace: shop}}\nspec: {{mode: Detect, {TO_SHOP}}}\n"),
            true,
        ),
    ]
}

#[test]
fn what_a_broken_policy_is_for_is_blocked_by_the_rules_above_it_or_answered_503() {
    for (what, policy, for_shop_alone) in broken() {
        for with_rules in [true, false] {
            let (config, problems) = World::new().read(&policy, with_rules);
            let (closed, open) = match with_rules {
                true => (
                    InFront::Rules(FirewallMode::Block),
                    InFront::Rules(FirewallMode::Detect),
                ),
                // All but its mode is understood, and nobody names rules.
                false if what == "the mode may be misspelt" => (InFront::Denied, InFront::Nothing),
                false => (InFront::Unavailable, InFront::Nothing),
            };
            let closed = match MAY_NAME_COOKIES.contains(&what) {
                true => InFront::Unverified,
                false => closed,
            };
            assert_eq!(in_front(&config, "shop.example"), closed, "{what}");
            let is_open = in_front(&config, "blog.example") == open;
            assert_eq!(is_open, for_shop_alone, "{what}");
            let mut errors = problems
                .iter()
                .filter(|problem| problem.severity == Severity::Error);
            assert!(
                errors.any(|problem| problem.object.to_string().contains("WafPolicy")),
                "{what}: {problems:?}"
            );
        }
    }
}

#[test]
fn a_policy_that_breaks_leaves_its_last_good_version_in_force() {
    let mut world = World::new();
    let good =
        format!("{HEAD}metadata: {{name: p, namespace: shop}}\nspec: {{mode: Off, {TO_SHOP}}}\n");
    let (config, _) = world.read(&good, true);
    assert_eq!(in_front(&config, "shop.example"), InFront::Nothing);
    for (what, policy, _) in broken().into_iter().take(5) {
        let (config, _) = world.read(&policy, true);
        assert_eq!(
            in_front(&config, "shop.example"),
            InFront::Nothing,
            "{what}"
        );
    }
    // One that was never good is followed by the next try.
    let mut world = World::new();
    for (what, policy, for_shop_alone) in broken().into_iter().take(5) {
        let (config, _) = world.read(&policy, true);
        let blog = match for_shop_alone {
            true => InFront::Rules(FirewallMode::Detect),
            false => InFront::Unverified,
        };
        assert_eq!(in_front(&config, "blog.example"), blog, "{what}");
    }
    let (config, _) = world.read(&good, true);
    assert_eq!(in_front(&config, "shop.example"), InFront::Nothing);
    let (config, problems) = world.read("", true);
    assert_eq!(
        in_front(&config, "shop.example"),
        InFront::Rules(FirewallMode::Detect)
    );
    assert_eq!(problems, []);
}

#[test]
fn a_broken_policy_of_the_operator_closes_everything_and_binds_everybody() {
    let head = HEAD.replace("WafPolicy", "ClusterWafPolicy");
    let tenant =
        format!("---\n{HEAD}metadata: {{name: p, namespace: shop}}\nspec: {{mode: Off}}\n");
    for (what, policy) in [
        ("spec is a list", "metadata: {name: all}\nspec: []\n"),
        (
            "it breaks off",
            "metadata: {name: all}\nspec:\n  mode: Detect\n  block: [\n",
        ),
        (
            "its version is another",
            "metadata: {name: all}\nspec: {mode: Detect}\n",
        ),
    ] {
        let head = match what {
            "its version is another" => head.replace("v1alpha1", "v2"),
            _ => head.clone(),
        };
        let both = format!("{head}{policy}{tenant}");
        let (config, _) = World::new().read(&both, true);
        let is_known = what == "its version is another";
        let closed = match is_known {
            true => InFront::Rules(FirewallMode::Block),
            false => InFront::Unverified,
        };
        assert_eq!(in_front(&config, "shop.example"), closed, "{what}");
        let (config, _) = World::new().read(&format!("{head}{policy}"), false);
        let closed = match is_known {
            true => InFront::Unavailable,
            false => InFront::Unverified,
        };
        assert_eq!(in_front(&config, "shop.example"), closed, "{what}");
    }
}

#[test]
fn a_broken_policy_that_may_say_something_of_cookies_lets_none_pass() {
    let named = format!("{HEAD}metadata: {{name: p, namespace: shop}}\n");
    let switched_off = format!(
        "---\n{HEAD}metadata: {{name: nearer, namespace: shop}}\n\
         spec: {{cookieIntegrity: {{mode: Off}}, {TO_SHOP}}}\n"
    );
    for (what, spec, is_closed) in [
        (
            "it breaks off in them",
            "spec:\n  mode: Detect\n  cookieIntegrity: {mode: Drop, names: [sid",
            true,
        ),
        (
            "it breaks off before them",
            "spec:\n  mode: Detect\n  block: {status: [",
            true,
        ),
        (
            "they stand behind what cannot be read",
            "spec:\n  mode: Detect\n  block: }\n  cookieIntegrity: {mode: Drop, names: [sid]}\n",
            true,
        ),
        (
            "a key stands twice beside them",
            "spec:\n  mode: Detect\n  mode: Block\n  cookieIntegrity: {names: [sid]}\n",
            true,
        ),
        (
            "what cannot be read stands in the middle",
            "spec:\n  mode: Detect\n  block: }\n  paranoiaLevel: 1\n",
            false,
        ),
        (
            "a key stands twice",
            "spec:\n  mode: Detect\n  mode: Block\n",
            false,
        ),
    ] {
        let blocked = InFront::Rules(FirewallMode::Block);
        let policy = format!("{named}{spec}");
        let (config, problems) = World::new().read(&policy, true);
        let expected = match is_closed {
            true => InFront::Unverified,
            false => InFront::Rules(FirewallMode::Block),
        };
        assert_eq!(in_front(&config, "shop.example"), expected, "{what}");
        let told = problems
            .iter()
            .any(|problem| problem.consequence.contains("503, unless"));
        assert_eq!(told, is_closed, "{what}: {problems:?}");
        let both = format!("{policy}\n{switched_off}");
        let (config, _) = World::new().read(&both, true);
        assert_eq!(in_front(&config, "shop.example"), blocked, "{what}");
    }
}

#[test]
fn what_is_set_for_cookies_is_shown_rule_by_rule() {
    let policy = format!(
        "{HEAD}metadata: {{name: p, namespace: shop}}\nspec: {{cookieIntegrity: {{mode: Refuse, \
         names: [sid], keys: {{secret: {{name: keys}}}}}}, {TO_SHOP}}}\n"
    );
    let secret = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: keys, namespace: shop}\n\
                  stringData: {one: \"0123456789abcdefghijklmnopqrstuv\"}\n";
    let (config, problems) = World::new().read(&format!("{policy}{secret}"), true);
    assert_eq!(problems, []);
    let shown = EffectivePolicies::of(&config);
    let rules = shown.to_json()["rules"].clone();
    assert_eq!(rules[0]["host"], "blog.example");
    assert!(rules[0]["cookies"].is_null());
    let cookies = &rules[1]["cookies"];
    assert_eq!(
        (&cookies["mode"], &cookies["keys"][0]),
        (&"Refuse".into(), &"one".into())
    );
    let mut text = Vec::new();
    shown.write_text(&mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    let (_, cookies) = text.split_once("\ncookies {").unwrap();
    assert!(
        cookies.ends_with("}\n  Ingress shop/shop shop.example/\n"),
        "{text}"
    );
    let (config, _) = World::new().read(&policy, true);
    let shown = EffectivePolicies::of(&config).to_json();
    let cookies = shown["rules"][1]["cookies"].as_str().unwrap();
    assert!(cookies.contains("503"), "{cookies}");
}

#[test]
fn a_minimum_that_is_not_understood_is_the_strictest() {
    let head = HEAD.replace("WafPolicy", "ClusterWafPolicy");
    let tenant =
        format!("---\n{HEAD}metadata: {{name: p, namespace: shop}}\nspec: {{mode: Off}}\n");
    for minimum in [
        "{mode: Blok}",
        "Block",
        "[]",
        "{mod: Block}",
        "{protectedIds: 3}",
    ] {
        let policy =
            format!("{head}metadata: {{name: all}}\nspec: {{minimum: {minimum}}}\n{tenant}");
        let (config, problems) = World::new().read(&policy, true);
        assert_eq!(
            in_front(&config, "shop.example"),
            InFront::Rules(FirewallMode::Block),
            "{minimum}: {problems:?}"
        );
    }
}

#[test]
fn what_may_hide_a_policy_says_what_follows() {
    for (what, text) in [
        ("nothing is named", "kind: WafPolicy\n\tspec: ["),
        (
            "there is no kind",
            "apiVersion: portcullis.dev/v1alpha1\nspec: {mode: Block}\n",
        ),
    ] {
        let (_, problems) = World::new().read(text, true);
        let mut consequences = problems.iter().map(|it| it.consequence.as_str());
        assert!(
            consequences.any(|it| it.contains("requests are served without it")),
            "{what}: {problems:?}"
        );
    }
}

#[test]
fn a_policy_that_is_switched_off_or_for_nothing_is_a_warning() {
    let policy = |namespace: &str, spec: &str| {
        format!("{HEAD}metadata: {{name: p, namespace: {namespace}}}\nspec: {spec}\n")
    };
    let service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: idle, namespace: shop}\n\
                   spec: {clusterIP: 10.0.0.2, ports: [{port: 80}]}\n";
    let idle = policy(
        "shop",
        "{mode: Block, targetRefs: [{kind: Service, name: idle}]}",
    ) + service;
    let cluster = HEAD.replace("WafPolicy", "ClusterWafPolicy");
    for (policy, expected) in [
        (
            policy("shop", "{mode: Off}"),
            "the firewall is switched off",
        ),
        (
            format!("{cluster}metadata: {{name: all}}\nspec: {{mode: Off}}\n"),
            "the firewall is switched off",
        ),
        (
            policy("other", "{mode: Block}"),
            "there is no Ingress in the namespace other",
        ),
        (
            policy(
                "shop",
                "{mode: Block, targetRefs: [{kind: Ingress, name: none}]}",
            ),
            "there is no Ingress none",
        ),
        (idle, "no Ingress names Service idle"),
    ] {
        let (_, problems) = World::new().read(&policy, true);
        let found: Vec<_> = problems
            .iter()
            .map(|it| (it.severity, it.message.as_str()))
            .collect();
        assert_eq!(found, [(Severity::Warning, expected)], "{policy}");
    }
}
