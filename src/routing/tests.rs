//! Precedence by tables, and every look-up against a naive model.

#![allow(clippy::unwrap_used)]

use std::{cell::RefCell, collections::HashMap, sync::Arc};

use proptest::prelude::*;

use super::{FieldMatch, HostRoutes, Match, PathMatch, RouteTable, TextMatch};
use crate::message::{FieldId, FieldSpan, HostMatch, Method, RequestHead, Span};

/// A head with this method and these fields.
fn head(method: &str, fields: &[(&str, &str)]) -> RequestHead {
    let mut head = RequestHead {
        method: Method::from_bytes(method.as_bytes()),
        ..RequestHead::default()
    };
    let put = |buffer: &mut Vec<u8>, text: &str| {
        let start = u32::try_from(buffer.len()).unwrap();
        buffer.extend_from_slice(text.as_bytes());
        let end = u32::try_from(buffer.len()).unwrap();
        Span { start, end }
    };
    head.method_span = put(&mut head.buffer, method);
    for (name, value) in fields {
        let id = FieldId::KNOWN
            .iter()
            .find(|(_, known)| known.eq_ignore_ascii_case(name))
            .map_or(FieldId::Other, |(id, _)| *id);
        let name = put(&mut head.buffer, name);
        let value = put(&mut head.buffer, value);
        head.fields.push(FieldSpan { id, name, value });
    }
    head
}

fn exact(path: &str) -> Match {
    Match::path(PathMatch::Exact(path.into()))
}

fn prefix(path: &str) -> Match {
    Match::path(PathMatch::Prefix(path.into()))
}

fn regex(pattern: &str) -> Match {
    Match::path(PathMatch::Regex {
        pattern: pattern.into(),
        case_insensitive: false,
    })
}

fn field(name: &str, value: &str) -> FieldMatch {
    FieldMatch {
        name: name.into(),
        value: TextMatch::Exact(value.into()),
    }
}

fn pattern(name: &str, value: &str) -> FieldMatch {
    FieldMatch {
        name: name.into(),
        value: TextMatch::Regex(value.into()),
    }
}

/// Both forms of one host: as given, and padded so far that it is indexed.
fn both(rules: &[Match]) -> [HostRoutes<usize>; 2] {
    let numbered = || rules.iter().cloned().zip(0..);
    let padding = (0..20).map(|n| (exact(&format!("/no-request-asks-for-this/{n}")), 1000 + n));
    [
        HostRoutes::build(numbered().collect()).unwrap(),
        HostRoutes::build(numbered().chain(padding).collect()).unwrap(),
    ]
}

#[test]
fn paths_are_taken_by_element_longest_first_and_exact_before_prefix() {
    for (rules, path, expected) in [
        // The path rules of the Ingress conformance suite.
        (vec![exact("/foo")], "/foo", Some(0)),
        (vec![exact("/foo")], "/foo/", None),
        (vec![exact("/foo/")], "/foo", None),
        (vec![exact("/foo")], "/Foo", None),
        (vec![prefix("/foo")], "/foo", Some(0)),
        (vec![prefix("/foo")], "/foo/", Some(0)),
        (vec![prefix("/foo/")], "/foo", Some(0)),
        (vec![prefix("/foo/")], "/foo/bar", Some(0)),
        (vec![prefix("/foo")], "/FOO", None),
        (vec![prefix("/aaa")], "/aaaccc", None),
        (
            vec![prefix("/aaa"), prefix("/aaa/bbb")],
            "/aaa/bbb",
            Some(1),
        ),
        (
            vec![prefix("/aaa"), prefix("/aaa/bbb")],
            "/aaa/bbb/x",
            Some(1),
        ),
        (
            vec![prefix("/aaa"), prefix("/aaa/bbb")],
            "/aaa/ccc",
            Some(0),
        ),
        (vec![prefix("/foo"), exact("/foo")], "/foo", Some(1)),
        (vec![prefix("/foo"), exact("/foo")], "/foo/", Some(0)),
        (vec![prefix("/foo/"), exact("/foo/")], "/foo/", Some(1)),
        // The root takes everything.
        (vec![prefix("/")], "/", Some(0)),
        (vec![prefix("/")], "/a/b", Some(0)),
        (vec![prefix("/")], "*", Some(0)),
        (vec![prefix("")], "/a", Some(0)),
        (vec![exact("/")], "/", Some(0)),
        (vec![exact("/")], "/a", None),
        (vec![], "/", None),
        // An earlier rule wins an equal match, however its slash is written.
        (vec![prefix("/a/"), prefix("/a")], "/a", Some(0)),
        (vec![exact("/a"), exact("/a")], "/a", Some(0)),
        // Regular expressions take their place by length, after exact paths.
        (
            vec![regex("/a.*longer"), exact("/a/longer")],
            "/a/longer",
            Some(1),
        ),
        (vec![prefix("/a"), regex("/[a-c]/")], "/a/x", Some(1)),
        (
            vec![prefix("/a/much/longer"), regex("/[a-c]/")],
            "/a/much/longer/x",
            Some(0),
        ),
        (
            vec![prefix("/a/much/longer"), regex("/[a-c]/")],
            "/a/much",
            Some(1),
        ),
        (
            vec![regex("/a."), prefix("/abc"), prefix("/ab")],
            "/ab",
            Some(2),
        ),
        (vec![regex("/a."), prefix("/ab")], "/ab/c", Some(1)),
        (vec![regex("/a.*"), prefix("/abcd")], "/abcd", Some(1)),
        (vec![regex("/a.*"), prefix("/abc")], "/abc", Some(1)),
        (vec![regex("/a"), regex("/ab")], "/abc", Some(1)),
        (vec![regex("/a."), regex("/.b")], "/ab", Some(0)),
    ] {
        for routes in both(&rules) {
            assert_eq!(
                routes.find(path.as_bytes(), None, &head("GET", &[])),
                expected.as_ref(),
                "{path} among {rules:?}"
            );
        }
    }
}

#[test]
fn method_headers_and_query_decide_between_rules_of_one_path() {
    const VERSION: (&str, &str) = ("X-Version", "2");
    let rules = [
        prefix("/"),
        Match {
            query: vec![field("a", "1")],
            ..prefix("/")
        },
        Match {
            headers: vec![field("x-version", "2")],
            ..prefix("/")
        },
        Match {
            headers: vec![field("x-version", "2"), pattern("user-agent", "curl/.*")],
            ..prefix("/")
        },
        Match {
            method: Some("POST".into()),
            ..prefix("/")
        },
        Match {
            method: Some("POST".into()),
            query: vec![pattern("b c", "[0-9]+|x"), field("a", "1")],
            ..prefix("/")
        },
        Match {
            method: Some("POST".into()),
            ..prefix("/deep")
        },
    ];
    type Fields = &'static [(&'static str, &'static str)];
    let cases: &[(&str, &str, Option<&str>, Fields, usize)] = &[
        ("GET", "/", None, &[], 0),
        ("GET", "/", Some("a=1"), &[], 1),
        ("GET", "/", Some("a=2"), &[], 0),
        ("GET", "/", Some("A=1"), &[], 0),
        ("GET", "/", Some("a=2&a=1"), &[], 1),
        ("GET", "/", Some("%61=%31"), &[], 1),
        ("GET", "/", Some("a=1"), &[VERSION], 2),
        ("GET", "/", None, &[("X-Version", "1"), VERSION], 2),
        ("GET", "/", None, &[("User-Agent", "curl/8"), VERSION], 3),
        ("GET", "/", None, &[("User-Agent", "a curl/8"), VERSION], 2),
        ("POST", "/", None, &[VERSION], 4),
        ("post", "/", None, &[], 0),
        ("POST", "/", Some("a=1&b+c=42"), &[], 5),
        ("POST", "/", Some("a=1&b%20c=x"), &[], 5),
        ("POST", "/", Some("a=1&b%20c=%3"), &[], 4),
        ("POST", "/", Some("a=1&b c"), &[], 4),
        // A longer path whose method does not fit gives way to a shorter one.
        ("POST", "/deep/er", None, &[], 6),
        ("GET", "/deep/er", None, &[], 0),
    ];
    for (method, path, query, fields, expected) in cases {
        for routes in both(&rules) {
            assert_eq!(
                routes.find(
                    path.as_bytes(),
                    query.map(str::as_bytes),
                    &head(method, fields)
                ),
                Some(expected),
                "{method} {path} {query:?} {fields:?}"
            );
        }
    }
}

#[test]
fn the_host_is_chosen_before_the_path() {
    let routes = |path, value| Arc::new(HostRoutes::build(vec![(prefix(path), value)]).unwrap());
    let table = RouteTable::build([
        (HostMatch::Any, routes("/", "any")),
        (
            HostMatch::Wildcard("foo.com".into()),
            routes("/wild", "wild"),
        ),
        (HostMatch::Exact("a.foo.com".into()), routes("/a", "exact")),
        (
            HostMatch::Exact("a.foo.com".into()),
            routes("/", "shadowed"),
        ),
        (HostMatch::Wildcard("com".into()), routes("/", "wild com")),
        (HostMatch::Any, routes("/", "shadowed")),
    ]);
    for (host, path, expected) in [
        ("a.foo.com", "/a", Some("exact")),
        ("a.foo.com", "/wild", None),
        ("b.foo.com", "/wild", Some("wild")),
        ("b.foo.com", "/", None),
        ("foo.com", "/", Some("wild com")),
        ("a.b.foo.com", "/", Some("any")),
        (".foo.com", "/wild", Some("any")),
        ("*.foo.com", "/wild", Some("wild")),
        ("com", "/", Some("any")),
        ("", "/", Some("any")),
    ] {
        assert_eq!(
            table
                .find(host.as_bytes(), path.as_bytes(), None, &head("GET", &[]))
                .copied(),
            expected,
            "{host}{path}"
        );
    }
    let empty = RouteTable::<()>::default();
    assert_eq!(empty.find(b"a.com", b"/", None, &head("GET", &[])), None);
}

#[test]
fn a_rule_that_cannot_be_compiled_is_named() {
    let long = "/".repeat(1 << 16);
    for rule in [
        regex("/("),
        exact(&long),
        Match {
            headers: vec![pattern("a", "[")],
            ..exact("/")
        },
        Match {
            query: vec![pattern("a", "[")],
            ..exact("/")
        },
    ] {
        let error = rule.check().unwrap_err();
        let built = HostRoutes::build(vec![(exact("/"), 0), (rule.clone(), 1)]);
        assert_eq!(built.unwrap_err(), error);
    }
    assert_eq!(regex("/a").check(), Ok(()));
}

/// Whether another engine than ours finds a match.
fn is_match(pattern: &str, text: &str) -> bool {
    thread_local! {
        // The patterns of the tests are a handful, and compiling them takes longer than all the rest.
        static COMPILED: RefCell<HashMap<String, regex::Regex>> = RefCell::default();
    }
    COMPILED.with_borrow_mut(|compiled| {
        compiled
            .entry(pattern.to_owned())
            .or_insert_with(|| regex::Regex::new(pattern).unwrap())
            .is_match(text)
    })
}

/// What the module documentation says, without any index: all that match, then the best of them.
fn model(
    rules: &[Match],
    path: &str,
    query: &[(&str, &str)],
    method: &str,
    fields: &[(&str, &str)],
) -> Option<usize> {
    let text_matches = |text: &TextMatch, value: &str| match text {
        TextMatch::Exact(text) => **text == *value,
        TextMatch::Regex(pattern) => is_match(&format!("^(?:{pattern})$"), value),
    };
    let elements = |path: &str| -> Vec<String> {
        path.strip_suffix('/')
            .unwrap_or(path)
            .split('/')
            .map(str::to_owned)
            .collect()
    };
    rules
        .iter()
        .enumerate()
        .filter(|(_, rule)| {
            let path_matches = match &rule.path {
                PathMatch::Exact(exact) => **exact == *path,
                PathMatch::Prefix(prefix) => elements(path).starts_with(&elements(prefix)),
                PathMatch::Regex { pattern, .. } => is_match(&format!("^(?:{pattern})"), path),
            };
            path_matches
                && rule.method.as_deref().is_none_or(|m| m == method)
                && rule.headers.iter().all(|h| {
                    fields
                        .iter()
                        .any(|(n, v)| *n == &*h.name && text_matches(&h.value, v))
                })
                && rule.query.iter().all(|q| {
                    query
                        .iter()
                        .any(|(n, v)| *n == &*q.name && text_matches(&q.value, v))
                })
        })
        .max_by_key(|(number, rule)| {
            let (is_exact, length, is_literal) = match &rule.path {
                PathMatch::Exact(path) => (true, path.len(), true),
                PathMatch::Prefix(path) => (false, path.trim_end_matches('/').len(), true),
                PathMatch::Regex { pattern, .. } => (false, pattern.len(), false),
            };
            (
                is_exact,
                length,
                is_literal,
                rule.method.is_some(),
                rule.headers.len(),
                rule.query.len(),
                std::cmp::Reverse(*number),
            )
        })
        .map(|(number, _)| number)
}

fn any_path() -> impl Strategy<Value = String> {
    ("(/(a|b|ab|abc)){0,4}", prop::bool::ANY).prop_map(|(path, slash)| {
        if slash || path.is_empty() {
            format!("{path}/")
        } else {
            path
        }
    })
}

fn any_fields() -> impl Strategy<Value = Vec<FieldMatch>> {
    prop::collection::vec(
        prop_oneof![
            ("x|host", "1|2").prop_map(|(n, v)| field(&n, &v)),
            ("x|host", r"1\*|\[12\]|1\|12").prop_map(|(n, v)| pattern(&n, &v)),
        ],
        0..3,
    )
}

fn any_match() -> impl Strategy<Value = Match> {
    let path = prop_oneof![
        4 => any_path().prop_map(|p| PathMatch::Exact(p.into())),
        6 => any_path().prop_map(|p| PathMatch::Prefix(p.into())),
        1 => prop::sample::select(vec!["/", "/a", "/a.*", "/(a|b)/", "/[^/]+/b$", "/ab?", "/.*abc/"])
            .prop_map(|p| PathMatch::Regex { pattern: p.into(), case_insensitive: false }),
    ];
    let plain = path.clone().prop_map(Match::path);
    let full = (
        path,
        prop::option::of("GET|POST"),
        any_fields(),
        any_fields(),
    )
        .prop_map(|(path, method, headers, query)| Match {
            path,
            method: method.map(Into::into),
            headers,
            query,
        });
    prop_oneof![plain, full]
}

proptest! {
    // Compiling expressions takes most of the time: each case has dozens, and many requests.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_look_up_finds_what_the_naive_model_finds(
        rules in prop::collection::vec(any_match(), 0..30),
        requests in prop::collection::vec(
            (
                any_path(),
                "GET|POST",
                prop::collection::vec(("x|host", "1|2|11|12"), 0..3),
                prop::collection::vec(("x|host", "1|2|11|12"), 0..3),
            ),
            1..60,
        ),
    ) {
        let tables = both(&rules);
        for (path, method, fields, query) in &requests {
            let fields: Vec<_> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            let query: Vec<_> = query.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            let expected = model(&rules, path, &query, method, &fields);
            let text: Vec<_> = query.iter().map(|(n, v)| format!("{n}={v}")).collect();
            let text = text.join("&");
            let head = head(method, &fields);
            for table in &tables {
                let found = table.find(path.as_bytes(), Some(text.as_bytes()), &head);
                prop_assert_eq!(found.copied(), expected);
            }
        }
    }

    #[test]
    fn no_path_or_host_makes_a_look_up_panic(
        rules in prop::collection::vec(any_match(), 0..20),
        host in prop::collection::vec(prop_oneof![Just(b'.'), Just(b'a'), any::<u8>()], 0..8),
        path in prop::collection::vec(prop_oneof![Just(b'/'), Just(b'a'), any::<u8>()], 0..300),
    ) {
        let [small, large] = both(&rules);
        let (small, large) = (Arc::new(small), Arc::new(large));
        let table = RouteTable::build([
            (HostMatch::Exact("a.a".into()), Arc::clone(&small)),
            (HostMatch::Any, Arc::clone(&large)),
        ]);
        let head = head("GET", &[]);
        prop_assert_eq!(small.find(&path, None, &head), large.find(&path, None, &head));
        let found = table.find(&host, &path, Some(&path), &head).copied();
        prop_assert_eq!(found, small.find(&path, Some(&path), &head).copied());
    }
}
