//! Phase 2: bodies are held until they were inspected, whatever frames and encodes them.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};

use super::rules::{FORM, RULES, blocking, detecting, firewall, post, post_chunked, start, status};
use crate::support::{Upstream, read_request};
use portcullis::config::FirewallMode;

const JSON: &str = "Content-Type: application/json\r\n";

#[test]
fn a_body_that_rules_refuse_is_never_forwarded() {
    let upstream = Upstream::mirror();
    let proxy = start(blocking(), upstream.address);
    let long = format!("a={}&b=evil-body", "x".repeat(200_000));
    let deep = format!(r#"{{"a":["{}","evil-body"]}}"#, "x".repeat(20_000));
    for request in [
        post(FORM, "a=1&b=evil-body"),
        post(FORM, "a=1&b=evil%2dbody"),
        post(FORM, &long),
        post(JSON, r#"{"a":{"b":"evil\u002dbody"}}"#),
        post(JSON, &deep),
        post_chunked(FORM, &["a=1&b=ev", "il-bo", "dy"], ""),
        post_chunked(FORM, &["a=1"], "X-Trailer: evil-body\r\n"),
        // Rules of phase 1 have seen nothing of it, those of phase 2 see the head as well.
        post("X: evil-body\r\n", "good"),
    ] {
        let answer = proxy.ask(&request);
        assert_eq!(
            status(&answer),
            "403",
            "{}",
            &request[..200.min(request.len())]
        );
    }
    assert_eq!(upstream.connections(), 0);
}

#[test]
fn a_body_that_passes_arrives_as_it_was_sent() {
    let upstream = Upstream::mirror();
    let proxy = start(blocking(), upstream.address);
    for length in [1, 4_000, 20_000, 300_000] {
        let body = format!("a={}", "x".repeat(length));
        let answer = proxy.ask(post(FORM, &body));
        assert_eq!(status(&answer), "200");
        assert!(
            answer.contains(&format!("Content-Length: {}\r\n", body.len())),
            "as it was sized"
        );
        assert!(answer.ends_with(&body), "{length}");
    }
    let answer = proxy.ask(post_chunked(FORM, &["a=1", "&b=2"], "X-Trailer: t\r\n"));
    assert!(
        answer.contains("Transfer-Encoding: chunked\r\n"),
        "{answer}"
    );
    assert!(
        answer.ends_with("7\r\na=1&b=2\r\n0\r\nX-Trailer: t\r\n\r\n"),
        "{answer}"
    );
    let answer = proxy.ask(post_chunked(FORM, &[], ""));
    assert!(answer.ends_with("\r\n\r\n0\r\n\r\n"), "{answer}");
}

#[test]
fn nothing_is_connected_to_before_the_body_has_come_whole() {
    let upstream = Upstream::mirror();
    let proxy = start(blocking(), upstream.address);
    let mut client = proxy.connect();
    client.send(format!(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n{FORM}\r\na=0123456"
    ));
    // Another exchange on the same worker shows that the first was served as far as it can be.
    let other = proxy.ask("GET /?a=evil-head HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_eq!(status(&other), "403");
    assert_eq!(upstream.connections(), 0);
    client.send("78901234567");
    let (head, body) = client.response();
    assert_eq!(status(&head), "200");
    assert!(body.ends_with("a=012345678901234567"), "{body}");
}

#[test]
fn a_client_that_waits_is_told_to_go_on_and_the_upstream_is_not_asked() {
    let upstream = Upstream::mirror();
    let proxy = start(blocking(), upstream.address);
    let mut client = proxy.connect();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n{FORM}\r\n"
    );
    client.send(&head);
    assert_eq!(status(&client.until("\r\n\r\n")), "100");
    assert_eq!(upstream.connections(), 0);
    client.send("a=1");
    let (answer, body) = client.response();
    assert_eq!(status(&answer), "200");
    assert!(!body.to_ascii_lowercase().contains("expect"), "{body}");
    assert!(body.ends_with("\r\n\r\na=1"), "{body}");
    // One that is refused for its head is not asked for its body.
    client.send(head.replace("POST /", "POST /?a=evil-head"));
    assert_eq!(status(&client.rest()), "403");
}

#[test]
fn requests_on_one_connection_have_nothing_of_each_other() {
    let upstream = Upstream::mirror();
    // Whatever stays of a request would count.
    let rules = format!(
        "{RULES}\n\
         SecRule &ARGS \"@gt 1\" \"id:30,phase:2,deny,log\"\n\
         SecRule REQUEST_HEADERS:X-Set \"@rx .\" \"id:31,phase:1,pass,nolog,setvar:tx.kept=1\"\n\
         SecRule TX:kept \"@rx .\" \"id:32,phase:2,deny,status:410,log\""
    );
    let proxy = start(firewall(FirewallMode::Block, &rules), upstream.address);
    let mut client = proxy.connect();
    let ask = |client: &mut crate::support::Client, field: &str, body: &str| {
        let length = body.len();
        client.send(format!(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n{FORM}{field}\r\n{body}"
        ));
        let (head, body) = client.response();
        (status(&head).to_owned(), body)
    };
    for _ in 0..3 {
        assert_eq!(ask(&mut client, "", "a=1").0, "200");
        assert_eq!(ask(&mut client, "X-Set: 1\r\n", "b=2").0, "410");
        assert_eq!(ask(&mut client, "", "c=evil-body").0, "403");
        let (status, body) = ask(&mut client, "", "d=4");
        assert_eq!(status, "200");
        assert!(body.ends_with("\r\n\r\nd=4"), "{body}");
    }
    // Pipelined ones as well.
    client.send(format!("{0}{0}", "GET /?x=1 HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_eq!(status(&client.response().0), "200");
    assert_eq!(status(&client.response().0), "200");
    let first = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n{FORM}\r\na=1");
    client.send(format!(
        "{first}GET /?a=evil-head HTTP/1.1\r\nHost: a\r\n\r\n"
    ));
    assert_eq!(status(&client.response().0), "200");
    assert_eq!(status(&client.response().0), "403");
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn post_bytes(fields: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST /p HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n{fields}\r\n"
    );
    [head.as_bytes(), body].concat()
}

#[test]
fn an_encoded_body_is_decoded_for_the_rules_and_where_they_are_obeyed_for_the_upstream_too() {
    let (seen, saw) = std::sync::mpsc::channel();
    let upstream = Upstream::scripted(move |mut connection, _| {
        let (head, body) = read_request_bytes(&mut connection);
        seen.send((head.contains("Content-Encoding"), body))
            .unwrap();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    });
    let fields = format!("{FORM}Content-Encoding: gzip\r\n");
    let good = gzip("a=1&b=good");
    // What is read otherwise by who heeds no coding: a comment in the header of gzip.
    let mut commented = good.clone();
    commented[3] |= 1 << 4;
    commented.splice(10..10, *b"&a=evil-body&\0");
    for (mode, sent, forwarded) in [
        (FirewallMode::Detect, &good, (true, good.clone())),
        (FirewallMode::Block, &good, (false, b"a=1&b=good".to_vec())),
        (
            FirewallMode::Block,
            &commented,
            (false, b"a=1&b=good".to_vec()),
        ),
    ] {
        for fields in [
            &fields,
            &format!("{fields}Connection: Content-Encoding\r\n"),
        ] {
            let proxy = start(firewall(mode, RULES), upstream.address);
            assert_eq!(status(&proxy.ask(post_bytes(fields, sent))), "200");
            assert_eq!(saw.recv().unwrap(), forwarded, "{mode:?} {fields}");
        }
    }
    let proxy = start(blocking(), upstream.address);
    let cut = &good[..good.len() - 5];
    let stacked = format!("{FORM}Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n");
    let unknown = format!("{FORM}Content-Encoding: rot13\r\n");
    let bomb = gzip(&"a".repeat(8 << 20));
    for (fields, body, expected) in [
        (&fields, &gzip("a=1&b=evil-body")[..], "403"),
        (&fields, cut, "400"),
        (&fields, b"a=1", "400"),
        (&stacked, &good, "400"),
        (&unknown, b"n=1", "415"),
        (&fields, &bomb, "413"),
    ] {
        let answer = proxy.ask(post_bytes(fields, body));
        assert_eq!(status(&answer), expected, "{fields}");
    }
    let proxy = start(detecting(), upstream.address);
    assert_eq!(status(&proxy.ask(post_bytes(&fields, cut))), "200");
    assert_eq!(saw.recv().unwrap(), (true, cut.to_vec()));
    let log = proxy.into_log();
    assert!(log.contains(r#""uninspected":"undecoded""#), "{log}");
}

/// The next request: its head, and its body where that has a length.
pub(super) fn read_request_bytes(connection: &mut crate::support::Client) -> (String, Vec<u8>) {
    let head = connection.until("\r\n\r\n");
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "))
        .map_or(0, |length| length.parse().unwrap());
    (head, connection.exactly_bytes(length))
}

#[test]
fn types_that_stream_pass_as_they_come() {
    let upstream = Upstream::scripted(|mut connection, _| {
        connection.until("abc\r\n");
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        let _ = read_request(&mut connection);
    });
    let mut streaming = blocking();
    streaming.streamed_types = vec!["application/x-ndjson".into()];
    for kind in ["Application/X-NDJSON; a=b", "application/x-ndjson"] {
        let proxy = start(streaming.clone(), upstream.address);
        let mut client = proxy.connect();
        client.send(format!(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n\
             3\r\nabc\r\n"
        ));
        assert_eq!(status(&client.response().0), "200", "{kind}");
        drop(client);
        let passed = r#"portcullis_firewall_uninspected_total{reason="streamed"}"#;
        assert_eq!(super::rules::metric(&proxy, passed), 1);
    }
    // A type that is not quite one of them is held, and gRPC where the upstream does not speak HTTP/2.
    let proxy = start(streaming, Upstream::mirror().address);
    for kind in [
        "application/grpc+proto",
        "application/grpcx",
        "application/grpc; a; b",
        "",
        "application/grpc\r\nContent-Type: text/plain",
    ] {
        let answer = proxy.ask(post_chunked(
            &format!("Content-Type: {kind}\r\nX: evil-body\r\n"),
            &["a"],
            "",
        ));
        assert_eq!(status(&answer), "403", "{kind}");
    }
}
