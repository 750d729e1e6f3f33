//! The audit log: which exchanges are in it, and what of them.

use std::{io::Write, net::SocketAddr};

use flate2::{Compression, write::GzEncoder};
use portcullis::{config::FirewallMode, waf::seclang::AuditFormat};
use serde_json::Value;

use super::{
    bodies::read_request_bytes,
    rules::{FORM, RULES, firewall, guarded, post, status},
};
use crate::support::{Build, Plan, Upstream};

const AUDIT: &str = r#"
SecAuditEngine RelevantOnly
SecAuditLogRelevantStatus "^(?:5|4(?!04))"
SecAuditLogParts ABCEFHIJKZ
SecRule ARGS_GET:audit "@streq on" "id:50,phase:1,pass,nolog,ctl:auditEngine=On"
SecRule ARGS_GET:audit "@streq off" "id:51,phase:1,pass,nolog,ctl:auditEngine=Off"
SecRule ARGS_GET:audit "@streq bare" "id:52,phase:1,pass,nolog,ctl:auditEngine=On,ctl:auditLogParts=-CEI"
"#;

fn answering(kind: &'static str, body: &'static str) -> Upstream {
    Upstream::scripted(move |mut connection, _| {
        read_request_bytes(&mut connection);
        let length = body.len();
        connection.send(format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}"
        ));
    })
}

/// What the audit log has after these requests to a blocking firewall, and their statuses.
fn audited(build: Build<'_>, upstream: SocketAddr, requests: &[&[u8]]) -> (String, Vec<String>) {
    let rules = format!("{RULES}{AUDIT}");
    let proxy = build.start(guarded(firewall(FirewallMode::Block, &rules), upstream));
    let statuses = requests.iter().map(|request| {
        let answer = proxy.ask(request);
        status(&answer).to_owned()
    });
    let statuses = statuses.collect();
    (proxy.into_logs().1, statuses)
}

fn json() -> Build<'static> {
    Build {
        audit: Some(AuditFormat::Json),
        ..Build::default()
    }
}

fn entries(log: &str) -> Vec<Value> {
    let entries = log.lines().map(|line| {
        let entry: Value = serde_json::from_str(line).unwrap();
        entry["transaction"].clone()
    });
    entries.collect()
}

#[test]
fn a_refused_request_is_logged_with_what_was_sent_and_what_was_found() {
    let upstream = Upstream::mirror();
    let refused = post(FORM, "a=evil-body&password=hunter2");
    let (log, _) = audited(json(), upstream.address, &[refused.as_bytes()]);
    let entries = entries(&log);
    assert_eq!(entries.len(), 1, "{log}");
    let entry = &entries[0];
    assert_eq!(entry["request"]["method"], "POST");
    assert_eq!(entry["request"]["body"], "a=evil-body&password=***");
    assert_eq!(entry["request"]["headers"]["Host"], "a");
    assert_eq!(entry["response"]["http_code"], 403);
    assert_eq!(entry["messages"][0]["details"]["ruleId"], "2");
    assert_eq!(entry["producer"]["secrules_engine"], "Enabled");
}

#[test]
fn rules_say_which_exchanges_are_logged() {
    let upstream = answering("text/plain", "good");
    let get =
        |query: &str| format!("GET /?{query} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let nobody = "127.0.0.1:1".parse().unwrap();
    for (query, to, expected, logged) in [
        ("", upstream.address, "200", false),
        ("audit=on", upstream.address, "200", true),
        ("a=evil-head", upstream.address, "403", true),
        ("late=yes&audit=off", upstream.address, "406", false),
        ("late=yes", upstream.address, "406", true),
        // By its status alone.
        ("", nobody, "502", true),
        ("audit=off", nobody, "502", false),
    ] {
        let request = get(query);
        let (log, statuses) = audited(json(), to, &[request.as_bytes()]);
        assert_eq!(statuses, [expected], "{query}");
        assert_eq!(entries(&log).len(), usize::from(logged), "{query}: {log}");
    }
}

#[test]
fn bodies_are_shown_decoded_as_far_as_they_were_held_and_wanted() {
    let upstream = answering("text/plain", "a good answer");
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(b"a=coded").unwrap();
    let gzip = gzip.finish().unwrap();
    let (length, fields) = (gzip.len(), format!("{FORM}Content-Encoding: gzip\r\n"));
    let head = format!(
        "POST /?audit=on HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n{fields}\r\n"
    );
    let coded = [head.as_bytes(), &gzip].concat();
    let plain = post(FORM, "a=plain").replace("/p", "/?audit=bare");
    let long = format!("a={}", "x".repeat(100_000));
    let long = post(FORM, &long).replace("/p", "/?audit=on");
    let requests: [&[u8]; 3] = [&coded, plain.as_bytes(), long.as_bytes()];
    let (log, statuses) = audited(json(), upstream.address, &requests);
    assert_eq!(statuses, ["200"; 3]);
    let entries = entries(&log);
    assert_eq!(entries.len(), 3, "{log}");
    assert_eq!(entries[0]["request"]["body"], "a=coded");
    assert_eq!(entries[0]["response"]["body"], "a good answer");
    assert_eq!(entries[1]["request"].get("body"), None);
    assert_eq!(entries[1]["response"].get("body"), None);
    assert_eq!(
        entries[2]["request"]["body"].as_str().unwrap().len(),
        65_536
    );
    assert_eq!(entries[2]["request"]["truncated"], true);
}

#[test]
fn without_room_for_its_body_an_entry_has_none() {
    let upstream = Upstream::mirror();
    let build = Build {
        buffered: 32 << 10,
        ..json()
    };
    let request = post(FORM, "a=1").replace("/p", "/?audit=on");
    let (log, statuses) = audited(build, upstream.address, &[request.as_bytes()]);
    assert_eq!(statuses, ["200"]);
    assert_eq!(entries(&log)[0]["request"]["body"], "", "{log}");
}

#[test]
fn a_head_that_the_codec_refuses_is_logged_as_the_default_firewall_says() {
    let rules = format!("{RULES}{AUDIT}");
    let plan = Plan::falling_under(firewall(FirewallMode::Block, &rules));
    let proxy = json().start(plan.config());
    proxy.ask("GET /?a=evil-head HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n");
    let (_, log) = proxy.into_logs();
    let entries = entries(&log);
    assert_eq!(entries.len(), 1, "{log}");
    assert_eq!(entries[0]["response"]["http_code"], 400);
    assert_eq!(entries[0]["messages"][0]["details"]["ruleId"], "1");
}

#[test]
fn entries_can_be_modsecuritys_sections() {
    let upstream = Upstream::mirror();
    let build = Build {
        audit: Some(AuditFormat::Native),
        ..Build::default()
    };
    let refused = post(FORM, "a=evil-body");
    let (log, _) = audited(build, upstream.address, &[refused.as_bytes()]);
    let (boundary, _) = log.split_once("-A--\n").unwrap();
    for letter in ["B", "C", "F", "H", "K", "Z"] {
        let mark = format!("\n{boundary}-{letter}--\n");
        assert_eq!(log.matches(&mark).count(), 1, "{letter}: {log}");
    }
    assert!(log.contains("-C--\na=evil-body\n"), "{log}");
    assert!(log.contains("HTTP/1.1 403\n"), "{log}");
    assert!(log.contains("Action: Intercepted (phase 2)\n"), "{log}");
}
