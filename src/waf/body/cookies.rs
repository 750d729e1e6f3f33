//! The `Cookie` header.
//!
//! [`CookieFormat::Netscape`] is what browsers send (RFC 6265) and `SecCookieFormat` 0;
//! [`CookieFormat::Version1`] is RFC 2109 with its quoted values and `$Path`, format 1. Nothing is
//! decoded: cookies have no encoding of their own. Both read as ModSecurity 2 does, but for a value
//! without a name (`=value`), which ModSecurity drops and servers differ about: it is kept.
//! HTTP/2 may split the header into crumbs; each is parsed by itself, into the same list.

use super::super::Pairs;
use super::Limits;

/// How a `Cookie` header is read, `SecCookieFormat`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CookieFormat {
    /// `name=value; name=value`, format 0.
    #[default]
    Netscape,
    /// `$Version=1; name="value"; $Path="/"`, format 1. The attribute `$Path` of a cookie `a` is
    /// named `$a_Path`.
    Version1,
}

/// Longest part of a cookie's name, in bytes, that names its attributes.
const LONGEST_OWNER: usize = 64;

/// Appends the cookies of one header to `out`; `separator` is `;` unless `SecCookieV0Separator` says
/// otherwise, and counts for [`CookieFormat::Netscape`] alone. Returns `false` where there are more
/// than [`Limits::arguments`]; the rest is then one value without a name.
pub fn parse(
    header: &[u8],
    format: CookieFormat,
    separator: u8,
    limits: &Limits,
    out: &mut Pairs,
) -> bool {
    match format {
        CookieFormat::Netscape => netscape(header, separator, limits, out),
        CookieFormat::Version1 => version_1(header, limits, out),
    }
}

fn netscape(header: &[u8], separator: u8, limits: &Limits, out: &mut Pairs) -> bool {
    let mut rest = header;
    let mut left = limits.arguments;
    while !rest.is_empty() {
        let (crumb, more) = cut(rest, |byte| byte == separator);
        let crumb = trim_start(crumb);
        let (name, value) = cut(crumb, |byte| byte == b'=');
        let value = value.get(1..).unwrap_or_default();
        if !(name.is_empty() && value.is_empty()) {
            if left == 0 {
                out.push(b"", rest);
                return false;
            }
            left -= 1;
            out.push(name, value);
        }
        rest = more.get(1..).unwrap_or_default();
    }
    true
}

fn version_1(header: &[u8], limits: &Limits, out: &mut Pairs) -> bool {
    let is_separator = |byte| matches!(byte, b',' | b';');
    let mut rest = trim_start(header);
    let mut owner: &[u8] = b"";
    let mut left = limits.arguments;
    while !rest.is_empty() {
        let (name, more) = cut(rest, |byte| byte == b'=' || is_separator(byte));
        let name = name.trim_ascii_end();
        let (value, more) = match more {
            [b'=', tail @ ..] => match trim_start(tail) {
                [b'"', quoted @ ..] => {
                    let (value, more) = cut(quoted, |byte| byte == b'"');
                    (value, more.get(1..).unwrap_or_default())
                }
                plain => {
                    let (value, more) = cut(plain, is_separator);
                    (value.trim_ascii_end(), more)
                }
            },
            _ => (&b""[..], more),
        };
        if !(name.is_empty() && value.is_empty()) {
            if left == 0 {
                out.push(b"", rest);
                return false;
            }
            left -= 1;
            match name {
                [b'$', attribute @ ..] if !owner.is_empty() => {
                    let start = out.buffer().len();
                    for piece in [b"$", owner, b"_", attribute] {
                        out.buffer().extend_from_slice(piece);
                    }
                    let middle = out.buffer().len();
                    out.buffer().extend_from_slice(value);
                    let end = out.buffer().len();
                    out.commit(start..middle, middle..end);
                }
                _ => {
                    out.push(name, value);
                }
            }
            if !name.starts_with(b"$") {
                owner = name.get(..LONGEST_OWNER).unwrap_or(name);
            }
        }
        let next = |byte: &u8| !(is_separator(*byte) || is_blank(*byte));
        let skip = more.iter().position(next).unwrap_or(more.len());
        rest = more.get(skip..).unwrap_or_default();
    }
    true
}

/// What stands before the first byte of a kind, and what from there on.
fn cut(bytes: &[u8], is_end: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let at = bytes.iter().position(|&byte| is_end(byte));
    at.and_then(|at| bytes.split_at_checked(at))
        .unwrap_or((bytes, &[]))
}

/// `isspace` of C, which knows the vertical tab.
fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

fn trim_start(bytes: &[u8]) -> &[u8] {
    cut(bytes, |byte| !is_blank(byte)).1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(header: &str, format: CookieFormat) -> Vec<(String, String)> {
        let mut out = Pairs::default();
        assert!(parse(
            header.as_bytes(),
            format,
            b';',
            &Limits::default(),
            &mut out
        ));
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        out.iter()
            .map(|(name, value)| (text(name), text(value)))
            .collect()
    }

    fn check(format: CookieFormat, table: &[(&str, &[(&str, &str)])]) {
        for &(header, expected) in table {
            let cookies = parsed(header, format);
            let cookies: Vec<_> = cookies
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            assert_eq!(cookies, expected, "{header}");
        }
    }

    #[test]
    fn cookies_of_browsers() {
        check(
            CookieFormat::Netscape,
            &[
                ("", &[]),
                ("a=1", &[("a", "1")]),
                ("a=1; b=2", &[("a", "1"), ("b", "2")]),
                ("a=1;;  ; b=2;", &[("a", "1"), ("b", "2")]),
                ("a=1=2; a=3", &[("a", "1=2"), ("a", "3")]),
                ("a", &[("a", "")]),
                ("a = 1 ; b", &[("a ", " 1 "), ("b", "")]),
                ("=v; =", &[("", "v")]),
                ("a=\"1,2\"; b=%41+", &[("a", "\\\"1,2\\\""), ("b", "%41+")]),
                ("$Version=1; a=1", &[("$Version", "1"), ("a", "1")]),
            ],
        );
    }

    #[test]
    fn cookies_of_version_1() {
        check(
            CookieFormat::Version1,
            &[
                ("", &[]),
                (
                    "$Version=1; a=1; $Path=/; b=2, $Domain=x",
                    &[
                        ("$Version", "1"),
                        ("a", "1"),
                        ("$a_Path", "/"),
                        ("b", "2"),
                        ("$b_Domain", "x"),
                    ],
                ),
                ("a=\"1;,2\"; b=3", &[("a", "1;,2"), ("b", "3")]),
                ("a = 1 ; b", &[("a", "1"), ("b", "")]),
                ("a=\"1", &[("a", "1")]),
                ("a=\"\"x=y", &[("a", ""), ("x", "y")]),
                ("=1,a", &[("", "1"), ("a", "")]),
                (" ,;a=;b= ", &[("a", ""), ("b", "")]),
            ],
        );
    }

    #[test]
    fn what_lies_past_the_limit_is_one_value() {
        let limits = Limits {
            arguments: 1,
            ..Limits::default()
        };
        for format in [CookieFormat::Netscape, CookieFormat::Version1] {
            let mut out = Pairs::default();
            assert!(!parse(b"a=1;b=2;c=3", format, b';', &limits, &mut out));
            assert_eq!(out.at(1), Some((&b""[..], &b"b=2;c=3"[..])));
            assert_eq!(out.len(), 2);
        }
    }

    #[test]
    fn names_of_attributes_do_not_multiply_a_long_name() {
        let header = [&[b'a'; 30_000][..], b"=1", &b";$x".repeat(900)].concat();
        let mut out = Pairs::default();
        parse(
            &header,
            CookieFormat::Version1,
            b';',
            &Limits::default(),
            &mut out,
        );
        assert_eq!(out.len(), 901);
        assert!(out.buffer().len() < 100_000);
    }
}
