//! Whether input needs to be read closely at all.
//!
//! Most input is names, numbers and prose: words that SQL does not know, numbers, and signs between
//! them, or what looks like variables and no signs. No fingerprint of an injection is made of these
//! alone. Invariant: tokens end here where they end in [`Tokenizer`], so that no word that SQL knows
//! is missed. Non-goal: input with quotes, parentheses or comments, which is read closely.

use super::tables::Word;
use super::token::Token;
use super::tokenizer::{Context, Dialect, Tokenizer};
use super::words::{DIVIDES_WORD, ENDS_VARIABLE, ENDS_WORD, class};

/// Whether [`detect_sqli`](super::detect_sqli) can find anything: `false` is certain, and cheap.
pub fn may_be_sqli(input: &[u8]) -> bool {
    let (mut at, mut before) = (0, 0);
    let (mut signs, mut variables) = (false, false);
    while let Some(rest) = input.get(at..)
        && let Some(&first) = rest.first()
    {
        let next = rest.get(1).copied().unwrap_or_default();
        let start = start_of(first);
        at += match start {
            Start::Blank | Start::Sign => 1,
            Start::Doubled(second) if second != next => 1,
            Start::Number => number(input, at),
            // `<@` is an operator, and what follows it a word.
            Start::Variable if before != b'<' => variable(rest),
            Start::Word => match word(rest) {
                Some(length) => length,
                None => return true,
            },
            Start::Doubled(_) | Start::Variable | Start::Other => return true,
        };
        signs |= matches!(start, Start::Sign | Start::Doubled(_));
        variables |= matches!(start, Start::Variable);
        before = first;
    }
    signs && variables
}

/// What may start with a byte.
#[derive(Clone, Copy)]
enum Start {
    /// A blank, or a sign that says nothing.
    Blank,
    /// An operator, or what parts statements.
    Sign,
    /// The same unless this byte follows: then a comment, or what means AND or OR.
    Doubled(u8),
    Number,
    Variable,
    Word,
    /// What is to be read closely.
    Other,
}

#[inline]
fn start_of(byte: u8) -> Start {
    const STARTS: &[Start; 256] = &{
        let mut starts = [Start::Other; 256];
        let mut rest: &mut [Start] = &mut starts;
        let mut byte = 0_u8;
        while let [start, behind @ ..] = rest {
            *start = match byte {
                0..=b' ' | 0x7F | 0xA0 | b',' | b'?' | b']' => Start::Blank,
                b'!' | b'%' | b'*' | b'+' | b':' | b';' => Start::Sign,
                b'<' | b'=' | b'>' | b'^' | b'~' => Start::Sign,
                b'&' | b'-' | b'|' => Start::Doubled(byte),
                b'/' => Start::Doubled(b'*'),
                b'.' | b'0'..=b'9' => Start::Number,
                b'@' => Start::Variable,
                b'A'..=b'Z' | b'_' | b'a'..=b'z' | 0x80.. => Start::Word,
                _ => Start::Other,
            };
            byte = byte.wrapping_add(1);
            rest = behind;
        }
        starts
    };
    STARTS
        .get(usize::from(byte))
        .copied()
        .unwrap_or(Start::Other)
}

fn number(input: &[u8], at: usize) -> usize {
    let mut tokenizer = Tokenizer::new(input, Context::Bare, Dialect::Ansi);
    tokenizer.at = at;
    tokenizer.number();
    tokenizer.at - at
}

/// How long a variable is, its `@` included. What it may be quoted in is not part of it.
fn variable(rest: &[u8]) -> usize {
    let signs = if rest.starts_with(b"@@") { 2 } else { 1 };
    let name = rest.iter().skip(signs);
    signs
        + name
            .take_while(|byte| class(**byte) & ENDS_VARIABLE == 0)
            .count()
}

/// How long a word is; `None` if SQL knows it, or may know a part of it.
fn word(rest: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let tail = rest.get(from..)?.iter();
        let end = tail
            .take_while(|byte| class(**byte) & (ENDS_WORD | DIVIDES_WORD) == 0)
            .count()
            + from;
        let word = rest.get(..end)?;
        if end <= Token::MAX_TEXT && Word::find(word).is_some() {
            return None;
        }
        match rest.get(end) {
            Some(b'.') => from = end + 1,
            Some(b'`') => return None,
            _ => return Some(end),
        }
    }
}
