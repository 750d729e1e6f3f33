//! Interim answers, trailers, upgrades, old versions, and answers of every framing.

use std::time::{Duration, Instant};

use portcullis::{
    policy::{RoutePolicy, Timeouts},
    upstream::Protocol,
};

use crate::{
    http2::never_answering,
    support::{Client, Plan, TestProxy, Upstream, read_request},
};

#[test]
fn a_client_that_expects_100_gets_the_upstreams() {
    let upstream = Upstream::scripted(|mut connection, _| {
        let head = connection.until("\r\n\r\n");
        assert!(head.contains("Expect: 100-continue\r\n"), "{head}");
        connection.send("HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\n");
        assert_eq!(connection.exactly(3), "abc");
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    let proxy = TestProxy::start(Plan::to(&upstream));
    let mut client = proxy.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    let interim = client.until("\r\n\r\n");
    assert_eq!(interim, "HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\n");
    client.send("abc");
    assert_eq!(client.response().1, "ok");
}

#[test]
fn an_interim_answer_leaves_behind_what_connection_lists() {
    let upstream = Upstream::scripted(|mut connection, _| {
        let head = connection.until("\r\n\r\n");
        connection.send(
            "HTTP/1.1 103 Early Hints\r\nX-Hop: 1\r\nConnection: x-hop\r\nLink: </a>\r\n\r\n",
        );
        if head.contains("Upgrade: websocket\r\n") {
            connection.send(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade, x-hop\r\n\
                 Upgrade: websocket\r\nX-Hop: 1\r\n\r\n",
            );
        } else {
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let proxy = TestProxy::start(Plan::to(&upstream));
    for fields in [
        "Connection: close",
        "Connection: Upgrade\r\nUpgrade: websocket",
    ] {
        let answer = proxy.ask(format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n"));
        assert!(
            answer.starts_with("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 "),
            "{answer}"
        );
        assert!(!answer.contains("X-Hop"), "{answer}");
    }
}

#[test]
fn an_upstream_that_refuses_early_is_heard_while_the_body_is_on_its_way() {
    let upstream = Upstream::scripted(|mut connection, _| {
        connection.until("\r\n\r\n");
        connection.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
        connection.rest();
    });
    let proxy = TestProxy::start(Plan::to(&upstream));
    let mut client = proxy.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc");
    let (head, body) = client.response();
    assert!(head.starts_with("HTTP/1.1 403"), "{head}");
    assert_eq!(body, "no");
    assert!(
        client.is_closed(),
        "the rest of the body cannot be told from a next request"
    );
}

#[test]
fn every_framing_of_an_answer_suits_the_client() {
    for (answer, request, expected) in [
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
            "Connection: close\r\n\r\nabc",
        ),
        (
            "HTTP/1.0 200 OK\r\n\r\nabc",
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
            "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            "Connection: close\r\n\r\n",
        ),
        (
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            "Connection: close\r\n\r\n",
        ),
        (
            "HTTP/1.1 204 No Content\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            "Connection: close\r\n\r\n",
        ),
    ] {
        let upstream = Upstream::scripted(move |mut connection, _| {
            read_request(&mut connection);
            connection.send(answer);
        });
        let proxy = TestProxy::start(Plan::to(&upstream));
        let got = proxy.ask(request);
        assert!(got.ends_with(expected), "{answer:?} became {got:?}");
    }
}

#[test]
fn an_http_1_0_client_keeps_its_connection_if_it_asks_to() {
    let upstream = Upstream::mirror();
    let proxy = TestProxy::start(Plan::to(&upstream));
    let mut client = proxy.connect();
    for _ in 0..2 {
        client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        let (head, _) = client.response();
        assert!(head.contains("Connection: keep-alive\r\n"), "{head}");
    }
    client.send("GET / HTTP/1.0\r\n\r\n");
    client.response();
    assert!(client.is_closed());
}

#[test]
fn a_chunked_body_with_trailers_goes_through_in_pieces() {
    let upstream = Upstream::scripted(|mut connection, _| {
        connection.until("\r\n\r\n");
        let body = connection.until("X-Sum: 6\r\n\r\n");
        connection.send(format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ));
    });
    let proxy = TestProxy::start(Plan::to(&upstream));
    let mut client = proxy.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n003;x=y\r\nab");
    client.send("c\r\n3\r\ndef\r\n0\r\nX-");
    client.send("Sum: 6\r\n\r\n");
    let (_, body) = client.response();
    let data: String = body
        .lines()
        .filter(|line| !line.contains([';', ':', '0']))
        .collect();
    assert!(!body.contains(";x=y"), "extensions stay behind: {body}");
    assert!(body.ends_with("0\r\nX-Sum: 6\r\n\r\n"), "{body}");
    assert!(data.contains("ab") && data.contains("def"), "{data}");
}

fn websocket_echo() -> Upstream {
    Upstream::scripted(|mut connection, _| {
        let head = connection.until("\r\n\r\n");
        assert!(
            head.contains("Connection: Upgrade\r\nUpgrade: websocket\r\n"),
            "{head}"
        );
        connection.send(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: x\r\n\r\nhello ",
        );
        let said = connection.rest();
        connection.send(said);
    })
}

fn handshake(client: &mut Client) {
    client.send(
        "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Key: k\r\nSec-WebSocket-Version: 13\r\n\r\nworld",
    );
    let head = client.until("\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(
        head.contains("Upgrade: websocket\r\n") && head.contains("Sec-WebSocket-Accept: x\r\n")
    );
}

#[test]
fn a_websocket_is_carried_both_ways_with_half_close() {
    let upstream = websocket_echo();
    let proxy = TestProxy::start(Plan::to(&upstream));
    let mut client = proxy.connect();
    handshake(&mut client);
    client.send("!");
    client.finish_sending();
    assert_eq!(client.rest(), "hello world!");
}

#[test]
fn a_reload_cuts_no_websocket() {
    let upstream = websocket_echo();
    let proxy = TestProxy::start(Plan::to(&upstream));
    let mut client = proxy.connect();
    handshake(&mut client);
    proxy.publish(Plan::default().config());
    assert!(
        proxy
            .ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            .contains(" 404 ")
    );
    client.send("!");
    client.finish_sending();
    assert_eq!(client.rest(), "hello world!");
}

#[test]
fn h2c_is_never_tunnelled() {
    let upstream = Upstream::mirror();
    let proxy = TestProxy::start(Plan::to(&upstream));
    let answer = proxy.ask(
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\n\
         HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n",
    );
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(
        !answer.contains("h2c") && !answer.contains("Settings"),
        "{answer}"
    );
}

#[test]
fn a_handshake_with_a_body_is_no_websocket() {
    let upstream = Upstream::mirror();
    let proxy = TestProxy::start(Plan::to(&upstream));
    let answer = proxy.ask(
        "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Key: k\r\nContent-Length: 3\r\n\r\nabc",
    );
    assert!(
        answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("abc"),
        "{answer}"
    );
    assert!(!answer.contains("Upgrade: websocket"), "{answer}");
}

#[test]
fn an_upload_that_outlasts_the_read_timeout_is_not_given_up_while_it_moves() {
    let upstream = Upstream::mirror();
    let read = Duration::from_millis(400);
    let policy = RoutePolicy {
        timeouts: Timeouts {
            read,
            ..Default::default()
        },
        ..Default::default()
    };
    let proxy = TestProxy::start(Plan::with(policy, &[upstream.address]).config());
    let mut client = proxy.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n");
    for byte in b"abcdefghijkl" {
        // Real time has to pass between the bytes of a slow upload.
        std::thread::sleep(Duration::from_millis(100));
        client.send([*byte]);
    }
    let whole = Instant::now();
    let (head, body) = client.response();
    // From then on the upstream owes an answer, and a machine that is busy may keep it from that.
    if whole.elapsed() < read || head.contains(" 200 ") {
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        assert!(body.ends_with("abcdefghijkl"), "{body}");
    }
}

#[test]
fn an_exchange_that_takes_too_long_in_all_is_ended_whatever_it_waits_for() {
    let upstream = Upstream::scripted(|mut connection, _| {
        let Some((head, _)) = read_request(&mut connection) else {
            return;
        };
        if head.starts_with("GET /part ") {
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart");
        }
        connection.rest();
    });
    let policy = |limit| RoutePolicy {
        timeouts: Timeouts {
            request: Some(limit),
            ..Timeouts::default()
        },
        ..RoutePolicy::default()
    };
    let (short, long) = (Duration::from_millis(300), Duration::from_secs(5));
    let mut plan = Plan::default();
    plan.route("", "/", policy(short), &[upstream.address]);
    // In this one the upstream has to begin its answer, however busy the machine is.
    plan.route("", "/part", policy(long), &[upstream.address]);
    let silent = [never_answering()];
    plan.route_over(Protocol::Http2, "", "/two", policy(short), &silent);
    let proxy = TestProxy::start(plan.config());
    for (request, expected) in [
        ("GET /none HTTP/1.1\r\nHost: a\r\n\r\n", " 504 "),
        ("GET /two HTTP/1.1\r\nHost: a\r\n\r\n", " 504 "),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf",
            " 504 ",
        ),
        ("GET /part HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n\r\npart"),
    ] {
        let mut client = proxy.connect();
        client.send(request);
        let answer = if expected == " 504 " {
            client.response().0
        } else {
            client.rest()
        };
        assert!(answer.contains(expected), "{request}: {answer}");
    }
    let log = proxy.into_log();
    assert_eq!(log.matches("\"exchange_timeout\"").count(), 4, "{log}");
}
