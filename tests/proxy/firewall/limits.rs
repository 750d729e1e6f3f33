//! What happens where something is longer than what is inspected, or there is no room for it.

use portcullis::config::{Firewall, FirewallMode};

use super::rules::{
    FORM, RULES, blocking, detecting, firewall, guarded, metric, post, post_chunked, start, status,
};
use crate::support::{Build, Upstream};

fn limited(firewall: Firewall) -> Firewall {
    Firewall {
        request_body_limit: Some(10),
        ..firewall
    }
}

#[test]
fn a_blocking_firewall_refuses_what_is_longer_than_it_inspects() {
    let upstream = Upstream::mirror();
    let by_rules = format!("{RULES}\nSecRequestBodyLimit 10");
    for firewall in [
        limited(blocking()),
        firewall(FirewallMode::Block, &by_rules),
    ] {
        let proxy = start(firewall, upstream.address);
        for request in [
            post(FORM, "a=012345678"),
            post_chunked(FORM, &["a=0123", "45678"], ""),
            // Before it is sent.
            format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n{FORM}\r\n"),
        ] {
            assert_eq!(status(&proxy.ask(&request)), "413", "{request}");
        }
        assert_eq!(upstream.connections(), 0);
        let refused = r#"portcullis_firewall_refused_uninspected_total{reason="past_limit"}"#;
        assert_eq!(metric(&proxy, refused), 3);
    }
    let proxy = start(limited(blocking()), upstream.address);
    assert_eq!(status(&proxy.ask(post(FORM, "a=01234567"))), "200");
}

#[test]
fn where_it_may_the_rest_passes_uninspected_and_is_counted() {
    let upstream = Upstream::mirror();
    let passing = Firewall {
        pass_past_limit: true,
        ..limited(blocking())
    };
    let partial =
        format!("{RULES}\nSecRequestBodyLimit 10\nSecRequestBodyLimitAction ProcessPartial");
    let long = format!("a={}evil-body", "x".repeat(300_000));
    for (firewall, within) in [
        (passing, "403"),
        (firewall(FirewallMode::Block, &partial), "403"),
        (limited(detecting()), "200"),
    ] {
        let proxy = start(firewall, upstream.address);
        for body in ["a=0123456evil-body", &long] {
            let answer = proxy.ask(post(FORM, body));
            assert_eq!(status(&answer), "200");
            assert!(answer.ends_with(body));
        }
        let chunks = ["a=0123456", "evil", "-body"];
        let answer = proxy.ask(post_chunked(FORM, &chunks, "X-Trailer: t\r\n"));
        assert_eq!(status(&answer), "200");
        assert!(answer.ends_with("0\r\nX-Trailer: t\r\n\r\n"), "{answer}");
        let passed = r#"portcullis_firewall_uninspected_total{reason="past_limit"}"#;
        assert_eq!(metric(&proxy, passed), 3);
        assert_eq!(status(&proxy.ask(post(FORM, "evil-body=01234"))), within);
    }
}

#[test]
fn a_body_that_comes_slowly_past_the_limit_streams() {
    let upstream = Upstream::scripted(|mut connection, _| {
        connection.until("first-part");
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        connection.until("second-part");
    });
    let proxy = start(limited(detecting()), upstream.address);
    let mut client = proxy.connect();
    client.send(format!(
        "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 21\r\n{FORM}\r\n"
    ));
    assert_eq!(status(&client.until("\r\n\r\n")), "100");
    client.send("first-part");
    client.send("-");
    assert_eq!(client.response().1, "ok");
    client.send("second-part");
}

#[test]
fn without_room_a_blocking_firewall_sheds_and_a_detecting_one_passes() {
    let upstream = Upstream::mirror();
    let body = format!("a={}", "x".repeat(100_000));
    for (firewall, expected) in [(blocking(), "503"), (detecting(), "200")] {
        let config = guarded(firewall, upstream.address);
        let holding = Build {
            buffered: 64 << 10,
            ..Build::default()
        };
        let proxy = holding.start(config);
        let answer = proxy.ask(post(FORM, &body));
        assert_eq!(status(&answer), expected);
        let refused = expected == "503";
        for (name, is) in [("refused_uninspected", refused), ("uninspected", !refused)] {
            let name = format!(r#"portcullis_firewall_{name}_total{{reason="no_room"}}"#);
            assert_eq!(metric(&proxy, &name), u64::from(is), "{name}");
        }
        if !refused {
            assert!(answer.ends_with(&body));
        }
        // What was taken has been given back.
        for _ in 0..10 {
            let short = "a=".to_owned() + &"x".repeat(20_000);
            assert_eq!(status(&proxy.ask(post(FORM, &short))), "200");
        }
    }
}
