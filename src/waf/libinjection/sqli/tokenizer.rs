//! Cuts input into tokens of SQL.
//!
//! Every byte is looked at a bounded number of times: a token either ends before the next one
//! starts or takes all that is left.

use memchr::{memchr, memmem};

use super::strings;
use super::tables::Word;
use super::token::{Kind, Token};

/// Whose comments are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `--` starts a comment and `#` is an operator.
    Ansi,
    /// `--` starts a comment only before a blank, and `#` always does.
    MySql,
}

/// The quote that input is taken to stand behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// None.
    Bare,
    /// Between single quotes.
    Single,
    /// Between double quotes.
    Double,
}

/// A place in the input from which tokens are taken.
#[derive(Clone, Debug)]
pub(super) struct Tokenizer<'a> {
    pub(super) input: &'a [u8],
    /// Where the next token starts.
    pub(super) at: usize,
    dialect: Dialect,
    context: Context,
    /// Tokens so far, comments and such as are folded away among them.
    pub(super) count: usize,
    /// Whether something was read that the other dialect would read differently.
    pub(super) ambiguous: bool,
}

impl<'a> Tokenizer<'a> {
    #[inline]
    pub(super) fn new(input: &'a [u8], context: Context, dialect: Dialect) -> Self {
        Self {
            input,
            at: 0,
            dialect,
            context,
            count: 0,
            ambiguous: false,
        }
    }

    /// What is left, from the next byte on.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.after(0)
    }

    /// What is left, without its first `bytes`.
    pub(super) fn after(&self, bytes: usize) -> &'a [u8] {
        self.input.get(self.at + bytes..).unwrap_or_default()
    }

    /// Makes a token of the next `length` bytes, or of all that is left, and goes behind it.
    pub(super) fn take(&mut self, kind: Kind, length: usize) -> Token<'a> {
        let rest = self.rest();
        self.at += length.min(rest.len());
        Token::new(kind, rest.get(..length).unwrap_or(rest))
    }

    fn lex(&mut self, first: u8) -> Token<'a> {
        match first {
            b'\'' | b'"' => self.string(1, first),
            b'0'..=b'9' | b'.' => self.number(),
            b'(' => self.take(Kind::LeftParen, 1),
            b')' => self.take(Kind::RightParen, 1),
            b'{' => self.take(Kind::LeftBrace, 1),
            b'}' => self.take(Kind::RightBrace, 1),
            b',' => self.take(Kind::Comma, 1),
            b';' => self.take(Kind::Semicolon, 1),
            b'%' | b'+' | b'^' | b'~' => self.take(Kind::Operator, 1),
            b'?' | b']' => self.take(Kind::Unknown, 1),
            b'!' | b'&' | b'*' | b':' | b'<' | b'=' | b'>' | b'|' => self.operator(),
            b'-' => self.dash(),
            b'#' => self.hash(),
            b'/' => self.slash(),
            b'\\' => self.backslash(),
            b'@' => self.variable(),
            b'$' => self.money(),
            b'`' => self.backquoted(),
            b'[' => self.bracketed(),
            b'b' | b'B' => self.digit_string(strings::BINARY_DIGITS),
            b'x' | b'X' => self.digit_string(strings::HEX_DIGITS),
            b'e' | b'E' => self.prefixed_string(),
            b'n' | b'N' => self.national_string(),
            b'q' | b'Q' => self.oracle_string(0),
            b'u' | b'U' => self.unicode_string(),
            _ => self.word(),
        }
    }

    /// An operator of one, two or three signs, or a colon.
    fn operator(&mut self) -> Token<'a> {
        let rest = self.rest();
        if rest.starts_with(b"<=>") {
            return self.take(Kind::Operator, 3);
        }
        let Some(pair) = rest.get(..2) else {
            return self.take(Kind::Operator, 1);
        };
        match (Word::find(pair), pair) {
            (Some(word), _) => self.take(word.kind, 2),
            (None, [b':', _]) => self.take(Kind::Colon, 1),
            (None, _) => self.take(Kind::Operator, 1),
        }
    }

    fn dash(&mut self) -> Token<'a> {
        match *self.rest() {
            [_, b'-'] => self.line_comment(),
            [_, b'-', next, ..] if is_blank(next) => self.line_comment(),
            [_, b'-', ..] if self.dialect == Dialect::Ansi => {
                self.ambiguous = true;
                self.line_comment()
            }
            _ => self.take(Kind::Operator, 1),
        }
    }

    fn hash(&mut self) -> Token<'a> {
        self.ambiguous = true;
        match self.dialect {
            Dialect::MySql => self.line_comment(),
            Dialect::Ansi => self.take(Kind::Operator, 1),
        }
    }

    /// A comment up to the end of the line, which is left behind as well.
    fn line_comment(&mut self) -> Token<'a> {
        let rest = self.rest();
        let length = memchr(b'\n', rest).unwrap_or(rest.len());
        let comment = self.take(Kind::Comment, length);
        self.at += usize::from(length < rest.len());
        comment
    }

    /// A division or a comment; of comments, those with another one inside, which engines read
    /// differently, and those that MySQL executes are evil.
    fn slash(&mut self) -> Token<'a> {
        let rest = self.rest();
        let Some(inside) = rest.strip_prefix(b"/*") else {
            return self.take(Kind::Operator, 1);
        };
        let close = memmem::find(inside, b"*/");
        let nested = close.is_some_and(|close| {
            // The `*` of the end may be that of a start.
            let inside = inside.get(..=close).unwrap_or(inside);
            memmem::find(inside, b"/*").is_some()
        });
        let kind = if nested || inside.first() == Some(&b'!') {
            Kind::Evil
        } else {
            Kind::Comment
        };
        self.take(kind, close.map_or(rest.len(), |close| close + 4))
    }

    /// `\N` is a name of NULL to MySQL.
    fn backslash(&mut self) -> Token<'a> {
        match self.rest() {
            [_, b'N', ..] => self.take(Kind::Number, 2),
            _ => self.take(Kind::Backslash, 1),
        }
    }
}

impl<'a> Iterator for Tokenizer<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let token = match (self.at, self.context) {
            (0, Context::Single) if !self.input.is_empty() => self.string(0, b'\''),
            (0, Context::Double) if !self.input.is_empty() => self.string(0, b'"'),
            _ => {
                let rest = self.rest();
                let blanks = rest.iter().position(|&byte| !is_skipped(byte))?;
                self.at += blanks;
                self.lex(*rest.get(blanks)?)
            }
        };
        self.count += 1;
        Some(token)
    }
}

/// What stands between tokens.
fn is_skipped(byte: u8) -> bool {
    matches!(byte, 0..=b' ' | 0x7F | 0xA0)
}

/// What is a blank to a database: fewer bytes than stand between tokens.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, 0 | b'\t'..=b'\r' | b' ' | 0xA0)
}
