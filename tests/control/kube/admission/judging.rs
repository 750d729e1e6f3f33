//! What is refused, what is warned of, and what is let past.

use std::sync::Arc;

use portcullis::{
    control::{
        Key, Object, Store,
        admission::{Judge, JudgeSettings, NotReady},
        translate::{ClassSelection, TranslateSettings, Translator},
    },
    snapshot::Compiler,
    tls::Certificate,
};
use serde_json::{Value, json};

use super::{
    super::support::settings,
    support::{at, created, ingress, judge, judge_of, parsed, review, store, updated, web},
};

fn with(mut object: Value, path: &str, value: Value) -> Value {
    let (parent, field) = path.rsplit_once('/').unwrap();
    object.pointer_mut(parent).unwrap()[field] = value;
    object
}

fn policy(name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "portcullis.dev/v1alpha1", "kind": "WafPolicy",
        "metadata": {"name": name, "namespace": "default"}, "spec": spec,
    })
}

fn cluster_policy(name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "portcullis.dev/v1alpha1", "kind": "ClusterWafPolicy",
        "metadata": {"name": name}, "spec": spec,
    })
}

/// What the operator of these tests has in force.
fn operator() -> Value {
    let rules = "SecRule ARGS \"@contains attack\" \"id:10,phase:1,deny\"";
    let spec = json!({"mode": "Block", "ruleSets": [{"inline": rules}]});
    at(cluster_policy("operator", spec), "2026-01-01T00:00:00Z")
}

#[test]
fn an_object_is_refused_for_what_is_wrong_with_itself_alone() {
    let mut world = web();
    let old = at(ingress("old", "taken.example", "/"), "2026-01-01T00:00:00Z");
    world.push(old);
    world.push(at(
        ingress("bad", "an other bad one", "/"),
        "2026-01-01T00:00:00Z",
    ));
    world.push(operator());
    let mut judge = judge(&world);
    let fine = ingress("new", "new.example", "/");
    let backend = "/spec/rules/0/http/paths/0/backend";
    let annotated = |name: &str, value: &str| {
        let name = format!("nginx.ingress.kubernetes.io/{name}");
        with(fine.clone(), "/metadata/annotations", json!({name: value}))
    };
    let tls = json!([{"hosts": ["new.example"], "secretName": "later"}]);
    let service = |name: &str, port: Value| json!({"service": {"name": name, "port": port}});
    // Object, whether it is refused, and a part of what is said.
    let rows: Vec<(&str, Value, bool, &str)> = vec![
        ("a good one", fine.clone(), false, ""),
        (
            "a host that is none",
            ingress("new", "no host", "/"),
            true,
            "spec.rules[0].host",
        ),
        (
            "a path that is none",
            ingress("new", "new.example", "blog"),
            true,
            ".path",
        ),
        (
            "a path type that is none",
            with(
                fine.clone(),
                "/spec/rules/0/http/paths/0/pathType",
                "Glob".into(),
            ),
            true,
            "pathType",
        ),
        (
            "a Service that may come later",
            with(
                fine.clone(),
                backend,
                service("later", json!({"number": 80})),
            ),
            false,
            "Service default/later does not exist",
        ),
        (
            "a port that the Service may get",
            with(fine.clone(), backend, service("web", json!({"number": 81}))),
            false,
            "port 81 is not a port of the Service",
        ),
        (
            "a port that can be none",
            with(fine.clone(), backend, service("web", json!({}))),
            true,
            "neither a name nor a number is given",
        ),
        (
            "no backend",
            with(fine.clone(), backend, json!({})),
            true,
            "names no Service",
        ),
        (
            "a Secret that may come later",
            with(fine.clone(), "/spec/tls", tls),
            false,
            "Secret default/later does not exist",
        ),
        (
            "a path that an older Ingress has",
            ingress("new", "taken.example", "/"),
            true,
            "belongs to Ingress default/old",
        ),
        (
            "another path of its host",
            ingress("new", "taken.example", "/blog"),
            false,
            "",
        ),
        (
            "no rules",
            with(fine.clone(), "/spec", json!({"ingressClassName": "x"})),
            true,
            "neither rules nor a default backend",
        ),
        (
            "access control that is not there",
            annotated("auth-url", "http://auth.example/"),
            true,
            "answered 403",
        ),
        (
            "an annotation without effect",
            annotated("proxy-buffer-size", "8k"),
            false,
            "",
        ),
        (
            "a snippet that does not compile",
            annotated(
                "modsecurity-snippet",
                "SecRule ARGS \"@nonsense\" \"id:20\"",
            ),
            true,
            "Ingress default/new modsecurity-snippet:1",
        ),
        (
            "rules that do not compile",
            policy(
                "new",
                json!({"secLang": {"after": "SecRule ARGS \"@rx (\" \"id:20,deny\""}}),
            ),
            true,
            "spec.secLang.after",
        ),
        (
            "a policy with a field that is none",
            policy("new", json!({"mode": "Sometimes"})),
            true,
            "spec.mode",
        ),
        (
            "a policy for what may come later",
            policy(
                "new",
                json!({"targetRefs": [{"kind": "Ingress", "name": "later"}]}),
            ),
            false,
            "there is no Ingress later",
        ),
        (
            "a ConfigMap that may come later",
            policy(
                "new",
                json!({"ruleSets": [{"configMap": {"name": "later"}}]}),
            ),
            false,
            "ConfigMap default/later does not exist",
        ),
        (
            "a second operator's policy that sets what the first one sets",
            cluster_policy("new", json!({"mode": "Off"})),
            true,
            "sets it for everything too",
        ),
        (
            "an operator's policy whose rules do not compile",
            cluster_policy("new", json!({"secLang": {"after": "SecRule"}})),
            true,
            "ClusterWafPolicy new",
        ),
    ];
    for (name, object, is_refused, words) in rows {
        let ruling = created(&mut judge, &object);
        assert_eq!(!ruling.is_allowed(), is_refused, "{name}: {ruling:?}");
        let said = if is_refused {
            &ruling.refusals
        } else {
            &ruling.warnings
        };
        let is_said = said.iter().any(|it| it.contains(words));
        assert!(is_said || words.is_empty(), "{name}: {ruling:?}");
        if words.is_empty() {
            let own = format!(
                "Ingress default/{}",
                object["metadata"]["name"].as_str().unwrap()
            );
            let about_others = ruling.warnings.iter().filter(|it| !it.starts_with(&own));
            assert_eq!(about_others.count(), 0, "{name}: {ruling:?}");
        }
    }
    // None of it has left a trace.
    assert_eq!(created(&mut judge, &fine).refusals, [""; 0]);
}

#[test]
fn rules_are_judged_by_the_operators_set_that_is_in_force_while_his_present_one_is_broken() {
    let operators = |rule: &str| {
        let spec = json!({"mode": "Block", "ruleSets": [{"inline": rule}]});
        at(cluster_policy("operator", spec), "2026-01-01T00:00:00Z")
    };
    let mut world = web();
    world.push(at(ingress("web", "a.example", "/"), "2026-01-01T00:00:00Z"));
    world.push(operator());
    let store = store(&world);
    let mut compiler = Compiler::new(Arc::new(Certificate::self_signed()), Box::new(|_| 0));
    let mut served = Translator::new(settings());
    let mut serve = |store: &Store| {
        let config = served.translate(&store.objects()).config;
        compiler.compile(1, Arc::new(config));
        compiler.problems().len()
    };
    assert_eq!(serve(&store), 0);
    let broken = operators("SecRule ARGS \"@nonsense attack\" \"id:10,phase:1,deny\"");
    let object = Object::ClusterWafPolicy(serde_json::from_value(broken).unwrap());
    store.edit(|edit| edit.upsert(Key::new("", "operator"), object, None));
    assert_eq!(serve(&store), 1);
    let mut judge = Judge::new(JudgeSettings {
        sets: compiler.compiled_sets(),
        options: Box::new(|_| Default::default()),
        translating: settings(),
        namespaces: Vec::new(),
        store,
    });
    let tenants = |rule: &str| {
        policy(
            "tenant",
            json!({"mode": "Block", "secLang": {"after": rule}}),
        )
    };
    let ruling = created(&mut judge, &tenants("SecRule ARGS \"@nonsense\" \"id:20\""));
    assert!(!ruling.is_allowed(), "{ruling:?}");
    assert!(
        ruling.refusals[0].starts_with("WafPolicy default/tenant: spec.secLang.after: "),
        "{ruling:?}"
    );
    let ruling = created(
        &mut judge,
        &tenants("SecRule ARGS \"@contains x\" \"id:20,phase:1,deny\""),
    );
    assert!(ruling.is_allowed(), "{ruling:?}");
}

#[test]
fn an_older_ingress_that_takes_a_path_is_let_in_and_told_who_loses_it() {
    let mut world = web();
    let old = at(ingress("old", "a.example", "/"), "2026-01-01T00:00:00Z");
    world.push(old.clone());
    world.push(at(
        ingress("young", "b.example", "/"),
        "2026-02-01T00:00:00Z",
    ));
    let mut judge = judge(&world);
    let new = at(ingress("old", "b.example", "/"), "2026-01-01T00:00:00Z");
    let ruling = updated(&mut judge, &new, &old);
    assert!(ruling.is_allowed());
    let lost = "Ingress default/young: spec.rules[0].http.paths[0]: Prefix path / of host b.example \
                belongs to Ingress default/old, which goes first; this rule gets no requests";
    assert_eq!(ruling.warnings, [lost]);
}

#[test]
fn an_object_that_stays_as_it_is_may_stay() {
    let mut world = web();
    let bad = at(ingress("bad", "not a host", "/"), "2026-01-01T00:00:00Z");
    world.push(bad.clone());
    let mut judge = judge(&world);
    let labelled = with(bad.clone(), "/metadata/labels", json!({"team": "a"}));
    let ruling = updated(&mut judge, &labelled, &bad);
    assert!(ruling.is_allowed());
    assert!(
        ruling.warnings[0].contains("spec.rules[0].host"),
        "{ruling:?}"
    );
    // `kubectl apply` leaves the labels in an annotation as well.
    let last = "kubectl.kubernetes.io/last-applied-configuration";
    let applied = with(
        labelled,
        "/metadata/annotations",
        json!({last: "{\"metadata\":{\"labels\":{\"team\":\"a\"}}}"}),
    );
    let before = with(bad.clone(), "/metadata/annotations", json!({last: "{}"}));
    assert!(updated(&mut judge, &applied, &before).is_allowed());
    // One on its way out as well, whatever is wrong with it.
    let ending = with(
        bad.clone(),
        "/metadata/deletionTimestamp",
        "2026-03-01T00:00:00Z".into(),
    );
    let ending = with(ending, "/metadata/annotations", json!({"a": "b"}));
    assert!(updated(&mut judge, &ending, &bad).is_allowed());
    let other = with(bad.clone(), "/metadata/annotations", json!({"a": "b"}));
    assert!(!updated(&mut judge, &other, &bad).is_allowed());
}

#[test]
fn what_is_for_somebody_else_is_let_in_without_a_word() {
    let class = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
        "metadata": {"name": "ours"}, "spec": {"controller": "portcullis.dev/ingress-controller"},
    });
    let theirs = with(class.clone(), "/metadata/name", "theirs".into());
    let theirs = with(theirs, "/spec/controller", "example.com/other".into());
    let store = store(&[class, theirs]);
    let translating = TranslateSettings {
        class: ClassSelection::Controller {
            name: "portcullis.dev/ingress-controller".to_owned(),
            only: Default::default(),
        },
        ..settings()
    };
    let mut judge = judge_of(&store, translating.clone());
    let bad = |class: &str| {
        with(
            ingress("new", "no host", "/"),
            "/spec/ingressClassName",
            class.into(),
        )
    };
    assert!(!created(&mut judge, &bad("ours")).is_allowed());
    let other = created(&mut judge, &bad("theirs"));
    assert_eq!((other.is_allowed(), other.warnings.len()), (true, 0));
    let mut narrow = Judge::new(JudgeSettings {
        store,
        translating,
        options: Box::new(|_| Default::default()),
        sets: Default::default(),
        namespaces: vec!["shop".to_owned()],
    });
    assert!(created(&mut narrow, &bad("ours")).is_allowed());
    let watched = with(bad("ours"), "/metadata/namespace", "shop".into());
    assert!(!created(&mut narrow, &watched).is_allowed());
}

#[test]
fn nothing_is_said_before_everything_has_been_read_nor_of_what_an_earlier_run_knew() {
    let store = Arc::new(Store::default());
    let mut judge = judge_of(&store, settings());
    let asked = parsed(&review(
        "CREATE",
        &ingress("new", "no host", "/"),
        &Value::Null,
    ));
    assert_eq!(judge.rule(&asked).unwrap_err(), NotReady::NotSynced);
    store.edit(|edit| edit.fall_back(Vec::new(), std::time::SystemTime::UNIX_EPOCH));
    assert_eq!(judge.rule(&asked).unwrap_err(), NotReady::Stale);
    store.edit(|edit| edit.mark_all_synced());
    assert!(!judge.rule(&asked).unwrap().is_allowed());
    // What may happen in any case may happen before as well.
    let mut none = judge_of(&Arc::new(Store::default()), settings());
    let mut ending = review("DELETE", &ingress("new", "a.example", "/"), &Value::Null);
    ending["request"]["object"] = Value::Null;
    assert!(none.rule(&parsed(&ending)).unwrap().is_allowed());
}

#[test]
fn the_store_is_followed_from_review_to_review() {
    let store = store(&web());
    let mut judge = judge_of(&store, settings());
    let new = ingress("new", "a.example", "/");
    assert!(created(&mut judge, &new).is_allowed());
    let rival = at(ingress("rival", "a.example", "/"), "2020-01-01T00:00:00Z");
    let object = Object::Ingress(serde_json::from_value(rival).unwrap());
    let key = Key::new("default", "rival");
    store.edit(|edit| edit.upsert(key.clone(), object, None));
    assert!(!created(&mut judge, &new).is_allowed());
    store.edit(|edit| edit.remove(portcullis::config::ObjectKind::Ingress, &key));
    assert!(created(&mut judge, &new).is_allowed());
}

/// What ingress-nginx rendered into a file that nginx then ran: each is a value here, judged or let in as
/// one, and changes nothing.
#[test]
fn what_was_injected_into_ingress_nginx_is_data() {
    let mut world = web();
    world.push(operator());
    let store = store(&world);
    let before = store.objects();
    let mut judge = judge_of(&store, settings());
    let breakout =
        "x;\n}\nserver { location / { root /; autoindex on; } }\nload_module /proc/1/fd/9;";
    let annotations = [
        // CVE-2021-25742, CVE-2023-5043
        ("configuration-snippet", breakout),
        ("server-snippet", breakout),
        // CVE-2023-5044
        (
            "permanent-redirect",
            "https://a.example/;\n}\nload_module /tmp/x.so;",
        ),
        // CVE-2024-7646
        ("auth-tls-verify-client", "on;\rload_module /tmp/x.so;"),
        // CVE-2025-24514
        ("auth-url", "http://a.example/#;}}ssl_engine /proc/1/fd/9;"),
        // CVE-2025-1097
        (
            "auth-tls-match-cn",
            "CN=x #(\n){}\n}}ssl_engine /proc/1/fd/9;",
        ),
        // CVE-2025-1098
        (
            "mirror-target",
            "http://a.example/;\n}}ssl_engine /proc/1/fd/9;",
        ),
        ("mirror-host", breakout),
        ("rewrite-target", breakout),
        ("proxy-body-size", breakout),
        (
            "modsecurity-snippet",
            "Include /etc/passwd\nSecRuleScript /tmp/x.lua",
        ),
        // CVE-2025-24513
        ("auth-secret", "../../../../etc/passwd"),
        ("auth-tls-secret", "default/../../kube-system/token"),
    ];
    for (name, value) in annotations {
        let name = format!("nginx.ingress.kubernetes.io/{name}");
        let object = ingress("new", "a.example", "/");
        let object = with(object, "/metadata/annotations", json!({&*name: value}));
        let ruling = created(&mut judge, &object);
        let said = ruling.refusals.iter().chain(&ruling.warnings);
        assert!(said.clone().count() > 0, "{name}: nothing is said");
        assert!(!said.clone().any(|it| it.contains("root:x:0:0")), "{name}");
    }
    // CVE-2021-25745, CVE-2021-25748, CVE-2022-4886, CVE-2026-3288
    for path in [
        "/;\n}\nlua_by_file /x",
        "/\"\n;alias /etc/",
        "/a{b};\r\n#",
        "/..%2f..%2fetc/passwd",
    ] {
        let exact = "/spec/rules/0/http/paths/0/pathType";
        for kind in ["Exact", "Prefix", "ImplementationSpecific"] {
            let object = with(ingress("new", "a.example", path), exact, kind.into());
            created(&mut judge, &object);
        }
    }
    // Whoever reaches the webhook may ask: a folder that nothing in force names is not opened.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token.conf"), "hunter2 hunter2").unwrap();
    for path in [
        folder.path().to_str().unwrap(),
        "/proc/self",
        "/var/run/secrets/../secrets",
    ] {
        let object = cluster_policy("new", json!({"ruleSets": [{"folder": path}]}));
        let object = at(object, "2020-01-01T00:00:00Z");
        let ruling = created(&mut judge, &object);
        let words = "spec.ruleSets[0].folder: it is read when something that is in force names it";
        assert!(
            ruling.warnings.iter().any(|it| it.contains(words)),
            "{ruling:?}"
        );
        assert!(!format!("{ruling:?}").contains("hunter"), "{ruling:?}");
    }
    let after = store.objects();
    assert!(Arc::ptr_eq(&before.ingresses, &after.ingresses));
    assert!(Arc::ptr_eq(&before.waf_policies, &after.waf_policies));
    assert!(Arc::ptr_eq(
        &before.cluster_waf_policies,
        &after.cluster_waf_policies
    ));
    let fresh = Translator::new(settings()).translate(&after);
    assert_eq!(fresh.problems, []);
}
