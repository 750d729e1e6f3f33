//! How connections and streams end.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use h2::Reason;
use portcullis::policy::{RoutePolicy, Timeouts};
use tokio::sync::Notify;

use super::{
    client::{Client, piece, post, run},
    frames::{self, END_HEADERS, END_STREAM, GET, HEADERS, connect, find, frame, why_ended},
    pairings::to_http2,
    upstream,
};
use crate::support::{PATIENCE, Plan, TestProxy, Upstream};

#[test]
fn streams_in_flight_end_in_order_at_shutdown_and_new_ones_are_turned_away() {
    let upstream = Upstream::scripted(|mut connection, _| {
        connection.until("\r\n\r\n");
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nbefore");
        connection.until("\r\n\r\n");
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        connection.send("5\r\nfirst\r\n");
        connection.until("go on");
        connection.send("4\r\nlast\r\n0\r\n\r\n");
    });
    let proxy = TestProxy::start(Plan::to(&upstream));
    run(async {
        let client = Client::to(proxy.address).await;
        assert_eq!(client.get("/").await.body, "before");
        let (answer, mut body) = client.begin(post("/")).await;
        let mut answer = answer.await.unwrap().into_body();
        assert_eq!(piece(&mut answer).await.unwrap().unwrap(), "first");
        let ending = tokio::task::spawn_blocking(move || proxy.shut_down(Duration::ZERO, PATIENCE));
        while client.sender.clone().ready().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        body.send_data("go on".into(), true).unwrap();
        assert_eq!(piece(&mut answer).await.unwrap().unwrap(), "last");
        assert!(piece(&mut answer).await.is_none());
        drop((client, answer, body));
        ending.await.unwrap();
    });
}

#[test]
fn an_idle_connection_is_told_to_go_at_shutdown() {
    let proxy = TestProxy::start(Plan::to(&Upstream::mirror()));
    let mut client = connect(&proxy);
    client.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, GET));
    find(&mut client, |frame| frame.kind == HEADERS).unwrap();
    proxy.shut_down(Duration::ZERO, PATIENCE);
    assert_eq!(why_ended(&mut client), Some(0));
}

#[test]
fn a_connection_that_idles_or_has_served_its_share_is_told_to_go() {
    let mut plan = Plan::with(RoutePolicy::default(), &[Upstream::mirror().address]);
    plan.options.keep_alive = Duration::from_millis(200);
    let idling = TestProxy::start(plan.config());
    let mut client = connect(&idling);
    assert_eq!(why_ended(&mut client), Some(0));

    let mut plan = Plan::with(RoutePolicy::default(), &[Upstream::mirror().address]);
    plan.options.keep_alive_requests = 2;
    let proxy = TestProxy::start(plan.config());
    run(async {
        let client = Client::to(proxy.address).await;
        for _ in 0..2 {
            assert_eq!(client.get("/").await.status(), 200);
        }
        while client.sender.clone().ready().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
}

#[test]
fn a_client_that_says_no_hello_is_cut_off() {
    let mut plan = Plan::with(RoutePolicy::default(), &[Upstream::mirror().address]);
    plan.options.head_timeout = Duration::from_millis(200);
    plan.options.keep_alive = Duration::from_millis(200);
    let proxy = TestProxy::start(plan.config());
    for hello in [
        "PRI * HTTP/2.0\r\n\r\nSM",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut client = proxy.connect();
        client.send(hello);
        client.rest();
    }
}

/// An upstream that begins an answer, and tells when its connection has ended.
fn hanging() -> (Upstream, mpsc::Receiver<()>) {
    let (ended, told) = mpsc::channel();
    let upstream = Upstream::scripted(move |mut connection, _| {
        if connection.until("\r\n\r\n").starts_with("GET") {
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            return;
        }
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
        connection.rest();
        ended.send(()).unwrap();
    });
    (upstream, told)
}

#[test]
fn a_client_that_resets_or_leaves_ends_its_upstream_exchange() {
    for leaves in [false, true] {
        let (upstream, told) = hanging();
        let proxy = TestProxy::start(Plan::to(&upstream));
        run(async {
            let client = Client::to(proxy.address).await;
            let (answer, mut body) = client.begin(post("/")).await;
            let mut answer = answer.await.unwrap().into_body();
            assert_eq!(piece(&mut answer).await.unwrap().unwrap(), "first");
            if !leaves {
                body.send_reset(Reason::CANCEL);
                // The connection lives on.
                assert_eq!(client.get("/").await.status(), 200);
            }
        });
        told.recv_timeout(PATIENCE).unwrap();
        let log = proxy.into_log();
        assert!(log.contains("client_aborted"), "{leaves}: {log}");
    }
}

#[test]
fn a_client_that_resets_before_there_is_an_answer_ends_its_upstream_exchange() {
    let (ended, told) = mpsc::channel();
    let upstream = Upstream::scripted(move |mut connection, _| {
        connection.until("\r\n\r\n");
        ended.send(()).unwrap();
        connection.rest();
        ended.send(()).unwrap();
    });
    let proxy = TestProxy::start(Plan::to(&upstream));
    let mut client = connect(&proxy);
    client.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, GET));
    told.recv_timeout(PATIENCE).unwrap();
    client.send(frame(frames::RST_STREAM, 0, 1, &8_u32.to_be_bytes()));
    told.recv_timeout(PATIENCE).unwrap();
    let log = proxy.into_log();
    assert!(
        log.contains("client_aborted") && log.contains("\"status\":499"),
        "{log}"
    );
}

#[test]
fn a_client_that_resets_resets_the_stream_to_an_http2_upstream() {
    let (ended, told) = mpsc::channel();
    let begun = Arc::new(Notify::new());
    let begins = Arc::clone(&begun);
    let address = upstream::scripted(move |request, mut respond| {
        let (ended, begun) = (ended.clone(), Arc::clone(&begun));
        async move {
            let mut body = request.into_body();
            assert_eq!(piece(&mut body).await.unwrap().unwrap(), "some");
            begun.notify_one();
            let reason = std::future::poll_fn(|cx| respond.poll_reset(cx)).await;
            ended.send(reason.unwrap()).unwrap();
        }
    });
    let proxy = TestProxy::start(to_http2(&[address]));
    run(async {
        let client = Client::to(proxy.address).await;
        let (answer, mut body) = client.begin(post("/")).await;
        body.send_data("some".into(), false).unwrap();
        begins.notified().await;
        body.send_reset(Reason::CANCEL);
        drop(answer);
        let told = tokio::task::spawn_blocking(move || told.recv_timeout(PATIENCE));
        assert_eq!(told.await.unwrap(), Ok(Reason::CANCEL));
    });
}

#[test]
fn an_answer_that_breaks_off_never_looks_complete() {
    for (answer, sized) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nfirst", true),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n",
            false,
        ),
    ] {
        let upstream = Upstream::scripted(move |mut connection, _| {
            connection.until("\r\n\r\n");
            connection.send(answer);
        });
        let proxy = TestProxy::start(Plan::to(&upstream));
        run(async {
            let client = Client::to(proxy.address).await;
            let request = post("/");
            let error = client.ask(request, &["body"]).await.unwrap_err();
            assert_eq!(error.reason(), Some(Reason::INTERNAL_ERROR), "{sized}");
        });
        assert!(proxy.into_log().contains("upstream_truncated"));
    }
}

#[test]
fn an_http2_upstream_that_breaks_off_is_passed_on_with_its_reason() {
    let address = upstream::scripted(|request, mut respond| async move {
        let response = http::Response::new(());
        let mut stream = respond.send_response(response, false).unwrap();
        let mut body = request.into_body();
        while let Some(Ok(_)) = piece(&mut body).await {}
        stream.send_reset(Reason::ENHANCE_YOUR_CALM);
    });
    let proxy = TestProxy::start(to_http2(&[address]));
    run(async {
        let client = Client::to(proxy.address).await;
        let (answer, mut body) = client.begin(post("/")).await;
        let answer = answer.await.unwrap();
        body.send_data("".into(), true).unwrap();
        let error = super::client::whole(answer).await.unwrap_err();
        assert_eq!(error.reason(), Some(Reason::ENHANCE_YOUR_CALM));
    });
}

#[test]
fn what_an_http2_upstream_refuses_is_tried_elsewhere_whatever_the_method() {
    let refusing = upstream::scripted(|_, mut respond| async move {
        respond.send_reset(Reason::REFUSED_STREAM);
    });
    let serving = upstream::mirror();
    let proxy = TestProxy::start(to_http2(&[refusing, serving]));
    run(async {
        let client = Client::to(proxy.address).await;
        for _ in 0..4 {
            let answer = client.ask(post("/"), &["body"]).await.unwrap();
            assert_eq!(answer.status(), 200);
            assert!(answer.body.ends_with("body"));
        }
    });
}

#[test]
fn an_http2_upstream_that_fails_before_its_answer_is_502_and_get_is_tried_again() {
    let failing = upstream::scripted(|_, mut respond| async move {
        respond.send_reset(Reason::INTERNAL_ERROR);
    });
    let proxy = TestProxy::start(to_http2(&[failing]));
    run(async {
        let client = Client::to(proxy.address).await;
        assert_eq!(client.get("/").await.status(), 502);
    });
    let proxy = TestProxy::start(to_http2(&[failing, upstream::mirror()]));
    run(async {
        let client = Client::to(proxy.address).await;
        for _ in 0..4 {
            assert_eq!(client.get("/").await.status(), 200);
        }
    });
}

#[test]
fn silence_on_either_side_ends_in_time() {
    let mut plan = Plan::default();
    let policy = RoutePolicy {
        timeouts: Timeouts {
            read: Duration::from_millis(200),
            ..Timeouts::default()
        },
        ..RoutePolicy::default()
    };
    let silent = Upstream::scripted(|mut connection, _| {
        connection.rest();
    });
    let silent2 = upstream::scripted(|request, respond| async move {
        let _open = (request, respond);
        std::future::pending::<()>().await;
    });
    plan.route("a.example", "/", policy.clone(), &[silent.address]);
    plan.route_over(
        portcullis::upstream::Protocol::Http2,
        "a.example",
        "/two",
        policy,
        &[silent2],
    );
    plan.route(
        "a.example",
        "/slow",
        RoutePolicy::default(),
        &[silent.address],
    );
    plan.options.body_idle_timeout = Duration::from_millis(200);
    let proxy = TestProxy::start(plan.config());
    run(async {
        let client = Client::to(proxy.address).await;
        assert_eq!(client.get("/").await.status(), 504);
        assert_eq!(client.get("/two").await.status(), 504);
        let (answer, mut body) = client.begin(post("/slow")).await;
        body.send_data("some".into(), false).unwrap();
        assert_eq!(answer.await.unwrap().status(), 408);
    });
}

#[test]
fn a_client_that_takes_nothing_holds_up_its_own_stream_alone_and_not_forever() {
    let large: &'static str = "x".repeat(1 << 20).leak();
    let upstream = Upstream::scripted(move |mut connection, _| {
        while let Some((head, _)) = crate::support::read_request(&mut connection) {
            let body = if head.starts_with("GET /large") {
                large
            } else {
                "small"
            };
            let length = body.len();
            connection.send(format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}"
            ));
        }
    });
    let policy = RoutePolicy {
        timeouts: Timeouts {
            send: Duration::from_millis(500),
            ..Timeouts::default()
        },
        ..RoutePolicy::default()
    };
    let proxy = TestProxy::start(Plan::with(policy, &[upstream.address]).config());
    run(async {
        let client = Client::to(proxy.address).await;
        let request = http::Request::get("http://a.example/large")
            .body(())
            .unwrap();
        let mut sender = client.sender.clone().ready().await.unwrap();
        let (answer, _) = sender.send_request(request, true).unwrap();
        let mut stalled = answer.await.unwrap().into_body();
        // The connection's window holds another stream's worth.
        let first = std::future::poll_fn(|cx| stalled.poll_data(cx))
            .await
            .unwrap()
            .unwrap();
        stalled
            .flow_control()
            .release_capacity(first.len())
            .unwrap();
        assert_eq!(client.get("/").await.body, "small");
        let mut come = first.len();
        let error = loop {
            // Taken, but never told: no window is opened.
            match std::future::poll_fn(|cx| stalled.poll_data(cx)).await {
                Some(Ok(data)) => come += data.len(),
                Some(Err(error)) => break error,
                None => panic!("an answer of {come} bytes looks complete"),
            }
        };
        assert_eq!(error.reason(), Some(Reason::CANCEL));
    });
    assert!(proxy.into_log().contains("response_send_timeout"));
}

#[test]
fn a_reload_cuts_no_stream() {
    let upstream = Upstream::scripted(|mut connection, _| {
        connection.until("\r\n\r\n");
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
        connection.until("go on");
        connection.send("4\r\nlast\r\n0\r\n\r\n");
    });
    let other = Upstream::mirror();
    let proxy = TestProxy::start(Plan::to(&upstream));
    run(async {
        let client = Client::to(proxy.address).await;
        let (answer, mut body) = client.begin(post("/")).await;
        let mut answer = answer.await.unwrap().into_body();
        assert_eq!(piece(&mut answer).await.unwrap().unwrap(), "first");
        proxy.publish(Plan::to(&other));
        assert!(
            client
                .get("/elsewhere")
                .await
                .body
                .starts_with("GET /elsewhere")
        );
        body.send_data("go on".into(), true).unwrap();
        assert_eq!(piece(&mut answer).await.unwrap().unwrap(), "last");
        assert!(piece(&mut answer).await.is_none());
    });
}
