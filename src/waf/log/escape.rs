//! Bytes as lines of text.
//!
//! Invariant: what comes out is printable ASCII, and quotes only where the caller writes them, so that
//! no value ends a field or a line.

use std::io::Write as _;

/// Appends `text` as the error log has it: `\\` for a backslash, `\xhh` for a quote, for control bytes
/// and for what is not ASCII. Of more than `limit` bytes the first ones, and how many are missing, as
/// ModSecurity 3 has it.
pub(super) fn line(out: &mut Vec<u8>, text: &[u8], limit: usize) {
    let shown = text.get(..limit).unwrap_or(text);
    for &byte in shown {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b' '..=b'~' if byte != b'"' => out.push(byte),
            _ => hex(out, byte),
        }
    }
    omitted(out, text.len() - shown.len());
}

/// Appends `text` as it is, cut as [`line`] cuts it.
pub(super) fn raw(out: &mut Vec<u8>, text: &[u8], limit: usize) {
    let shown = text.get(..limit).unwrap_or(text);
    out.extend_from_slice(shown);
    omitted(out, text.len() - shown.len());
}

/// Appends how many bytes are missing, if any are.
pub(super) fn omitted(out: &mut Vec<u8>, missing: usize) {
    if missing > 0 {
        number(out, b" (", missing as u64);
        out.extend_from_slice(b" characters omitted)");
    }
}

/// Appends `\xhh`.
pub(super) fn hex(out: &mut Vec<u8>, byte: u8) {
    write!(out, "\\x{byte:02x}").expect("a Vec takes whatever is written to it");
}

/// Appends `before` and a number in decimal.
pub(super) fn number(out: &mut Vec<u8>, before: &[u8], number: u64) {
    out.extend_from_slice(before);
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_ends_a_field_or_a_line() {
        for (text, limit, expected) in [
            (&b"a b~"[..], 9, "a b~"),
            (b"\"] [id \"1\"]", 99, "\\x22] [id \\x221\\x22]"),
            (b"c:\\x22\\", 99, "c:\\\\x22\\\\"),
            (
                b"a\r\n\0\x7f\xc3\xa9",
                99,
                "a\\x0d\\x0a\\x00\\x7f\\xc3\\xa9",
            ),
            (b"abcdef", 4, "abcd (2 characters omitted)"),
            (b"abcd", 4, "abcd"),
        ] {
            let mut out = Vec::new();
            line(&mut out, text, limit);
            assert_eq!(out, expected.as_bytes());
        }
    }
}
