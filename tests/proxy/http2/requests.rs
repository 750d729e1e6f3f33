//! What a request over HTTP/2 becomes, and what is refused.

use std::time::Duration;

use http::Request;
use portcullis::policy::{BodyLimit, HttpsRedirect, RoutePolicy};

use super::{
    client::{Client, post, run, uri},
    frames::{
        self, END_HEADERS, END_STREAM, GET, HEADERS, POST, PROTOCOL_ERROR, RST_STREAM, connect,
        field, find, frame,
    },
};
use crate::support::{Plan, TestProxy, Upstream};

#[test]
fn a_request_reaches_an_http1_upstream_as_a_request_over_http1_would() {
    let upstream = Upstream::mirror();
    let proxy = TestProxy::start(Plan::to(&upstream));
    let answer = run(async {
        let request = Request::get(uri("/a/%7Eb?q=1"))
            .header("x-one", "1")
            .header("cookie", "a=1")
            .header("accept", "*/*")
            .header("cookie", "b=2")
            .header("te", "trailers")
            .header("x-forwarded-for", "6.6.6.6")
            .body(())
            .unwrap();
        let client = Client::to(proxy.address).await;
        client.ask(request, &[]).await.unwrap()
    });
    assert_eq!(answer.status(), 200);
    let seen = answer.body.replace("\r\n", "\n");
    let (head, _) = seen.split_once("\nX-Request-ID: ").unwrap();
    assert_eq!(
        head,
        "GET /a/~b?q=1 HTTP/1.1\nHost: a.example\nx-one: 1\naccept: */*\ncookie: a=1; b=2"
    );
    assert!(seen.contains("\nX-Forwarded-For: 127.0.0.1\n"), "{seen}");
    assert!(!answer.field("date").is_empty());
    let log = proxy.into_log();
    assert!(log.contains("\"HTTP/2.0\""), "{log}");
}

#[test]
fn bodies_go_to_an_http1_upstream_with_and_without_a_length() {
    let upstream = Upstream::mirror();
    let proxy = TestProxy::start(Plan::to(&upstream));
    run(async {
        let client = Client::to(proxy.address).await;
        let sized = Request::post(uri("/"))
            .header("content-length", "9")
            .body(())
            .unwrap();
        let answer = client.ask(sized, &["some", " body"]).await.unwrap();
        assert!(
            answer.body.ends_with("\r\n\r\nsome body"),
            "{}",
            answer.body
        );
        let answer = client.ask(post("/"), &["some", " body"]).await.unwrap();
        assert!(answer.body.contains("Transfer-Encoding: chunked\r\n"));
        assert!(answer.body.ends_with("0\r\n\r\n"), "{}", answer.body);
    });
}

#[test]
fn the_authority_is_the_host_and_must_agree_with_it() {
    let upstream = Upstream::mirror();
    let proxy = TestProxy::start(Plan::to(&upstream));
    let statuses = run(async {
        let client = Client::to(proxy.address).await;
        let mut statuses = Vec::new();
        for host in ["a.example", "A.Example", "b.example", "a.example:81", ""] {
            let request = Request::get(uri("/"))
                .header("host", host)
                .body(())
                .unwrap();
            let answer = client.ask(request, &[]).await.unwrap();
            statuses.push((host, answer.status()));
        }
        statuses
    });
    assert_eq!(
        statuses,
        [
            ("a.example", 200),
            ("A.Example", 200),
            ("b.example", 400),
            ("a.example:81", 400),
            ("", 400)
        ]
    );
    // Only `Host`, or neither.
    for (host, status) in [(Some("a.example"), b"\x88"), (None, b"\x8c")] {
        let mut client = connect(&proxy);
        let mut block = b"\x82\x86\x84".to_vec();
        if let Some(host) = host {
            block.extend(field("host", host));
        }
        client.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, &block));
        let head = find(&mut client, |frame| frame.kind == HEADERS).unwrap();
        assert!(head.payload.starts_with(status), "{host:?}: {head:?}");
    }
}

#[test]
fn what_is_refused_is_answered_as_over_http1() {
    let upstream = Upstream::mirror();
    let mut plan = Plan::default();
    let small = RoutePolicy {
        body_limit: BodyLimit::Bytes(4),
        ..RoutePolicy::default()
    };
    plan.route("a.example", "/", small, &[upstream.address]);
    let to_https = RoutePolicy {
        https_redirect: Some(HttpsRedirect::default()),
        ..RoutePolicy::default()
    };
    plan.route("a.example", "/secure", to_https, &[upstream.address]);
    let proxy = TestProxy::start(plan.config());
    run(async {
        let client = Client::to(proxy.address).await;
        let get = |path: &str| Request::get(uri(path));
        let cases = [
            (get("/a%00"), None, 400, "400 Bad Request"),
            (get("/a%zz"), None, 400, "400 Bad Request"),
            (
                Request::get("http://b.example/"),
                None,
                404,
                "404 Not Found",
            ),
            (
                get("/").header("expect", "more"),
                None,
                417,
                "417 Expectation Failed",
            ),
            (
                Request::connect("a.example:80"),
                None,
                405,
                "405 Method Not Allowed",
            ),
            (
                Request::post(uri("/")).header("content-length", "5"),
                Some("12345"),
                413,
                "413 Content Too Large",
            ),
            (
                Request::post(uri("/")),
                Some("12345"),
                413,
                "413 Content Too Large",
            ),
            (get("/secure?a"), None, 308, ""),
        ];
        for (request, body, status, text) in cases {
            let request = request.body(()).unwrap();
            let named = format!("{request:?}");
            let answer = client.ask(request, body.as_slice()).await.unwrap();
            assert_eq!(answer.status(), status, "{named}");
            assert!(answer.body.starts_with(text), "{}", answer.body);
            assert_eq!(answer.field("x-request-id").len(), 32, "{named}");
            if status == 308 {
                assert_eq!(answer.field("location"), "https://a.example/secure?a");
            }
        }
    });
    assert_eq!(proxy.into_log().lines().count(), 8);
    assert_eq!(upstream.connections(), 0);
}

#[test]
fn what_is_malformed_is_reset_and_never_forwarded() {
    let upstream = Upstream::mirror();
    let proxy = TestProxy::start(Plan::to(&upstream));
    let field_cases: &[(&str, &str)] = &[
        ("connection", "close"),
        ("keep-alive", "1"),
        ("proxy-connection", "close"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"),
        ("te", "gzip"),
        ("Upper", "1"),
        (":late", "1"),
    ];
    for (name, value) in field_cases {
        let mut client = connect(&proxy);
        let block = [GET, &field(name, value)].concat();
        client.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, &block));
        let ended = find(&mut client, |frame| {
            frame.kind == RST_STREAM || frame.kind == frames::GOAWAY
        });
        assert_eq!(
            ended.map(|frame| frame.code()),
            Some(PROTOCOL_ERROR),
            "{name}"
        );
    }
    // A body that is not as long as its length says.
    for body in ["123", "12345"] {
        let mut client = connect(&proxy);
        let block = [POST, &field("content-length", "4")].concat();
        client.send(frame(HEADERS, END_HEADERS, 1, &block));
        client.send(frame(frames::DATA, END_STREAM, 1, body.as_bytes()));
        let ended = find(&mut client, |frame| frame.kind == RST_STREAM);
        assert_eq!(
            ended.map(|frame| frame.code()),
            Some(PROTOCOL_ERROR),
            "{body}"
        );
    }
    let log = proxy.into_log();
    assert!(!log.contains("\"status\":200"), "{log}");
}

#[test]
fn a_repeated_content_length_is_refused() {
    let upstream = Upstream::mirror();
    let proxy = TestProxy::start(Plan::to(&upstream));
    let mut client = connect(&proxy);
    let length = field("content-length", "4");
    let block = [POST, &length, &length].concat();
    client.send(frame(HEADERS, END_HEADERS, 1, &block));
    client.send(frame(frames::DATA, END_STREAM, 1, b"1234"));
    let head = find(&mut client, |frame| frame.kind == HEADERS).unwrap();
    assert!(head.payload.starts_with(b"\x8c"), "{head:?}");
    assert_eq!(upstream.connections(), 0);
}

#[test]
fn interim_answers_are_passed_on() {
    let upstream = Upstream::scripted(|mut connection, _| {
        connection.until("\r\n\r\n");
        connection.send("HTTP/1.1 100 Continue\r\n\r\n");
        connection.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
        connection.until("body");
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    let proxy = TestProxy::start(Plan::to(&upstream));
    let mut client = connect(&proxy);
    let block = [
        POST,
        &field("expect", "100-continue"),
        &field("content-length", "4"),
    ]
    .concat();
    client.send(frame(HEADERS, END_HEADERS, 1, &block));
    let interim = find(&mut client, |frame| frame.kind == HEADERS).unwrap();
    // `:status`, by name and as text.
    assert!(interim.payload.starts_with(b"\x48"), "{interim:?}");
    client.send(frame(frames::DATA, END_STREAM, 1, b"body"));
    let hints = find(&mut client, |frame| frame.kind == HEADERS).unwrap();
    assert!(!hints.payload.starts_with(b"\x88"), "{hints:?}");
    let last = find(&mut client, |frame| frame.kind == HEADERS).unwrap();
    assert!(last.payload.starts_with(b"\x88"), "{last:?}");
}

#[test]
fn answers_without_a_body_end_with_their_head() {
    let upstream = Upstream::scripted(|mut connection, _| {
        for answer in [
            "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n",
            "HTTP/1.1 204 No Content\r\n\r\n",
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        ] {
            connection.until("\r\n\r\n");
            connection.send(answer);
        }
    });
    let proxy = TestProxy::start(Plan::to(&upstream));
    run(async {
        let client = Client::to(proxy.address).await;
        let requests = [
            Request::head(uri("/")),
            Request::get(uri("/")),
            Request::get(uri("/")),
            Request::get(uri("/")),
        ];
        for (request, status) in requests.into_iter().zip([200, 204, 304, 200]) {
            let mut sender = client.sender.clone().ready().await.unwrap();
            let (answer, _) = sender
                .send_request(request.body(()).unwrap(), true)
                .unwrap();
            let answer = answer.await.unwrap();
            assert_eq!(answer.status(), status);
            assert!(answer.body().is_end_stream(), "{status}");
        }
    });
    assert_eq!(
        upstream.connections(),
        1,
        "each leaves the connection as it should be"
    );
}

#[test]
fn every_framing_of_an_http1_answer_suits_the_client() {
    let upstream = Upstream::scripted(|mut connection, number| {
        connection.until("\r\n\r\n");
        connection.send(match number {
            0 => "HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\nthe body",
            1 => {
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close, x-hop\r\n\
                 X-Hop: 1\r\n\r\n4\r\nthe \r\n4\r\nbody\r\n0\r\nx-end: yes\r\n\r\n"
            }
            _ => "HTTP/1.0 200 OK\r\n\r\nthe body",
        });
    });
    let proxy = TestProxy::start(Plan::to(&upstream));
    run(async {
        let client = Client::to(proxy.address).await;
        for number in 0..3 {
            let answer = client.get("/").await;
            assert_eq!(answer.body, "the body", "{number}");
            assert_eq!(answer.field("x-hop"), "");
            assert_eq!(answer.field("connection"), "");
            assert_eq!(answer.field("transfer-encoding"), "");
            assert_eq!(answer.trailers.is_some(), number == 1);
        }
    });
}

#[test]
fn the_preface_may_come_in_pieces() {
    let proxy = TestProxy::start(Plan::to(&Upstream::mirror()));
    let mut client = proxy.connect();
    for piece in ["P", "RI * HTTP/2.0\r\n\r", "\nSM\r\n\r\n"] {
        client.send(piece);
        std::thread::sleep(Duration::from_millis(20));
    }
    client.send(frame(frames::SETTINGS, 0, 0, b""));
    client.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, GET));
    let head = find(&mut client, |frame| frame.kind == HEADERS).unwrap();
    assert!(head.payload.starts_with(b"\x88"), "{head:?}");
}

#[test]
fn what_only_begins_like_the_preface_is_http1() {
    let mut plan = Plan::with(RoutePolicy::default(), &[Upstream::mirror().address]);
    plan.options.http2 = false;
    let without = TestProxy::start(plan.config());
    let with = TestProxy::start(Plan::to(&Upstream::mirror()));
    for (proxy, sent, status) in [
        (&with, "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", "HTTP/1.1 505 "),
        (
            &with,
            "PRINT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            "HTTP/1.1 200 ",
        ),
        (
            &with,
            "P / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            "HTTP/1.1 200 ",
        ),
        (
            &without,
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "HTTP/1.1 505 ",
        ),
    ] {
        let answer = proxy.ask(sent);
        assert!(answer.starts_with(status), "{sent}: {answer}");
    }
}
