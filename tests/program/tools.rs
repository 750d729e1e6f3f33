//! The tools of those who write the firewall's rules: `waf test`, `waf explain`, `waf rules`.

use std::{fs, path::Path};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::command;

const RULES: &str = r#"
SecRequestBodyAccess On
SecAction "id:100,phase:1,pass,nolog,setvar:tx.inbound_anomaly_score_threshold=5"
SecRule ARGS "@rx (?i)(?:union\s+select|drop\s+table)" "id:110,phase:2,pass,t:none,t:urlDecodeUni,\
    capture,severity:CRITICAL,tag:'attack-sqli',msg:'SQL',setvar:'tx.blocking_inbound_anomaly_score=+5'"
SecRule REQUEST_HEADERS:User-Agent "@contains scanner" \
    "id:120,phase:1,pass,msg:'scanner',setvar:'tx.blocking_inbound_anomaly_score=+2'"
SecRule TX:blocking_inbound_anomaly_score "@ge %{tx.inbound_anomaly_score_threshold}" \
    "id:149,phase:2,deny,msg:'refused'"
"#;

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
      - {path: /search, pathType: Prefix, backend: {service: {name: search, port: {number: 80}}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: blog
  namespace: shop
  annotations: {nginx.ingress.kubernetes.io/enable-modsecurity: \"false\"}
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
---
apiVersion: v1
kind: Service
metadata: {name: search, namespace: shop}
spec: {clusterIP: 10.0.0.2, ports: [{port: 80}]}
---
apiVersion: portcullis.dev/v1alpha1
kind: WafPolicy
metadata: {name: search, namespace: shop}
spec:
  targetRefs: [{kind: Service, name: search}]
  inboundThreshold: 5
  exclusions: [{ids: [110], variables: [{name: ARGS, selector: q}]}]
";

/// Rules, manifests and requests in a folder.
struct World {
    top: TempDir,
}

impl World {
    fn new() -> Self {
        let top = TempDir::new().unwrap();
        let world = Self { top };
        fs::create_dir(world.path("rules")).unwrap();
        world.write("rules/a.conf", RULES);
        world.write("shop.yaml", SHOP);
        world
    }

    fn path(&self, name: &str) -> String {
        self.top.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.top.path().join(name), text).unwrap();
    }

    /// Runs one of the tools on a request, with the rules in front of the shop.
    fn run(&self, tool: &str, request: &[u8], more: &[&str]) -> (i32, String, String) {
        self.write("request", request);
        let (rules, shop, request) = (
            self.path("rules"),
            self.path("shop.yaml"),
            self.path("request"),
        );
        let mut arguments = vec!["-f", &shop, "--waf-rules", &rules, "--request", &request];
        if !more.contains(&"--waf-mode") {
            arguments.extend(["--waf-mode", "block"]);
        }
        arguments.extend(more);
        command(&["waf", tool], &arguments)
    }
}

fn get(host: &str, target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes()
}

const ATTACK: &str = "/?q=union%20select";

#[test]
fn a_request_is_judged_by_the_firewall_of_its_host_and_path() {
    let world = World::new();
    for (what, request, more, code, words) in [
        (
            "nothing is found",
            get("shop.example", "/?q=a"),
            &[][..],
            0,
            "verdict    passed\n",
        ),
        (
            "rules refuse",
            get("shop.example", ATTACK),
            &[],
            1,
            "verdict    blocked, 403\n",
        ),
        (
            "rules only detect",
            get("shop.example", ATTACK),
            &["--waf-mode", "detect"],
            1,
            "verdict    would block\n",
        ),
        (
            "a policy of the Service excludes it",
            get("shop.example", &format!("/search{}", &ATTACK[1..])),
            &[],
            0,
            "firewall   shop/search (block)\n",
        ),
        (
            "another place is asked for",
            get("shop.example", ATTACK),
            &["--path", "/search"],
            0,
            "route      Ingress shop/shop shop.example/search\n",
        ),
        (
            "an annotation switches it off",
            get("blog.example", ATTACK),
            &[],
            0,
            "firewall   none\n",
        ),
        (
            "another host is asked for",
            get("blog.example", ATTACK),
            &["--host", "SHOP.example"],
            1,
            "verdict    blocked, 403\n",
        ),
        (
            "no rule is for the host",
            get("other.example", ATTACK),
            &[],
            1,
            "firewall   default (block)\n",
        ),
        (
            "no rule is for the host, and nothing is found",
            get("other.example", "/"),
            &[],
            0,
            "verdict    passed, 404: no rule matches\n",
        ),
        (
            "the codec refuses the head",
            b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".to_vec(),
            &[],
            1,
            "verdict    refused, 400: request head refused",
        ),
    ] {
        let (found, out, err) = world.run("test", &request, more);
        assert_eq!(found, code, "{what}: {out}{err}");
        assert!(out.contains(words), "{what}: {out}");
    }
}

#[test]
fn bodies_are_read_as_the_proxy_reads_them() {
    let world = World::new();
    let post = |fields: &str, body: &[u8]| {
        let head = format!(
            "POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Type: \
             application/x-www-form-urlencoded\r\n{fields}\r\n"
        );
        [head.as_bytes(), body].concat()
    };
    let attack = b"q=drop+table";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gzip, attack).unwrap();
    let gzip = gzip.finish().unwrap();
    let sized = |body: &[u8], more: &str| {
        let fields = format!("Content-Length: {}\r\n{more}", body.len());
        post(&fields, body)
    };
    let chunked = b"6\r\nq=drop\r\n6;x=y\r\n+table\r\n0\r\n\r\n";
    let encoded = "Content-Encoding: gzip\r\n";
    for (what, request, code, words) in [
        ("sized", sized(attack, ""), 1, "blocked, 403"),
        (
            "chunked",
            post("Transfer-Encoding: chunked\r\n", chunked),
            1,
            "blocked, 403",
        ),
        ("encoded", sized(&gzip, encoded), 1, "blocked, 403"),
        (
            "encoded with a fault",
            sized(&gzip[1..], encoded),
            1,
            "refused, 400",
        ),
        (
            "a broken chunk",
            post("Transfer-Encoding: chunked\r\n", b"x\r\n"),
            1,
            "refused, 400",
        ),
        ("harmless", sized(b"q=a", ""), 0, "passed"),
        ("cut off", post("Content-Length: 99\r\n", attack), 2, ""),
        (
            "scores",
            sized(attack, "User-Agent: scanner\r\n"),
            1,
            "scores     inbound 7\n",
        ),
    ] {
        let (found, out, err) = world.run("test", &request, &[]);
        assert_eq!(found, code, "{what}: {out}{err}");
        assert!(out.contains(words), "{what}: {out}");
    }
    // Without manifests nothing says that a body goes nowhere.
    let (rules, request) = (world.path("rules"), world.path("request"));
    world.write("request", sized(attack, ""));
    let (code, out, _) = command(
        &["waf", "test"],
        &["--waf-rules", &rules, "--request", &request],
    );
    assert!(code == 1 && out.contains("would block\n"), "{out}");
}

#[test]
fn several_requests_of_a_connection_or_an_archive_are_judged_one_by_one() {
    let world = World::new();
    let lines = format!(
        "GET {ATTACK} HTTP/1.1\nHost: shop.example\n\nGET / HTTP/1.1\nHost: shop.example\n\n"
    );
    let (code, out, err) = world.run("test", lines.as_bytes(), &["-o", "json"]);
    let both: Value = serde_json::from_str(&out).unwrap();
    let verdicts = |both: &Value| -> Vec<String> {
        let requests = both["requests"].as_array().unwrap().iter();
        requests
            .map(|it| it["verdict"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        (code, verdicts(&both)),
        (1, vec!["blocked".into(), "passed".into()])
    );
    assert!(err.contains("line feed"), "{err}");
    let har = format!(
        "{{\"log\": {{\"entries\": [{{\"request\": {{\"method\": \"GET\", \"url\": \
         \"https://shop.example{ATTACK}\", \"headers\": []}}}}]}}}}"
    );
    let (code, out, _) = world.run("test", har.as_bytes(), &["-o", "json"]);
    let one: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, verdicts(&one)), (1, vec!["blocked".into()]));
    let request = &one["requests"][0];
    assert_eq!(request["status"], 403);
    assert_eq!(request["scores"]["inbound"], 5);
    assert_eq!(request["rules"][0]["id"], 110);
    assert_eq!(request["thresholds"][0]["limit"], 5);
    assert_eq!(request["route"], "Ingress shop/shop shop.example/");
}

#[test]
fn an_explanation_shows_the_way_from_the_request_to_the_refusal() {
    let world = World::new();
    let request = b"GET /?q=UNION%2520%20select&password=x%00 HTTP/1.1\r\nHost: shop.example\r\n\
                    User-Agent: scanner\r\nCookie: a=b\r\n\r\n";
    let (code, out, err) = world.run("explain", request, &[]);
    assert_eq!(code, 1, "{out}{err}");
    for words in [
        "request    GET shop.example /?q=UNION%2520%20select&password=***\n",
        "rule 110: SQL\n",
        "rules/a.conf:4, phase 2, critical\n",
        "    t:urlDecodeUni      UNION  select\n",
        "    @rx                 UNION  select\n                        ^^^^^^^^^^^^^\n",
        "    branch              (?i)union\\\\s+select\n",
        "  120       blocking_inbound_anomaly_score           0 + 2 = 2\n",
        "  110       blocking_inbound_anomaly_score           2 + 5 = 7\n",
        "  149       phase 2: blocking_inbound_anomaly_score 7 @ge inbound_anomaly_score_threshold 5: \
         holds: refused\n",
    ] {
        assert!(out.contains(words), "{words:?} is not in\n{out}");
    }
    let (_, out, _) = world.run("explain", request, &["--unmasked", "-o", "json"]);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert!(
        json["requests"][0]["target"]
            .as_str()
            .unwrap()
            .contains("password=x%00")
    );
    let found = &json["requests"][0]["explanation"]["rules"][1]["links"][0]["matches"][0];
    assert_eq!(found["matched"]["text"], "UNION  select");
}

#[test]
fn what_does_not_load_is_not_judged_as_if_it_did() {
    let world = World::new();
    let request = get("shop.example", "/");
    world.write("rules/a.conf", "SecRule ARGS \"@nothing\" id:1\n");
    let (code, out, err) = world.run("test", &request, &[]);
    assert_eq!(code, 2, "{out}");
    assert!(
        out.contains("not those that are written") && err.contains("nothing"),
        "{out}{err}"
    );
    let (rules, missing) = (world.path("rules"), world.path("missing"));
    for arguments in [
        &["test", "--waf-rules", &missing, "--request", &rules][..],
        &["test", "--waf-rules", &rules],
        &["test", "--request", &rules],
        &["test", "--waf-rules", &rules, "--request", &missing],
        &["explain", "-f", &missing, "--request", &missing],
        &["rules", "--waf-rules", &missing],
    ] {
        let (code, _, err) = command(&["waf"], arguments);
        assert!(code == 2 && !err.is_empty(), "{arguments:?}: {code} {err}");
    }
    let (code, out, err) = command(&["waf"], &["rules"]);
    assert!(code == 0 && out.contains("270-php.conf"), "{code} {err}");
}

#[test]
fn rules_are_listed_with_what_has_become_of_them() {
    let world = World::new();
    let (rules, shop) = (world.path("rules"), world.path("shop.yaml"));
    let more = "SecRule ARGS a \"id:160,phase:2,deny\"\nSecRuleRemoveById 160\n\
                SecRule REMOTE_ADDR \"@rbl list.example\" \"id:170,phase:1,deny\"\n";
    world.write("rules/b.conf", more);
    let arguments = ["-f", &shop, "--waf-rules", &rules];
    let (code, out, err) = command(&["waf", "rules"], &arguments);
    assert_eq!(code, 0, "{out}{err}");
    for words in [
        "firewall default\n",
        "  before Ingress shop/shop shop.example/\n",
        "  before hosts that no rule is for\n",
        "firewall shop/search\n",
        "rules/a.conf\n",
        "  110       line 4     phase 2     SQL\n",
        "b.conf:1: removed by ",
        "b.conf:3: not loaded, for its operator `@rbl`: rules use no network",
        "rules/a.conf:4: its targets are changed by WafPolicy shop/search spec.exclusions.0:1\n",
        "b.conf:3: rule 170 is not loaded, for its operator `@rbl`: ",
    ] {
        assert!(out.contains(words), "{words:?} is not in\n{out}");
    }
    let one = [
        &arguments[..],
        &["--host", "shop.example", "--path", "/search", "-o", "json"],
    ]
    .concat();
    let (code, out, _) = command(&["waf", "rules"], &one);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, json["firewalls"].as_array().unwrap().len()), (0, 1));
    assert_eq!(json["firewalls"][0]["firewall"], "shop/search");
    let (_, out, _) = command(&["waf", "rules"], &["-f", &shop, "--host", "blog.example"]);
    assert!(out.contains("there is no firewall"), "{out}");
}

#[test]
fn the_core_rule_set_of_debian_loads_but_for_the_rule_that_asks_the_network() {
    // Where the package is installed, or has been unpacked.
    let unpacked = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/target/conformance/debian/usr/share/modsecurity-crs"
    );
    let folders = ["/usr/share/modsecurity-crs", unpacked];
    let Some(folder) = folders
        .into_iter()
        .find(|it| Path::new(it).join("rules").is_dir())
    else {
        return;
    };
    let (code, out, err) = command(&["waf", "rules"], &["--waf-rules", folder, "-o", "json"]);
    assert_eq!(code, 0, "{err}");
    let json: Value = serde_json::from_str(&out).unwrap();
    let firewall = &json["firewalls"][0];
    assert_eq!(firewall["rules_as_written"], true);
    assert!(firewall["rules"].as_array().unwrap().len() > 400, "{err}");
    let amended: Vec<_> = firewall["amended"].as_array().unwrap().iter().collect();
    assert_eq!(amended.len(), 1, "{amended:?}");
    assert_eq!(amended[0]["id"], 910_140);
    let notes = json["notes"].as_array().unwrap().iter();
    let mut notes = notes.map(|note| note["message"].as_str().unwrap());
    assert!(
        notes.any(|note| note.starts_with("rule 910140 is not loaded")),
        "{out}"
    );
    let world = World::new();
    world.write("request", get("a.example", "/?id=1%27%20or%20%271%27=%271"));
    let request = world.path("request");
    let arguments = [
        "--waf-rules",
        folder,
        "--waf-mode",
        "block",
        "--request",
        &request,
    ];
    let (code, out, err) = command(&["waf", "explain"], &arguments);
    assert_eq!(code, 1, "{out}{err}");
    assert!(
        out.contains("rule 942100") && out.contains("fingerprint         s&sos"),
        "{out}"
    );
}
