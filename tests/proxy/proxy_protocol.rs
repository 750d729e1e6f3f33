//! Clients behind a balancer that says who they are.

use std::time::Duration;

use portcullis::{
    config::{ClientAddressOptions, Options},
    policy::RoutePolicy,
};

use crate::support::{Client, Plan, TestProxy, Upstream};

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// A proxy that expects headers from these peers.
fn expecting(trusted: &str, change: impl FnOnce(&mut Options)) -> TestProxy {
    let upstream = Upstream::mirror();
    let mut plan = Plan::with(RoutePolicy::default(), &[upstream.address]);
    plan.options.client_address = ClientAddressOptions {
        use_proxy_protocol: true,
        trusted: vec![trusted.parse().unwrap()],
        ..ClientAddressOptions::default()
    };
    change(&mut plan.options);
    TestProxy::start(plan.config())
}

#[test]
fn the_client_is_who_a_trusted_peer_says() {
    let proxy = expecting("127.0.0.0/8", |_| ());
    let v2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\xc6\x33\x64\x02\x30\x39\x01\xbb";
    for (header, client) in [
        (
            "PROXY TCP4 192.0.2.7 198.51.100.2 5 80\r\n".as_bytes(),
            "192.0.2.7",
        ),
        (
            b"PROXY TCP6 2001:db8::7 2001:db8::8 5 80\r\n",
            "2001:db8::7",
        ),
        (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
        (v2, "192.0.2.7"),
        (b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", "127.0.0.1"),
    ] {
        let answer = proxy.ask([header, REQUEST.as_bytes()].concat());
        let field = format!("X-Forwarded-For: {client}\r\n");
        assert!(answer.contains(&field), "{header:?}: {answer}");
    }
}

#[test]
fn a_header_may_come_in_pieces_and_holds_for_the_whole_connection() {
    let proxy = expecting("127.0.0.0/8", |_| ());
    let mut client = proxy.connect();
    for piece in [
        "P",
        "ROXY TCP4 192.0.2",
        ".7 198.51.100.2 5 80\r",
        "\nGET / HT",
    ] {
        client.send(piece);
    }
    client.send("TP/1.1\r\nHost: a\r\n\r\n");
    for _ in 0..2 {
        let (_, body) = client.response();
        assert!(body.contains("X-Forwarded-For: 192.0.2.7\r\n"), "{body}");
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    }
}

#[test]
fn a_trusted_peer_without_a_header_is_cut_off_without_an_answer() {
    let proxy = expecting("127.0.0.0/8", |_| ());
    for bytes in [
        REQUEST,
        "PROXY TCP4 a b c d\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "PROXY TCP4 192.0.2.7 19",
        "",
    ] {
        let mut client = proxy.connect();
        client.send(bytes);
        client.finish_sending();
        assert_eq!(client.rest(), "", "{bytes:?}");
    }
}

#[test]
fn a_trusted_peer_that_stays_silent_is_cut_off_after_the_head_timeout() {
    let proxy = expecting("127.0.0.0/8", |options| {
        options.head_timeout = Duration::from_millis(100);
    });
    for bytes in ["", "PROXY TCP4 192.0.2.7 19"] {
        let mut client = proxy.connect();
        client.send(bytes);
        assert!(client.is_closed(), "{bytes:?}");
    }
}

#[test]
fn a_peer_that_is_not_trusted_speaks_for_itself() {
    let proxy = expecting("192.0.2.0/24", |_| ());
    let answer = proxy.ask(REQUEST);
    assert!(
        answer.contains("X-Forwarded-For: 127.0.0.1\r\n"),
        "{answer}"
    );
    let answer = proxy.ask(format!(
        "PROXY TCP4 192.0.2.7 198.51.100.2 5 80\r\n{REQUEST}"
    ));
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

#[test]
fn connections_are_counted_by_client_and_not_by_balancer() {
    let proxy = expecting("127.0.0.0/8", |options| {
        options.max_connections_per_client = 1
    });
    let connect = |address: &str| -> Client {
        let mut client = proxy.connect();
        client.send(format!(
            "PROXY TCP4 {address} 198.51.100.2 5 80\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"
        ));
        client
    };
    let mut first = connect("192.0.2.7");
    first.response();
    assert!(connect("192.0.2.7").is_closed());
    connect("192.0.2.8").response();
}
