//! What is refused, with which status, and that nothing of it is forwarded.

use portcullis::{
    config::{Action, DenyReason},
    policy::{BodyLimit, HttpsRedirect, RoutePolicy},
};

use crate::support::{Plan, TestProxy, Upstream, read_request};

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or(answer)
}

#[test]
fn a_request_that_is_ambiguous_is_refused_and_never_forwarded() {
    let upstream = Upstream::mirror();
    let proxy = TestProxy::start(Plan::to(&upstream));
    for (request, expected) in [
        ("GET / HTTP/1.1\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400"),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
            "400",
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx",
            "400",
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "400",
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
            "400",
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            "400",
        ),
        (
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "400",
        ),
        ("GET / HTTP/1.1\nHost: a\n\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\n folded: 1\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", "400"),
        ("GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        ("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400"),
        ("GET / HTTP/3.0\r\nHost: a\r\n\r\n", "505"),
        ("GET / HTTP/0.9\r\nHost: a\r\n\r\n", "400"),
        ("CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        ("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", "405"),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: cake\r\nContent-Length: 1\r\n\r\nx",
            "417",
        ),
    ] {
        let answer = proxy.ask(request);
        assert_eq!(status(&answer), expected, "{request:?}");
        assert!(answer.contains("request id: "), "{answer}");
    }
    // A client of HTTP/0.9 knows no head.
    for request in ["GET /\r\n", "GET / \r\n"] {
        let answer = proxy.ask(request);
        assert!(
            answer.starts_with("400 Bad Request\nrequest id: "),
            "{answer}"
        );
    }
    let long = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(9000));
    assert_eq!(status(&proxy.ask(long)), "414");
    let large = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
        "a".repeat(40_000)
    );
    assert_eq!(status(&proxy.ask(large)), "431");
    let many = format!(
        "GET / HTTP/1.1\r\nHost: a\r\n{}\r\n",
        "X: 1\r\n".repeat(101)
    );
    assert_eq!(status(&proxy.ask(many)), "431");
    assert_eq!(upstream.connections(), 0);
}

#[test]
fn a_body_that_breaks_on_its_way_aborts_the_upstream_without_a_last_chunk() {
    let (seen, saw) = std::sync::mpsc::channel();
    let upstream = Upstream::scripted(move |mut connection, _| {
        seen.send(connection.rest()).unwrap();
    });
    let proxy = TestProxy::start(Plan::to(&upstream));
    let mut client = proxy.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    // The upstream has to have the beginning before the fault comes.
    client.stream.set_nodelay(true).unwrap();
    while upstream.connections() == 0 {
        std::thread::yield_now();
    }
    client.send("zz\r\n");
    assert_eq!(status(&client.rest()), "400");
    let forwarded = saw.recv().unwrap();
    assert!(forwarded.ends_with("3\r\nabc\r\n"), "{forwarded}");
}

#[test]
fn a_body_longer_than_the_rule_allows_is_refused() {
    let upstream = Upstream::mirror();
    let policy = RoutePolicy {
        body_limit: BodyLimit::Bytes(4),
        ..RoutePolicy::default()
    };
    let proxy = TestProxy::start(Plan::with(policy, &[upstream.address]).config());
    for request in [
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
    ] {
        assert_eq!(status(&proxy.ask(request)), "413", "{request}");
    }
    let fits = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nConnection: close\r\n\r\nabcd";
    assert_eq!(status(&proxy.ask(fits)), "200");
    assert_eq!(upstream.connections(), 1);
}

#[test]
fn an_error_with_its_body_in_hand_keeps_the_connection() {
    let proxy = TestProxy::start(Plan::default().config());
    let mut client = proxy.connect();
    for _ in 0..2 {
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
        let (head, _) = client.response();
        assert_eq!(status(&head), "404");
        assert!(!head.contains("Connection: close"), "{head}");
    }
}

#[test]
fn rules_without_a_backend_say_why_by_their_status() {
    let mut plan = Plan::default();
    let denied = Action::Deny(DenyReason::UnsupportedAccessControl);
    plan.rule("denied", "/", RoutePolicy::default(), denied);
    plan.rule(
        "unavailable",
        "/",
        RoutePolicy::default(),
        Action::Unavailable,
    );
    plan.rule("nothing", "/", RoutePolicy::default(), Action::NotFound);
    plan.route("empty", "/", RoutePolicy::default(), &[]);
    plan.route(
        "refused",
        "/",
        RoutePolicy::default(),
        &["127.0.0.1:1".parse().unwrap()],
    );
    let proxy = TestProxy::start(plan.config());
    for (host, expected) in [
        ("denied", "403"),
        ("unavailable", "503"),
        ("nothing", "404"),
        ("empty", "503"),
        ("refused", "502"),
        ("unknown", "404"),
    ] {
        let answer = proxy.ask(format!(
            "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        ));
        assert_eq!(status(&answer), expected, "{host}");
    }
}

#[test]
fn a_plain_request_is_sent_to_https_where_the_rule_says_so() {
    let mut plan = Plan::default();
    let policy = RoutePolicy {
        https_redirect: Some(HttpsRedirect::default()),
        ..RoutePolicy::default()
    };
    plan.route("secure.example", "/", policy, &[]);
    let proxy = TestProxy::start(plan.config());
    let answer = proxy
        .ask("GET /a/b?c=d HTTP/1.1\r\nHost: secure.example:8080\r\nConnection: close\r\n\r\n");
    assert_eq!(status(&answer), "308");
    assert!(
        answer.contains("\r\nLocation: https://secure.example/a/b?c=d\r\n"),
        "{answer}"
    );
}

#[test]
fn a_request_that_names_no_host_is_not_sent_to_https_but_refused() {
    let policy = RoutePolicy {
        https_redirect: Some(HttpsRedirect::default()),
        ..RoutePolicy::default()
    };
    let proxy = TestProxy::start(Plan::with(policy, &[]).config());
    assert_eq!(status(&proxy.ask("GET / HTTP/1.0\r\n\r\n")), "400");
}

#[test]
fn an_answer_of_the_upstream_that_is_malformed_becomes_502() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        "nonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n",
    ] {
        let upstream = Upstream::answering(answer);
        let proxy = TestProxy::start(Plan::to(&upstream));
        let got = proxy.ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        assert_eq!(status(&got), "502", "{answer:?}");
    }
}

#[test]
fn an_answer_that_breaks_off_never_looks_complete() {
    for (answer, forbidden) in [
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
            "0\r\n\r\n",
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "abcabc"),
    ] {
        let upstream = Upstream::scripted(move |mut connection, _| {
            read_request(&mut connection);
            connection.send(answer);
        });
        let proxy = TestProxy::start(Plan::to(&upstream));
        let got = proxy.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert!(
            got.starts_with("HTTP/1.1 200") && got.contains("abc"),
            "{got}"
        );
        assert!(!got.ends_with(forbidden), "{got}");
    }
}
