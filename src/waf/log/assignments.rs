//! Secrets inside of text: `password=...`, `"token": "..."`, `<secret>...</secret>`.
//!
//! A value or a target may carry an address, a document or a query of its own. What is assigned to a
//! masked name in it is replaced, and the rest stays readable. Escapes (`%3d`, `%253d`, `\u0070`) are
//! looked through, to any depth. Invariant: one pass, linear. Non-goal: understanding the text; where
//! a field as a whole is masked, callers do not come here.

use super::masks::{MASK, Masks};

/// Bytes of a name that are looked at.
const NAME: usize = 128;

/// Appends a request target with what it assigns to masked names replaced, and what it has before an
/// `@` in its authority (RFC 3986 section 3.2.1). Returns whether anything was.
pub(super) fn target(masks: &Masks, target: &[u8], separator: u8, out: &mut Vec<u8>) -> bool {
    let mark = memchr::memchr(b'?', target).unwrap_or(target.len());
    let (before, rest) = target.split_at_checked(mark).unwrap_or((target, b""));
    let mut hid = path(masks, before, out);
    if let [mark, rest @ ..] = rest {
        out.push(*mark);
        hid |= query(masks, rest, separator, out);
    }
    hid
}

/// Appends the part of a target before its query.
pub(super) fn path(masks: &Masks, before: &[u8], out: &mut Vec<u8>) -> bool {
    let authority = match memchr::memmem::find(before, b"://") {
        Some(colon) if before.first() != Some(&b'/') => colon + 3,
        _ => 0,
    };
    let (scheme, rest) = before.split_at_checked(authority).unwrap_or((b"", before));
    let slash = memchr::memchr(b'/', rest).unwrap_or(rest.len());
    match memchr::memrchr(b'@', rest.get(..slash).unwrap_or_default()) {
        // Without an authority, `@` before the first slash is no address either.
        Some(at) if !masks.is_empty() => {
            out.extend_from_slice(scheme);
            out.extend_from_slice(MASK);
            text(masks, rest.get(at..).unwrap_or_default(), out);
            true
        }
        _ => text(masks, before, out),
    }
}

/// Appends `name=value` pairs with the values of masked names replaced: whole, whatever they hold.
pub(super) fn query(masks: &Masks, query: &[u8], separator: u8, out: &mut Vec<u8>) -> bool {
    let mut hid = false;
    for (index, pair) in query.split(|byte| *byte == separator).enumerate() {
        if index > 0 {
            out.push(separator);
        }
        let equals = memchr::memchr(b'=', pair).unwrap_or(pair.len());
        let (name, value) = pair.split_at_checked(equals).unwrap_or((pair, b""));
        let decoded = decoded(name);
        if !masks.name(&decoded) {
            hid |= text(masks, pair, out);
        } else if !is_plain(&decoded) {
            hid = true;
            out.extend_from_slice(MASK);
        } else {
            out.extend_from_slice(name);
            if !value.is_empty() {
                hid = true;
                out.push(b'=');
                out.extend_from_slice(MASK);
            }
        }
    }
    hid
}

/// Whether a name is one and nothing else: what is sent as a name may be a document.
pub(super) fn is_plain(name: &[u8]) -> bool {
    let listed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:$@[]".contains(byte);
    name.len() <= NAME && name.iter().all(listed)
}

/// Appends any text with what it assigns to masked names replaced.
pub(super) fn text(masks: &Masks, text: &[u8], out: &mut Vec<u8>) -> bool {
    if masks.is_empty() {
        out.extend_from_slice(text);
        return false;
    }
    let mut scan = Scan {
        masks,
        rest: text,
        out,
        name: Vec::new(),
        ended: false,
        in_query: false,
        tag: Tag::Outside,
        hid: false,
    };
    while scan.step() {}
    scan.hid
}

/// A name, its escapes decoded.
fn decoded(name: &[u8]) -> Vec<u8> {
    let mut rest = name;
    std::iter::from_fn(|| {
        let (byte, more) = token(rest)?;
        rest = more;
        Some(byte)
    })
    .collect()
}

/// The byte that the text begins with, through escapes.
fn token(text: &[u8]) -> Option<(u8, &[u8])> {
    let (first, rest) = text.split_first()?;
    let escaped = match (first, rest) {
        (b'%', _) => {
            let mut digits = rest;
            while let [b'2', b'5', more @ ..] = digits {
                digits = more;
            }
            pair(digits)
        }
        (b'\\', [b'u' | b'U', b'0', b'0', digits @ ..]) => pair(digits),
        _ => None,
    };
    Some(escaped.unwrap_or((*first, rest)))
}

fn pair(digits: &[u8]) -> Option<(u8, &[u8])> {
    let [high, low, rest @ ..] = digits else {
        return None;
    };
    let value = |digit: &u8| char::from(*digit).to_digit(16);
    let byte = value(high)? << 4 | value(low)?;
    Some((u8::try_from(byte).ok()?, rest))
}

/// Where in an XML tag the scan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tag {
    Outside,
    /// In the name of an element.
    Name,
    /// Behind the name of an element that is masked.
    Masked,
}

struct Scan<'a, 'o> {
    masks: &'a Masks,
    rest: &'a [u8],
    out: &'o mut Vec<u8>,
    /// The name that was read last.
    name: Vec<u8>,
    /// Whether something stood behind it that may stand before `=`.
    ended: bool,
    /// Whether the text is the query of an address, in which a value ends with `&`.
    in_query: bool,
    tag: Tag,
    hid: bool,
}

impl<'a> Scan<'a, '_> {
    fn step(&mut self) -> bool {
        let Some((byte, rest)) = token(self.rest) else {
            return false;
        };
        self.copy(rest);
        if is_name(byte) {
            if self.ended || self.name.len() >= NAME {
                self.name.clear();
                self.ended = false;
            }
            self.name.push(byte);
            return true;
        }
        // Before a colon stands a prefix; the name of an end tag is empty, a slash being first.
        if self.tag == Tag::Name && byte != b':' {
            let masked = self.masks.name(&self.name);
            self.tag = if masked { Tag::Masked } else { Tag::Outside };
        }
        match byte {
            b'=' | b':' if !self.name.is_empty() => {
                let masked = match self.tag {
                    Tag::Outside => self.masks.name(&self.name),
                    Tag::Name => false,
                    Tag::Masked => true,
                };
                self.name.clear();
                if masked {
                    self.assigned(byte);
                }
            }
            b'>' if self.tag == Tag::Masked => {
                self.tag = Tag::Outside;
                self.skip(|byte| byte == b'<');
            }
            b' ' | b'\t' | b'"' | b'\'' | b'\\' | b'+' => self.ended = !self.name.is_empty(),
            _ => self.name.clear(),
        }
        match byte {
            b'<' => self.tag = Tag::Name,
            b'?' => self.in_query = true,
            _ if ends_address(byte) => self.in_query = false,
            _ => {}
        }
        true
    }

    /// Writes what lies before `rest`.
    fn copy(&mut self, rest: &'a [u8]) {
        let length = self.rest.len() - rest.len();
        self.out
            .extend_from_slice(self.rest.get(..length).unwrap_or_default());
        self.rest = rest;
    }

    /// Replaces what is assigned by `operator`.
    fn assigned(&mut self, operator: u8) {
        while let Some((b' ' | b'\t' | b'=' | b'>' | b'+', rest)) = token(self.rest) {
            self.copy(rest);
        }
        let start = self.rest;
        let mut slashes = false;
        while let Some((b'\\', rest)) = token(self.rest) {
            slashes = true;
            self.rest = rest;
        }
        match token(self.rest) {
            Some((quote @ (b'"' | b'\''), rest)) => {
                self.rest = start;
                self.copy(rest);
                let mut escaped = false;
                self.skip(|byte| {
                    let ends = byte == quote && !escaped;
                    // In a text that is quoted itself, every quote has a backslash.
                    escaped = byte == b'\\' && !escaped && !slashes;
                    ends
                });
            }
            Some((b'{' | b'[', _)) if operator == b':' => {
                let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
                self.skip(|byte| {
                    match byte {
                        b'"' if !escaped => quoted = !quoted,
                        b'{' | b'[' if !quoted => depth += 1,
                        b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    escaped = byte == b'\\' && !escaped;
                    depth == 0
                });
            }
            _ if self.in_query => {
                self.rest = start;
                self.skip(|byte| byte == b'&' || ends_address(byte));
            }
            _ if operator == b':' => {
                self.rest = start;
                self.skip(|byte| b"\r\n,&})\"'<".contains(&byte));
            }
            _ => {
                self.rest = start;
                self.skip(|byte| ends_address(byte) || b"&;,){}|]".contains(&byte));
            }
        }
    }

    /// Replaces what lies before the first byte that `ends` says ends it.
    fn skip(&mut self, mut ends: impl FnMut(u8) -> bool) {
        let mut any = false;
        while let Some((byte, rest)) = token(self.rest) {
            if ends(byte) {
                break;
            }
            any = true;
            self.rest = rest;
        }
        if any {
            self.hid = true;
            self.out.extend_from_slice(MASK);
        }
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80 || b"_-.[]$@".contains(&byte)
}

fn ends_address(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b"\"'<>".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_are_masked_and_the_rest_is_kept() {
        let masks = Masks::default();
        for (input, expected) in [
            ("q=1 union select", "q=1 union select"),
            ("cat /etc/passwd", "cat /etc/passwd"),
            ("' or password='x' --", "' or password='***' --"),
            ("password=x&a=b", "password=***&a=b"),
            ("password = x, a", "password = ***, a"),
            ("user[pwd]=x;a", "user[pwd]=***;a"),
            (
                r#"{"a":1,"password":"x\"y","b":2}"#,
                r#"{"a":1,"password":"***","b":2}"#,
            ),
            (r#"{"token":[1,{"a":2}],"b":2}"#, r#"{"token":***],"b":2}"#),
            (r#"{"token":{"a":"}x]"},"b":2}"#, r#"{"token":***},"b":2}"#),
            (r#"{"pin":1234}"#, r#"{"pin":***}"#),
            (
                r#"{\"password\":\"x\",\"b\":2}"#,
                r#"{\"password\":\"***",\"b\":2}"#,
            ),
            (r#"{"pass\u0077ord":"x"}"#, r#"{"pass\u0077ord":"***"}"#),
            (
                "mutation{login(password: \"x\"){id}}",
                "mutation{login(password: \"***\"){id}}",
            ),
            (
                "Authorization: Basic YTpi\r\nHost: a",
                "Authorization: ***\r\nHost: a",
            ),
            (
                "https://a/b?token=x;y,z&c=d e",
                "https://a/b?token=***&c=d e",
            ),
            (
                "https%3A%2F%2Fa%3Ftoken%3Dx%26c%3Dd",
                "https%3A%2F%2Fa%3Ftoken%3D***%26c%3Dd",
            ),
            ("%253Ftoken%253Dx%2526c", "%253Ftoken%253D***%2526c"),
            (
                "<a><password>x</password><b>y</b>",
                "<a><password>***</password><b>y</b>",
            ),
            (
                "<w:Password Type=\"t\">x</w:Password>",
                "<w:Password Type=\"***\">***</w:Password>",
            ),
            ("<script>alert(1)</script>", "<script>alert(1)</script>"),
            ("password=", "password="),
            ("token: ", "token: "),
        ] {
            let mut out = Vec::new();
            let hid = text(&masks, input.as_bytes(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
            assert_eq!(hid, input != expected, "{input}");
        }
    }

    #[test]
    fn targets_keep_their_shape() {
        let masks = Masks::default();
        for (input, expected) in [
            ("/a?b=c", "/a?b=c"),
            ("/a?password=x;y z&c", "/a?password=***&c"),
            ("/a?pass%77ord=x", "/a?pass%77ord=***"),
            ("/a?c=d&user%5Bpwd%5D=x=y", "/a?c=d&user%5Bpwd%5D=***"),
            ("/a?{\"password\":\"x\"}", "/a?***"),
            ("/a?u=//b?token=x", "/a?u=//b?token=***"),
            ("/a;jsessionid=x/b", "/a;jsessionid=***"),
            ("http://u:p@a/b@c?d", "http://***@a/b@c?d"),
            ("u:p@a:443", "***@a:443"),
            ("/@a", "/@a"),
            ("*", "*"),
            ("/a?password", "/a?password"),
        ] {
            let mut out = Vec::new();
            let hid = target(&masks, input.as_bytes(), b'&', &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
            assert_eq!(hid, input != expected, "{input}");
        }
    }

    #[test]
    fn a_long_text_takes_one_pass() {
        let masks = Masks::default();
        for unit in [
            "%25",
            "a",
            "password=",
            "<password>",
            "\\u0070",
            "token:{",
            "?token",
        ] {
            let input = unit.repeat((1 << 20) / unit.len());
            let mut out = Vec::new();
            text(&masks, input.as_bytes(), &mut out);
            assert!(out.len() <= 2 * input.len());
        }
    }
}
