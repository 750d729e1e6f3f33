//! What is said of inspections: events and numbers.

use std::sync::Arc;

use portcullis::policy::RoutePolicy;

use super::rules::{FORM, blocking, detecting, events, ids, metric, post, start, status};
use crate::support::{Plan, TestProxy, Upstream};

#[test]
fn a_detecting_firewall_says_what_it_would_have_refused() {
    let upstream = Upstream::mirror();
    let proxy = start(detecting(), upstream.address);
    assert_eq!(status(&proxy.ask(post(FORM, "a=evil-body"))), "200");
    assert_eq!(status(&proxy.ask(post(FORM, "a=good"))), "200");
    let get = "GET /?a=evil-head&late=yes HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    assert_eq!(status(&proxy.ask(get)), "200");
    for (labels, count) in [
        (
            r#"requests_total{firewall="default/test",outcome="would_block"}"#,
            2,
        ),
        (
            r#"requests_total{firewall="default/test",outcome="passed"}"#,
            1,
        ),
        (r#"rule_matches_total{rule="2"}"#, 1),
        (r#"rule_matches_total{rule="1"}"#, 1),
        (r#"rule_matches_total{rule="20"}"#, 1),
    ] {
        let name = format!("portcullis_firewall_{labels}");
        assert!(metric(&proxy, &name) >= count, "{labels}");
    }
    let log = proxy.into_log();
    let events = events(&log);
    assert_eq!(events.len(), 2, "{log}");
    assert_eq!(ids(&events[0]), [2]);
    assert!(ids(&events[1]).contains(&20));
    for event in &events {
        assert_eq!(event["action"], "would_block");
        assert_eq!(event["mode"], "detect");
        assert_eq!(event["policy"], "default/test");
        let id = event["request_id"].as_str().unwrap();
        assert_eq!(log.matches(id).count(), 2, "access line and event: {log}");
    }
}

#[test]
fn a_head_that_the_codec_refuses_is_still_seen() {
    let plan = Plan::falling_under(blocking());
    let proxy = TestProxy::start(plan.config());
    for (request, expected, found) in [
        // The fault comes after the attack, in the same line, or is a matter of framing.
        (
            "GET /?a=evil-head HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n",
            "400",
            1,
        ),
        (
            "GET /?a=evil-head bad HTTP/1.1\r\nHost: a\r\n\r\n",
            "400",
            1,
        ),
        (
            "GET /\x01?a=evil-head HTTP/1.1\r\nHost: a\r\n\r\n",
            "400",
            1,
        ),
        (
            "GET / HTTP/1.1\r\nX: evil-head\r\nHost: a\r\nHost: b\r\n\r\n",
            "400",
            1,
        ),
        ("GET /%zz?a=evil-head HTTP/1.1\r\nHost: a\r\n\r\n", "400", 1),
        (
            "GET /?late=yes HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n",
            "400",
            20,
        ),
        (
            "CONNECT evil-head:443 HTTP/1.1\r\nHost: a\r\n\r\n",
            "405",
            1,
        ),
        ("evil-head\r\n\r\n", "400", 1),
    ] {
        let answer = proxy.ask(request);
        assert_eq!(
            status(&answer),
            expected,
            "what was answered stands: {request:?}"
        );
        let (_, id) = answer.split_once("X-Request-ID: ").unwrap();
        let (id, _) = id.split_once("\r\n").unwrap();
        assert_eq!(id.len(), 32);
        let name = format!(r#"portcullis_firewall_rule_matches_total{{rule="{found}"}}"#);
        assert!(metric(&proxy, &name) > 0, "{request:?}");
    }
    // One without an attack is no event.
    proxy.ask("GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n");
    let log = proxy.into_log();
    let events = events(&log);
    assert_eq!(events.len(), 8, "{log}");
    for event in events {
        assert_eq!(event["action"], "malformed", "{event}");
    }
}

#[test]
fn routes_without_a_firewall_say_nothing() {
    let upstream = Upstream::mirror();
    let mut plan = Plan::default();
    plan.route("open", "/", RoutePolicy::default(), &[upstream.address]);
    plan.firewall = Some(Arc::new(blocking()));
    plan.route("guarded", "/", RoutePolicy::default(), &[upstream.address]);
    let proxy = TestProxy::start(plan.config());
    for (host, expected) in [("open", "200"), ("guarded", "403")] {
        let request =
            format!("GET /?a=evil-head HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        assert_eq!(status(&proxy.ask(request)), expected);
    }
    assert_eq!(events(&proxy.into_log()).len(), 1);
}
