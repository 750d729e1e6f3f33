//! Numbers, and words that look like them.

use super::strings::{BINARY_DIGITS, HEX_DIGITS, span};
use super::token::{Kind, Token};
use super::tokenizer::{Tokenizer, is_blank};

impl<'a> Tokenizer<'a> {
    /// A number, a lone `.`, or what breaks off like a number: `0x`, `1e`.
    pub(super) fn number(&mut self) -> Token<'a> {
        let rest = self.rest();
        match rest {
            [b'0', b'x' | b'X', digits @ ..] => return self.radix(span(digits, HEX_DIGITS)),
            [b'0', b'b' | b'B', digits @ ..] => return self.radix(span(digits, BINARY_DIGITS)),
            _ => {}
        }
        let mut length = digits(rest);
        if rest.get(length) == Some(&b'.') {
            length += 1;
            length += digits(rest.get(length..).unwrap_or_default());
            if length == 1 {
                return self.take(Kind::Dot, 1);
            }
        }
        let mut kind = Kind::Number;
        if let Some(b'e' | b'E') = rest.get(length) {
            length += 1;
            length += usize::from(matches!(rest.get(length), Some(b'+' | b'-')));
            let exponent = digits(rest.get(length..).unwrap_or_default());
            length += exponent;
            if exponent == 0 {
                kind = Kind::Bareword;
            }
        }
        length += usize::from(has_suffix(rest.get(length..).unwrap_or_default()));
        self.take(kind, length)
    }

    /// What stands behind `0x` or `0b`, so many digits of it.
    fn radix(&mut self, digits: usize) -> Token<'a> {
        match digits {
            0 => self.take(Kind::Bareword, 2),
            _ => self.take(Kind::Number, digits + 2),
        }
    }
}

fn digits(bytes: &[u8]) -> usize {
    span(bytes, |byte| byte.is_ascii_digit())
}

/// Whether Oracle's mark of a float or double ends the number; before `UNION` no blank is needed.
fn has_suffix(behind: &[u8]) -> bool {
    match *behind {
        [b'd' | b'D' | b'f' | b'F'] => true,
        [b'd' | b'D' | b'f' | b'F', next, ..] => {
            is_blank(next) || matches!(next, b';' | b'u' | b'U')
        }
        _ => false,
    }
}
