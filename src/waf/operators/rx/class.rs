//! Classes: `[^a-z\d[:punct:]]`.
//!
//! Invariant: `[`, `&&`, `--` and `~~` in a class are the bytes that they are.

use super::error::PatternError;
use super::escape::Escaped;
use super::parse::Parser;
use super::sets::{fold, posix};
use crate::waf::ByteSet;

impl Parser<'_> {
    /// A class; the bracket, at `at`, was taken.
    pub(super) fn class(&mut self, at: usize) -> Result<ByteSet, PatternError> {
        let negated = self.take(b"^");
        let mut set = ByteSet::EMPTY;
        let mut first = true;
        let mut quoted = false;
        loop {
            if self.take(if quoted { b"\\E" } else { b"\\Q" }) {
                quoted = !quoted;
                continue;
            }
            let start = self.at;
            let item = match self.next().ok_or(PatternError::UnclosedClass(at))? {
                byte if quoted => Escaped::Byte(byte),
                b']' if !first => break,
                byte => match self.item(start, byte)? {
                    Some(item) => item,
                    None => continue,
                },
            };
            first = false;
            set = set.union(match item {
                Escaped::Set(set) => set,
                Escaped::Byte(from) if !quoted => self.range(start, from)?,
                Escaped::Byte(byte) => ByteSet::EMPTY.with(byte),
            });
        }
        let set = if self.flags.fold { fold(set) } else { set };
        Ok(if negated { set.complement() } else { set })
    }

    /// One byte or set; `byte`, at `at`, was taken. `None` for what stands for nothing.
    fn item(&mut self, at: usize, byte: u8) -> Result<Option<Escaped>, PatternError> {
        Ok(Some(match byte {
            b'\\' => match self.next().ok_or(PatternError::Escape(at))? {
                b'b' => Escaped::Byte(0x08),
                b'E' => return Ok(None),
                escaped => self.common(at, escaped)?,
            },
            b'[' if self.rest().starts_with(b":") => self.posix(at)?,
            byte => Escaped::Byte(byte),
        }))
    }

    /// The bytes from `from` to that after a hyphen, or `from` alone where none follows or the hyphen
    /// stands for itself.
    fn range(&mut self, start: usize, from: u8) -> Result<ByteSet, PatternError> {
        let alone = ByteSet::EMPTY.with(from);
        let after_hyphen = match self.rest() {
            [b'-', b']', ..] | [b'-'] => return Ok(alone),
            [b'-', ..] => self.at + 1,
            _ => return Ok(alone),
        };
        let hyphen = self.at;
        self.at = after_hyphen;
        let to = match self.next() {
            Some(byte) => self.item(after_hyphen, byte)?,
            None => None,
        };
        match to {
            Some(Escaped::Byte(to)) if from <= to => Ok(ByteSet::range(from, to)),
            Some(Escaped::Byte(_)) => Err(PatternError::ClassRange(start)),
            // Before a set the hyphen is one.
            Some(Escaped::Set(_)) | None => {
                self.at = hyphen + 1;
                Ok(alone.with(b'-'))
            }
        }
    }

    /// `[:name:]`; the bracket, at `at`, was taken. What does not end so is a bracket.
    fn posix(&mut self, at: usize) -> Result<Escaped, PatternError> {
        let inside = self.rest().get(1..).unwrap_or_default();
        let is_end = |byte: &u8| !byte.is_ascii_alphabetic() && *byte != b'^';
        let length = inside.iter().position(is_end).unwrap_or(inside.len());
        let (name, after) = inside.split_at_checked(length).unwrap_or_default();
        if !after.starts_with(b":]") {
            return Ok(Escaped::Byte(b'['));
        }
        self.at += 1 + length + 2;
        let (negated, name) = match name.strip_prefix(b"^") {
            Some(name) => (true, name),
            None => (false, name),
        };
        let set = posix(name).ok_or(PatternError::PosixClass(at))?;
        Ok(Escaped::Set(if negated { set.complement() } else { set }))
    }
}
