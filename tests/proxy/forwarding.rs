//! What reaches the upstream and what comes back.

use portcullis::{config::Action, message::Slashes, policy::RoutePolicy};

use crate::support::{Plan, TestProxy, Upstream, read_request};

#[test]
fn a_request_reaches_the_upstream_and_its_answer_comes_back() {
    let upstream = Upstream::mirror();
    let proxy = TestProxy::start(Plan::to(&upstream));
    let mut client = proxy.connect();
    client.send("GET /a?b=c HTTP/1.1\r\nHost: example.com\r\nUser-Agent: test\r\n\r\n");
    let (head, body) = client.response();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(
        body.starts_with("GET /a?b=c HTTP/1.1\r\nHost: example.com\r\nUser-Agent: test\r\n"),
        "{body}"
    );
    assert!(body.contains("X-Forwarded-For: 127.0.0.1\r\n"), "{body}");
}

#[test]
fn connections_are_kept_on_both_sides() {
    let upstream = Upstream::mirror();
    let proxy = TestProxy::start(Plan::to(&upstream));
    let mut client = proxy.connect();
    for _ in 0..5 {
        client.send("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n");
        client.response();
    }
    assert_eq!(upstream.connections(), 1);
}

#[test]
fn pipelined_requests_are_answered_in_turn() {
    let upstream = Upstream::mirror();
    let proxy = TestProxy::start(Plan::to(&upstream));
    let mut client = proxy.connect();
    client.send(
        "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\
         POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ndef\r\n0\r\n\r\n\
         GET /4 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    );
    for (start, end) in [
        ("GET /1", ""),
        ("POST /2", "abc"),
        ("POST /3", "3\r\ndef\r\n0\r\n\r\n"),
        ("GET /4", ""),
    ] {
        let (_, body) = client.response();
        assert!(body.starts_with(start) && body.ends_with(end), "{body}");
    }
    assert!(client.is_closed());
}

#[test]
fn a_body_larger_than_any_buffer_streams_both_ways() {
    let upstream = Upstream::scripted(|mut connection, _| {
        let (_, body) = read_request(&mut connection).unwrap();
        connection.send(format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ));
    });
    let proxy = TestProxy::start(Plan::to(&upstream));
    let body: String = (0..100_000).map(|n| format!("{n:05},")).collect();
    let mut client = proxy.connect();
    let sent = format!(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    client.send(sent);
    let (_, back) = client.response();
    assert_eq!(back, body);
}

#[test]
fn slashes_are_merged_unless_they_are_to_be_kept() {
    let upstream = Upstream::mirror();
    for (slashes, expected) in [
        (Slashes::Merge, "HTTP/1.1 404 "),
        (Slashes::Keep, "GET //a//b/?// HTTP/1.1\r\n"),
    ] {
        let mut plan = Plan::default();
        plan.options.slashes = slashes;
        plan.rule("", "/a", RoutePolicy::default(), Action::NotFound);
        plan.route("", "/", RoutePolicy::default(), &[upstream.address]);
        let proxy = TestProxy::start(plan.config());
        let answer = proxy.ask("GET //a//b/./?// HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        assert!(answer.contains(expected), "{answer}");
    }
}
