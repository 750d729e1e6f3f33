//! What is held counts for as long as it is there, whoever keeps it from going on.

use std::sync::{Arc, mpsc};

use portcullis::{
    config::FirewallMode,
    policy::{BodyLimit, RoutePolicy},
    upstream::Protocol,
};
use tokio::sync::Semaphore;

use super::rules::{RULES, firewall, metric, status};
use crate::{
    http2::{
        client::{Client as Http2Client, piece, run, whole},
        upstream,
    },
    support::{Build, Client, PATIENCE, Plan, TestProxy, Upstream, read_request},
};

/// A body of which two windows of HTTP/2 take only a part: twenty steps of the budget.
const SHORT: usize = 320 << 10;
/// A body of which the kernel's buffers take only a part.
const LONG: usize = 16 << 20;
/// What a request takes that asks whether there is room.
const ASKING: usize = 32 << 10;

/// A proxy in which one body of this length leaves room for nobody.
fn proxy(length: usize, protocol: Protocol, to: std::net::SocketAddr) -> TestProxy {
    let limits = "SecRequestBodyLimit 33554432\nSecResponseBodyLimit 33554432\n";
    let rules = format!("{RULES}{limits}");
    let mut plan = Plan::behind(firewall(FirewallMode::Block, &rules));
    let policy = RoutePolicy {
        body_limit: BodyLimit::Unlimited,
        ..RoutePolicy::default()
    };
    let mirror = Upstream::mirror();
    plan.route("", "/ask", policy.clone(), &[mirror.address]);
    plan.route_over(protocol, "", "/", policy, &[to]);
    let build = Build {
        buffered: 2 * length + ASKING,
        ..Build::default()
    };
    build.start(plan.config())
}

/// Whether a body of another request may be held.
fn has_room(proxy: &TestProxy) -> bool {
    let mut client = proxy.connect();
    let length = 20_000;
    client.send(format!(
        "POST /ask HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n\
         Expect: 100-continue\r\nContent-Type: application/octet-stream\r\n\r\n"
    ));
    assert_eq!(status(&client.until("\r\n\r\n")), "100");
    client.send("a".repeat(length));
    let answer = client.rest();
    match status(&answer) {
        "200" => true,
        "503" => false,
        other => panic!("{other}"),
    }
}

fn refused(proxy: &TestProxy) -> u64 {
    let name = r#"portcullis_firewall_refused_uninspected_total{reason="no_room"}"#;
    metric(proxy, name)
}

/// Posts a body, sees that there is room for no other until the upstream reads it, which it does when it
/// is told to, and has begun when it says so.
fn post_to(
    (protocol, to): (Protocol, std::net::SocketAddr),
    length: usize,
    begun: &mpsc::Receiver<()>,
    go: impl FnOnce(),
) {
    let proxy = proxy(length, protocol, to);
    assert!(has_room(&proxy), "{protocol:?}: nothing is held");
    let mut client = proxy.connect();
    client.send(format!(
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    ));
    client.send("a".repeat(length));
    begun.recv_timeout(PATIENCE).unwrap();
    assert!(
        !has_room(&proxy),
        "{protocol:?}: the upstream reads nothing"
    );
    go();
    assert_eq!(status(&client.rest()), "200", "{protocol:?}");
    assert!(has_room(&proxy), "{protocol:?}: all of it has gone");
    assert_eq!(refused(&proxy), 1, "{protocol:?}");
}

#[test]
fn a_request_body_counts_while_its_upstream_reads_nothing() {
    let (begins, begun) = mpsc::channel();
    let (go, told) = mpsc::channel();
    let told = std::sync::Mutex::new(told);
    let upstream = Upstream::scripted(move |mut connection: Client, _| {
        let head = connection.until("\r\n\r\n");
        begins.send(()).unwrap();
        told.lock().unwrap().recv().unwrap();
        connection.exactly(crate::support::content_length(&head));
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    post_to((Protocol::Http1, upstream.address), LONG, &begun, || {
        go.send(()).unwrap();
    });

    let (begins, begun) = mpsc::channel();
    let go = Arc::new(Semaphore::new(0));
    let told = Arc::clone(&go);
    let to = upstream::scripted(move |request, mut respond| {
        let (begins, told) = (begins.clone(), Arc::clone(&told));
        async move {
            begins.send(()).unwrap();
            told.acquire().await.unwrap().forget();
            let mut body = request.into_body();
            while let Some(Ok(_)) = piece(&mut body).await {}
            respond
                .send_response(http::Response::new(()), true)
                .unwrap();
        }
    });
    post_to((Protocol::Http2, to), SHORT, &begun, || go.add_permits(1));
}

#[test]
fn an_answer_counts_until_it_has_been_sent() {
    let answering = |length: usize| {
        Upstream::scripted(move |mut connection, _| {
            read_request(&mut connection);
            connection.send(format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n\r\n"
            ));
            connection.send("a".repeat(length));
        })
    };
    let upstream = answering(LONG);
    let proxy = self::proxy(LONG, Protocol::Http1, upstream.address);
    let mut client = proxy.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_eq!(status(&client.until("\r\n\r\n")), "200");
    assert!(!has_room(&proxy), "the client reads nothing");
    assert_eq!(client.exactly_bytes(LONG).len(), LONG);
    assert!(has_room(&proxy), "all of it has gone");
    assert_eq!(refused(&proxy), 1);

    let upstream = answering(SHORT);
    let proxy = self::proxy(SHORT, Protocol::Http1, upstream.address);
    run(async {
        let client = Http2Client::to(proxy.address).await;
        let mut sender = client.sender.clone().ready().await.unwrap();
        let request = http::Request::get("http://a.example/").body(()).unwrap();
        let (answer, _) = sender.send_request(request, true).unwrap();
        let answer = answer.await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(!has_room(&proxy), "the client opens no window");
        assert_eq!(whole(answer).await.unwrap().body.len(), SHORT);
        assert!(has_room(&proxy), "all of it has gone");
    });
    assert_eq!(refused(&proxy), 1);
}
