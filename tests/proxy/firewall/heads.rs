//! Phase 1, and what a refusal looks like.

use std::net::SocketAddr;

use portcullis::{
    config::FirewallMode,
    policy::{HttpsRedirect, RoutePolicy},
};

use super::rules::{blocking, detecting, firewall, guarded, post, start, status};
use crate::support::{Plan, TestProxy, Upstream};

const NOBODY: &str = "127.0.0.1:1";

fn nobody() -> SocketAddr {
    NOBODY.parse().unwrap()
}

#[test]
fn a_head_that_rules_refuse_is_answered_and_never_forwarded() {
    let upstream = Upstream::mirror();
    let proxy = start(blocking(), upstream.address);
    for (request, expected) in [
        ("GET /?a=evil-head HTTP/1.1\r\nHost: a\r\n", "403"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: evil-head\r\n", "403"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: evil-body\r\n", "403"),
        // Phase 2 follows where there is no body, and rules may name a status.
        ("GET /?late=yes HTTP/1.1\r\nHost: a\r\n", "406"),
        (
            "GET /?late=yes HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n",
            "406",
        ),
    ] {
        let answer = proxy.ask(format!("{request}Connection: close\r\n\r\n"));
        assert_eq!(status(&answer), expected, "{request:?}");
    }
    assert_eq!(upstream.connections(), 0);
    let answer = proxy.ask("GET /?a=good HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_eq!(status(&answer), "200");
}

#[test]
fn a_refusal_names_the_request_in_page_header_and_log() {
    let mut page = blocking();
    page.block_page = Some("<html><p>No. %{id}</p></html>".into());
    page.block_status = Some(418);
    for (firewall, expected, kind, body) in [
        (
            blocking(),
            "403",
            "text/plain",
            "403 Forbidden\nrequest id: ID\n",
        ),
        (page, "418", "text/html", "<html><p>No. ID</p></html>"),
    ] {
        let proxy = start(firewall, nobody());
        let mut client = proxy.connect();
        client.send("GET /?a=evil-head HTTP/1.1\r\nHost: a\r\n\r\n");
        let (head, shown) = client.response();
        assert_eq!(status(&head), expected);
        assert!(head.contains(&format!("Content-Type: {kind}")), "{head}");
        let (_, id) = head.split_once("X-Request-ID: ").unwrap();
        let id = &id[..32];
        assert_eq!(shown, body.replace("ID", id));
        // It is an answer like others: the connection goes on.
        client.send("GET /?a=evil-head HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        assert_eq!(status(&client.rest()), expected);
        // What a rule names stands, whatever it is.
        assert_eq!(
            status(&proxy.ask("GET /?named=403 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")),
            "403"
        );
        let log = proxy.into_log();
        assert_eq!(log.matches(id).count(), 2, "access line and event: {log}");
        assert!(log.contains(r#""outcome":"blocked""#), "{log}");
    }
}

#[test]
fn a_dropped_request_is_not_answered() {
    let proxy = start(blocking(), nobody());
    assert_eq!(
        proxy.ask("GET / HTTP/1.1\r\nHost: a\r\nX-Drop: yes\r\n\r\n"),
        ""
    );
    let log = proxy.into_log();
    assert!(log.contains(r#""status":444,"outcome":"blocked""#), "{log}");
}

#[test]
fn rules_may_send_the_client_elsewhere_but_write_no_line_of_the_answer() {
    let proxy = start(blocking(), nobody());
    for (to, expected) in [
        ("https://b.example/x", Some("https://b.example/x")),
        ("/a b", None),
        ("/\u{e4}", None),
    ] {
        let answer = proxy.ask(format!(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Redirect: {to}\r\n\r\n"
        ));
        match expected {
            Some(to) => {
                assert_eq!(status(&answer), "302", "{answer}");
                assert!(answer.contains(&format!("\r\nLocation: {to}\r\n")));
            }
            None => assert_eq!(status(&answer), "403", "{answer}"),
        }
    }
}

#[test]
fn rules_see_a_request_before_it_is_sent_elsewhere_or_refused_for_its_length() {
    let mut plan = Plan::behind(blocking());
    let policy = RoutePolicy {
        https_redirect: Some(HttpsRedirect::default()),
        ..RoutePolicy::default()
    };
    plan.route("secure", "/", policy, &[nobody()]);
    plan.route("plain", "/", RoutePolicy::default(), &[nobody()]);
    let proxy = TestProxy::start(plan.config());
    let get = |host: &str, query: &str| {
        proxy.ask(format!(
            "GET /?a={query} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        ))
    };
    assert_eq!(status(&get("secure", "good")), "308");
    assert_eq!(status(&get("secure", "evil-head")), "403");
    let long = "Content-Length: 9999999\r\nConnection: close\r\n\r\n";
    let ask = |query| {
        proxy.ask(format!(
            "POST /?a={query} HTTP/1.1\r\nHost: plain\r\n{long}"
        ))
    };
    assert_eq!(status(&ask("good")), "413");
    assert_eq!(status(&ask("evil-head")), "403");
}

#[test]
fn hosts_that_no_rule_is_for_fall_under_the_default_firewall() {
    let plan = Plan::falling_under(blocking());
    let proxy = TestProxy::start(plan.config());
    for (request, expected) in [
        (
            "GET /?a=evil-head HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".to_owned(),
            "403",
        ),
        (
            "GET /?late=yes HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".to_owned(),
            "406",
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".to_owned(),
            "404",
        ),
        // A body that goes nowhere is not looked at, the head is.
        (post("", "evil-body"), "404"),
    ] {
        assert_eq!(status(&proxy.ask(&request)), expected, "{request:?}");
    }
}

#[test]
fn without_rules_a_blocking_firewall_refuses_and_a_detecting_one_passes() {
    let upstream = Upstream::mirror();
    let broken = "SecRule NOTHING \"@rx (\" \"id:1\"";
    for (mode, expected) in [(FirewallMode::Block, "503"), (FirewallMode::Detect, "200")] {
        let proxy = start(firewall(mode, broken), upstream.address);
        assert_eq!(status(&proxy.ask(post("", "evil-body"))), expected);
    }
}

#[test]
fn a_detecting_firewall_refuses_nothing_even_if_its_rules_say_so() {
    let upstream = Upstream::mirror();
    let rules = "SecRuleEngine On\n\
                 SecAction \"id:1,phase:1,pass,nolog,ctl:ruleEngine=On\"\n\
                 SecRule ARGS \"@contains evil\" \"id:2,phase:1,deny\"";
    for detecting in [detecting(), firewall(FirewallMode::Detect, rules)] {
        let proxy = TestProxy::start(guarded(detecting, upstream.address));
        let request = "GET /?a=evil-head HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        assert_eq!(status(&proxy.ask(request)), "200");
    }
}
