//! The listeners over real sockets.
#![allow(clippy::unwrap_used)]

use std::{net::SocketAddr, sync::Arc, time::SystemTime};

use prometheus::{Registry, core::Collector};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::Instant,
};

use super::*;
use crate::{
    admin::{
        AdminEndpoints, BuildInfo, ConfigMetrics, DroppedLines, ProcessMetrics, Published, Status,
        StatusEndpoints,
    },
    config::{Config, Location, ObjectKind, ObjectRef, Problem, Severity},
    message::HostMatch,
    snapshot::FirewallStates,
    tls::{Certificate, CertificateBinding},
};

async fn listen(endpoints: impl Endpoints) -> (SocketAddr, JoinSet<Infallible>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut task = JoinSet::new();
    task.spawn(serve(listener, Arc::new(endpoints)));
    (address, task)
}

/// Sends a request head on a connection of its own; the answer until its end.
async fn exchange(address: SocketAddr, head: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let answer = exchange(address, &head).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (
        head.split(' ').nth(1).unwrap().parse().unwrap(),
        body.to_owned(),
    )
}

fn published(generation: u64) -> Published {
    let problem = Problem {
        object: ObjectRef {
            kind: ObjectKind::Ingress,
            namespace: "default".into(),
            name: "myapp".into(),
        },
        field: "spec.rules[0]".to_owned(),
        message: "it is odd".to_owned(),
        consequence: "it is served".to_owned(),
        severity: Severity::Warning,
        cause: Default::default(),
        location: Some(Location {
            path: Arc::new("dir/a.yaml".into()),
            line: 3,
            column: 7,
            span: (10, 12),
        }),
    };
    Published {
        firewalls: FirewallStates {
            current: 2,
            missing: 1,
            ..FirewallStates::default()
        },
        generation,
        at: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
        config: Arc::new(Config::default()),
        problems: [problem].into(),
        stale: None,
    }
}

#[tokio::test]
async fn readiness_follows_the_process_and_says_why() {
    let status = Arc::new(Status::default());
    let endpoints = StatusEndpoints {
        status: Arc::clone(&status),
        metrics: Registry::new(),
    };
    let (address, _task) = listen(endpoints).await;
    assert_eq!(get(address, "/healthz").await, (200, "ok\n".to_owned()));
    let starting = "not ready: no configuration has been published yet\n";
    assert_eq!(get(address, "/readyz").await, (503, starting.to_owned()));
    status.publish(published(1));
    assert_eq!(get(address, "/readyz").await, (200, "ready\n".to_owned()));
    status.publish(Published {
        stale: Some(SystemTime::UNIX_EPOCH),
        ..published(2)
    });
    let (code, text) = get(address, "/readyz").await;
    assert_eq!(code, 200);
    assert!(
        text.contains("stale") && text.contains("01 Jan 1970"),
        "{text}"
    );
    status.start_draining();
    assert_eq!(
        get(address, "/readyz").await,
        (503, "not ready: shutting down\n".to_owned())
    );
    assert_eq!(get(address, "/healthz").await.0, 200);
    assert_eq!(
        get(address, "/config").await.0,
        404,
        "that is the other listener's"
    );
}

#[tokio::test]
async fn metrics_tell_of_configuration_build_and_process() {
    let status = Arc::new(Status::default());
    let metrics = Registry::new();
    let dropped = DroppedLines {
        access: Box::new(|| 5),
        findings: Box::new(|| 6),
        audit: Box::new(|| 7),
    };
    metrics
        .register(Box::new(ConfigMetrics::new(Arc::clone(&status), dropped)))
        .unwrap();
    metrics.register(Box::new(ProcessMetrics::new())).unwrap();
    metrics.register(Box::new(BuildInfo::new())).unwrap();
    let (address, _task) = listen(StatusEndpoints {
        status: Arc::clone(&status),
        metrics,
    })
    .await;
    let (_, before) = get(address, "/metrics").await;
    assert!(
        before.contains("portcullis_config_generation 0\n"),
        "{before}"
    );
    status.publish(published(1));
    status.publish(published(1));
    status.publish(published(2));
    status.publish_failed();
    let (code, text) = get(address, "/metrics").await;
    assert_eq!(code, 200);
    for line in [
        "portcullis_config_generation 2",
        r#"portcullis_config_reloads_total{result="success"} 2"#,
        r#"portcullis_config_reloads_total{result="failure"} 1"#,
        "portcullis_config_last_reload_successful 0",
        "portcullis_config_last_reload_success_timestamp_seconds 1700000000",
        r#"portcullis_config_problems{severity="warning"} 1"#,
        r#"portcullis_config_problems{severity="error"} 0"#,
        r#"portcullis_firewalls{rules="current"} 2"#,
        r#"portcullis_firewalls{rules="missing"} 1"#,
        "portcullis_access_log_dropped_lines_total 5",
        r#"portcullis_firewall_log_dropped_lines_total{log="findings"} 6"#,
        r#"portcullis_firewall_log_dropped_lines_total{log="audit"} 7"#,
        concat!(
            "portcullis_build_info{version=\"",
            env!("CARGO_PKG_VERSION"),
            "\"} 1"
        ),
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line} in {text}");
    }
    assert!(text.contains("\nprocess_resident_memory_bytes "), "{text}");
}

#[tokio::test]
async fn the_admin_listener_shows_configuration_and_problems() {
    let status = Arc::new(Status::default());
    let (address, _task) = listen(AdminEndpoints {
        status: Arc::clone(&status),
    })
    .await;
    assert_eq!(get(address, "/config").await.0, 503);
    assert_eq!(get(address, "/problems").await.0, 503);
    status.publish(published(4));
    let (code, config) = get(address, "/config").await;
    let config: serde_json::Value = serde_json::from_str(&config).unwrap();
    assert_eq!((code, &config["generation"]), (200, &4.into()));
    assert_eq!(config["options"]["max_fields"], 100);
    let (code, problems) = get(address, "/problems").await;
    let problems: serde_json::Value = serde_json::from_str(&problems).unwrap();
    assert_eq!(code, 200);
    assert_eq!(
        problems,
        serde_json::json!([{
            "object": { "kind": "Ingress", "namespace": "default", "name": "myapp" },
            "field": "spec.rules[0]",
            "message": "it is odd",
            "consequence": "it is served",
            "severity": "warning",
            "location": { "path": "dir/a.yaml", "line": 3, "column": 7, "start": 10, "end": 12 },
        }])
    );
}

#[tokio::test]
async fn the_configuration_is_shown_without_secrets() {
    let key = rcgen::KeyPair::generate().unwrap();
    let parameters = rcgen::CertificateParams::new(["myapp.com".to_owned()]).unwrap();
    let chain = parameters.self_signed(&key).unwrap().pem();
    let key = key.serialize_pem();
    let binding = CertificateBinding {
        hosts: vec![HostMatch::Exact("myapp.com".into())],
        certificate: Arc::new(Certificate::from_pem(chain.as_bytes(), key.as_bytes()).unwrap()),
        secret: "default/myapp-tls".into(),
    };
    let config = Config {
        certificates: vec![Arc::new(binding)],
        ..Config::default()
    };
    let status = Arc::new(Status::default());
    status.publish(Published {
        firewalls: FirewallStates::default(),
        config: Arc::new(config),
        ..published(1)
    });
    let (address, _task) = listen(AdminEndpoints { status }).await;
    let (_, text) = get(address, "/config").await;
    let shown: serde_json::Value = serde_json::from_str(&text).unwrap();
    let certificate = &shown["certificates"][0];
    assert_eq!(certificate["secret"], "default/myapp-tls");
    assert_eq!(certificate["hosts"], serde_json::json!(["myapp.com"]));
    let secret = key.lines().nth(1).unwrap();
    assert!(
        !text.contains("PRIVATE KEY") && !text.contains(secret),
        "{text}"
    );
}

#[tokio::test]
async fn only_get_and_head_are_answered_and_only_to_this_machine() {
    let endpoints = StatusEndpoints {
        status: Arc::new(Status::default()),
        metrics: Registry::new(),
    };
    let (address, _task) = listen(endpoints).await;
    let port = address.port();
    for (method, host, code) in [
        ("GET", format!("localhost:{port}"), 200),
        ("HEAD", "127.0.0.1".to_owned(), 200),
        ("GET", format!("[::1]:{port}"), 200),
        ("GET", format!("rebound.example:{port}"), 421),
        ("GET", "a b".to_owned(), 421),
        ("POST", "localhost".to_owned(), 405),
        ("DELETE", "localhost".to_owned(), 405),
    ] {
        let head = format!(
            "{method} /healthz HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        let answer = exchange(address, &head).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {code} ")),
            "{method} {host}: {answer}"
        );
        assert_eq!(
            answer.contains("\r\nallow: GET, HEAD\r\n"),
            code == 405,
            "{answer}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_says_nothing_is_closed() {
    let endpoints = StatusEndpoints {
        status: Arc::new(Status::default()),
        metrics: Registry::new(),
    };
    let (address, _task) = listen(endpoints).await;
    let start = Instant::now();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /healthz HT").await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(
        start.elapsed() <= HEAD_TIMEOUT + Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn beyond_the_bound_connections_wait_for_others_to_end() {
    let endpoints = StatusEndpoints {
        status: Arc::new(Status::default()),
        metrics: Registry::new(),
    };
    let (address, _task) = listen(endpoints).await;
    let mut idle = Vec::new();
    for _ in 0..CONNECTIONS {
        idle.push(TcpStream::connect(address).await.unwrap());
    }
    let mut late = JoinSet::new();
    late.spawn(async move { get(address, "/healthz").await });
    let answered = timeout(Duration::from_millis(300), late.join_next()).await;
    assert!(answered.is_err(), "every place is taken");
    idle.clear();
    assert_eq!(late.join_next().await.unwrap().unwrap().0, 200);
}

#[test]
fn every_metric_of_configuration_and_process_is_documented() {
    let page = include_str!("../../../docs/operations.md");
    let dropped = DroppedLines {
        access: Box::new(|| 0),
        findings: Box::new(|| 0),
        audit: Box::new(|| 0),
    };
    let collectors: [Box<dyn Collector>; 3] = [
        Box::new(ConfigMetrics::new(Arc::default(), dropped)),
        Box::new(ProcessMetrics::new()),
        Box::new(BuildInfo::new()),
    ];
    for name in collectors
        .iter()
        .flat_map(|it| it.desc())
        .map(|desc| &desc.fq_name)
    {
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
}
