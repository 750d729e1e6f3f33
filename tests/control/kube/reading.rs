//! What is read of a cluster, and when that is all.

use std::{sync::Arc, time::Duration};

use portcullis::control::{
    Key, Store,
    source::kube::{ConnectError, KubeSource, WatchSettings, connect},
};
use serde_json::json;

use super::support::{Following, ingress, secret, spawn};
use crate::api_server::ApiServer;

#[tokio::test(start_paused = true)]
async fn nothing_counts_as_read_before_every_kind_is() {
    for kind in [
        "/ingresses",
        "/ingressclasses",
        "/services",
        "/endpointslices",
        "/secrets",
        "/wafpolicies",
        "/clusterwafpolicies",
    ] {
        let server = ApiServer::new();
        server.put(ingress("default", "a", "a.com"));
        server.fault(|faults| faults.status_of = Some((kind, 500)));
        let following = Following::start(server);
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(!following.view().synced, "{kind}");
        following.server.fault(|faults| faults.status_of = None);
        let took = following.synced().await;
        assert!(took < Duration::from_secs(5), "{kind}: {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn changes_are_followed_and_what_went_goes() {
    let server = ApiServer::new();
    let object = ingress("default", "a", "a.com");
    server.put(object.clone());
    let following = Following::start(server);
    following.synced().await;
    let hosts = |view: &portcullis::control::View| -> Vec<String> {
        let all = view.objects.ingresses.values();
        let rules = all.flat_map(|it| it.object.spec.as_ref().unwrap().rules.iter().flatten());
        rules.filter_map(|rule| rule.host.clone()).collect()
    };
    assert_eq!(hosts(&following.view()), ["a.com"]);
    following.server.put(ingress("default", "a", "b.com"));
    following
        .until("the host changed", |view| hosts(view) == ["b.com"])
        .await;
    following.server.put(ingress("other", "a", "c.com"));
    following
        .until("another came", |view| hosts(view) == ["b.com", "c.com"])
        .await;
    following.server.delete(&object);
    following
        .until("the first went", |view| hosts(view) == ["c.com"])
        .await;
}

#[tokio::test(start_paused = true)]
async fn ingresses_of_a_namespace_that_is_deleted_are_not_waited_for() {
    let server = ApiServer::new();
    let made = |namespace: &str, name: &str, at: &str| {
        let mut object = ingress(namespace, name, "a.com");
        object["metadata"]["creationTimestamp"] = at.into();
        object
    };
    let namespace = |name: &str, deleted: Option<&str>| {
        json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": name, "deletionTimestamp": deleted},
        })
    };
    let deletion = Some("2026-01-01T00:00:10Z");
    server.put(namespace("old", None));
    server.put(namespace("gone", deletion));
    server.put(made("old", "a", "2026-01-01T00:00:00Z"));
    server.put(made("gone", "a", "2026-01-01T00:00:00Z"));
    server.put(made("other", "a", "2026-01-01T00:00:00Z"));
    let following = Following::start(server);
    let counting = |view: &portcullis::control::View| -> Vec<String> {
        let all = view.objects.ingresses.iter();
        let left = all.filter(|(_, it)| it.object.metadata.deletion_timestamp.is_none());
        left.map(|(key, _)| format!("{}/{}", key.namespace, key.name))
            .collect()
    };
    let is = |expected: &'static [&'static str]| {
        move |view: &portcullis::control::View| counting(view) == expected
    };
    following
        .until("one is deleted at the start", is(&["old/a", "other/a"]))
        .await;
    following.server.put(namespace("old", deletion));
    following
        .until("another one is deleted", is(&["other/a"]))
        .await;
    // It changes once more on its way, and one comes with the next namespace of that name before that does.
    following
        .server
        .put(made("old", "a", "2026-01-01T00:00:01Z"));
    following
        .server
        .put(made("old", "b", "2026-01-01T00:00:20Z"));
    following
        .until("a new one counts", is(&["old/b", "other/a"]))
        .await;
    following.server.delete(&namespace("old", None));
    following.server.put(namespace("old", None));
    // The two kinds have a watch each.
    tokio::time::sleep(Duration::from_secs(1)).await;
    following
        .server
        .put(made("old", "c", "2026-01-01T00:00:05Z"));
    following
        .until(
            "the new namespace is like others",
            is(&["old/b", "old/c", "other/a"]),
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn namespaces_that_may_not_be_read_are_not_needed() {
    let server = ApiServer::new();
    server.put(ingress("default", "a", "a.com"));
    server.fault(|faults| faults.status_of = Some(("/api/v1/namespaces", 403)));
    let following = Following::start(server);
    let took = following.synced().await;
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn long_lists_come_in_pages() {
    let server = ApiServer::new();
    for number in 0..1_201 {
        server.put(ingress("default", &format!("i{number}"), "a.com"));
    }
    let following = Following::start(server);
    following.synced().await;
    assert_eq!(following.view().objects.ingresses.len(), 1_201);
    let requests = following.server.requests();
    let lists = requests
        .iter()
        .filter(|it| it.contains("/ingresses?") && !it.contains("watch"));
    assert_eq!(lists.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn only_named_namespaces_are_read_where_any_are_named() {
    let server = ApiServer::new();
    for namespace in ["a", "b", "c"] {
        server.put(ingress(namespace, "x", "a.com"));
    }
    // Rights in namespaces do not reach what is in none.
    server.fault(|faults| faults.status_of = Some(("ingressclasses", 403)));
    let mut certificate = secret("default", "kubernetes.io/tls");
    certificate["metadata"]["namespace"] = "operator".into();
    server.put(certificate);
    let settings = WatchSettings {
        namespaces: vec!["a".to_owned(), "c".to_owned()],
        secrets: vec![Key::new("operator", "default")],
        ..WatchSettings::default()
    };
    let following = Following::start_with(server, settings);
    following.synced().await;
    let view = following.view();
    let namespaces: Vec<&str> = view
        .objects
        .ingresses
        .keys()
        .map(|key| &*key.namespace)
        .collect();
    assert_eq!(namespaces, ["a", "c"]);
    // What the operator names is read wherever it is, and stays.
    for _ in 0..10 {
        assert_eq!(following.view().objects.secrets.len(), 1);
        following.server.put(ingress("a", "x", "b.com"));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn policies_are_not_waited_for_where_their_definitions_are_not_installed() {
    let server = ApiServer::new();
    server.fault(|faults| faults.status_of = Some(("/portcullis.dev/", 404)));
    let following = Following::start(server);
    following.synced().await;
    following.server.put(json!({
        "apiVersion": "portcullis.dev/v1alpha1", "kind": "WafPolicy",
        "metadata": {"namespace": "default", "name": "p"}, "spec": {"mode": "Block"},
    }));
    following.server.fault(|faults| faults.status_of = None);
    let there = |view: &portcullis::control::View| view.objects.waf_policies.len() == 1;
    let took = following.until("the policy is read", there).await;
    assert!(took < Duration::from_secs(30), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn secrets_that_are_no_certificates_are_read_when_they_are_named() {
    let server = ApiServer::new();
    server.put(secret("certificate", "kubernetes.io/tls"));
    server.put(secret("named", "Opaque"));
    server.put(secret("password", "Opaque"));
    server.put(secret("foreign", "Opaque"));
    let mut object = ingress("default", "a", "a.com");
    object["spec"]["tls"] = json!([{"hosts": ["a.com"], "secretName": "named"}]);
    server.put(object.clone());
    let following = Following::start(server);
    following.synced().await;
    let names = |view: &portcullis::control::View| -> Vec<String> {
        view.objects
            .secrets
            .keys()
            .map(|key| key.name.to_string())
            .collect()
    };
    assert_eq!(names(&following.view()), ["certificate", "named"]);
    object["spec"]["tls"][0]["secretName"] = "foreign".into();
    following.server.put(object.clone());
    following
        .until("another is named", |view| {
            names(view) == ["certificate", "foreign"]
        })
        .await;
    following.server.delete(&object);
    following
        .until("none is named", |view| names(view) == ["certificate"])
        .await;
    assert!(
        !following
            .server
            .requests()
            .iter()
            .any(|it| it.contains("password"))
    );
}

#[tokio::test(start_paused = true)]
async fn config_maps_are_read_when_policies_or_the_operator_name_them() {
    let server = ApiServer::new();
    let map = |name: &str| {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"namespace": "default", "name": name}, "data": {"a": "b"},
        })
    };
    for name in ["options", "rules", "other"] {
        server.put(map(name));
    }
    server.put(json!({
        "apiVersion": "portcullis.dev/v1alpha1", "kind": "WafPolicy",
        "metadata": {"namespace": "default", "name": "p"},
        "spec": {"ruleSets": [{"configMap": {"name": "rules"}}]},
    }));
    let settings = WatchSettings {
        config_maps: vec![Key::new("default", "options")],
        ..WatchSettings::default()
    };
    let following = Following::start_with(server, settings);
    following.synced().await;
    let view = following.view();
    let names: Vec<&str> = view
        .objects
        .config_maps
        .keys()
        .map(|key| &*key.name)
        .collect();
    assert_eq!(names, ["options", "rules"]);
}

#[tokio::test(start_paused = true)]
async fn names_that_no_object_can_have_keep_nobody_unready() {
    let with_tls = |name: &str| {
        let mut object = ingress("default", "a", "a.com");
        object["spec"]["tls"] = json!([{"hosts": ["a.com"], "secretName": name}]);
        object
    };
    let annotated = |value: &str| {
        let mut object = ingress("default", "a", "a.com");
        object["metadata"]["annotations"] =
            json!({"nginx.ingress.kubernetes.io/auth-tls-secret": value});
        object
    };
    let policy = |kind: &str, spec: serde_json::Value| {
        json!({
            "apiVersion": "portcullis.dev/v1alpha1", "kind": kind,
            "metadata": {"namespace": "default", "name": "p"}, "spec": spec,
        })
    };
    let map = |namespace: &str, name: &str| json!({"ruleSets": [{"configMap": {"namespace": namespace, "name": name}}]});
    let keys = json!({"cookieIntegrity": {"keys": {"secret": {"name": "a,b"}}}});
    let mut cluster = policy("ClusterWafPolicy", map("default/x?y", "rules"));
    cluster["metadata"]
        .as_object_mut()
        .unwrap()
        .remove("namespace");
    for object in [
        with_tls("a,b"),
        annotated("default/a,b"),
        policy("WafPolicy", map("default", "a,b")),
        policy("WafPolicy", keys),
        cluster,
    ] {
        let server = ApiServer::new();
        server.put(object);
        let following = Following::start(server);
        let took = following.synced().await;
        assert!(took < Duration::from_secs(5), "{took:?}");
        let requests = following.server.requests();
        assert!(!requests.iter().any(|it| it.contains("metadata.name")));
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_that_the_server_will_not_look_for_counts_as_absent() {
    for code in [400, 401, 403, 404, 405, 422] {
        let server = ApiServer::new();
        let mut object = ingress("default", "a", "a.com");
        object["spec"]["tls"] = json!([{"hosts": ["a.com"], "secretName": "named"}]);
        server.put(object);
        server.fault(|faults| faults.status_of = Some(("named", code)));
        let took = Following::start(server).synced().await;
        assert!(took < Duration::from_secs(5), "{code}: {took:?}");
    }
    // It may be there, and the server too busy to say so.
    for code in [408, 429, 500, 503] {
        let server = ApiServer::new();
        let mut object = ingress("default", "a", "a.com");
        object["spec"]["tls"] = json!([{"hosts": ["a.com"], "secretName": "named"}]);
        server.put(object);
        server.fault(|faults| faults.status_of = Some(("named", code)));
        let following = Following::start(server);
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(!following.view().synced, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_namespace_that_names_many_objects_takes_nothing_from_others() {
    let server = ApiServer::new();
    let opaque = |namespace: &str, name: &str| {
        let mut object = secret(name, "Opaque");
        object["metadata"]["namespace"] = namespace.into();
        object
    };
    let map = |namespace: &str, name: &str| {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"namespace": namespace, "name": name}, "data": {"a": "b"},
        })
    };
    // It comes first by name.
    let sets: Vec<_> = (0..300)
        .map(|number| json!({"configMap": {"name": format!("r{number}")}}))
        .collect();
    let tls: Vec<_> = (0..300)
        .map(|number| json!({"hosts": ["a.com"], "secretName": format!("s{number}")}))
        .collect();
    server.put(json!({
        "apiVersion": "portcullis.dev/v1alpha1", "kind": "WafPolicy",
        "metadata": {"namespace": "a-greedy", "name": "p"}, "spec": {"ruleSets": sets},
    }));
    let mut object = ingress("a-greedy", "a", "a.com");
    object["spec"]["tls"] = tls.into();
    server.put(object);
    let mut object = ingress("other", "b", "b.com");
    object["spec"]["tls"] = json!([{"hosts": ["b.com"], "secretName": "theirs"}]);
    server.put(object);
    server.put(json!({
        "apiVersion": "portcullis.dev/v1alpha1", "kind": "ClusterWafPolicy",
        "metadata": {"name": "p"},
        "spec": {"ruleSets": [{"configMap": {"namespace": "z-operator", "name": "rules"}}]},
    }));
    server.put(opaque("other", "theirs"));
    server.put(opaque("z-operator", "default"));
    server.put(map("z-operator", "options"));
    server.put(map("z-operator", "rules"));
    let settings = WatchSettings {
        secrets: vec![Key::new("z-operator", "default")],
        config_maps: vec![Key::new("z-operator", "options")],
        ..WatchSettings::default()
    };
    let following = Following::start_with(server, settings);
    following.synced().await;
    let objects = following.view().objects;
    let text = |key: &Key| format!("{}/{}", key.namespace, key.name);
    let secrets: Vec<String> = objects.secrets.keys().map(text).collect();
    assert_eq!(secrets, ["other/theirs", "z-operator/default"]);
    let maps: Vec<String> = objects.config_maps.keys().map(text).collect();
    assert_eq!(maps, ["z-operator/options", "z-operator/rules"]);
}

#[tokio::test(start_paused = true)]
async fn an_object_that_cannot_be_understood_keeps_its_last_good_version_and_hurts_no_other() {
    let server = ApiServer::new();
    server.put(ingress("default", "a", "a.com"));
    server.put(ingress("default", "b", "b.com"));
    let following = Following::start(server);
    following.synced().await;
    let mut broken = ingress("default", "a", "a.com");
    broken["spec"]["rules"] = json!("none");
    following.server.put(broken.clone());
    following
        .until("it is a problem", |view| view.of_objects.len() == 1)
        .await;
    assert_eq!(following.view().objects.ingresses.len(), 2);
    // A list says the same.
    following.server.compact();
    following.server.cut_watches();
    following.server.put(ingress("default", "c", "c.com"));
    following
        .until("a third came", |view| view.objects.ingresses.len() == 3)
        .await;
    assert_eq!(following.view().of_objects.len(), 1);
    following.server.delete(&broken);
    following
        .until("it went", |view| view.objects.ingresses.len() == 2)
        .await;
    assert!(following.view().of_objects.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_status_is_no_change_of_an_object() {
    let server = ApiServer::new();
    let mut object = ingress("default", "a", "a.com");
    server.put(object.clone());
    let following = Following::start(server);
    following.synced().await;
    let key = Key::new("default", "a");
    let revision = following.view().objects.ingresses[&key].revision;
    object["status"] = json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}});
    following.server.put(object);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(following.view().objects.ingresses[&key].revision, revision);
}

#[tokio::test]
async fn a_kubeconfig_leads_to_its_server() {
    let server = ApiServer::new();
    server.put(ingress("default", "a", "a.com"));
    let address = server.listen().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubeconfig");
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "x",
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x", "namespace": "own"}}],
        "clusters": [{"name": "x", "cluster": {"server": format!("http://{address}")}}],
        "users": [{"name": "x", "user": {}}],
    });
    std::fs::write(&path, config.to_string()).unwrap();
    let client = connect(Some(&path)).await.unwrap();
    assert_eq!(client.default_namespace(), "own");
    let store = Arc::new(Store::default());
    let mut changes = store.subscribe();
    let source = KubeSource::new(client, WatchSettings::default());
    let task = spawn(source.run(Arc::clone(&store)));
    while !store.view().synced {
        changes.changed().await.unwrap();
    }
    assert_eq!(store.view().objects.ingresses.len(), 1);
    task.abort();
    let missing = connect(Some(&folder.path().join("missing"))).await;
    let error = missing.err().unwrap();
    assert!(matches!(error, ConnectError::Kubeconfig { .. }), "{error}");
    assert!(error.to_string().contains("missing"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_stands_in_a_secret_that_cannot_be_understood_is_not_repeated() {
    let server = ApiServer::new();
    let mut broken = secret("broken", "kubernetes.io/tls");
    broken.as_object_mut().unwrap().remove("stringData");
    broken["data"] = "hunter2".into();
    server.put(broken);
    let following = Following::start(server);
    following.synced().await;
    let view = following.view();
    let problems: Vec<String> = view.of_objects.values().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 1);
    assert!(!problems[0].contains("hunter2"), "{problems:?}");
}
