//! Cookies signed and verified on their way.

use std::{net::SocketAddr, sync::Arc};

use http::Request;
use portcullis::{
    config::{Action, Config, DenyReason, FirewallMode},
    policy::{ClientBinding, CookieIntegrity, CookieKeys, CookieMode, CookiePattern, RoutePolicy},
    upstream::Protocol,
};

use crate::{
    firewall::rules::{firewall, metric},
    http2::{
        client::{self, run, uri},
        mirror_http2,
    },
    support::{Client, Plan, TestProxy, Upstream, read_request},
};

const KEY: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
const NEW_KEY: &[u8; 32] = b"vutsrqponmlkjihgfedcba9876543210";

/// `sid` and `seen*` are signed, `cart` is encrypted.
fn settings(mode: CookieMode) -> CookieIntegrity {
    let patterns = |texts: &[&str]| -> Vec<CookiePattern> {
        texts
            .iter()
            .map(|text| CookiePattern::new(text).unwrap())
            .collect()
    };
    CookieIntegrity {
        mode,
        signed: patterns(&["sid", "seen*"]),
        encrypted: patterns(&["cart"]),
        keys: keys(&[("1", KEY)]),
        max_age: None,
        binding: ClientBinding::None,
        secure: false,
        http_only: false,
        same_site: None,
    }
}

/// The last one signs.
fn keys(all: &[(&str, &[u8])]) -> Arc<CookieKeys> {
    Arc::new(CookieKeys::new(all.iter().copied(), None).unwrap())
}

fn policy(settings: CookieIntegrity) -> RoutePolicy {
    RoutePolicy {
        cookies: Some(Arc::new(settings)),
        ..RoutePolicy::default()
    }
}

fn guarded(mode: CookieMode, upstream: SocketAddr) -> Config {
    Plan::with(policy(settings(mode)), &[upstream]).config()
}

/// Answers every request with an account of its head and body; at `/login` it sets cookies.
fn backend() -> Upstream {
    Upstream::scripted(|mut connection, _| {
        while let Some((head, body)) = read_request(&mut connection) {
            let cookies = if head.starts_with("GET /login ") {
                "Set-Cookie: sid=1; HttpOnly; Path=/\r\nX-Between: 1\r\nSet-Cookie: a=plain\r\n\
                 set-cookie: seen=\"2\"; Path=/\r\nSet-Cookie: cart=c-3\r\n"
            } else {
                ""
            };
            let account = format!("{head}{body}");
            let length = account.len();
            connection.send(format!(
                "HTTP/1.1 200 OK\r\n{cookies}Content-Length: {length}\r\n\r\n{account}"
            ));
        }
    })
}

/// The cookies that a browser has after an answer.
fn jar(head: &str) -> Vec<String> {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let lines = lines.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    lines
        .map(|(_, value)| value.split(';').next().unwrap().to_owned())
        .collect()
}

fn log_in(client: &mut Client) -> Vec<String> {
    client.send("GET /login HTTP/1.1\r\nHost: a.example\r\n\r\n");
    jar(&client.response().0)
}

/// Asks with these cookies: the head of the answer, and what the upstream was sent as `Cookie`.
fn ask(client: &mut Client, cookies: &str) -> (String, Option<String>) {
    client.send(format!(
        "GET / HTTP/1.1\r\nHost: a.example\r\nCookie: {cookies}\r\nX-After: 1\r\n\r\n"
    ));
    let (head, body) = client.response();
    let cookies = body.lines().find_map(|line| line.strip_prefix("Cookie: "));
    (head, cookies.map(str::to_owned))
}

#[test]
fn what_a_backend_sets_comes_back_and_nothing_else_does() {
    let backend = backend();
    let proxy = TestProxy::start(guarded(CookieMode::Drop, backend.address));
    let mut client = proxy.connect();
    let cookies = log_in(&mut client);
    let names: Vec<_> = cookies
        .iter()
        .map(|it| it.split_once('=').unwrap().0)
        .collect();
    assert_eq!(names, ["a", "sid", "seen", "seen.integrity", "cart"]);
    assert!(cookies[1].starts_with("sid=1.") && cookies[2] == "seen=\"2\"");
    assert!(!cookies[4].contains("c-3"), "{cookies:?}");
    let all = cookies.join("; ");
    let expected = "a=plain; sid=1; seen=\"2\"; cart=c-3";
    assert_eq!(ask(&mut client, &all).1.as_deref(), Some(expected));
    for (cookies, expected) in [
        ("b=1", Some("b=1")),
        ("sid=1", None),
        ("b=1; sid=2; $Version=1", Some("b=1")),
        (&*cookies[1].replace("sid=1", "sid=2"), None),
        (&*format!("{}; b=1, sid=3", cookies[1]), Some("sid=1")),
    ] {
        let (head, passed) = ask(&mut client, cookies);
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        assert_eq!(passed.as_deref(), expected, "{cookies}");
    }
    // The one before is closed by now.
    ask(&mut client, "b=1");
    for (result, count) in [
        ("verified", 4),
        ("unsigned", 2),
        ("altered", 1),
        ("injected", 1),
        ("signed", 2),
        ("encrypted", 1),
        ("expired", 0),
    ] {
        let name = format!("portcullis_cookies_total{{result=\"{result}\"}}");
        assert_eq!(metric(&proxy, &name), count, "{result}");
    }
}

#[test]
fn a_request_is_refused_without_a_word_to_the_backend_where_that_is_asked_for() {
    let backend = backend();
    let proxy = TestProxy::start(guarded(CookieMode::Refuse, backend.address));
    let mut client = proxy.connect();
    for cookies in ["sid=secret-value", "a=b; SID=secret-value"] {
        let (head, _) = ask(&mut client, cookies);
        assert!(head.starts_with("HTTP/1.1 403 "), "{head}");
    }
    assert_eq!(backend.connections(), 0);
    let cookies = log_in(&mut client).join("; ");
    assert!(ask(&mut client, &cookies).0.starts_with("HTTP/1.1 200 "));
    drop(client);
    let log = proxy.into_log();
    assert!(!log.contains("secret-value"), "{log}");
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["outcome"], "cookies");
    let expected = serde_json::json!({"pattern": "sid", "unsigned": 1});
    assert_eq!(lines[0]["cookies"], expected);
    assert_eq!(lines[2].get("cookies"), None, "{log}");
    // What was received is counted as it came.
    let sent =
        format!("GET / HTTP/1.1\r\nHost: a.example\r\nCookie: {cookies}\r\nX-After: 1\r\n\r\n");
    assert_eq!(lines[3]["bytes_received"], sent.len());
}

#[test]
fn bodies_and_requests_behind_a_head_that_became_shorter_are_read_as_they_came() {
    let backend = backend();
    let proxy = TestProxy::start(guarded(CookieMode::Drop, backend.address));
    let mut client = proxy.connect();
    let fields = "Host: a.example\r\nCookie: sid=forged\r\nCookie: b=1\r\nX-After: 1\r\n";
    client.send(format!(
        "POST /1 HTTP/1.1\r\n{fields}Content-Length: 4\r\n\r\nbody\
         POST /2 HTTP/1.1\r\n{fields}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n\
         GET /3 HTTP/1.1\r\n{fields}\r\n"
    ));
    for (line, body) in [
        ("POST /1", "body"),
        ("POST /2", "3\r\nabc\r\n0\r\n\r\n"),
        ("GET /3", ""),
    ] {
        let (_, account) = client.response();
        assert!(account.starts_with(line), "{account}");
        assert!(
            account.contains("\r\nCookie: b=1\r\nX-After: 1\r\n"),
            "{account}"
        );
        assert!(account.ends_with(&format!("\r\n\r\n{body}")), "{account}");
        assert!(!account.contains("forged"), "{account}");
    }
}

#[test]
fn http2_clients_send_crumbs_and_are_sent_signed_cookies() {
    let backend = backend();
    let proxy = TestProxy::start(guarded(CookieMode::Drop, backend.address));
    run(async {
        let client = client::Client::to(proxy.address).await;
        let answer = client.get("/login").await;
        let lines = answer.head.headers().get_all("set-cookie").iter();
        let cookies: Vec<_> = lines
            .map(|line| line.to_str().unwrap().split(';').next().unwrap().to_owned())
            .collect();
        assert_eq!(cookies.len(), 5, "{cookies:?}");
        let mut request = Request::get(uri("/"));
        for cookie in &cookies {
            request = request.header("cookie", cookie);
        }
        let request = request.header("cookie", "sid=forged").body(()).unwrap();
        let answer = client.ask(request, &[]).await.unwrap();
        let expected = "\r\ncookie: a=plain; sid=1; seen=\"2\"; cart=c-3\r\n";
        assert!(answer.body.contains(expected), "{}", answer.body);
    });
}

#[test]
fn http2_upstreams_are_sent_what_was_verified() {
    let mut plan = Plan::default();
    let policy = policy(settings(CookieMode::Drop));
    plan.route_over(Protocol::Http2, "", "/", policy, &[mirror_http2()]);
    let proxy = TestProxy::start(plan.config());
    let answer = proxy.ask(
        "GET / HTTP/1.1\r\nHost: a.example\r\nCookie: b=1; sid=forged\r\nConnection: close\r\n\r\n",
    );
    assert!(answer.contains("\ncookie: b=1\n"), "{answer}");
}

#[test]
fn the_firewall_sees_values_as_the_backend_will() {
    const RULES: &str = "SecRuleEngine On\n\
        SecRule REQUEST_COOKIES:sid \"@streq evil\" \"id:1,phase:1,deny,status:406\"\n\
        SecRule RESPONSE_HEADERS:Set-Cookie \"@contains sid=evil;\" \"id:2,phase:3,pass,log\"\n\
        SecRule REQUEST_HEADERS:Cookie \"@contains forged\" \"id:3,phase:1,deny,status:407\"";
    let upstream = Upstream::answering(
        "HTTP/1.1 200 OK\r\nSet-Cookie: sid=evil; HttpOnly\r\nContent-Length: 0\r\n\r\n",
    );
    let mut plan = Plan::behind(firewall(FirewallMode::Block, RULES));
    let policy = policy(settings(CookieMode::Drop));
    plan.route("", "/", policy, &[upstream.address]);
    let proxy = TestProxy::start(plan.config());
    let mut client = proxy.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nCookie: sid=forged\r\n\r\n");
    let (head, _) = client.response();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(head.contains("sid=evil."), "{head}");
    let cookies = jar(&head).join("; ");
    client.send(format!(
        "GET / HTTP/1.1\r\nHost: a\r\nCookie: {cookies}\r\n\r\n"
    ));
    let (head, _) = client.response();
    assert!(head.starts_with("HTTP/1.1 406 "), "{head}");
    let rule = "portcullis_firewall_rule_matches_total{rule=\"2\"}";
    assert_eq!(metric(&proxy, rule), 1);
}

#[test]
fn interim_answers_and_upgrades_carry_signed_cookies() {
    let upstream = Upstream::scripted(|mut connection, _| {
        while let Some((head, _)) = read_request(&mut connection) {
            if head.contains("Upgrade: websocket\r\n") {
                connection.send(
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\
                     Upgrade: websocket\r\nSet-Cookie: sid=1; HttpOnly\r\n\r\n",
                );
                connection.rest();
            } else {
                connection.send(
                    "HTTP/1.1 103 Early Hints\r\nSet-Cookie: cart=plain\r\n\r\n\
                     HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                );
            }
        }
    });
    let proxy = TestProxy::start(guarded(CookieMode::Drop, upstream.address));
    let mut client = proxy.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = client.until("\r\n\r\n");
    assert!(
        head.contains(" 103 ") && head.contains("Set-Cookie: cart="),
        "{head}"
    );
    assert!(!head.contains("plain"), "{head}");
    client.until("\r\n\r\n");
    client.send(
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Key: k\r\n\r\n",
    );
    let head = client.until("\r\n\r\n");
    assert!(
        head.contains(" 101 ") && head.contains("Set-Cookie: sid=1."),
        "{head}"
    );
}

#[test]
fn cookies_outlive_the_rotation_of_keys_until_theirs_is_removed() {
    let backend = backend();
    let with = |all: &[(&str, &[u8])]| {
        let settings = CookieIntegrity {
            keys: keys(all),
            ..settings(CookieMode::Drop)
        };
        Plan::with(policy(settings), &[backend.address]).config()
    };
    let proxy = TestProxy::start(with(&[("1", KEY)]));
    let mut client = proxy.connect();
    let old = log_in(&mut client).join("; ");
    proxy.publish(with(&[("1", KEY), ("2", NEW_KEY)]));
    let expected = Some("a=plain; sid=1; seen=\"2\"; cart=c-3");
    assert_eq!(ask(&mut client, &old).1.as_deref(), expected);
    let new = log_in(&mut client).join("; ");
    proxy.publish(with(&[("2", NEW_KEY)]));
    assert_eq!(ask(&mut client, &old).1.as_deref(), Some("a=plain"));
    assert_eq!(ask(&mut client, &new).1.as_deref(), expected);
}

#[test]
fn nothing_is_served_where_cookies_have_to_be_verified_and_cannot_be() {
    let mut plan = Plan::default();
    let action = Action::Deny(DenyReason::BrokenCookieIntegrity);
    plan.rule("", "/", RoutePolicy::default(), action);
    let proxy = TestProxy::start(plan.config());
    let answer = proxy.ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
}
