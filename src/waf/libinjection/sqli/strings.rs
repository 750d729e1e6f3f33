//! Strings in all their quotes: plain, prefixed, Oracle's `q'[...]'`, PostgreSQL's `$tag$...$tag$`.

use memchr::{memchr, memmem};

use super::tables::Word;
use super::token::{Kind, Token};
use super::tokenizer::Tokenizer;

/// What may stand in `b'...'`. Here and below, zero bytes count as whatever is looked for, as they
/// do to C's `strchr`.
pub(super) const BINARY_DIGITS: fn(u8) -> bool = |byte| matches!(byte, b'0' | b'1' | 0);
/// What may stand in `x'...'`.
pub(super) const HEX_DIGITS: fn(u8) -> bool = |byte| byte.is_ascii_hexdigit() || byte == 0;

/// How many bytes `bytes` starts with for which `belongs` holds.
pub(super) fn span(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    bytes
        .iter()
        .position(|&byte| !belongs(byte))
        .unwrap_or(bytes.len())
}

impl<'a> Tokenizer<'a> {
    /// A string up to `delimiter`; a backslash or the delimiter itself before it takes its meaning.
    /// The string starts `skip` bytes on, and where that is none, the opening quote is not there.
    pub(super) fn string(&mut self, skip: usize, delimiter: u8) -> Token<'a> {
        let body = self.after(skip);
        let end = string_end(body, delimiter);
        let token = Token {
            open: if skip > 0 { delimiter } else { 0 },
            close: end.map_or(0, |_| delimiter),
            ..Token::new(
                Kind::String,
                end.and_then(|end| body.get(..end)).unwrap_or(body),
            )
        };
        self.at += skip + end.map_or(body.len(), |end| end + 1);
        token
    }

    /// `e'...'`, or a word.
    pub(super) fn prefixed_string(&mut self) -> Token<'a> {
        match self.rest() {
            [_, b'\'', _, ..] => self.string(2, b'\''),
            _ => self.word(),
        }
    }

    /// `n'...'`, `nq'[...]'`, or a word.
    pub(super) fn national_string(&mut self) -> Token<'a> {
        match self.rest() {
            [_, b'\'', _, ..] => self.string(2, b'\''),
            _ => self.oracle_string(1),
        }
    }

    /// `u&'...'`, or a word.
    pub(super) fn unicode_string(&mut self) -> Token<'a> {
        let [_, b'&', b'\'', ..] = self.rest() else {
            return self.word();
        };
        self.at += 2;
        let string = self.string(1, b'\'');
        Token {
            open: b'u',
            close: if string.close == b'\'' { b'u' } else { 0 },
            ..string
        }
    }

    /// `q'[...]'` behind a prefix of so many bytes, or a word.
    pub(super) fn oracle_string(&mut self, prefix: usize) -> Token<'a> {
        let [b'q' | b'Q', b'\'', open @ b'!'..=b'\x7F', body @ ..] = self.after(prefix) else {
            return self.word();
        };
        let close = match open {
            b'(' => b')',
            b'[' => b']',
            b'{' => b'}',
            b'<' => b'>',
            other => *other,
        };
        self.at += prefix + 3;
        self.enclosed(body, &[close, b'\''], b'q')
    }

    /// `b'01'` or `x'1F'`, or a word.
    pub(super) fn digit_string(&mut self, is_digit: fn(u8) -> bool) -> Token<'a> {
        if let [_, b'\'', digits @ ..] = self.rest()
            && let length = span(digits, is_digit)
            && digits.get(length) == Some(&b'\'')
        {
            return self.take(Kind::Number, length + 3);
        }
        self.word()
    }

    /// An amount of money, a string between `$$` or `$tag$`, or a lone `$`.
    pub(super) fn money(&mut self) -> Token<'a> {
        let behind = self.after(1);
        let digits = span(behind, |b| matches!(b, b'0'..=b'9' | b'.' | b',' | 0));
        match (digits, behind) {
            (1, [b'.', ..]) => return self.word(),
            (1.., _) => return self.take(Kind::Number, 1 + digits),
            (0, _) => {}
        }
        let letters = span(behind, |byte| byte.is_ascii_alphabetic() || byte == 0);
        if behind.get(letters) != Some(&b'$') {
            return self.take(Kind::Bareword, 1);
        }
        let length = letters + 2;
        let tag = self.rest().get(..length).unwrap_or_default();
        self.at += length;
        self.enclosed(self.rest(), tag, b'$')
    }

    /// A name between backquotes. To MySQL that is never a keyword, but it may be a function.
    pub(super) fn backquoted(&mut self) -> Token<'a> {
        let string = self.string(1, b'`');
        let word = Word::find(string.text);
        Token {
            kind: match word {
                Some(word) if word.kind == Kind::Function => Kind::Function,
                _ => Kind::Bareword,
            },
            starts_phrase: word.is_some_and(|word| word.starts_phrase),
            ..string
        }
    }

    /// A name between brackets, as SQL Server has them.
    pub(super) fn bracketed(&mut self) -> Token<'a> {
        let rest = self.rest();
        let length = memchr(b']', rest).map_or(rest.len(), |end| end + 1);
        self.take(Kind::Bareword, length)
    }

    /// A string that starts here with `body` and ends with `end`, which mean nothing within.
    fn enclosed(&mut self, body: &'a [u8], end: &[u8], quote: u8) -> Token<'a> {
        let length = memmem::find(body, end);
        self.at += length.map_or(body.len(), |length| length + end.len());
        Token {
            open: quote,
            close: length.map_or(0, |_| quote),
            ..Token::new(
                Kind::String,
                length.and_then(|length| body.get(..length)).unwrap_or(body),
            )
        }
    }
}

/// Where in `body` the delimiter is that ends the string.
fn string_end(body: &[u8], delimiter: u8) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + memchr(delimiter, body.get(from..)?)?;
        let (before, behind) = body.split_at_checked(at)?;
        let backslashes = before.iter().rev().take_while(|&&b| b == b'\\').count();
        if backslashes % 2 == 1 {
            from = at + 1;
        } else if behind.get(1) == Some(&delimiter) {
            from = at + 2;
        } else {
            return Some(at);
        }
    }
}
