//! The pairings of protocols: HTTP/2 and HTTP/1.1 on either side.

use std::net::SocketAddr;

use http::{HeaderMap, Request, Response};
use portcullis::{
    config::Config,
    policy::{BodyLimit, RoutePolicy},
    upstream::Protocol,
};

use super::{
    client::{Client, piece, post, run, uri},
    upstream,
};
use crate::support::{Plan, TestProxy, Upstream};

fn unlimited() -> RoutePolicy {
    RoutePolicy {
        body_limit: BodyLimit::Unlimited,
        ..RoutePolicy::default()
    }
}

/// Everything goes to these upstreams that speak HTTP/2.
pub(super) fn to_http2(addresses: &[SocketAddr]) -> Config {
    let mut plan = Plan::default();
    plan.route_over(Protocol::Http2, "", "/", unlimited(), addresses);
    plan.config()
}

#[test]
fn an_http1_client_reaches_an_http2_upstream() {
    let proxy = TestProxy::start(to_http2(&[upstream::mirror()]));
    let mut client = proxy.connect();
    client.send(
        "GET /a?b HTTP/1.1\r\nHost: a.example\r\nX-One: 1\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\n",
    );
    let head = client.until("\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(head.contains("x-upstream: two\r\n"), "{head}");
    assert!(head.contains("\r\nDate: "), "{head}");
    let body = client.until("0\r\n\r\n");
    assert!(body.contains("GET http://a.example/a?b\n"), "{body}");
    assert!(body.contains("\nx-one: 1\n"), "{body}");
    assert!(body.contains("\nx-forwarded-for: 127.0.0.1\n"), "{body}");
    assert!(!body.contains("x-hop"), "{body}");
    client.send(
        "POST /a?b HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n\
         4\r\nsome\r\n5\r\n body\r\n0\r\nX-End: yes\r\n\r\n",
    );
    client.until("\r\n\r\n");
    let body = client.until("0\r\n\r\n");
    assert!(body.contains("\n\nsome body\nx-end: yes"), "{body}");
    client.send("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 9\r\n\r\nsome");
    client.send(" body");
    client.until("\r\n\r\n");
    let body = client.until("0\r\n\r\n");
    assert!(body.contains("content-length: 9\n"), "{body}");
    assert!(body.contains("\n\nsome body"), "{body}");
    client.send("HEAD / HTTP/1.1\r\nHost: a.example\r\n\r\n");
    let head = client.until("\r\n\r\n");
    assert!(!head.to_lowercase().contains("transfer-encoding"), "{head}");
    client.send("GET / HTTP/1.0\r\nHost: a.example\r\n\r\n");
    let rest = client.rest();
    assert!(rest.contains("Connection: close\r\n"), "{rest}");
    assert!(rest.contains("\r\n\r\nGET http://a.example/\n"), "{rest}");
}

#[test]
fn an_http1_client_that_expects_100_is_told_before_an_http2_upstream() {
    let proxy = TestProxy::start(to_http2(&[upstream::mirror()]));
    let mut client = proxy.connect();
    client.send(
        "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n",
    );
    assert!(client.until("\r\n\r\n").starts_with("HTTP/1.1 100 "));
    client.send("body");
    assert!(client.until("\r\n\r\n").starts_with("HTTP/1.1 200 "));
    let body = client.until("0\r\n\r\n");
    assert!(!body.contains("expect"), "{body}");
    assert!(body.contains("\n\nbody"), "{body}");
}

#[test]
fn an_http1_client_gets_the_trailers_of_an_http2_upstream() {
    let proxy = TestProxy::start(to_http2(&[conversing()]));
    let mut client = proxy.connect();
    client
        .send("POST / HTTP/1.1\r\nHost: a.example\r\nTE: trailers\r\nContent-Length: 3\r\n\r\none");
    client.until("\r\n\r\n");
    assert_eq!(
        client.until("\r\n\r\n"),
        "3\r\none\r\n0\r\ngrpc-status: 0\r\n\r\n"
    );
}

#[test]
fn an_http2_client_reaches_an_http2_upstream() {
    let proxy = TestProxy::start(to_http2(&[upstream::mirror()]));
    run(async {
        let client = Client::to(proxy.address).await;
        let answer = client.get("/a?b").await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.field("x-upstream"), "two");
        let body = &answer.body;
        assert!(body.starts_with("GET http://a.example/a?b\n"), "{body}");
        assert!(!body.contains("te: "), "{body}");
        let answer = client.ask(post("/"), &["some", " body"]).await.unwrap();
        assert!(answer.body.ends_with("\n\nsome body"), "{}", answer.body);
    });
}

#[test]
fn a_body_where_none_may_be_does_not_reach_the_client() {
    let address = upstream::scripted(|request, mut respond| async move {
        let status = request.uri().path()[1..].parse::<u16>().unwrap();
        let response = Response::builder().status(status).body(()).unwrap();
        let mut stream = respond.send_response(response, false).unwrap();
        stream
            .send_data("HTTP/1.1 200 OK\r\n\r\n".into(), true)
            .unwrap();
    });
    let proxy = TestProxy::start(to_http2(&[address]));
    for status in [204, 304] {
        let answer = proxy.ask(format!(
            "GET /{status} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n"
        ));
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        assert_eq!(answer.find("\r\n\r\n"), Some(answer.len() - 4), "{answer}");
        run(async {
            let answer = Client::to(proxy.address)
                .await
                .get(&format!("/{status}"))
                .await;
            assert_eq!((answer.status(), &*answer.body), (status, ""));
        });
    }
}

/// Answers each message as it comes, and the end with trailers, as a gRPC server does.
fn conversing() -> SocketAddr {
    upstream::scripted(|request, mut respond| async move {
        assert_eq!(request.headers().get("te").unwrap(), "trailers");
        let mut body = request.into_body();
        let response = Response::builder()
            .header("content-type", "application/grpc")
            .body(())
            .unwrap();
        let mut stream = respond.send_response(response, false).unwrap();
        while let Some(Ok(data)) = piece(&mut body).await {
            stream.send_data(data, false).unwrap();
        }
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", "0".parse().unwrap());
        // What must not stand in trailers is left out.
        trailers.insert("content-type", "text/plain".parse().unwrap());
        stream.send_trailers(trailers).unwrap();
    })
}

fn call() -> Request<()> {
    Request::post(uri("/service/Method"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())
        .unwrap()
}

#[test]
fn a_conversation_goes_on_in_both_directions_and_ends_with_trailers() {
    let proxy = TestProxy::start(to_http2(&[conversing()]));
    run(async {
        let client = Client::to(proxy.address).await;
        let (answer, mut body) = client.begin(call()).await;
        let mut answer = answer.await.unwrap().into_body();
        for message in ["one", "two", "three"] {
            body.send_data(message.into(), false).unwrap();
            assert_eq!(piece(&mut answer).await.unwrap().unwrap(), message);
        }
        body.send_data("".into(), true).unwrap();
        assert!(piece(&mut answer).await.is_none());
        let trailers = std::future::poll_fn(|cx| answer.poll_trailers(cx)).await;
        let trailers = trailers.unwrap().unwrap();
        assert_eq!(trailers.get("grpc-status").unwrap(), "0");
        assert_eq!(trailers.len(), 1);
        let answer = client.ask(call(), &["one"]).await.unwrap();
        assert_eq!(answer.body, "one");
        assert_eq!(answer.trailers.unwrap().get("grpc-status").unwrap(), "0");
    });
}

#[test]
fn an_answer_of_trailers_alone_is_a_head_that_ends_the_stream() {
    let address = upstream::scripted(|_, mut respond| async move {
        let response = Response::builder()
            .header("grpc-status", "12")
            .body(())
            .unwrap();
        respond.send_response(response, true).unwrap();
    });
    let proxy = TestProxy::start(to_http2(&[address]));
    run(async {
        let client = Client::to(proxy.address).await;
        let (answer, mut body) = client.begin(call()).await;
        body.send_data("one".into(), true).unwrap();
        let answer = answer.await.unwrap();
        assert_eq!(answer.headers().get("grpc-status").unwrap(), "12");
        assert!(answer.body().is_end_stream());
    });
}

#[test]
fn an_upstream_that_answers_before_the_body_has_come_is_heard() {
    let early = upstream::scripted(|request, mut respond| async move {
        let _unread = request.into_body();
        let response = Response::builder().status(403).body(()).unwrap();
        let mut stream = respond.send_response(response, false).unwrap();
        stream.send_data("no".into(), true).unwrap();
    });
    let early1 = Upstream::scripted(|mut connection, _| {
        connection.until("\r\n\r\n");
        connection.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
        connection.rest();
    });
    let mut plan = Plan::default();
    plan.route_over(Protocol::Http2, "", "/two", unlimited(), &[early]);
    plan.route("", "/one", unlimited(), &[early1.address]);
    let proxy = TestProxy::start(plan.config());
    run(async {
        let client = Client::to(proxy.address).await;
        for path in ["/one", "/two"] {
            let (answer, mut body) = client.begin(post(path)).await;
            body.send_data("some".into(), false).unwrap();
            let answer = answer.await.unwrap();
            assert_eq!(answer.status(), 403, "{path}");
            let answer = super::client::whole(answer).await.unwrap();
            assert_eq!(answer.body, "no");
            // The rest of the body is not wanted, and that is no error.
            let reason = std::future::poll_fn(|cx| body.poll_reset(cx))
                .await
                .unwrap();
            assert_eq!(reason, h2::Reason::NO_ERROR, "{path}");
        }
    });
}

/// Sends a body back as it comes.
fn echoing() -> SocketAddr {
    upstream::scripted(|request, mut respond| async move {
        let mut body = request.into_body();
        let mut stream = respond.send_response(Response::new(()), false).unwrap();
        while let Some(Ok(mut data)) = piece(&mut body).await {
            while !data.is_empty() {
                stream.reserve_capacity(data.len());
                let room = std::future::poll_fn(|cx| stream.poll_capacity(cx)).await;
                let Some(Ok(room)) = room else { return };
                stream
                    .send_data(data.split_to(room.min(data.len())), false)
                    .unwrap();
            }
        }
        stream.send_data("".into(), true).unwrap();
    })
}

/// The same over HTTP/1.1, in chunks.
fn echoing_http1() -> Upstream {
    Upstream::scripted(|mut connection, _| {
        connection.until("\r\n\r\n");
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        loop {
            let size = connection.until("\r\n");
            let length = usize::from_str_radix(size.trim(), 16).unwrap();
            let data = connection.exactly(length + 2);
            connection.send(size);
            connection.send(data);
            if length == 0 {
                return;
            }
        }
    })
}

#[test]
fn bodies_larger_than_any_window_stream_both_ways_at_once() {
    let mut plan = Plan::default();
    let echoing1 = echoing_http1();
    plan.route_over(Protocol::Http2, "", "/two", unlimited(), &[echoing()]);
    plan.route("", "/one", unlimited(), &[echoing1.address]);
    let proxy = TestProxy::start(plan.config());
    let large: String = (0..400_000).map(|n| format!("{n:08}")).collect();
    run(async {
        let client = Client::to(proxy.address).await;
        for path in ["/one", "/two"] {
            let (answer, mut body) = client.begin(post(path)).await;
            let mut left = bytes::Bytes::from(large.clone());
            let sending = tokio::task::spawn_local(async move {
                while !left.is_empty() {
                    body.reserve_capacity(left.len());
                    let room = std::future::poll_fn(|cx| body.poll_capacity(cx)).await;
                    let room = room.unwrap().unwrap();
                    let piece = left.split_to(room.min(left.len()));
                    body.send_data(piece, left.is_empty()).unwrap();
                }
            });
            let answer = super::client::whole(answer.await.unwrap()).await.unwrap();
            assert!(
                answer.body == large,
                "{path}: {} bytes came",
                answer.body.len()
            );
            sending.await.unwrap();
        }
    });
    // HTTP/1.1 to HTTP/2, both ways at once.
    let mut client = proxy.connect();
    let length = large.len();
    client.send(format!(
        "POST /two HTTP/1.1\r\nHost: a.example\r\nContent-Length: {length}\r\n\r\n"
    ));
    let sender = {
        let mut stream = client.stream.try_clone().unwrap();
        let large = large.clone();
        std::thread::spawn(move || std::io::Write::write_all(&mut stream, large.as_bytes()))
    };
    client.until("\r\n\r\n");
    let mut come = String::new();
    while come.len() < length {
        let size = client.until("\r\n");
        come += &client.exactly(usize::from_str_radix(size.trim(), 16).unwrap());
        client.exactly(2);
    }
    assert!(come == large);
    sender.join().unwrap().unwrap();
}

#[test]
fn an_answer_that_is_not_taken_does_not_hold_up_the_request() {
    let large: &'static str = "x".repeat(1 << 20).leak();
    let (told, upload) = std::sync::mpsc::channel();
    let address = upstream::scripted(move |request, mut respond| {
        let told = told.clone();
        async move {
            let mut stream = respond.send_response(Response::new(()), false).unwrap();
            stream.send_data(large.into(), true).unwrap();
            let mut body = request.into_body();
            let mut come = 0;
            while let Some(Ok(data)) = piece(&mut body).await {
                come += data.len();
            }
            told.send(come).unwrap();
        }
    });
    let proxy = TestProxy::start(to_http2(&[address]));
    run(async {
        let client = Client::to(proxy.address).await;
        let (answer, mut body) = client.begin(post("/")).await;
        let answer = answer.await.unwrap();
        body.send_data(large.into(), true).unwrap();
        let upload =
            tokio::task::spawn_blocking(move || upload.recv_timeout(crate::support::PATIENCE));
        assert_eq!(upload.await.unwrap(), Ok(large.len()));
        assert_eq!(
            super::client::whole(answer).await.unwrap().body.len(),
            large.len()
        );
    });
}
