//! Retries, time limits, reloads and the way down.

use std::{
    io::ErrorKind,
    net::TcpStream,
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use portcullis::{
    config::{AccessLogFormat, Options},
    policy::{RoutePolicy, Timeouts},
    shutdown::Ended,
};

use crate::http2::client::{Client as Http2Client, run};
use crate::support::{Build, Client, PATIENCE, Plan, TestProxy, Upstream, read_request};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn a_kept_connection_that_turns_out_stale_costs_the_client_nothing() {
    // Each connection answers once and closes when it is asked again, without an answer.
    let upstream = Upstream::scripted(|mut connection, _| {
        read_request(&mut connection);
        connection.send(OK);
        read_request(&mut connection);
    });
    let proxy = TestProxy::start(Plan::to(&upstream));
    let mut client = proxy.connect();
    for _ in 0..4 {
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.response().1, "ok");
    }
    assert_eq!(upstream.connections(), 4);
}

#[test]
fn a_post_on_a_stale_connection_is_not_sent_twice() {
    static POSTS: AtomicUsize = AtomicUsize::new(0);
    let upstream = Upstream::scripted(|mut connection, _| {
        while let Some((head, _)) = read_request(&mut connection) {
            if head.starts_with("POST ") {
                POSTS.fetch_add(1, Ordering::SeqCst);
                return;
            }
            connection.send(OK);
        }
    });
    let proxy = TestProxy::start(Plan::to(&upstream));
    let mut client = proxy.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    client.response();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    assert!(client.response().0.starts_with("HTTP/1.1 502 "));
    assert_eq!(POSTS.load(Ordering::SeqCst), 1);
}

#[test]
fn an_endpoint_that_refuses_is_passed_over_for_every_method() {
    let upstream = Upstream::answering(OK);
    let refused = "127.0.0.1:1".parse().unwrap();
    let plan = Plan::with(RoutePolicy::default(), &[refused, upstream.address]);
    let proxy = TestProxy::start(plan.config());
    for _ in 0..20 {
        let answer = proxy
            .ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx");
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
}

#[test]
fn an_upstream_that_says_nothing_is_given_up_with_504() {
    let upstream = Upstream::scripted(|mut connection, _| {
        connection.rest();
    });
    let policy = RoutePolicy {
        timeouts: Timeouts {
            read: Duration::from_millis(300),
            ..Timeouts::default()
        },
        ..RoutePolicy::default()
    };
    let proxy = TestProxy::start(Plan::with(policy, &[upstream.address]).config());
    let answer = proxy.ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 504 "), "{answer}");
}

#[test]
fn a_head_that_does_not_come_in_time_is_answered_408() {
    let proxy = TestProxy::start(Plan::default().config());
    let mut client = proxy.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    client.response();
    let mut plan = Plan::default();
    plan.options = Options {
        head_timeout: Duration::from_millis(300),
        ..Options::default()
    };
    proxy.publish(plan.config());
    // How long the first byte of a next request may take is another matter.
    client.send("GET / HTTP/1.1\r\nHo");
    assert!(client.rest().starts_with("HTTP/1.1 408 "));
    let mut silent = proxy.connect();
    assert!(
        silent.is_closed(),
        "a client that says nothing is not answered"
    );
}

#[test]
fn connections_beyond_the_limit_are_answered_503_and_places_come_back() {
    let mut plan = Plan::default();
    plan.options = Options {
        max_connections: 1,
        ..Options::default()
    };
    let proxy = TestProxy::start(plan.config());
    let mut first = proxy.connect();
    first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    first.response();
    assert!(proxy.connect().rest().starts_with("HTTP/1.1 503 "));
    drop(first);
    while proxy.limits.connections() > 0 {
        std::thread::yield_now();
    }
    let answer = proxy.ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
}

#[test]
fn a_thousand_reloads_fail_no_request() {
    let (one, two) = (Upstream::answering(OK), Upstream::answering(OK));
    let proxy = TestProxy::start(Plan::to(&one));
    let address = proxy.address;
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(move || {
                    let mut client = Client::to(address);
                    for _ in 0..2_500 {
                        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
                        assert!(client.response().0.starts_with("HTTP/1.1 200 "));
                    }
                })
            })
            .collect();
        for turn in 0..1_000 {
            proxy.publish(Plan::to(if turn % 2 == 0 { &two } else { &one }));
        }
        for client in clients {
            client.join().unwrap();
        }
    });
}

#[test]
fn what_is_under_way_ends_in_order_and_what_is_idle_is_closed() {
    let (go, gone) = std::sync::mpsc::channel::<()>();
    let gone = std::sync::Mutex::new(gone);
    let upstream = Upstream::scripted(move |mut connection, _| {
        while read_request(&mut connection).is_some() {
            gone.lock().unwrap().recv().unwrap();
            connection.send(OK);
        }
    });
    let proxy = TestProxy::start(Plan::to(&upstream));
    let mut idle = proxy.connect();
    let mut busy = proxy.connect();
    busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    while upstream.connections() == 0 {
        std::thread::yield_now();
    }
    let down = std::thread::spawn(move || proxy.shut_down(Duration::ZERO, PATIENCE));
    assert!(idle.is_closed());
    go.send(()).unwrap();
    let (head, _) = busy.response();
    assert!(
        head.starts_with("HTTP/1.1 200 ") && head.contains("Connection: close\r\n"),
        "{head}"
    );
    assert!(busy.is_closed());
    assert_eq!(down.join().unwrap(), Ended::Drained);
}

#[test]
fn every_exchange_leaves_one_line_in_the_log() {
    let upstream = Upstream::answering(OK);
    let proxy = TestProxy::start(Plan::to(&upstream));
    proxy.ask("GET /x?y HTTP/1.1\r\nHost: a\r\nUser-Agent: \"u\"\r\nConnection: close\r\n\r\n");
    proxy.ask("GET / HTTP/1.1\r\nbad line\r\n\r\n");
    let address = upstream.address.to_string();
    let log = proxy.into_log();
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert_eq!(lines[0]["status"], 200, "{log}");
    assert!(log.contains(&address), "{log}");
    assert_eq!(lines[1]["status"], 400, "{log}");
}

/// An upstream that says when a request has come, and comes to no end with any.
fn endless() -> (Upstream, mpsc::Receiver<()>) {
    let (comes, come) = mpsc::channel();
    let upstream = Upstream::scripted(move |mut connection, _| {
        let Some((head, _)) = read_request(&mut connection) else {
            return;
        };
        connection.send(match head.split(' ').nth(1) {
            Some("/tunnel") => {
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\
                 Upgrade: websocket\r\n\r\nhello"
            }
            Some("/half") => "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf",
            _ => "",
        });
        comes.send(()).unwrap();
        connection.rest();
    });
    (upstream, come)
}

#[test]
fn what_the_end_of_the_grace_aborts_is_recorded() {
    for format in [AccessLogFormat::Json, AccessLogFormat::Text] {
        let (upstream, come) = endless();
        let mut plan = Plan::with(RoutePolicy::default(), &[upstream.address]);
        plan.options.access_log = Some(format);
        let proxy = TestProxy::start(plan.config());
        let [mut tunnel, mut half, mut silent] = std::array::from_fn(|_| proxy.connect());
        tunnel.send(
            "GET /tunnel HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Key: k\r\nSec-WebSocket-Version: 13\r\n\r\n",
        );
        tunnel.until("hello");
        half.send("GET /half HTTP/1.1\r\nHost: a\r\n\r\n");
        half.until("half");
        silent.send("GET /silent HTTP/1.1\r\nHost: a\r\n\r\n");
        let log = run(async {
            let client = Http2Client::to(proxy.address).await;
            let asking = tokio::task::spawn_local(async move {
                let get = http::Request::get("http://a.example/stream").body(());
                client.ask(get.unwrap(), &[]).await.map(|it| it.status())
            });
            tokio::task::spawn_blocking(move || {
                for _ in 0..4 {
                    come.recv_timeout(PATIENCE).unwrap();
                }
            })
            .await
            .unwrap();
            let log = tokio::task::spawn_blocking(move || proxy.into_log());
            let log = log.await.unwrap();
            // It is answered if that is quicker than the end of its connection.
            assert!(!asking.await.unwrap().is_ok_and(|it| it != 503));
            log
        });
        assert_eq!(tunnel.rest() + &half.rest(), "");
        let answer = silent.rest();
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        assert_eq!(log.lines().count(), 4, "{log}");
        match format {
            AccessLogFormat::Json => {
                assert_eq!(log.matches(r#""outcome":"aborted""#).count(), 4, "{log}");
                for (target, status, sent) in [("/tunnel", 101, Some(5)), ("/half", 200, Some(4))]
                    .into_iter()
                    .chain([("/silent", 503, None), ("/stream", 503, None)])
                {
                    let lines = log.lines();
                    let mut lines = lines.map(|it| serde_json::from_str(it).unwrap());
                    let line = lines.find(|it: &serde_json::Value| it["target"] == target);
                    let line = line.unwrap();
                    assert_eq!(line["status"], status, "{line}");
                    assert!(sent.is_none_or(|sent| line["bytes_sent"] == sent), "{line}");
                }
            }
            AccessLogFormat::Text => {
                for part in [
                    r#""GET /tunnel HTTP/1.1" 101 5 "#,
                    r#""GET /half HTTP/1.1" 200 4 "#,
                    r#""GET /silent HTTP/1.1" 503 "#,
                    r#""GET /stream HTTP/2.0" 503 "#,
                ] {
                    assert_eq!(log.matches(part).count(), 1, "{part}: {log}");
                }
            }
        }
    }
}

#[test]
fn a_proxy_that_has_nothing_to_serve_yet_takes_no_connection() {
    let upstream = Upstream::answering(OK);
    let get = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let proxy = Build::default().closed(Plan::to(&upstream));
    let address = proxy.address;
    let refused = TcpStream::connect(address).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    // One that serves at the same address is not robbed of any.
    let same = Build {
        address: &address.to_string(),
        ..Build::default()
    };
    let before = same.start(Plan::to(&upstream));
    for _ in 0..50 {
        assert!(before.ask(get).ends_with("ok"));
    }
    drop(before);
    let proxy = proxy.open();
    assert!(proxy.ask(get).ends_with("ok"));
}

#[test]
fn a_proxy_that_never_had_anything_to_serve_ends_in_order() {
    let plan = Plan::with(RoutePolicy::default(), &[]);
    let proxy = Build::default().closed(plan.config());
    let ended = proxy.shut_down(Duration::ZERO, PATIENCE);
    assert_eq!(ended, Ended::Drained);
}
