//! What upstreams are sent.

use std::{net::IpAddr, sync::Arc};

use super::{
    super::{
        ClientBinding, CookieClient, CookieExchange,
        CookieFinding::{Altered, Expired, Injected, TooMany, UnknownKey, Unsigned, Verified},
        CookieIntegrity, CookieKeys, CookieMode, LeastSameSite,
        tag::TAG_TEXT,
    },
    support::{
        CLIENT, KEY, NOW, OTHER_KEY, Seen, check, cookie, kept, keys, passed, patterns, sent,
        sent_at, settings,
    },
};

const MODES: [CookieMode; 4] = [
    CookieMode::Log,
    CookieMode::Learn,
    CookieMode::Drop,
    CookieMode::Refuse,
];

#[test]
fn what_the_backend_set_comes_back_as_it_set_it() {
    for mode in MODES {
        let settings = settings(mode);
        for (line, expected) in [
            ("sid=1; HttpOnly", "sid=1"),
            ("sid=1", "sid=1"),
            ("sid=\"1\"", "sid=\"1\""),
            ("sid=\"1, 2\"; HttpOnly", "sid=\"1, 2\""),
            ("sid=a=b.c", "sid=a=b.c"),
            ("sid=a=b.c; HttpOnly", "sid=a=b.c"),
            ("sid=; HttpOnly", "sid="),
            ("sid=", "sid="),
            ("SID=1", "SID=1"),
            ("__Host-a=1; Secure; Path=/; HttpOnly", "__Host-a=1"),
            ("secret=1", "secret=1"),
            ("secret=\"1\"", "secret=\"1\""),
            ("secret=", "secret="),
            ("sid=\u{e9}\\; HttpOnly", "sid=\u{e9}\\"),
        ] {
            let field = format!("a=1; {}; b=\"2", cookie(&settings, line));
            let expected = Seen {
                value: Some(format!("a=1; {expected}; b=\"2")),
                refused: false,
                findings: vec![(Verified, 1)],
            };
            assert_eq!(passed(&settings, &field), expected, "{mode:?} {line}");
        }
    }
}

#[test]
fn clients_may_take_the_quotes_off_and_put_some_on() {
    let settings = settings(CookieMode::Refuse);
    let unquoted = cookie(&settings, "sid=\"1\"; HttpOnly").replace('"', "");
    assert_eq!(passed(&settings, &unquoted).value.unwrap(), "sid=\"1\"");
    let plain = cookie(&settings, "sid=1; HttpOnly");
    let quoted = plain.replace("sid=", "sid=\"") + "\"";
    assert_eq!(passed(&settings, &quoted).value.unwrap(), "sid=1");
}

#[test]
fn requests_without_protected_cookies_are_left_as_they_are() {
    for mode in MODES {
        let settings = settings(mode);
        for field in [
            "",
            "a=1",
            "a=1;b=2;;",
            "a = 1 ; b",
            "$ids=1; a=b",
            "a.integrity=1",
            "a=x=y sid",
            "a=\"sid=1\"",
            "xsid=1",
        ] {
            let expected = Seen {
                value: None,
                refused: false,
                findings: vec![],
            };
            assert_eq!(passed(&settings, field), expected, "{mode:?} {field}");
        }
    }
}

/// What each mode makes of a cookie that cannot be verified; `learns`: it may be from before.
fn check_modes(field: &str, finding: super::super::CookieFinding, learns: bool, stripped: &str) {
    for (mode, expected, refused) in [
        (CookieMode::Log, stripped, false),
        (CookieMode::Learn, if learns { stripped } else { "" }, false),
        (CookieMode::Drop, "", false),
        (CookieMode::Refuse, "", true),
    ] {
        let seen = check(&settings(mode), &CLIENT, &[&format!("a=1; {field}")], NOW);
        let expected = match expected {
            "" => "a=1".to_owned(),
            text => format!("a=1; {text}"),
        };
        let value = seen.value.unwrap_or(format!("a=1; {field}"));
        assert_eq!(value, expected, "{mode:?} {field}");
        assert_eq!(seen.refused, refused, "{mode:?} {field}");
        let (kind, _) = seen.findings[0];
        assert_eq!(kind, finding, "{mode:?} {field}");
    }
}

#[test]
fn each_mode_does_its_own_with_what_cannot_be_verified() {
    let settings = settings(CookieMode::Drop);
    let tag_of = |line: &str| {
        let field = cookie(&settings, line);
        let (_, tag) = field.rsplit_once('.').unwrap();
        tag.to_owned()
    };
    let good = tag_of("sid=1; HttpOnly");
    check_modes("sid=1", Unsigned, true, "sid=1");
    check_modes("SID=1", Unsigned, true, "SID=1");
    check_modes("sid", Unsigned, true, "sid");
    check_modes("sid=1.x", Unsigned, true, "sid=1.x");
    check_modes(&format!("sid=2.{good}"), Altered, false, "sid=2");
    check_modes(&format!("__Host-a=1.{good}"), Altered, false, "__Host-a=1");
    check_modes(&format!("SID=1.{good}"), Altered, false, "SID=1");
    check_modes("sid=1; sid.integrity=x", Altered, false, "sid=1");
    let others = CookieIntegrity {
        keys: keys(&[("b", OTHER_KEY)]),
        ..settings.clone()
    };
    let unknown = cookie(&others, "sid=1; HttpOnly");
    check_modes(&unknown, UnknownKey, true, &unknown);
    for (hidden, finding) in [
        ("x=1, sid=2", Injected),
        ("x=1 sid=2", Injected),
        ("x=\"1\"sid=2", Injected),
        ("=sid=2", Injected),
        ("s%69d=2", Unsigned),
        ("sid[0]=2", Unsigned),
        ("__host-a=2", Unsigned),
        ("secret=2", Unsigned),
    ] {
        let learns = finding == Unsigned;
        check_modes(hidden, finding, learns, hidden);
    }
}

#[test]
fn no_byte_of_a_signed_or_encrypted_cookie_can_be_another() {
    let settings = settings(CookieMode::Drop);
    for line in ["sid=value; HttpOnly", "secret=value", "sid=value"] {
        let field = cookie(&settings, line);
        assert_eq!(passed(&settings, &field).findings, [(Verified, 1)]);
        let start = field.find('=').unwrap() + 1;
        for at in start..field.len() {
            for byte in [b'A', b'B', b'.', b'='] {
                let mut bytes = field.clone().into_bytes();
                if bytes[at] == byte || bytes[at] == b';' {
                    continue;
                }
                bytes[at] = byte;
                let text = String::from_utf8(bytes).unwrap();
                let seen = passed(&settings, &text);
                assert!(!seen.findings.contains(&(Verified, 1)), "{text}");
                assert!(!seen.value.unwrap().contains("value"), "{text}");
            }
        }
    }
}

#[test]
fn a_cookie_is_good_for_its_name_its_host_and_what_it_is_bound_to() {
    let at_host = |host| CookieClient { host, ..CLIENT };
    for (domain, host, expected) in [
        ("", &b"shop.example.com"[..], true),
        ("", b"x.shop.example.com", false),
        ("", b"example.com", false),
        ("; Domain=example.com", b"shop.example.com", true),
        ("; Domain=.EXAMPLE.com", b"other.example.com", true),
        ("; Domain=example.com", b"example.com", true),
        ("; Domain=example.com", b"badexample.com", false),
        ("; Domain=example.com", b"example.org", false),
        ("; Domain=shop.example.com", b"a.shop.example.com", true),
        ("; Domain=shop.example.com", b"other.example.com", false),
        // Somebody before us has another name for the host.
        ("; Domain=public.example", b"shop.example.com", true),
        ("; Domain=public.example", b"public.example", false),
    ] {
        let settings = settings(CookieMode::Drop);
        for line in ["sid=1; HttpOnly", "sid=1", "secret=1"] {
            let line = format!("{line}{domain}");
            let field = kept(&sent(&settings, &CLIENT, &line));
            let seen = check(&settings, &at_host(host), &[&field], NOW);
            let finding = if expected { Verified } else { Altered };
            assert_eq!(seen.findings, [(finding, 1)], "{line} {host:?}");
        }
    }
    let v6 = |text: &str| -> IpAddr { text.parse().unwrap() };
    let at = |address| CookieClient { address, ..CLIENT };
    let agent = |user_agent| CookieClient {
        user_agent,
        ..CLIENT
    };
    let certified = |certificate| CookieClient {
        certificate,
        ..CLIENT
    };
    for (binding, first, then, expected) in [
        (ClientBinding::None, CLIENT, at(v6("::1")), true),
        (ClientBinding::Address, CLIENT, CLIENT, true),
        (
            ClientBinding::Address,
            CLIENT,
            at(v6("::ffff:192.0.2.7")),
            true,
        ),
        (ClientBinding::Address, CLIENT, at(v6("192.0.2.8")), false),
        (
            ClientBinding::Address,
            at(v6("2001:db8::1")),
            at(v6("2001:db8::2")),
            true,
        ),
        (
            ClientBinding::Address,
            at(v6("2001:db8::1")),
            at(v6("2001:db8:0:1::1")),
            false,
        ),
        (ClientBinding::UserAgent, CLIENT, agent(b"browser"), true),
        (ClientBinding::UserAgent, CLIENT, agent(b"curl"), false),
        (
            ClientBinding::Certificate,
            certified(b"a"),
            certified(b"a"),
            true,
        ),
        (
            ClientBinding::Certificate,
            certified(b"a"),
            certified(b""),
            false,
        ),
    ] {
        let settings = CookieIntegrity {
            binding,
            ..settings(CookieMode::Drop)
        };
        let field = kept(&sent(&settings, &first, "sid=1; HttpOnly"));
        let seen = check(&settings, &then, &[&field], NOW);
        let finding = if expected { Verified } else { Altered };
        assert_eq!(seen.findings, [(finding, 1)], "{binding:?} {then:?}");
    }
}

#[test]
fn one_that_is_not_bound_is_refused_once_it_has_to_be_and_not_the_other_way_round() {
    let free = settings(CookieMode::Drop);
    let bound = CookieIntegrity {
        binding: ClientBinding::UserAgent,
        ..settings(CookieMode::Drop)
    };
    for (signer, verifier, finding) in [(&free, &bound, Altered), (&bound, &free, Verified)] {
        let field = cookie(signer, "sid=1; HttpOnly");
        assert_eq!(passed(verifier, &field).findings, [(finding, 1)]);
    }
}

#[test]
fn a_cookie_is_good_within_its_age() {
    let limited = CookieIntegrity {
        max_age: Some(100),
        ..settings(CookieMode::Drop)
    };
    let free = settings(CookieMode::Drop);
    for (settings, line, age, finding) in [
        (&free, "sid=1; HttpOnly", 1 << 30, Verified),
        (&free, "sid=1; HttpOnly; Max-Age=50", 110, Verified),
        (&free, "sid=1; HttpOnly; Max-Age=50", 111, Expired),
        (&free, "sid=1; Max-Age=50", 111, Expired),
        (
            &free,
            "secret=1; Expires=Sat, 22 Nov 2025 12:00:55 GMT",
            111,
            Expired,
        ),
        (&limited, "sid=1; HttpOnly", 100, Verified),
        (&limited, "sid=1; HttpOnly", 101, Expired),
        (&limited, "sid=1; HttpOnly; Max-Age=1000", 101, Expired),
        (&free, "sid=1; HttpOnly", -300, Verified),
        (&free, "sid=1; HttpOnly", -301, Expired),
    ] {
        let field = kept(&sent_at(settings, &CLIENT, line, NOW));
        let now = NOW.checked_add_signed(age).unwrap();
        let seen = check(settings, &CLIENT, &[&field], now);
        assert_eq!(seen.findings, [(finding, 1)], "{line} {age}");
    }
}

#[test]
fn keys_rotate_without_a_cookie_lost_and_are_gone_when_they_are_removed() {
    let with = |names: &[(&str, &[u8])], current: &str| CookieIntegrity {
        keys: Arc::new(CookieKeys::new(names.iter().copied(), Some(current)).unwrap()),
        ..settings(CookieMode::Drop)
    };
    let old = with(&[("1", KEY)], "1");
    let added = with(&[("1", KEY), ("2", OTHER_KEY)], "1");
    let switched = with(&[("1", KEY), ("2", OTHER_KEY)], "2");
    let removed = with(&[("2", OTHER_KEY)], "2");
    for line in ["sid=1; HttpOnly", "sid=1", "secret=1"] {
        let (first, last) = (cookie(&old, line), cookie(&switched, line));
        for (settings, field, finding) in [
            (&old, &first, Verified),
            (&added, &first, Verified),
            (&added, &last, Verified),
            (&switched, &first, Verified),
            (&removed, &first, UnknownKey),
            (&removed, &last, Verified),
            (&old, &last, UnknownKey),
        ] {
            assert_eq!(passed(settings, field).findings, [(finding, 1)], "{line}");
        }
    }
}

#[test]
fn of_cookies_with_one_name_those_that_are_good_pass() {
    let settings = settings(CookieMode::Drop);
    let (first, second) = (
        cookie(&settings, "sid=1; HttpOnly; Path=/a"),
        cookie(&settings, "sid=2"),
    );
    let field = format!("sid=0; {first}; sid=3; {second}");
    let expected = Seen {
        value: Some("sid=1; sid=2".into()),
        refused: false,
        findings: vec![(Verified, 2), (Altered, 2)],
    };
    assert_eq!(passed(&settings, &field), expected);
    // The tag of one that can be seen is not good for another value.
    let (_, tag) = second.split_once("; ").unwrap();
    let seen = passed(&settings, &format!("sid=3; {tag}"));
    assert_eq!(seen.value.as_deref(), Some(""));
}

#[test]
fn one_field_is_made_of_several_and_what_switches_servers_to_another_syntax_is_left_out() {
    let settings = settings(CookieMode::Drop);
    let good = cookie(&settings, "sid=1; HttpOnly");
    let fields = [
        "$Version=1; a=1; $Path=/",
        &good,
        " ; $DOMAIN=x; b=2; $Port",
    ];
    let seen = check(&settings, &CLIENT, &fields, NOW);
    assert_eq!(seen.value.as_deref(), Some("a=1; sid=1; b=2"));
    let seen = check(&settings, &CLIENT, &["a=1", "b=2"], NOW);
    assert_eq!(seen.value.as_deref(), Some("a=1; b=2"));
    let seen = passed(&settings, "$Version=1; a=\"1");
    assert_eq!(seen.value.as_deref(), Some("a=\"1"));
    let logging = CookieIntegrity {
        mode: CookieMode::Log,
        ..settings
    };
    assert_eq!(
        check(&logging, &CLIENT, &["a=1", "$Version=1"], NOW).value,
        None
    );
}

#[test]
fn companions_never_reach_the_backend() {
    for mode in MODES {
        let seen = passed(&settings(mode), "a=1; sid.integrity=x; SID.Integrity=y");
        assert_eq!(seen.value.as_deref(), Some("a=1"), "{mode:?}");
        assert!(!seen.refused && seen.findings.is_empty(), "{mode:?}");
    }
}

#[test]
fn only_so_many_signatures_are_computed_for_a_request() {
    let settings = settings(CookieMode::Drop);
    let good = cookie(&settings, "sid=1; HttpOnly");
    let field = vec![good.as_str(); 300].join("; ");
    let seen = passed(&settings, &field);
    assert_eq!(seen.findings, [(Verified, 256), (TooMany, 44)]);
    let companions = cookie(&settings, "sid=1");
    let (_, tag) = companions.split_once("; ").unwrap();
    let many = format!(
        "{}; {}",
        vec![tag; 100].join("; "),
        vec!["sid=2"; 100].join("; ")
    );
    let seen = passed(&settings, &many);
    assert_eq!(seen.value.as_deref(), Some(""));
}

#[test]
fn many_companions_of_a_long_value_cost_no_more_than_many_cookies() {
    let settings = settings(CookieMode::Drop);
    let long = cookie(&settings, &format!("sid={}", "x".repeat(20_000)));
    let other = cookie(&settings, "sid=1");
    let (_, wrong) = other.split_once("; ").unwrap();
    for (before, expected) in [(5, Verified), (20, Altered)] {
        let field = format!("{}; {long}", vec![wrong; before].join("; "));
        let seen = passed(&settings, &field);
        assert_eq!(seen.findings, [(expected, 1)], "{before}");
    }
}

#[test]
fn a_pattern_is_named_for_what_somebody_should_know() {
    let settings = CookieIntegrity {
        signed: patterns(&["other", "s*"]),
        same_site: Some(LeastSameSite::Lax),
        ..settings(CookieMode::Drop)
    };
    let exchange = CookieExchange::new(&Arc::new(settings), &CLIENT);
    let field = format!("sid=1.{}", "A".repeat(TAG_TEXT));
    exchange.check(&CLIENT, [field.as_bytes()], super::support::at(NOW));
    assert_eq!(exchange.remarkable_pattern(), Some("s*"));
}
