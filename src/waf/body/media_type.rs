//! The `Content-Type` header, as strictly as RFC 9110 section 8.3.1 writes it.
//!
//! What does not follow the grammar is still read as far as it goes, and said to be mangled: an
//! upstream may read it some other way, and a request that hides its type from one of the two is an
//! attack. Non-goal: the boundary of a multipart body, whose rules are narrower
//! ([`multipart`](super::multipart)).

use super::multipart::is_token_byte;

/// A `Content-Type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MediaType<'a> {
    /// `type/subtype`, as sent. Compare with [`is`](Self::is).
    pub essence: &'a [u8],
    /// The parameter `charset`, without quotes.
    pub charset: Option<&'a [u8]>,
    /// The parameter `boundary`, without quotes.
    pub boundary: Option<&'a [u8]>,
    /// The header does not follow the grammar, gives a parameter twice, or hides one in escapes.
    pub mangled: bool,
}

/// Reads the value of a `Content-Type` header.
pub fn media_type(header: &[u8]) -> MediaType<'_> {
    let header = trim(header);
    let is_end = |byte: &u8| matches!(byte, b';' | b',' | b' ' | b'\t');
    let end = header.iter().position(is_end).unwrap_or(header.len());
    let (essence, mut rest) = header.split_at_checked(end).unwrap_or((header, &[]));
    let mut found = MediaType {
        essence,
        mangled: !is_essence(essence),
        ..MediaType::default()
    };
    loop {
        rest = match skip_blanks(rest) {
            [] => return found,
            [b';', more @ ..] => skip_blanks(more),
            // Something else than a semicolon: go on where the next parameter may begin.
            more => {
                found.mangled = true;
                let next = more.iter().position(|&byte| byte == b';');
                next.and_then(|at| more.get(at..)).unwrap_or_default()
            }
        };
        if !matches!(rest, [] | [b';', ..]) {
            rest = found.parameter(rest);
        }
    }
}

impl<'a> MediaType<'a> {
    /// Whether it is this type, given in lower case as `type/subtype`.
    pub fn is(&self, essence: &[u8]) -> bool {
        self.essence.eq_ignore_ascii_case(essence)
    }

    /// Takes a parameter from the front of `rest`.
    fn parameter(&mut self, rest: &'a [u8]) -> &'a [u8] {
        let (name, after) = token(rest);
        let [b'=', after @ ..] = after else {
            self.mangled = true;
            return after;
        };
        let (value, more) = match after {
            [b'"', quoted @ ..] => self.quoted(quoted),
            _ => token(after),
        };
        self.mangled |= name.is_empty() || (value.is_empty() && !after.starts_with(b"\""));
        let slot = if name.eq_ignore_ascii_case(b"charset") {
            &mut self.charset
        } else if name.eq_ignore_ascii_case(b"boundary") {
            &mut self.boundary
        } else {
            return more;
        };
        // Of two the first counts here; who else counts the second is why they are refused.
        if slot.is_some() {
            self.mangled = true;
        } else {
            *slot = Some(value);
        }
        more
    }

    /// Takes what follows an opening quote up to the closing one. A value with an escape in it is
    /// given as sent: nobody has a reason to write one.
    fn quoted(&mut self, rest: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        let mut escaped = false;
        let end = rest.iter().position(|&byte| {
            let is_end = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            self.mangled |= byte == b'\\';
            is_end
        });
        match end.and_then(|end| Some((rest.get(..end)?, rest.get(end + 1..)?))) {
            Some(halves) => halves,
            None => {
                self.mangled = true;
                (rest, &[])
            }
        }
    }
}

fn is_essence(essence: &[u8]) -> bool {
    let (kind, rest) = token(essence);
    let subtype = rest.strip_prefix(b"/").unwrap_or_default();
    !kind.is_empty() && !subtype.is_empty() && token(subtype).1.is_empty()
}

/// The longest token at the front, and what follows it.
fn token(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| !is_token_byte(*byte));
    end.and_then(|end| bytes.split_at_checked(end))
        .unwrap_or((bytes, &[]))
}

fn skip_blanks(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|byte| !matches!(byte, b' ' | b'\t'));
    start
        .and_then(|start| bytes.get(start..))
        .unwrap_or_default()
}

fn trim(bytes: &[u8]) -> &[u8] {
    let bytes = skip_blanks(bytes);
    let end = bytes
        .iter()
        .rposition(|byte| !matches!(byte, b' ' | b'\t'))
        .map_or(0, |last| last + 1);
    bytes.get(..end).unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row<'a> = (&'a str, &'a str, Option<&'a str>, Option<&'a str>);

    fn check(mangled: bool, table: &[Row]) {
        for &(header, essence, charset, boundary) in table {
            let expected = MediaType {
                essence: essence.as_bytes(),
                charset: charset.map(str::as_bytes),
                boundary: boundary.map(str::as_bytes),
                mangled,
            };
            assert_eq!(media_type(header.as_bytes()), expected, "{header}");
        }
    }

    #[test]
    fn well_formed_types() {
        check(
            false,
            &[
                ("text/xml", "text/xml", None, None),
                (" application/soap+xml ", "application/soap+xml", None, None),
                ("a/b;charset=utf-8", "a/b", Some("utf-8"), None),
                ("a/b ; Charset=\"UTF-7\" ;x=y", "a/b", Some("UTF-7"), None),
                (
                    "a/b;;boundary=\"x y;z\"; charset=\"\"",
                    "a/b",
                    Some(""),
                    Some("x y;z"),
                ),
                ("a/b;", "a/b", None, None),
            ],
        );
    }

    #[test]
    fn mangled_types_are_told_and_read_as_far_as_they_go() {
        check(
            true,
            &[
                ("", "", None, None),
                ("text", "text", None, None),
                ("text/", "text/", None, None),
                ("/xml", "/xml", None, None),
                ("te(xt/xml", "te(xt/xml", None, None),
                ("a/b/c", "a/b/c", None, None),
                ("a/b, c/d", "a/b", None, None),
                ("a/b x;charset=y", "a/b", Some("y"), None),
                ("a/b charset=y", "a/b", None, None),
                ("a/b;charset", "a/b", None, None),
                ("a/b;charset=", "a/b", Some(""), None),
                ("a/b;charset =x", "a/b", None, None),
                ("a/b;charset= x", "a/b", Some(""), None),
                ("a/b;charset=x;charset=y", "a/b", Some("x"), None),
                ("a/b;charset=\"x", "a/b", Some("x"), None),
                ("a/b;charset=\"ut\\f-7\"", "a/b", Some("ut\\f-7"), None),
                (
                    "a/b;charset=\"\\\"\";boundary=c",
                    "a/b",
                    Some("\\\""),
                    Some("c"),
                ),
                (
                    "a/b;charset=x\u{e9};boundary=c",
                    "a/b",
                    Some("x"),
                    Some("c"),
                ),
                ("a/b;=x", "a/b", None, None),
                ("\u{b}a/b", "\u{b}a/b", None, None),
            ],
        );
    }

    #[test]
    fn types_compare_in_any_case() {
        assert!(media_type(b"Application/JSON; a=b").is(b"application/json"));
        assert!(!media_type(b"application/jsonp").is(b"application/json"));
    }
}
