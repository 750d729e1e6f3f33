//! The pairings of protocols: HTTP/2 and HTTP/1.1 on either side.

use http::{HeaderMap, Request, Response};
use portcullis::{policy::RoutePolicy, upstream::Protocol};

use super::{
    client::{Client, piece, post, run, uri},
    upstream,
};
use crate::support::{Plan, TestProxy};

fn to_http2(address: std::net::SocketAddr) -> portcullis::config::Config {
    let mut plan = Plan::default();
    plan.route_over(Protocol::Http2, "", "/", RoutePolicy::default(), &[address]);
    plan.config()
}

#[test]
fn an_http1_client_reaches_an_http2_upstream() {
    let proxy = TestProxy::start(to_http2(upstream::mirror()));
    let mut client = proxy.connect();
    client.send("GET /a?b HTTP/1.1\r\nHost: a.example\r\nX-One: 1\r\n\r\n");
    let head = client.until("\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(head.contains("x-upstream: two\r\n"), "{head}");
    let body = client.until("0\r\n\r\n");
    assert!(
        body.contains("GET http://a.example/a?b\nx-one: 1\n"),
        "{body}"
    );
    client.send(
        "POST /a?b HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n\
         4\r\nsome\r\n5\r\n body\r\n0\r\nX-End: yes\r\n\r\n",
    );
    client.until("\r\n\r\n");
    let body = client.until("0\r\n\r\n");
    assert!(body.contains("\n\nsome body\nx-end: yes"), "{body}");
}

#[test]
fn an_http2_client_reaches_an_http2_upstream() {
    let proxy = TestProxy::start(to_http2(upstream::mirror()));
    run(async {
        let client = Client::to(proxy.address).await;
        let answer = client.get("/a?b").await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.field("x-upstream"), "two");
        assert!(
            answer.body.starts_with("GET http://a.example/a?b\n"),
            "{}",
            answer.body
        );
        let answer = client.ask(post("/"), &["some", " body"]).await.unwrap();
        assert!(answer.body.ends_with("\n\nsome body"), "{}", answer.body);
    });
}

/// Answers each message as it comes, and the end with trailers, as a gRPC server does.
fn conversing() -> std::net::SocketAddr {
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
    let proxy = TestProxy::start(to_http2(conversing()));
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
        assert_eq!(trailers.unwrap().unwrap().get("grpc-status").unwrap(), "0");
        let answer = client.ask(call(), &["one"]).await.unwrap();
        assert_eq!(answer.body, "one");
        assert_eq!(answer.trailers.unwrap().get("grpc-status").unwrap(), "0");
    });
}
