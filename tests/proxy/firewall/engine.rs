//! What rules say about the engine while an exchange goes on holds for the proxy's own refusals too.

use portcullis::config::{Firewall, FirewallMode};

use super::rules::{FORM, RULES, events, firewall, ids, post, post_chunked, start, status};
use crate::support::{Build, Upstream, read_request};

/// Rules that switch the engine for one exchange.
fn switched() -> String {
    format!(
        r#"{RULES}
SecRule REQUEST_HEADERS:X-Engine "@streq detect" "id:60,phase:1,pass,nolog,ctl:ruleEngine=DetectionOnly"
SecRule REQUEST_HEADERS:X-Engine "@streq off" "id:61,phase:1,pass,nolog,ctl:ruleEngine=Off"
SecRule REQUEST_HEADERS:X-Answers "@streq on" "id:62,phase:1,pass,nolog,ctl:responseBodyAccess=On"
SecRule REQUEST_HEADERS:X-Answers "@streq off" "id:63,phase:1,pass,nolog,ctl:responseBodyAccess=Off"
"#
    )
}

#[test]
fn what_rules_lift_the_proxy_does_not_refuse() {
    let upstream = Upstream::mirror();
    let limited = Firewall {
        request_body_limit: Some(10),
        ..firewall(FirewallMode::Block, &switched())
    };
    let long = post(FORM, "a=0123456789");
    let chunked = post_chunked(FORM, &["a=01234", "56789"], "");
    let coded = post(&format!("{FORM}Content-Encoding: gzip\r\n"), "a=0");
    let unknown = post(&format!("{FORM}Content-Encoding: rot13\r\n"), "a=0");
    let attack = post(FORM, "evil-body=");
    for (name, request, refused) in [
        ("a body past the limit", long, "413"),
        ("a body past the limit in chunks", chunked, "413"),
        ("a broken coding", coded, "400"),
        ("an unknown coding", unknown, "415"),
        ("an attack", attack, "403"),
    ] {
        let proxy = start(limited.clone(), upstream.address);
        for (engine, expected) in [("on", refused), ("detect", "200"), ("off", "200")] {
            let host = format!("Host: a\r\nX-Engine: {engine}\r\n");
            let answer = proxy.ask(request.replace("Host: a\r\n", &host));
            assert_eq!(status(&answer), expected, "{name}, engine {engine}");
        }
    }
    let holding = Build {
        buffered: 16 << 10,
        ..Build::default()
    };
    let firewall = firewall(FirewallMode::Block, &switched());
    let proxy = holding.start(super::rules::guarded(firewall, upstream.address));
    let body = format!("a={}", "x".repeat(40_000));
    for (engine, expected) in [("on", "503"), ("detect", "200"), ("off", "200")] {
        let fields = format!("{FORM}X-Engine: {engine}\r\n");
        let answer = proxy.ask(post(&fields, &body));
        assert_eq!(status(&answer), expected, "no room, engine {engine}");
    }
}

#[test]
fn an_engine_that_is_off_holds_no_body() {
    let upstream = Upstream::scripted(|mut connection, _| {
        connection.until("first");
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        connection.until("second");
    });
    let proxy = start(firewall(FirewallMode::Block, &switched()), upstream.address);
    let mut client = proxy.connect();
    client.send(format!(
        "POST / HTTP/1.1\r\nHost: a\r\nX-Engine: off\r\nContent-Length: 11\r\n{FORM}\r\nfirst"
    ));
    assert_eq!(client.response().1, "ok");
    client.send("second");
}

#[test]
fn rules_switch_the_inspection_of_answers_unless_the_policy_says_no() {
    let upstream = Upstream::scripted(|mut connection, _| {
        while let Some((head, _)) = read_request(&mut connection) {
            let coding = head.contains("Accept-Encoding");
            let body = format!("an evil-answer, coding may be: {coding}");
            let length = body.len();
            connection.send(format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{body}"
            ));
        }
    });
    let off = switched().replace("SecResponseBodyAccess On", "SecResponseBodyAccess Off");
    for (rules, policy, rule, inspected) in [
        (&switched(), None, "", true),
        (&switched(), None, "off", false),
        (&switched(), Some(true), "off", false),
        (&off, None, "", false),
        (&off, None, "on", true),
        (&off, Some(true), "", true),
        (&off, Some(true), "off", false),
        (&off, Some(false), "on", false),
        (&switched(), Some(false), "", false),
    ] {
        let firewall = Firewall {
            inspect_responses: policy,
            ..firewall(FirewallMode::Block, rules)
        };
        let proxy = start(firewall, upstream.address);
        let answer = proxy.ask(format!(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAccept-Encoding: br\r\n\
             X-Answers: {rule}\r\n\r\n"
        ));
        let case = format!("policy {policy:?}, rule {rule:?}");
        if inspected {
            assert_eq!(status(&answer), "403", "{case}");
        } else {
            assert!(answer.ends_with("coding may be: true"), "{case}: {answer}");
        }
    }
}

#[test]
fn the_answer_to_an_upgrade_is_seen_before_the_client_is_told() {
    let upstream = Upstream::scripted(|mut connection, _| {
        read_request(&mut connection);
        connection.send(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             X: evil-answer\r\n\r\n",
        );
        // Gone with the connection, or carried.
        let _ = connection.at_most(4);
    });
    for (mode, expected) in [(FirewallMode::Block, "403"), (FirewallMode::Detect, "101")] {
        let proxy = start(firewall(mode, RULES), upstream.address);
        let mut client = proxy.connect();
        client.send(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Key: k\r\nSec-WebSocket-Version: 13\r\n\r\n",
        );
        let head = client.until("\r\n\r\n");
        assert_eq!(status(&head), expected);
        assert_eq!(head.contains("evil-answer"), expected == "101");
        // Once the tunnel has ended both ways, its record is there.
        client.finish_sending();
        client.rest();
        let log = proxy.into_log();
        let events = events(&log);
        assert_eq!(events.len(), 1, "{log}");
        assert_eq!(ids(&events[0]), [3]);
    }
}
