//! Words and variables.

use super::tables::Word;
use super::token::{Kind, Token};
use super::tokenizer::Tokenizer;

impl<'a> Tokenizer<'a> {
    /// A word. Where a part of it up to a `.` or a backquote is one that SQL knows, it ends there:
    /// `SELECT.1` is a statement.
    pub(super) fn word(&mut self) -> Token<'a> {
        let rest = self.rest();
        let mut length = rest.len();
        for (at, &byte) in rest.iter().enumerate() {
            let class = class(byte);
            if class & ENDS_WORD != 0 {
                length = at;
                break;
            }
            if class & DIVIDES_WORD != 0
                && at < Token::MAX_TEXT
                && let Some(word) = rest.get(..at).and_then(Word::find)
                && word.kind != Kind::Bareword
            {
                return self.known(word, at);
            }
        }
        match rest.get(..length).and_then(Word::find) {
            Some(word) => self.known(word, length),
            None => self.take(Kind::Bareword, length),
        }
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
            ref rest => {
                let end = |&byte: &u8| class(byte) & ENDS_VARIABLE != 0;
                let length = rest.iter().position(end).unwrap_or(rest.len());
                self.take(Kind::Variable, length)
            }
        };
        Token {
            kind: Kind::Variable,
            ..token
        }
    }

    /// A token of a word of so many bytes.
    fn known(&mut self, word: &Word, length: usize) -> Token<'a> {
        Token {
            starts_phrase: word.starts_phrase,
            ..self.take(word.kind, length)
        }
    }
}

/// The byte ends a word.
pub(super) const ENDS_WORD: u8 = 1;
/// The byte may end a word that is known.
pub(super) const DIVIDES_WORD: u8 = 2;
/// The byte ends the name of a variable.
pub(super) const ENDS_VARIABLE: u8 = 4;

#[inline]
pub(super) fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or_default()
}

const CLASSES: &[u8; 256] = &{
    let mut classes = [0; 256];
    let mut rest: &mut [u8] = &mut classes;
    let mut byte = 0;
    while let [class, behind @ ..] = rest {
        *class = class_of(byte);
        byte = byte.wrapping_add(1);
        rest = behind;
    }
    classes
};

const fn class_of(byte: u8) -> u8 {
    match byte {
        0 | b'\t'..=b'\r' | b' ' => ENDS_WORD | ENDS_VARIABLE,
        b'<' | b'>' | b':' | b'\\' | b'?' | b'=' | b'@' | b'!' | b'#' | b'~' | b'+' | b'-'
        | b'*' | b'/' | b'&' | b'|' | b'^' | b'%' | b'(' | b')' | b',' | b';' | b'\'' | b'"' => {
            ENDS_WORD | ENDS_VARIABLE
        }
        b'[' | b']' | b'{' | b'}' | 0xA0 => ENDS_WORD,
        b'`' => DIVIDES_WORD | ENDS_VARIABLE,
        b'.' => DIVIDES_WORD,
        _ => 0,
    }
}
