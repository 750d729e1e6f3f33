//! JSON, written as it comes.
//!
//! Invariant: one line of valid JSON in ASCII or UTF-8. Bytes that are not UTF-8 are written as the
//! four characters `\xhh`; a backslash that the text itself has before `xhh` is written as `\x5c`, so
//! that both can be told apart and no byte is lost.

use super::escape;

/// An object that is being written.
#[derive(Debug)]
pub(super) struct Object<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> Object<'a> {
    /// Begins an object.
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, empty: true }
    }

    /// Writes a key; its value is to be written next.
    pub(super) fn key(&mut self, key: &str) -> &mut Vec<u8> {
        self.key_of(key.as_bytes())
    }

    fn key_of(&mut self, key: &[u8]) -> &mut Vec<u8> {
        if !std::mem::take(&mut self.empty) {
            self.out.push(b',');
        }
        string(self.out, key);
        self.out.push(b':');
        self.out
    }

    /// Writes a text under a key that came from a client.
    pub(super) fn text_of(&mut self, key: &[u8], text: &[u8]) {
        string(self.key_of(key), text);
    }

    /// Writes a text. Of more than `limit` bytes the first ones; returns whether it was cut.
    pub(super) fn text(&mut self, key: &str, text: &[u8], limit: usize) -> bool {
        let shown = cut(text, limit);
        string(self.key(key), shown);
        shown.len() < text.len()
    }

    pub(super) fn number(&mut self, key: &str, number: i64) {
        let mut digits = itoa::Buffer::new();
        let digits = digits.format(number);
        self.key(key).extend_from_slice(digits.as_bytes());
    }

    pub(super) fn flag(&mut self, key: &str, flag: bool) {
        let text: &[u8] = if flag { b"true" } else { b"false" };
        self.key(key).extend_from_slice(text);
    }

    pub(super) fn end(self) {
        self.out.push(b'}');
    }
}

/// Appends an array of texts, each cut after `limit` bytes; returns whether one was.
pub(super) fn texts<T: AsRef<[u8]>>(
    out: &mut Vec<u8>,
    texts: impl IntoIterator<Item = T>,
    limit: usize,
) -> bool {
    let mut was_cut = false;
    out.push(b'[');
    for (index, text) in texts.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let text = text.as_ref();
        let shown = cut(text, limit);
        was_cut |= shown.len() < text.len();
        string(out, shown);
    }
    out.push(b']');
    was_cut
}

/// Appends a text.
pub(super) fn string(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for chunk in text.utf8_chunks() {
        let valid = chunk.valid().as_bytes();
        for (at, &byte) in valid.iter().enumerate() {
            match byte {
                b'"' => out.extend_from_slice(b"\\\""),
                b'\\' if reads_as_escape(valid.get(at + 1..).unwrap_or_default()) => {
                    out.extend_from_slice(b"\\\\x5c");
                }
                b'\\' => out.extend_from_slice(b"\\\\"),
                b'\n' => out.extend_from_slice(b"\\n"),
                b'\r' => out.extend_from_slice(b"\\r"),
                b'\t' => out.extend_from_slice(b"\\t"),
                0..b' ' | 0x7f => {
                    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or('0') as u8;
                    out.extend_from_slice(b"\\u00");
                    out.extend_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
                }
                _ => out.push(byte),
            }
        }
        for &byte in chunk.invalid() {
            out.push(b'\\');
            escape::hex(out, byte);
        }
    }
    out.push(b'"');
}

/// Whether a backslash before this would read as a byte.
fn reads_as_escape(rest: &[u8]) -> bool {
    matches!(rest, [b'x', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

/// The first `limit` bytes, or a few fewer where a character would be cut.
fn cut(text: &[u8], limit: usize) -> &[u8] {
    let Some(shown) = text.get(..limit) else {
        return text;
    };
    let next = text.get(limit).copied().unwrap_or_default();
    if !is_continuation(next) {
        return shown;
    }
    let tail = shown
        .iter()
        .rev()
        .take_while(|byte| is_continuation(**byte));
    let kept = limit.saturating_sub(tail.count() + 1);
    // More than three of them are of no character.
    match limit - kept {
        ..=3 => text.get(..kept).unwrap_or_default(),
        _ => shown,
    }
}

const fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_out_whole() {
        for (text, expected) in [
            (&b"a\"b\\c/"[..], r#""a\"b\\c/""#),
            ("é\u{2028}".as_bytes(), "\"é\u{2028}\""),
            (b"a\n\r\t\0\x7f", r#""a\n\r\t\u0000\u007f""#),
            (b"\xff\xc3(", r#""\\xff\\xc3(""#),
            (b"\\xff \\xfg", r#""\\x5cxff \\xfg""#),
        ] {
            let mut out = Vec::new();
            string(&mut out, text);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
            let read: String = serde_json::from_str(expected).unwrap();
            assert!(!read.is_empty());
        }
    }

    #[test]
    fn no_character_is_cut() {
        for (text, limit, expected) in [
            ("aé".as_bytes(), 2, &b"a"[..]),
            ("aé".as_bytes(), 3, "aé".as_bytes()),
            ("a\u{1f600}b".as_bytes(), 4, b"a"),
            (b"\x80\x80\x80\x80\x80\x80", 4, b"\x80\x80\x80\x80"),
            (b"abc", 2, b"ab"),
        ] {
            assert_eq!(cut(text, limit), expected);
        }
    }
}
