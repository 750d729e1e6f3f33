//! What a request over HTTP/2 becomes.

use http::Request;

use super::client::{Client, post, run, uri};
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
fn bodies_go_both_ways_with_and_without_a_length() {
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
