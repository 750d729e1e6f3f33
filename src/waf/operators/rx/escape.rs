//! What a backslash begins.

use super::error::PatternError;
use super::node::{Look, Node};
use super::parse::{Parser, number};
use super::sets::{DIGIT, HORIZONTAL, NEWLINE, SPACE, VERTICAL, WORD};
use crate::waf::ByteSet;

/// An escape that means the same in a class and outside.
pub(super) enum Escaped {
    Byte(u8),
    Set(ByteSet),
}

impl Parser<'_> {
    /// An escape outside of classes; the backslash, at `at`, was taken.
    pub(super) fn escape(&mut self, at: usize) -> Result<Node, PatternError> {
        let byte = self.next().ok_or(PatternError::Escape(at))?;
        Ok(match byte {
            b'b' => Node::Look(Look::Word),
            b'B' => Node::Look(Look::NotWord),
            // A search starts where the value does, so `\G` is the same.
            b'A' | b'G' => Node::Look(Look::Start),
            b'z' => Node::Look(Look::End),
            b'Z' => {
                self.needs("`\\Z`");
                Node::Look(Look::LastLineEnd)
            }
            b'K' => {
                self.needs("`\\K`");
                Node::Keep
            }
            b'C' => set(ByteSet::ALL),
            b'N' => set(NEWLINE.complement()),
            b'R' => {
                self.needs("`\\R`");
                let pair = Node::Concat(vec![self.byte(b'\r'), self.byte(b'\n')]);
                Node::Atomic(Box::new(Node::Alternation(vec![pair, set(VERTICAL)])))
            }
            b'g' => self.numbered_reference(at)?,
            b'k' => {
                let end = match self.next() {
                    Some(b'<') => b'>',
                    Some(b'{') => b'}',
                    Some(b'\'') => b'\'',
                    _ => return Err(PatternError::Escape(at)),
                };
                let name = self.until(end).ok_or(PatternError::Escape(at))?;
                self.named_reference(at, name)?
            }
            b'1'..=b'9' => match self.decimal_reference(byte) {
                Some(group) => self.back(at, group),
                None => self.common(at, byte)?.node(self),
            },
            _ => self.common(at, byte)?.node(self),
        })
    }

    /// An escape wherever it stands; `byte`, after the backslash, was taken.
    pub(super) fn common(&mut self, at: usize, byte: u8) -> Result<Escaped, PatternError> {
        Ok(match byte {
            b'd' => Escaped::Set(DIGIT),
            b'D' => Escaped::Set(DIGIT.complement()),
            b'w' => Escaped::Set(WORD),
            b'W' => Escaped::Set(WORD.complement()),
            b's' => Escaped::Set(SPACE),
            b'S' => Escaped::Set(SPACE.complement()),
            b'h' => Escaped::Set(HORIZONTAL),
            b'H' => Escaped::Set(HORIZONTAL.complement()),
            b'v' => Escaped::Set(VERTICAL),
            b'V' => Escaped::Set(VERTICAL.complement()),
            b'a' => Escaped::Byte(0x07),
            b'e' => Escaped::Byte(0x1b),
            b'f' => Escaped::Byte(0x0c),
            b'n' => Escaped::Byte(b'\n'),
            b'r' => Escaped::Byte(b'\r'),
            b't' => Escaped::Byte(b'\t'),
            b'c' => {
                let control = self.next().filter(u8::is_ascii);
                let control = control.ok_or(PatternError::Escape(at))?;
                Escaped::Byte(control.to_ascii_uppercase() ^ 0x40)
            }
            b'x' => Escaped::Byte(self.hexadecimal(at)?),
            b'o' if self.take(b"{") => {
                let digits = self.until(b'}').ok_or(PatternError::Escape(at))?;
                Escaped::Byte(byte_of(digits, 8).ok_or(PatternError::NotAByte(at))?)
            }
            b'0'..=b'7' => {
                let more = self.rest().iter().take(2);
                let more = more.take_while(|byte| matches!(byte, b'0'..=b'7')).count();
                let start = self.at - 1;
                self.at += more;
                let digits = self.pattern.get(start..self.at).unwrap_or_default();
                Escaped::Byte(byte_of(digits, 8).ok_or(PatternError::NotAByte(at))?)
            }
            b'p' | b'P' => return unsupported(at, "a Unicode property `\\p`"),
            b'X' => return unsupported(at, "a grapheme `\\X`"),
            byte if byte.is_ascii_alphanumeric() => return Err(PatternError::Escape(at)),
            byte => Escaped::Byte(byte),
        })
    }

    /// `\x`, up to two digits, or any number in braces.
    fn hexadecimal(&mut self, at: usize) -> Result<u8, PatternError> {
        if self.take(b"{") {
            let digits = self.until(b'}').ok_or(PatternError::Escape(at))?;
            return byte_of(digits, 16).ok_or(PatternError::NotAByte(at));
        }
        let digits = self.rest().iter().take(2);
        let count = digits.take_while(|byte| byte.is_ascii_hexdigit()).count();
        let digits = self.rest().get(..count).unwrap_or_default();
        self.at += count;
        Ok(byte_of(digits, 16).unwrap_or(0))
    }

    /// The group of `\1`, or of a number of several digits if there are as many groups before it; else
    /// it is octal.
    fn decimal_reference(&mut self, first: u8) -> Option<usize> {
        let start = self.at - 1;
        let more = self.rest().iter().take_while(|byte| byte.is_ascii_digit());
        let end = self.at + more.count();
        let group = number(self.pattern.get(start..end)?)? as usize;
        if group < 10 || matches!(first, b'8' | b'9') || group < self.groups {
            self.at = end;
            return Some(group);
        }
        None
    }

    /// `\g1`, `\g{1}`, `\g{-1}`, `\g{name}`
    fn numbered_reference(&mut self, at: usize) -> Result<Node, PatternError> {
        let reference = if self.take(b"{") {
            self.until(b'}').ok_or(PatternError::Escape(at))?
        } else {
            let sign = usize::from(self.rest().starts_with(b"-"));
            let digits = self.rest().iter().skip(sign);
            let length = sign + digits.take_while(|byte| byte.is_ascii_digit()).count();
            let reference = self.rest().get(..length).unwrap_or_default();
            self.at += length;
            reference
        };
        let no_group = PatternError::NoSuchGroup(at);
        let group = match reference.split_first() {
            Some((b'-', digits)) => {
                let back = number(digits).filter(|back| *back > 0).ok_or(no_group)?;
                let group = self.groups.checked_sub(back as usize);
                group.filter(|group| *group > 0).ok_or(no_group)?
            }
            _ => match number(reference) {
                Some(group) => group as usize,
                None => return self.named_reference(at, reference),
            },
        };
        if group == 0 {
            return Err(no_group);
        }
        Ok(self.back(at, group))
    }

    /// A reference to a group by its name, which stands before.
    pub(super) fn named_reference(&mut self, at: usize, name: &[u8]) -> Result<Node, PatternError> {
        let named = self.names.iter().find(|(known, _)| *known == name);
        let (_, group) = *named.ok_or(PatternError::NoSuchGroup(at))?;
        Ok(self.back(at, group))
    }
}

impl Escaped {
    fn node(self, parser: &Parser<'_>) -> Node {
        match self {
            Self::Byte(byte) => parser.byte(byte),
            Self::Set(set) => Node::Set(Box::new(set)),
        }
    }
}

fn set(set: ByteSet) -> Node {
    Node::Set(Box::new(set))
}

fn byte_of(digits: &[u8], radix: u32) -> Option<u8> {
    // `from_str_radix` would take a sign as well.
    if digits.first() == Some(&b'+') {
        return None;
    }
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
}

fn unsupported<T>(at: usize, construct: &'static str) -> Result<T, PatternError> {
    Err(PatternError::Unsupported { at, construct })
}
