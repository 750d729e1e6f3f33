//! Words and variables.

use super::strings::span;
use super::tables::Word;
use super::token::{Kind, Token};
use super::tokenizer::Tokenizer;

impl<'a> Tokenizer<'a> {
    /// A word. Where a part of it up to a `.` or a backquote is one that SQL knows, it ends there:
    /// `SELECT.1` is a statement.
    pub(super) fn word(&mut self) -> Token<'a> {
        let rest = self.rest();
        let length = span(rest, |byte| !ends_word(byte));
        let word = rest.get(..length).unwrap_or(rest);
        let known = word.get(..Token::MAX_TEXT).unwrap_or(word);
        for (at, _) in known
            .iter()
            .enumerate()
            .filter(|(_, byte)| matches!(byte, b'.' | b'`'))
        {
            let before = known.get(..at).unwrap_or_default();
            if let Some(kind) = kind_of(before)
                && kind != Kind::Bareword
            {
                return self.take(kind, at);
            }
        }
        let kind = if word.len() <= Token::MAX_TEXT {
            kind_of(word)
        } else {
            None
        };
        self.take(kind.unwrap_or(Kind::Bareword), length)
    }

    /// `@name`, `@@name`, also in quotes.
    pub(super) fn variable(&mut self) -> Token<'a> {
        self.at += match self.rest() {
            [_, b'@', ..] => 2,
            _ => 1,
        };
        let token = match *self.rest() {
            [b'`', ..] => self.backquoted(),
            [quote @ (b'\'' | b'"'), ..] => self.string(1, quote),
            _ => {
                let length = span(self.rest(), |byte| !ends_variable(byte));
                self.take(Kind::Variable, length)
            }
        };
        Token {
            kind: Kind::Variable,
            ..token
        }
    }
}

/// What SQL knows a word for.
pub(super) fn kind_of(word: &[u8]) -> Option<Kind> {
    Word::find(word).map(|word| word.kind)
}

const fn ends_word(byte: u8) -> bool {
    matches!(byte, b'[' | b']' | b'{' | b'}' | b'\'' | b'"' | 0xA0) || ends_both(byte)
}

const fn ends_variable(byte: u8) -> bool {
    matches!(byte, b'\'' | b'`' | b'"') || ends_both(byte)
}

const fn ends_both(byte: u8) -> bool {
    matches!(
        byte,
        0 | b'\t'
            ..=b'\r'
                | b' '
                | b'<'
                | b'>'
                | b':'
                | b'\\'
                | b'?'
                | b'='
                | b'@'
                | b'!'
                | b'#'
                | b'~'
                | b'+'
                | b'-'
                | b'*'
                | b'/'
                | b'&'
                | b'|'
                | b'^'
                | b'%'
                | b'('
                | b')'
                | b','
                | b';'
    )
}
