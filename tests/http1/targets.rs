//! Targets: the canonical path, the host, the forms.

use portcullis::http1::{HeadLimits, RequestHeadBuilder};
use portcullis::message::{
    HostError, RequestHead, Slashes, Target, TargetError, TargetForm, Version, canonical_path,
    normalize_host,
};

type Outcome<T> = Result<T, TargetError>;

#[test]
fn each_path_has_one_canonical_form() {
    let cases: &[(&str, &str)] = &[
        ("/", "/"),
        ("/a/b", "/a/b"),
        ("/a/b/", "/a/b/"),
        ("/A-Z.0_9~", "/A-Z.0_9~"),
        ("/!$&'()*+,;=:@", "/!$&'()*+,;=:@"),
        // Escapes of unreserved characters are decoded, others upper-cased.
        ("/%61%2D%2e%5f%7E", "/a-._~"),
        ("/%41%7a%30", "/Az0"),
        ("/%c3%bc", "/%C3%BC"),
        ("/%ff%0d%0a%01", "/%FF%0D%0A%01"),
        ("/%3f%23%3a%26", "/%3F%23%3A%26"),
        ("/a%20b", "/a%20b"),
        // Once.
        ("/%252e%252e/a", "/%252e%252e/a"),
        ("/%2561", "/%2561"),
        ("/%25", "/%25"),
        // Escaped slashes separate nothing.
        ("/a%2fb/..", "/"),
        ("/group%2Fproject", "/group%2Fproject"),
        ("/a%5cb", "/a%5Cb"),
        ("/..%2fa", "/..%2Fa"),
        // Dot segments.
        ("/.", "/"),
        ("/..", "/"),
        ("/a/.", "/a/"),
        ("/a/..", "/"),
        ("/a/./b", "/a/b"),
        ("/a/../b", "/b"),
        ("/a/b/../../../c", "/c"),
        ("/a/b/../", "/a/"),
        ("/../../a", "/a"),
        ("/%2e%2E/a", "/a"),
        ("/a/%2E./b", "/b"),
        ("/a/%2e/b", "/a/b"),
        ("/...", "/..."),
        ("/.a", "/.a"),
        ("/..a/b..", "/..a/b.."),
        ("/.well-known/acme", "/.well-known/acme"),
        ("/a/b/c/./../../g", "/a/g"),
        ("/mid/content=5/../6", "/mid/6"),
        // Slashes are merged first.
        ("//", "/"),
        ("//admin", "/admin"),
        ("/a//b///c//", "/a/b/c/"),
        ("/a//../b", "/b"),
        ("//..//a", "/a"),
        ("/a/.//b", "/a/b"),
        ("/http://a/", "/http:/a/"),
        // What no path may hold as it is.
        ("/\"<>^`{|}", "/%22%3C%3E%5E%60%7B%7C%7D"),
        ("/[a]", "/%5Ba%5D"),
        ("/%5ba%5d", "/%5Ba%5D"),
        // Over more than one block.
        (
            "/0123456789abcdef/0123456789abcdef//a",
            "/0123456789abcdef/0123456789abcdef/a",
        ),
        ("/0123456789abcd//a", "/0123456789abcd/a"),
        ("/0123456789abcd/./a", "/0123456789abcd/a"),
        ("/0123456789abcd/.a", "/0123456789abcd/.a"),
    ];
    for (path, expected) in cases {
        let target = resolve(path, "a").unwrap();
        assert_eq!(std::str::from_utf8(target.path()), Ok(*expected), "{path}");
        assert_eq!(target.query(), None, "{path}");
        assert_eq!(target.path_and_query(), target.path());
        assert_eq!(canonical_path(path, Slashes::Merge).unwrap(), *expected);
        let target = resolve(&format!("{path}?/../%2e//"), "a").unwrap();
        assert_eq!(std::str::from_utf8(target.path()), Ok(*expected), "{path}");
        assert_eq!(target.query(), Some(&b"/../%2e//"[..]), "{path}");
        let forwarded = format!("{expected}?/../%2e//");
        assert_eq!(target.path_and_query(), forwarded.as_bytes());
        let target = resolve(&format!("HTTP://a{path}"), "a").unwrap();
        assert_eq!(std::str::from_utf8(target.path()), Ok(*expected), "{path}");
    }
}

#[test]
fn slashes_that_are_kept_separate_empty_elements() {
    for (path, expected) in [
        ("//", "//"),
        ("//a", "//a"),
        ("/a//b///", "/a//b///"),
        ("/a//../b", "/a/b"),
        ("/a/..//b", "//b"),
        ("//..", "/"),
        ("/a//.", "/a//"),
        ("/a/./%2f//%7e", "/a/%2F//~"),
    ] {
        let request = head("GET", &format!("{path}?//"), &["a"], Version::Http11);
        let mut target = Target::default();
        target.resolve(&request, Slashes::Keep).unwrap();
        let forwarded = format!("{expected}?//");
        assert_eq!(target.path(), expected.as_bytes(), "{path}");
        assert_eq!(target.path_and_query(), forwarded.as_bytes(), "{path}");
        assert_eq!(canonical_path(path, Slashes::Keep).unwrap(), expected);
    }
}

#[test]
fn a_path_that_reads_in_two_ways_is_refused() {
    for (path, error) in [
        ("/%00", TargetError::Nul),
        ("/a%00b", TargetError::Nul),
        ("/%", TargetError::Escape),
        ("/%2", TargetError::Escape),
        ("/a%/b", TargetError::Escape),
        ("/%2/f", TargetError::Escape),
        ("/%zz", TargetError::Escape),
        ("/%u0041", TargetError::Escape),
        ("/%+1", TargetError::Escape),
        ("/a\\b", TargetError::PathByte),
        ("/a\\..\\b", TargetError::PathByte),
    ] {
        assert_eq!(resolve(path, "a").err(), Some(error), "{path}");
        assert_eq!(error.status(), 400);
    }
}

#[test]
fn an_escaped_slash_is_told() {
    for (path, has_one) in [
        ("/a%2Fb", true),
        ("/a%2fb", true),
        ("/a%5Cb", true),
        ("/a/b", false),
        ("/a%20b", false),
        ("/a?%2F", false),
    ] {
        assert_eq!(
            resolve(path, "a").unwrap().has_encoded_slash(),
            has_one,
            "{path}"
        );
    }
}

#[test]
fn the_query_is_carried_as_sent() {
    for (path, query) in [
        ("/?", &b""[..]),
        ("/?a=%", b"a=%"),
        ("/?a=%00\\{}|\"", b"a=%00\\{}|\""),
        ("/a?b?c", b"b?c"),
        ("/%61?%61", b"%61"),
    ] {
        let target = resolve(path, "a").unwrap();
        assert_eq!(target.query(), Some(query), "{path}");
    }
}

#[test]
fn each_form_is_told_and_others_are_refused() {
    type Resolved = (TargetForm, &'static str);
    let cases: &[(&str, &str, Outcome<Resolved>)] = &[
        ("GET", "/", Ok((TargetForm::Origin, "/"))),
        ("GET", "http://b", Ok((TargetForm::Absolute, "/"))),
        ("GET", "http://b?c", Ok((TargetForm::Absolute, "/?c"))),
        (
            "GET",
            "hTTpS://b:443/c?d",
            Ok((TargetForm::Absolute, "/c?d")),
        ),
        ("OPTIONS", "*", Ok((TargetForm::Asterisk, "*"))),
        ("OPTIONS", "http://b", Ok((TargetForm::Asterisk, "*"))),
        ("OPTIONS", "http://b/", Ok((TargetForm::Absolute, "/"))),
        ("OPTIONS", "http://b?c", Ok((TargetForm::Absolute, "/?c"))),
        ("GET", "*", Err(TargetError::Form)),
        ("GET", "a", Err(TargetError::Form)),
        ("GET", "a:80", Err(TargetError::Form)),
        ("GET", "?a", Err(TargetError::Form)),
        ("GET", "%2Fa", Err(TargetError::Form)),
        ("GET", "\\a", Err(TargetError::Form)),
        ("GET", "ftp://b/", Err(TargetError::Form)),
        ("GET", "http:/b/", Err(TargetError::Form)),
        ("GET", "http:b", Err(TargetError::Form)),
        ("GET", "://b/", Err(TargetError::Form)),
        ("GET", "http:///a", Err(TargetError::Host(HostError::Empty))),
        (
            "GET",
            "http://u:p@b/",
            Err(TargetError::Host(HostError::UserInfo)),
        ),
        (
            "GET",
            "http://b\\c/",
            Err(TargetError::Host(HostError::Name)),
        ),
        ("CONNECT", "a:443", Err(TargetError::Connect)),
        ("CONNECT", "a", Err(TargetError::Form)),
        ("CONNECT", "a:", Err(TargetError::Form)),
        ("CONNECT", "/", Err(TargetError::Form)),
    ];
    for (method, text, expected) in cases {
        let outcome = resolve_head(&head(method, text, &["a"], Version::Http11));
        let outcome = outcome
            .as_ref()
            .map(|t| (t.form(), std::str::from_utf8(t.path_and_query()).unwrap()))
            .map_err(|error| *error);
        assert_eq!(outcome, *expected, "{method} {text}");
    }
    assert_eq!(TargetError::Connect.status(), 405);
}

#[test]
fn hosts_are_normalised() {
    let cases: &[(&str, &str, Option<u16>)] = &[
        ("a", "a", None),
        ("WWW.Example.ORG", "www.example.org", None),
        ("example.org.", "example.org", None),
        ("example.org.:80", "example.org", Some(80)),
        ("a:", "a", None),
        ("a:0080", "a", Some(80)),
        ("a:65535", "a", Some(65535)),
        ("my_service-1.ns", "my_service-1.ns", None),
        ("xn--bcher-kva.example", "xn--bcher-kva.example", None),
        ("192.0.2.1:8080", "192.0.2.1", Some(8080)),
        ("[::1]", "[::1]", None),
        ("[2001:DB8:0::1]:443", "[2001:db8::1]", Some(443)),
    ];
    for (authority, host, port) in cases {
        let target = resolve("/", authority).unwrap();
        assert_eq!(
            (target.host(), target.port()),
            (host.as_bytes(), *port),
            "{authority}"
        );
        let mut out = b"before ".to_vec();
        assert_eq!(normalize_host(authority.as_bytes(), &mut out), Ok(*port));
        assert_eq!(out, [b"before ", host.as_bytes()].concat());
    }
}

#[test]
fn what_is_no_host_is_refused() {
    let long = "a".repeat(254);
    for (authority, error) in [
        ("", HostError::Empty),
        (":80", HostError::Empty),
        (".", HostError::Name),
        ("a..b", HostError::Name),
        (".a", HostError::Name),
        ("a..", HostError::Name),
        ("a b", HostError::Name),
        ("a,b", HostError::Name),
        ("a/b", HostError::Name),
        ("a%00", HostError::Name),
        ("a%2eb", HostError::Name),
        ("a\\b", HostError::Name),
        ("a\u{fc}", HostError::Name),
        ("a?b", HostError::Name),
        ("a#b", HostError::Name),
        ("0.0.0.0=5000", HostError::Name),
        ("u@a", HostError::UserInfo),
        ("u:p@a", HostError::UserInfo),
        ("a:b", HostError::Port),
        ("a:80:80", HostError::Port),
        ("a:+80", HostError::Port),
        ("a: 80", HostError::Port),
        ("a:65536", HostError::Port),
        ("a:000080", HostError::Port),
        ("::1", HostError::Empty),
        ("[::1", HostError::Ipv6),
        ("[]", HostError::Ipv6),
        ("[a]", HostError::Ipv6),
        ("[::1%25eth0]", HostError::Ipv6),
        ("[v1.a]", HostError::Ipv6),
        ("[::1]a", HostError::Port),
        ("[::1]:a", HostError::Port),
        (&long, HostError::TooLong),
    ] {
        let outcome = resolve("/", authority).err();
        assert_eq!(outcome, Some(TargetError::Host(error)), "{authority}");
        let mut out = Vec::new();
        assert_eq!(
            normalize_host(authority.as_bytes(), &mut out),
            Err(error),
            "{authority}"
        );
        assert!(out.is_empty());
    }
    assert_eq!(resolve("/", &long[1..]).unwrap().host().len(), 253);
}

#[test]
fn the_right_host_decides() {
    use Version::{Http2, Http10, Http11};
    let empty = TargetError::Host(HostError::Empty);
    let name = TargetError::Host(HostError::Name);
    type Case = (
        Version,
        &'static str,
        &'static [&'static str],
        Outcome<&'static str>,
    );
    let cases: &[Case] = &[
        (Http11, "/", &["a"], Ok("a")),
        (Http11, "http://b/", &["a"], Ok("b")),
        (Http11, "http://b/", &["a..c"], Err(name)),
        (Http11, "http://b/", &[], Err(TargetError::NoHost)),
        (Http11, "/", &[], Err(TargetError::NoHost)),
        (Http11, "/", &[""], Err(empty)),
        (Http11, "/", &["a", "a"], Err(TargetError::RepeatedHost)),
        (
            Http11,
            "http://b/",
            &["a", "a"],
            Err(TargetError::RepeatedHost),
        ),
        (Http10, "/", &[], Ok("")),
        (Http10, "/", &[""], Ok("")),
        (Http10, "/", &["a"], Ok("a")),
        (Http10, "http://b/", &[], Ok("b")),
        (Http10, "/", &["a", "a"], Err(TargetError::RepeatedHost)),
        (Http10, "/", &["", "a"], Err(TargetError::RepeatedHost)),
        (Http2, "/", &["a"], Ok("a")),
        (Http2, "/", &["a", "A."], Ok("a")),
        (Http2, "/", &["a", "b"], Err(TargetError::RepeatedHost)),
        (Http2, "/", &["a", "a:80"], Err(TargetError::RepeatedHost)),
        (Http2, "/", &["[::1]", "[0::1]"], Ok("[::1]")),
        (Http2, "/", &["a", ""], Err(empty)),
        (Http2, "/", &[], Err(TargetError::NoHost)),
    ];
    for (version, text, hosts, expected) in cases {
        let outcome = resolve_head(&head("GET", text, hosts, *version));
        let outcome = outcome
            .as_ref()
            .map(|t| std::str::from_utf8(t.host()).unwrap())
            .map_err(|error| *error);
        assert_eq!(outcome, *expected, "{version:?} {text} {hosts:?}");
    }
}

#[test]
fn a_reused_target_holds_nothing_of_the_last_request() {
    let mut target = Target::default();
    target
        .resolve(
            &head("GET", "/%2F?b", &["A:1"], Version::Http11),
            Slashes::Merge,
        )
        .unwrap();
    for (text, hosts, version, host, port, path) in [
        (
            "/c",
            &["A:1"][..],
            Version::Http11,
            &b"a"[..],
            Some(1),
            &b"/c"[..],
        ),
        ("/", &["B"], Version::Http11, b"b", None, b"/"),
        ("/", &[], Version::Http10, b"", None, b"/"),
        ("/", &["B"], Version::Http11, b"b", None, b"/"),
        ("http://c:2", &["B"], Version::Http11, b"c", Some(2), b"/"),
    ] {
        target
            .resolve(&head("GET", text, hosts, version), Slashes::Merge)
            .unwrap();
        assert_eq!((target.host(), target.port()), (host, port), "{text}");
        assert_eq!((target.path(), target.query()), (path, None), "{text}");
        assert!(!target.has_encoded_slash(), "{text}");
    }
    let faulty = head("GET", "/", &["c:x"], Version::Http11);
    assert!(target.resolve(&faulty, Slashes::Merge).is_err());
    assert!(target.resolve(&faulty, Slashes::Merge).is_err());
}

fn resolve(target: &str, host: &str) -> Result<Target, TargetError> {
    resolve_head(&head("GET", target, &[host], Version::Http11))
}

fn resolve_head(head: &RequestHead) -> Result<Target, TargetError> {
    let mut target = Target::default();
    target.resolve(head, Slashes::Merge)?;
    Ok(target)
}

fn head(method: &str, target: &str, hosts: &[&str], version: Version) -> RequestHead {
    let mut head = RequestHead::default();
    let limits = HeadLimits::default();
    let (method, target) = (method.as_bytes(), target.as_bytes());
    let mut builder = RequestHeadBuilder::new(&mut head, limits, method, target, version).unwrap();
    for host in hosts {
        builder.push_field(b"Host", host.as_bytes()).unwrap();
    }
    builder.finish().unwrap();
    head
}
