//! Bodies that are held: whose they are, how long they may take, and where they go when the world has
//! changed meanwhile.

use std::{net::SocketAddr, thread, time::Duration};

use portcullis::{
    config::{ClientAddressOptions, Firewall, FirewallMode, Options},
    policy::{RoutePolicy, Timeouts},
};

use super::rules::{
    FORM, RULES, blocking, detecting, events, firewall, guarded, metric, post, start, status,
};
use crate::support::{Build, Client, Plan, TestProxy, Upstream};

/// The head of a request whose body has `length` bytes, of a client behind a balancer.
fn head(client: &str, length: usize) -> String {
    format!(
        "POST /p HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-For: {client}\r\n\
         Expect: 100-continue\r\nContent-Length: {length}\r\n{FORM}\r\n"
    )
}

/// A client whose body is held, of which nothing has come.
fn held(proxy: &TestProxy, address: &str) -> Client {
    let mut client = proxy.connect();
    client.send(head(address, 20_000));
    assert_eq!(status(&client.until("\r\n\r\n")), "100");
    client
}

fn body(client: &mut Client) -> String {
    client.send("a".repeat(20_000));
    client.rest()
}

#[test]
fn one_client_cannot_hold_what_is_there_for_all() {
    let upstream = Upstream::mirror();
    for trusts in [true, false] {
        let mut plan = Plan::behind(blocking());
        plan.route("", "/", RoutePolicy::default(), &[upstream.address]);
        plan.options.client_address = ClientAddressOptions {
            use_forwarded_headers: trusts,
            trusted: vec!["127.0.0.0/8".parse().unwrap()],
            ..ClientAddressOptions::default()
        };
        // Each body takes two of sixteen steps.
        let build = Build {
            buffered: 256 << 10,
            ..Build::default()
        };
        let proxy = build.start(plan.config());
        let mut greedy: Vec<_> = (0..4).map(|_| held(&proxy, "192.0.2.1")).collect();
        let mut more = held(&proxy, "192.0.2.1");
        assert_eq!(status(&more.rest()), "503", "half is held by one");
        let mut another = held(&proxy, "192.0.2.2");
        let expected = if trusts { "200" } else { "503" };
        assert_eq!(status(&body(&mut another)), expected, "trusts: {trusts}");
        let refused = r#"portcullis_firewall_refused_uninspected_total{reason="no_room"}"#;
        assert_eq!(metric(&proxy, refused), 1 + u64::from(!trusts));
        // What one body has taken is given back with it.
        assert_eq!(status(&body(&mut greedy.remove(0))), "200");
        assert_eq!(status(&body(&mut held(&proxy, "192.0.2.1"))), "200");
    }
}

/// A proxy that gives held bodies this time.
fn patient(firewall: Firewall, upstream: SocketAddr, time: Duration) -> TestProxy {
    let mut plan = Plan::behind(firewall);
    plan.options = Options {
        held_body_timeout: time,
        ..Options::default()
    };
    plan.route("", "/", RoutePolicy::default(), &[upstream]);
    TestProxy::start(plan.config())
}

#[test]
fn a_body_that_comes_too_slowly_is_refused_by_a_firewall_that_blocks() {
    let upstream = Upstream::mirror();
    for (firewall, expected) in [(blocking(), "408"), (detecting(), "200")] {
        let proxy = patient(firewall, upstream.address, Duration::from_millis(300));
        let mut client = proxy.connect();
        let head = head("192.0.2.1", 6).replace("Expect: 100-continue\r\n", "");
        client.send(&head);
        // Real time has to pass: a byte now and then is not enough.
        for byte in ["a", "b", "c", "d", "e", "f"] {
            client.send(byte);
            thread::sleep(Duration::from_millis(150));
        }
        let answer = client.rest();
        assert_eq!(status(&answer), expected);
        if expected == "200" {
            assert!(answer.ends_with("abcdef"), "{answer}");
        }
        let refused = expected == "408";
        for (name, is) in [("refused_uninspected", refused), ("uninspected", !refused)] {
            let name = format!(r#"portcullis_firewall_{name}_total{{reason="too_slow"}}"#);
            assert_eq!(metric(&proxy, &name), u64::from(is), "{name}");
        }
    }
}

#[test]
fn a_body_that_comes_steadily_may_take_longer() {
    let upstream = Upstream::mirror();
    let proxy = patient(blocking(), upstream.address, Duration::from_millis(300));
    let mut client = proxy.connect();
    let head = head("192.0.2.1", 90_000).replace("Expect: 100-continue\r\n", "");
    // Each piece earns a minute, in which the machine may be busy with other things.
    let piece = "a".repeat(30_000);
    client.send(head + &piece);
    for _ in 0..2 {
        thread::sleep(Duration::from_millis(300));
        client.send(&piece);
    }
    assert_eq!(status(&client.rest()), "200");
}

#[test]
fn whoever_waits_for_an_inspection_waits_no_longer_than_the_exchange_may_take() {
    let upstream = Upstream::mirror();
    let limited = RoutePolicy {
        timeouts: Timeouts {
            request: Some(Duration::from_millis(500)),
            ..Timeouts::default()
        },
        ..RoutePolicy::default()
    };
    // Rules for which values have to be changed that are new each time, for each in its own way.
    let slow = (0..6).map(|number| {
        let chain = "t:md5,".repeat(number) + &"t:sha1,t:hexEncode,".repeat(8);
        let id = 70 + number;
        format!("SecRule ARGS:/^n/ \"@streq never\" \"id:{id},phase:2,pass,{chain}nolog\"\n")
    });
    let rules = format!("{RULES}\n{}", slow.collect::<String>());
    let long: String = (0..20_000).map(|number| format!("n={number}&")).collect();
    for mode in [FirewallMode::Block, FirewallMode::Detect] {
        let mut plan = Plan::behind(firewall(mode, &rules));
        plan.route("", "/", RoutePolicy::default(), &[upstream.address]);
        plan.route("", "/limited", limited.clone(), &[upstream.address]);
        let proxy = TestProxy::start(plan.config());
        // Enough for the one thread to be at work on for much longer than that, and all there before.
        let long = post(FORM, &long);
        let (long, last) = long.split_at(long.len() - 1);
        let mut busy: Vec<_> = (0..4)
            .map(|_| {
                let mut client = proxy.connect();
                client.send(long);
                client
            })
            .collect();
        proxy.settle();
        for client in &mut busy {
            client.send(last);
        }
        let late = post(FORM, &"b=1&".repeat(5_000)).replace("/p ", "/limited ");
        let answer = proxy.ask(&late);
        assert_eq!(status(&answer), "504", "{mode:?}");
        let refused = r#"portcullis_firewall_refused_uninspected_total{reason="no_thread"}"#;
        let expected = u64::from(mode == FirewallMode::Block);
        assert_eq!(metric(&proxy, refused), expected, "{mode:?}");
        for client in &mut busy {
            assert_eq!(status(&client.rest()), "200", "{mode:?}");
        }
        // Nobody's place is taken for good.
        assert_eq!(status(&proxy.ask(post(FORM, &"b=1&".repeat(5_000)))), "200");
        let log = proxy.into_log();
        let late = events(&log).into_iter().filter(|it| it["status"] == 504);
        assert_eq!(late.count(), usize::try_from(expected).unwrap(), "{log}");
    }
}

#[test]
fn a_body_goes_to_the_endpoints_of_the_moment_under_the_rules_that_it_came_under() {
    let (gone, living) = (Upstream::mirror(), Upstream::mirror());
    let other = RULES.replace("evil-body", "other-body");
    for (rest, expected) in [("&b=other-body", "200"), ("&b=evil-body", "403")] {
        let proxy = start(blocking(), gone.address);
        let mut client = proxy.connect();
        let length = "a=1".len() + rest.len();
        client.send(format!(
            "POST /p HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\n\
             Content-Length: {length}\r\n{FORM}\r\n"
        ));
        assert_eq!(status(&client.until("\r\n\r\n")), "100");
        client.send("a=1");
        proxy.publish(guarded(
            firewall(FirewallMode::Block, &other),
            living.address,
        ));
        // The new world is there, and the old rules are nobody else's any more.
        let evil = proxy.ask(post(FORM, "a=evil-body"));
        assert!(evil.ends_with("a=evil-body"), "{evil}");
        assert_eq!(status(&proxy.ask(post(FORM, "a=other-body"))), "403");
        let before = living.connections();
        client.send(rest);
        let answer = client.rest();
        assert_eq!(status(&answer), expected, "{rest}");
        assert_eq!(gone.connections(), 0, "{rest}");
        if expected == "200" {
            assert!(answer.ends_with(&format!("a=1{rest}")), "{answer}");
        } else {
            assert_eq!(living.connections(), before);
        }
    }
}

#[test]
fn a_body_whose_cluster_is_gone_goes_to_the_endpoints_that_it_had() {
    let upstream = Upstream::mirror();
    let proxy = start(blocking(), upstream.address);
    let mut client = held(&proxy, "192.0.2.1");
    proxy.publish(Plan::default().config());
    let nobody = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    assert_eq!(status(&proxy.ask(nobody)), "404");
    assert_eq!(status(&body(&mut client)), "200");
}
