//! One bad object never affects another, however many there are.

use portcullis::{
    config::Route,
    control::translate::{Translation, Translator},
};
use serde_json::{Value, json};

use super::support::{Following, ingress, secret, settings};
use crate::api_server::ApiServer;

const MANY: usize = 1_000;

/// Ways in which objects are bad; none of them is more than text that means nothing.
fn poison(number: usize) -> Value {
    let annotated = |name: &str, value: &str| {
        let mut object = ingress(
            "bad",
            &format!("bad-{number}"),
            &format!("bad-{number}.com"),
        );
        object["metadata"]["annotations"] =
            json!({format!("nginx.ingress.kubernetes.io/{name}"): value});
        object
    };
    let path = |path: &str| {
        let mut object = ingress(
            "bad",
            &format!("bad-{number}"),
            &format!("bad-{number}.com"),
        );
        object["spec"]["rules"][0]["http"]["paths"][0]["path"] = path.into();
        object
    };
    match number % 14 {
        // CVE-2021-25742, CVE-2023-5043: snippets.
        0 => annotated("configuration-snippet", "}} lua_need_request_body on; {{"),
        // CVE-2025-24514, CVE-2025-1097, CVE-2025-1098: text that ends a directive.
        1 => annotated("auth-url", "http://x/#;\nssl_engine /proc/self/fd/9;\n"),
        2 => annotated(
            "auth-tls-match-cn",
            "CN=abc #(\n){}\n }}\nssl_engine ../../x;",
        ),
        3 => annotated("mirror-target", "https://x/;}\nssl_engine x;"),
        // CVE-2023-5044, CVE-2026-3288: values that are put into configuration.
        4 => annotated("permanent-redirect", "https://x;}}location /x{alias /;"),
        5 => annotated("rewrite-target", "/$1;}location /etc{root /;"),
        // CVE-2021-25745, CVE-2021-25748: paths.
        6 => path("/x{alias /var/run/secrets/kubernetes.io/serviceaccount/;}location ~* ^/y\r\n"),
        7 => path("/../../var/run/secrets"),
        // CVE-2021-25746, CVE-2022-4886: Secrets of others, by a name with a path in it.
        8 => annotated("auth-tls-secret", "kube-system/../default/token"),
        9 => {
            let mut object = ingress(
                "bad",
                &format!("bad-{number}"),
                &format!("bad-{number}.com"),
            );
            object["spec"]["tls"] =
                json!([{"secretName": "../../default/tls", "hosts": ["\n", "*"]}]);
            object
        }
        // Names that end a field selector, which API servers then refuse.
        11 => annotated("auth-tls-secret", "bad/a,b"),
        12 => {
            let mut object = ingress(
                "bad",
                &format!("bad-{number}"),
                &format!("bad-{number}.com"),
            );
            object["spec"]["tls"] = json!([{"secretName": "a,b", "hosts": ["a.com"]}]);
            object
        }
        // Nothing that any version of the kind could have been.
        10 => {
            let mut object = ingress(
                "bad",
                &format!("bad-{number}"),
                &format!("bad-{number}.com"),
            );
            object["spec"]["rules"] = json!({"a": [number]});
            object
        }
        _ => json!({
            "apiVersion": "portcullis.dev/v1alpha1", "kind": "WafPolicy",
            "metadata": {"namespace": "bad", "name": format!("bad-{number}")},
            "spec": {"mode": [], "ruleSets": {"x": 1}, "secLang": {"before": "SecRule ( \"@rx (\" \"id:x"}},
        }),
    }
}

async fn translated(server: ApiServer) -> (Translation, usize) {
    let following = Following::start(server);
    following.synced().await;
    let view = following.view();
    let translation = Translator::new(settings()).translate(&view.objects);
    (translation, view.of_objects.len())
}

fn good(server: &ApiServer) {
    for number in 0..MANY {
        server.put(ingress(
            "good",
            &format!("good-{number}"),
            &format!("good-{number}.com"),
        ));
    }
    server.put(json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "good", "name": "web"},
        "spec": {"clusterIP": "10.0.0.1", "ports": [{"port": 80}]},
    }));
}

#[tokio::test(start_paused = true)]
async fn a_thousand_bad_objects_change_nothing_for_a_thousand_good_ones() {
    let alone = ApiServer::new();
    good(&alone);
    let (expected, _) = translated(alone).await;
    let server = ApiServer::new();
    good(&server);
    for number in 0..MANY {
        server.put(poison(number));
        let mut secret = secret(&format!("bad-{number}"), "kubernetes.io/tls");
        secret["metadata"]["namespace"] = "bad".into();
        server.put(secret);
    }
    let (found, not_understood) = translated(server).await;
    let of_good = |translation: &Translation| -> Vec<Route> {
        let routes = translation.config.routes.iter();
        let good = routes.filter(|route| &*route.object.namespace == "good");
        good.map(|route| (**route).clone()).collect()
    };
    assert_eq!(of_good(&expected).len(), MANY);
    assert_eq!(of_good(&found), of_good(&expected));
    let problems_of_good = found
        .problems
        .iter()
        .filter(|problem| &*problem.object.namespace == "good");
    assert_eq!(problems_of_good.count(), 0);
    // Each bad one is told of, here or as an object that cannot be understood.
    let mut bad: Vec<&str> = found
        .problems
        .iter()
        .filter(|problem| &*problem.object.namespace == "bad")
        .map(|problem| &*problem.object.name)
        .collect();
    bad.sort_unstable();
    bad.dedup();
    assert_eq!(bad.len() + not_understood, MANY);
    assert!(found.config.certificates.is_empty());
}
