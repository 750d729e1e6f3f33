//! What operators see: the access log, and metrics.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    process::Stdio,
};

use crate::{
    QUICKSTART,
    support::{Program, connect, get},
};

#[test]
fn a_log_pipe_that_stalls_drops_lines_and_counts_them_and_no_request_waits() {
    // Nobody reads the pipe: it takes 64 KiB, and the process keeps some 4 MiB.
    let arguments = ["-f", QUICKSTART, "--demo", "--access-log", "-"];
    let program = Program::start(&arguments, Stdio::piped());
    let target = "x".repeat(7_000);
    let request = format!("GET /{target} HTTP/1.1\r\nHost: myapp.com\r\n\r\n");
    let mut client = BufReader::new(connect(program.http()));
    for _ in 0..1_500 {
        client.get_mut().write_all(request.as_bytes()).unwrap();
        assert_eq!(status(&mut client), 404);
    }
    program.wait_until("lines are dropped", || {
        let metrics = get(program.status(), "127.0.0.1", "/metrics");
        let dropped = value(&metrics, "portcullis_access_log_dropped_lines_total");
        dropped.is_some_and(|dropped| dropped > 0.0)
    });
}

#[test]
fn a_signal_has_the_access_log_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let (path, moved) = (
        folder.path().join("access.log"),
        folder.path().join("access.log.1"),
    );
    let arguments = [
        "-f",
        QUICKSTART,
        "--demo",
        "--access-log",
        path.to_str().unwrap(),
    ];
    let program = Program::run(&arguments);
    let has = |path: &std::path::Path, words: &str| {
        fs::read_to_string(path).is_ok_and(|text| text.contains(words))
    };
    for (signal, target) in [("USR1", "/blog/one"), ("HUP", "/blog/two")] {
        get(program.http(), "myapp.com", target);
        program.wait_until("the line is written", || has(&path, target));
        fs::rename(&path, &moved).unwrap();
        program.signal(signal);
        program.wait_until("the file is there again", || path.exists());
        assert!(has(&moved, target));
    }
}

/// A folder of one rule, which every request matches.
fn rules() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let rule = "SecAction \"id:1,phase:1,pass,log,msg:'seen'\"\n";
    fs::write(folder.path().join("rules.conf"), rule).unwrap();
    folder
}

#[test]
fn an_audit_log_that_stalls_drops_entries_and_counts_them_and_no_request_waits() {
    let rules = rules();
    let mut arguments = vec!["-f", QUICKSTART, "--demo", "--waf-log", "off"];
    arguments.extend(["--waf-rules", rules.path().to_str().unwrap()]);
    arguments.extend(["--waf-audit-log", "-"]);
    let program = Program::start(&arguments, Stdio::piped());
    let target = "x".repeat(7_000);
    let request = format!("GET /{target} HTTP/1.1\r\nHost: myapp.com\r\n\r\n");
    let mut client = BufReader::new(connect(program.http()));
    for _ in 0..1_500 {
        client.get_mut().write_all(request.as_bytes()).unwrap();
        assert_eq!(status(&mut client), 404);
    }
    program.wait_until("entries are dropped", || {
        let metrics = get(program.status(), "127.0.0.1", "/metrics");
        let name = r#"portcullis_firewall_log_dropped_lines_total{log="audit"}"#;
        value(&metrics, name).is_some_and(|dropped| dropped > 0.0)
    });
}

#[test]
fn a_signal_has_the_firewalls_logs_opened_again() {
    let (rules, folder) = (rules(), tempfile::tempdir().unwrap());
    let [found, audit, moved] =
        ["found.log", "audit.log", "moved.log"].map(|name| folder.path().join(name));
    let mut arguments = vec!["-f", QUICKSTART, "--demo"];
    arguments.extend(["--waf-rules", rules.path().to_str().unwrap()]);
    arguments.extend(["--waf-log", found.to_str().unwrap()]);
    arguments.extend(["--waf-audit-log", audit.to_str().unwrap()]);
    let program = Program::run(&arguments);
    let has = |path: &std::path::Path, words: &str| {
        fs::read_to_string(path).is_ok_and(|text| text.contains(words))
    };
    for (path, target) in [(&found, "/blog/one"), (&audit, "/blog/two")] {
        get(program.http(), "myapp.com", target);
        program.wait_until("the line is written", || has(path, target));
        fs::rename(path, &moved).unwrap();
        program.signal("USR1");
        program.wait_until("the file is there again", || path.exists());
        assert!(has(&moved, target));
    }
}

#[test]
fn metrics_tell_of_requests_by_the_rule_that_answered() {
    let program = Program::run(&["-f", QUICKSTART, "--demo"]);
    for _ in 0..3 {
        get(program.http(), "myapp.com", "/blog");
    }
    get(program.http(), "myapp.com", "/nothing");
    let rule = r#"namespace="default",ingress="myapp",service="blogservice""#;
    let none = r#"namespace="",ingress="",service="""#;
    program.wait_until("every exchange is counted", || {
        let metrics = get(program.status(), "127.0.0.1", "/metrics");
        [
            (
                format!(r#"portcullis_requests_total{{{rule},status="200"}}"#),
                3.0,
            ),
            (
                format!(r#"portcullis_requests_total{{{none},status="404"}}"#),
                1.0,
            ),
            (
                format!(r#"portcullis_request_failures_total{{{none},outcome="no_route"}}"#),
                1.0,
            ),
            (
                format!("portcullis_upstream_latency_seconds_count{{{rule}}}"),
                3.0,
            ),
            (
                r#"portcullis_connections_accepted_total{listener="http"}"#.to_owned(),
                4.0,
            ),
            (r#"portcullis_connections{listener="http"}"#.to_owned(), 0.0),
            ("portcullis_config_generation".to_owned(), 1.0),
        ]
        .iter()
        .all(|(name, expected)| value(&metrics, name) == Some(*expected))
    });
}

/// Reads one answer with its body and gives its status.
fn status(client: &mut BufReader<impl Read>) -> u16 {
    let mut line = String::new();
    client.read_line(&mut line).unwrap();
    let status = line.split(' ').nth(1).unwrap().parse().unwrap();
    let mut length = 0;
    loop {
        line.clear();
        client.read_line(&mut line).unwrap();
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    client.read_exact(&mut vec![0; length]).unwrap();
    status
}

/// The value of a series.
fn value(metrics: &str, name: &str) -> Option<f64> {
    let rest = metrics
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    rest.trim().parse().ok()
}
