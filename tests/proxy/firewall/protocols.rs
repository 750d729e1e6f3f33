//! The firewall between protocols: HTTP/2 on either side, and WebSockets.

use http::{HeaderMap, HeaderValue, Request};
use portcullis::{policy::RoutePolicy, upstream::Protocol};

use super::rules::{FORM, blocking, detecting, events, ids, metric, post_chunked, start, status};
use crate::{
    http2::{
        client::{Client, post, run, uri, whole},
        upstream,
    },
    support::{Plan, TestProxy, Upstream, read_request},
};

fn form(path: &str) -> Request<()> {
    let mut request = post(path);
    let kind = "application/x-www-form-urlencoded".parse().unwrap();
    request.headers_mut().insert("content-type", kind);
    request
}

#[test]
fn requests_over_http2_are_seen_as_they_came() {
    let upstream = Upstream::mirror();
    let proxy = start(blocking(), upstream.address);
    run(async {
        let client = Client::to(proxy.address).await;
        for (path, expected) in [("/?a=evil-head", 403), ("/?late=yes", 406), ("/", 200)] {
            let answer = client.get(path).await;
            assert_eq!(answer.status(), expected, "{path}");
            if expected != 200 {
                assert!(answer.body.contains(answer.field("x-request-id")));
            }
        }
        let cookies = Request::get(uri("/"))
            .header("cookie", "a=1")
            .header("cookie", "b=evil-head")
            .body(())
            .unwrap();
        assert_eq!(client.ask(cookies, &[]).await.unwrap().status(), 403);
        let refused = client.ask(form("/"), &["a=1&b=evil", "-body"]).await;
        assert_eq!(refused.unwrap().status(), 403);
        let long = "x".repeat(30_000);
        let passed = client.ask(form("/"), &["a=", &long]).await.unwrap();
        assert_eq!(passed.status(), 200);
        assert!(passed.body.contains("Transfer-Encoding: chunked"));
        assert!(passed.body.contains(&long));
    });
    assert_eq!(upstream.connections(), 1);
    let log = proxy.into_log();
    assert_eq!(events(&log).len(), 4, "{log}");
}

#[test]
fn a_stream_that_is_dropped_is_reset_and_others_go_on() {
    let upstream = Upstream::mirror();
    let proxy = start(blocking(), upstream.address);
    run(async {
        let client = Client::to(proxy.address).await;
        let dropped = Request::get(uri("/")).header("x-drop", "yes").body(());
        assert!(client.ask(dropped.unwrap(), &[]).await.is_err());
        assert_eq!(client.get("/").await.status(), 200);
    });
}

#[test]
fn bodies_go_to_http2_upstreams_whole_with_their_trailers() {
    let mut plan = Plan::behind(blocking());
    let to = [upstream::mirror()];
    plan.route_over(Protocol::Http2, "", "/", RoutePolicy::default(), &to);
    let proxy = TestProxy::start(plan.config());
    let answer = proxy.ask(post_chunked(FORM, &["a=1", "&b=2"], "X-Trailer: t\r\n"));
    assert_eq!(status(&answer), "200");
    assert!(answer.contains("\n\na=1&b=2\nx-trailer: t"), "{answer}");
    let long = "x".repeat(200_000);
    let answer = proxy.ask(post_chunked(FORM, &["a=", &long], ""));
    assert!(
        answer.matches('x').count() >= long.len(),
        "all of it, in chunks"
    );
    let answer = proxy.ask(post_chunked(FORM, &["a=evil-body"], ""));
    assert_eq!(status(&answer), "403");
}

#[test]
fn trailers_are_seen_after_a_body_that_is_announced_as_empty_too() {
    let mut plan = Plan::behind(blocking());
    let to = [upstream::mirror()];
    plan.route_over(Protocol::Http2, "", "/", RoutePolicy::default(), &to);
    let proxy = TestProxy::start(plan.config());
    run(async {
        let client = Client::to(proxy.address).await;
        for (announced, value, expected) in [
            (false, "good", 200),
            (false, "evil-body", 403),
            (true, "good", 200),
            (true, "evil-body", 403),
        ] {
            let mut request = form("/");
            if announced {
                let none = HeaderValue::from_static("0");
                request.headers_mut().insert("content-length", none);
            }
            let (answer, mut stream) = client.begin(request).await;
            let mut trailers = HeaderMap::new();
            trailers.insert("x", HeaderValue::from_static(value));
            stream.send_trailers(trailers).unwrap();
            let answer = whole(answer.await.unwrap()).await.unwrap();
            assert_eq!(answer.status(), expected, "{announced} {value}");
        }
    });
}

#[test]
fn grpc_passes_as_it_comes_to_upstreams_that_speak_http2() {
    let mut plan = Plan::behind(blocking());
    let to = [upstream::mirror()];
    plan.route_over(Protocol::Http2, "", "/", RoutePolicy::default(), &to);
    let proxy = TestProxy::start(plan.config());
    run(async {
        let client = Client::to(proxy.address).await;
        let mut request = post("/");
        let kind = HeaderValue::from_static("application/grpc+proto");
        request.headers_mut().insert("content-type", kind);
        let answer = client.ask(request, &["a=evil-body"]).await.unwrap();
        assert_eq!(answer.status(), 200);
    });
    let passed = r#"portcullis_firewall_uninspected_total{reason="streamed"}"#;
    assert_eq!(metric(&proxy, passed), 1);
}

#[test]
fn answers_of_http2_upstreams_to_http2_clients_are_held() {
    for (kind, path, expected) in [
        ("text/html", "evil-answer", 403),
        ("text/html", "good", 200),
        ("image/png", "evil-answer", 200),
    ] {
        let to = upstream::scripted(move |_, mut respond| async move {
            let response = http::Response::builder().header("content-type", kind);
            let mut stream = respond
                .send_response(response.body(()).unwrap(), false)
                .unwrap();
            let long = "x".repeat(40_000);
            stream.send_data(long.into(), false).unwrap();
            stream.send_data(path.into(), true).unwrap();
        });
        let mut plan = Plan::behind(blocking());
        plan.route_over(Protocol::Http2, "", "/", RoutePolicy::default(), &[to]);
        let proxy = TestProxy::start(plan.config());
        run(async {
            let client = Client::to(proxy.address).await;
            let answer = client.get("/").await;
            assert_eq!(answer.status(), expected, "{kind} {path}");
            assert_eq!(answer.body.ends_with(path), expected == 200);
        });
    }
}

#[test]
fn a_websocket_passes_once_its_head_has_passed() {
    let upstream = Upstream::scripted(|mut connection, _| {
        read_request(&mut connection);
        connection.send(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        );
        connection.exactly("ping evil-body".len());
        connection.send("pong evil-answer");
    });
    let handshake = |path: &str| {
        format!(
            "GET {path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Key: k\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
    };
    let proxy = start(blocking(), upstream.address);
    let mut client = proxy.connect();
    client.send(handshake("/"));
    assert_eq!(status(&client.until("\r\n\r\n")), "101");
    client.send("ping evil-body");
    client.until("pong evil-answer");
    let mut client = proxy.connect();
    client.send(handshake("/?a=evil-head"));
    assert_eq!(status(&client.response().0), "403");
    let proxy = start(detecting(), upstream.address);
    let mut client = proxy.connect();
    client.send(handshake("/?a=evil-head"));
    assert_eq!(status(&client.until("\r\n\r\n")), "101");
    client.send("ping evil-body");
    client.until("pong evil-answer");
    drop(client);
    let log = proxy.into_log();
    let events = events(&log);
    assert_eq!(events.len(), 1, "{log}");
    assert_eq!(ids(&events[0]), [1]);
}
