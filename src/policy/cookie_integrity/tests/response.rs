//! What clients are sent.

use super::{
    super::{CookieFinding, CookieIntegrity, CookieMode, LeastSameSite, tag::TAG_TEXT},
    support::{CLIENT, cookie, kept, passed, sent, settings},
};

/// The line with `TAG` for a tag and `CIPHER` for what only we can read.
fn blanked(line: &str) -> String {
    let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
    let Some((name, value)) = pair.split_once('=') else {
        return line.to_owned();
    };
    let (open, inner) = match value.strip_prefix('"') {
        Some(inner) => ("\"", inner.strip_suffix('"').unwrap()),
        None => ("", value),
    };
    let is_text = |text: &str| {
        let digit = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        text.len() >= TAG_TEXT && text.bytes().all(digit)
    };
    let value = match inner.rsplit_once('.') {
        Some((value, tag)) if is_text(tag) && tag.len() == TAG_TEXT => format!("{value}.TAG"),
        _ if is_text(inner) && inner.len() == TAG_TEXT => "TAG".to_owned(),
        _ if is_text(inner) => "CIPHER".to_owned(),
        _ => inner.to_owned(),
    };
    let attributes = match attributes {
        "" => String::new(),
        attributes => format!(";{attributes}"),
    };
    format!("{name}={open}{value}{open}{attributes}")
}

fn shown(settings: &CookieIntegrity, line: &str) -> Vec<String> {
    let lines = sent(settings, &CLIENT, line);
    lines.iter().map(|line| blanked(line)).collect()
}

#[test]
fn cookies_are_signed_in_place_where_scripts_cannot_see_them_and_beside_it_where_they_can() {
    let settings = settings(CookieMode::Drop);
    for (line, expected) in [
        ("other=1; Path=/", &["other=1; Path=/"][..]),
        ("sid=1; HttpOnly", &["sid=1.TAG; HttpOnly"]),
        (
            "sid=1; Path=/; httponly; Secure; SameSite=None; Max-Age=5",
            &["sid=1.TAG; Path=/; Max-Age=5; Secure; HttpOnly; SameSite=None"],
        ),
        (
            "sid=1; Domain=example.com; SameSite=Lax",
            &[
                "sid=1; Domain=example.com; SameSite=Lax",
                "sid.integrity=TAG; Domain=example.com; HttpOnly; SameSite=Lax",
            ],
        ),
        (
            "__Host-x=1; Secure; Path=/",
            &[
                "__Host-x=1; Path=/; Secure",
                "__Host-x.integrity=TAG; Path=/; Secure; HttpOnly",
            ],
        ),
        ("sid=\"a b\"; HttpOnly", &["sid=\"a b.TAG\"; HttpOnly"]),
        ("sid=\"a\"", &["sid=\"a\"", "sid.integrity=TAG; HttpOnly"]),
        ("sid=; HttpOnly", &["sid=.TAG; HttpOnly"]),
        ("SID=1; HttpOnly", &["SID=1.TAG; HttpOnly"]),
        ("secret=1", &["secret=CIPHER"]),
        ("secret=\"1\"; HttpOnly", &["secret=CIPHER; HttpOnly"]),
        ("sid", &["sid"]),
        ("=sid=1", &["=sid=1"]),
    ] {
        assert_eq!(shown(&settings, line), expected, "{line}");
    }
}

#[test]
fn a_cookie_that_is_deleted_needs_no_signature_and_takes_its_companion_with_it() {
    let settings = settings(CookieMode::Drop);
    for (line, expected) in [
        (
            "sid=; Max-Age=0; HttpOnly",
            &["sid=; Max-Age=0; HttpOnly"][..],
        ),
        (
            "sid=gone; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/",
            &[
                "sid=gone; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/",
                "sid.integrity=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; HttpOnly",
            ],
        ),
        ("secret=plain; Max-Age=-1", &["secret=; Max-Age=-1"]),
    ] {
        assert_eq!(shown(&settings, line), expected, "{line}");
    }
}

#[test]
fn attributes_are_forced_and_never_weakened() {
    let forced = |same_site| CookieIntegrity {
        secure: true,
        http_only: true,
        same_site: Some(same_site),
        ..settings(CookieMode::Drop)
    };
    for (least, line, expected) in [
        (
            LeastSameSite::Lax,
            "sid=1",
            "sid=1.TAG; Secure; HttpOnly; SameSite=Lax",
        ),
        (
            LeastSameSite::Lax,
            "sid=1; SameSite=None; secure",
            "sid=1.TAG; Secure; HttpOnly; SameSite=Lax",
        ),
        (
            LeastSameSite::Lax,
            "sid=1; samesite=strict",
            "sid=1.TAG; Secure; HttpOnly; samesite=strict",
        ),
        (
            LeastSameSite::Strict,
            "sid=1; SameSite=Strict; SameSite=Lax",
            "sid=1.TAG; Secure; HttpOnly; SameSite=Strict",
        ),
        (
            LeastSameSite::Strict,
            "sid=; Max-Age=0",
            "sid=; Max-Age=0; Secure; HttpOnly; SameSite=Strict",
        ),
        (LeastSameSite::Lax, "other=1", "other=1"),
    ] {
        assert_eq!(shown(&forced(least), line), [expected], "{line}");
    }
}

#[test]
fn a_cookie_that_its_tag_would_make_too_long_has_a_companion_and_one_too_long_to_encrypt_is_withheld()
 {
    let settings = settings(CookieMode::Drop);
    let fits = "v".repeat(4096 - "sid".len() - 1 - TAG_TEXT);
    let lines = sent(&settings, &CLIENT, &format!("sid={fits}; HttpOnly"));
    assert_eq!(lines.len(), 1);
    let longer = format!("{fits}v");
    let lines = sent(&settings, &CLIENT, &format!("sid={longer}; HttpOnly"));
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0], format!("sid={longer}; HttpOnly"));
    let seen = passed(&settings, &kept(&lines));
    assert_eq!(seen.value, Some(format!("sid={longer}")));
    // 4096 - 6 characters are 3067 bytes, of which 56 are not the value.
    for (length, count) in [(3011, 1), (3012, 0)] {
        let lines = sent(
            &settings,
            &CLIENT,
            &format!("secret={}", "v".repeat(length)),
        );
        assert_eq!(lines.len(), count, "{length}");
        assert!(lines.iter().all(|line| line.len() <= 4097), "{length}");
    }
}

#[test]
fn a_backend_cannot_set_the_companion_of_a_protected_cookie() {
    let settings = settings(CookieMode::Log);
    assert_eq!(sent(&settings, &CLIENT, "sid.integrity=x"), [""; 0]);
    assert_eq!(
        sent(&settings, &CLIENT, "other.integrity=x"),
        ["other.integrity=x"]
    );
}

#[test]
fn the_same_value_is_encrypted_differently_each_time_and_opened_the_same() {
    let settings = settings(CookieMode::Drop);
    let (first, second) = (cookie(&settings, "secret=v"), cookie(&settings, "secret=v"));
    assert_ne!(first, second);
    assert!(!first.contains("=v"));
    for field in [first, second] {
        let seen = passed(&settings, &field);
        assert_eq!(seen.value.as_deref(), Some("secret=v"));
        assert_eq!(seen.findings, [(CookieFinding::Verified, 1)]);
    }
}
