//! Phases 3 and 4: nothing of an answer that rules refuse reaches the client.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use portcullis::config::{Firewall, FirewallMode};

use super::rules::{RULES, blocking, detecting, events, firewall, ids, metric, start, status};
use crate::support::{Upstream, read_request};

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAccept-Encoding: br\r\n\r\n";

fn sized(kind: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}")
}

fn chunked(kind: &str, pieces: &[&str]) -> String {
    let pieces: String = pieces
        .iter()
        .map(|piece| format!("{:x}\r\n{piece}\r\n", piece.len()))
        .collect();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n\
         {pieces}0\r\nX-Trailer: t\r\n\r\n"
    )
}

fn answering(answer: String) -> Upstream {
    Upstream::scripted(move |mut connection, _| {
        while read_request(&mut connection).is_some() {
            connection.send(&answer);
        }
    })
}

#[test]
fn an_answer_that_rules_refuse_stays_behind() {
    let long = format!("{}evil-answer", "x".repeat(200_000));
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: evil-answer\r\n\r\n".to_owned(),
        sized("text/html", "an evil-answer"),
        sized("Text/HTML; charset=utf-8", &long),
        chunked("text/plain", &["an evil", "-answer"]),
        chunked("text/plain", &[&long]),
        "HTTP/1.0 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\nan evil-answer"
            .to_owned(),
    ] {
        let upstream = if answer.starts_with("HTTP/1.0") {
            let answer = answer.clone();
            Upstream::scripted(move |mut connection, _| {
                read_request(&mut connection);
                connection.send(&answer);
            })
        } else {
            answering(answer.clone())
        };
        let proxy = start(blocking(), upstream.address);
        let got = proxy.ask(GET);
        let shown = &answer[..100.min(answer.len())];
        assert_eq!(status(&got), "403", "{shown}");
        assert!(!got.contains("evil-answer"), "{shown}");
        let proxy = start(detecting(), upstream.address);
        let got = proxy.ask(GET);
        assert_eq!(status(&got), "200", "{shown}");
        assert!(got.contains("evil-answer"), "{shown}");
        assert_eq!(events(&proxy.into_log()).len(), 1, "{shown}");
    }
}

#[test]
fn an_answer_that_was_held_arrives_whole() {
    let long = "y".repeat(300_000);
    for (answer, expected) in [
        (sized("text/html", "fine"), "\r\n\r\nfine".to_owned()),
        (sized("text/html", ""), "\r\n\r\n".to_owned()),
        (sized("text/html", &long), format!("\r\n\r\n{long}")),
        (
            chunked("text/plain", &["fi", "ne"]),
            "\r\n\r\n4\r\nfine\r\n0\r\nX-Trailer: t\r\n\r\n".to_owned(),
        ),
        (sized("image/png", "fine"), "\r\n\r\nfine".to_owned()),
    ] {
        let upstream = answering(answer);
        let proxy = start(blocking(), upstream.address);
        let got = proxy.ask(GET);
        assert_eq!(status(&got), "200");
        assert!(got.ends_with(&expected), "{}", &got[..got.len().min(500)]);
    }
}

#[test]
fn what_streams_or_is_not_listed_is_not_held() {
    for kind in ["text/event-stream", "application/octet-stream"] {
        let upstream = Upstream::scripted(move |mut connection, _| {
            read_request(&mut connection);
            connection.send(format!(
                "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n\
                 3\r\nabc\r\n"
            ));
            // The rest follows when the client has seen the beginning.
            read_request(&mut connection);
        });
        let proxy = start(blocking(), upstream.address);
        let mut client = proxy.connect();
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        client.until("3\r\nabc\r\n");
    }
}

#[test]
fn an_answer_past_the_limit_is_inspected_up_to_there_or_refused() {
    let body = format!("{}evil-answer", "x".repeat(100_000));
    let limit = "SecResponseBodyLimit 1000";
    let partial = format!("{RULES}\n{limit}\nSecResponseBodyLimitAction ProcessPartial");
    let reject = format!("{RULES}\n{limit}\nSecResponseBodyLimitAction Reject");
    for (mode, rules, expected) in [
        (FirewallMode::Block, &partial, "200"),
        (FirewallMode::Block, &reject, "500"),
        (FirewallMode::Detect, &reject, "200"),
    ] {
        for answer in [sized("text/html", &body), chunked("text/html", &[&body])] {
            let upstream = answering(answer);
            let proxy = start(firewall(mode, rules), upstream.address);
            let got = proxy.ask(GET);
            assert_eq!(status(&got), expected, "{mode:?}");
            assert_eq!(got.contains("evil-answer"), expected == "200", "{mode:?}");
            let passed = r#"portcullis_firewall_uninspected_total{reason="past_limit"}"#;
            let counted = u64::from(expected == "200");
            assert_eq!(metric(&proxy, passed), counted, "{mode:?}");
        }
    }
}

#[test]
fn the_policy_says_whether_answers_are_inspected() {
    let off = RULES.replace("SecResponseBodyAccess On", "SecResponseBodyAccess Off");
    for (rules, asked, expected) in [
        (RULES, None, "403"),
        (RULES, Some(false), "200"),
        (&off, None, "200"),
        (&off, Some(true), "403"),
    ] {
        let upstream = answering(sized("text/html", "an evil-answer"));
        let firewall = Firewall {
            inspect_responses: asked,
            ..firewall(FirewallMode::Block, rules)
        };
        let proxy = start(firewall, upstream.address);
        assert_eq!(status(&proxy.ask(GET)), expected, "{asked:?}");
    }
}

#[test]
fn the_upstream_is_asked_for_an_answer_that_can_be_read() {
    let upstream = Upstream::mirror();
    let off = RULES.replace("SecResponseBodyAccess On", "SecResponseBodyAccess Off");
    for (rules, is_asked) in [(RULES, false), (&off, true)] {
        let proxy = start(firewall(FirewallMode::Block, rules), upstream.address);
        let answer = proxy.ask(GET);
        assert_eq!(answer.contains("Accept-Encoding: br"), is_asked, "{answer}");
    }
    // One that is encoded all the same is decoded to be looked at.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(b"an evil-answer").unwrap();
    let encoded = encoder.finish().unwrap();
    let upstream = Upstream::scripted(move |mut connection, _| {
        read_request(&mut connection);
        let length = encoded.len();
        connection.send(format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\
             Content-Length: {length}\r\n\r\n"
        ));
        connection.send(&encoded);
    });
    let proxy = start(blocking(), upstream.address);
    assert_eq!(status(&proxy.ask(GET)), "403");
}

#[test]
fn a_refused_answer_is_told_in_the_log() {
    let upstream = answering(sized("text/html", "an evil-answer"));
    let proxy = start(blocking(), upstream.address);
    proxy.ask(GET);
    let log = proxy.into_log();
    let events = events(&log);
    assert_eq!(events.len(), 1, "{log}");
    assert_eq!(ids(&events[0]), [4]);
    assert_eq!(events[0]["action"], "blocked");
}
