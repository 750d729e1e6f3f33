//! `@detectTraversal`: paths that lead out of their folder.
//!
//! The value is read as the dots, separators and names that some decoder may take it for: percent-encoded
//! once or several times, even digit by digit, as `%u002e`, `\x2e`, `\u002e` or `0x2e`, in overlong
//! UTF-8 or full width. Then segments are counted as a file system would take them. Invariant: each
//! byte is looked at a bounded number of times. Non-goal: what the path leads to.

use std::ops::Range;

/// One of these is in every value with a segment of dots and separators around it.
pub(super) const WORDS: &[&[u8]] = &[
    b"..", b"/./", b"\\.\\", b"/.\\", b"%2", b"%3", b"%5", b"%6", b"%u", b"%c", b"%e", b"%f",
    b"%%", b"\\x2", b"\\x5", b"\\u00", b"\\u2", b"\\uf", b"0x2", b"0x5", b"\xc0", b"\xc1", b"\xe0",
    b"\xe2", b"\xef", b"\xf0",
];

/// What stands at a place of the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Symbol {
    Dot,
    Separator,
    /// A semicolon, behind which servlet containers expect parameters of a segment.
    Parameter,
    /// What a path is parted from other things by.
    Break,
    Other,
}

/// A path while it is walked.
#[derive(Default)]
struct Walk {
    /// Separators so far.
    separators: usize,
    /// Whether it begins with a separator.
    rooted: bool,
    /// Dots of the segment, as long as there is nothing else.
    dots: usize,
    /// Other bytes of the segment.
    others: usize,
    /// Whether the segment's dots or the separator before them are encoded.
    encoded: bool,
    /// Whether the separator before the segment is a backslash.
    backslash: bool,
    /// Segments of two dots.
    up: usize,
    /// Those of them that are encoded, at least in part.
    up_encoded: usize,
    /// Those of them with a backslash at either end.
    up_backslash: usize,
    /// Segments of one dot.
    here: usize,
    /// Segments of three dots and more.
    long: usize,
    /// Those of them behind which two separators stand.
    long_doubled: usize,
    /// Whether the segment before this one was one of three dots and more.
    after_long: bool,
}

/// Where a path leads out of its folder.
pub(super) fn find(input: &[u8]) -> Option<Range<usize>> {
    // Among other things there are paths that people write about.
    let dense = !input
        .iter()
        .any(|byte| byte.is_ascii_whitespace() || b"'\"<>`".contains(byte));
    let mut walk = Walk::default();
    let (mut start, mut at) = (0, 0);
    while let Some(rest) = input.get(at..).filter(|rest| !rest.is_empty()) {
        let (symbol, len, plain) = symbol(rest);
        match symbol {
            Symbol::Break => {
                if walk.ends(dense && start == 0, dense) {
                    return Some(start..at);
                }
                walk = Walk::default();
                start = at + len;
            }
            Symbol::Separator => {
                walk.separator(plain, rest.first() == Some(&b'\\'));
            }
            Symbol::Dot => {
                walk.dots += 1;
                walk.encoded |= !plain;
            }
            Symbol::Parameter if walk.dots == 2 && walk.others == 0 => walk.parameter(),
            Symbol::Parameter | Symbol::Other => walk.others += 1,
        }
        at += len;
    }
    walk.ends(dense && start == 0, dense)
        .then_some(start..input.len())
}

impl Walk {
    fn separator(&mut self, plain: bool, backslash: bool) {
        if self.separators == 0 && self.dots == 0 && self.others == 0 {
            self.rooted = true;
        }
        self.close(Some((plain, backslash)));
        self.separators += 1;
        self.encoded = !plain;
        self.backslash = plain && backslash;
    }

    /// `..;`, which some servers read as `..`, and what stands before them does not.
    fn parameter(&mut self) {
        if self.separators > 0 {
            self.up += 1;
            self.up_encoded += 1;
        }
        self.others += 1;
    }

    /// Ends a segment, at a separator that is plain, or a backslash, or at the end of the path.
    fn close(&mut self, separator: Option<(bool, bool)>) {
        let (plain, backslash) = separator.unwrap_or((true, false));
        let bounded = separator.is_some() || self.separators > 0;
        let is_empty = self.dots == 0 && self.others == 0;
        if is_empty && self.after_long {
            self.long_doubled += 1;
        }
        self.after_long = false;
        if self.others == 0 && bounded {
            match self.dots {
                0 => {}
                1 => self.here += 1,
                2 => {
                    self.up += 1;
                    self.up_encoded += usize::from(self.encoded || !plain);
                    self.up_backslash += usize::from(self.backslash || plain && backslash);
                }
                _ => {
                    self.long += 1;
                    self.after_long = true;
                }
            }
        }
        self.dots = 0;
        self.others = 0;
    }

    /// Ends the path. `whole`: it is all of a value that holds nothing but a path; `dense`: the value
    /// holds no blanks and quotes.
    fn ends(&mut self, whole: bool, dense: bool) -> bool {
        self.close(None);
        if self.up_encoded > 0 || self.up > 2 {
            return true;
        }
        if !dense {
            return false;
        }
        self.up > 1
            || self.up_backslash > 0
            || self.long > 1
            || self.here > 3
            || self.long_doubled > 0
            || whole && self.rooted && (self.up > 0 || self.long > 0)
    }
}

/// The symbol that a text begins with, how many bytes it takes, and whether it stands for itself.
fn symbol(rest: &[u8]) -> (Symbol, usize, bool) {
    let plain = |symbol| (symbol, 1, true);
    match rest {
        [b'.', ..] => plain(Symbol::Dot),
        [b'/', ..] => plain(Symbol::Separator),
        [b'\\', b'x' | b'X', more @ ..] => escaped(more, 2, 2).unwrap_or(plain(Symbol::Separator)),
        [b'\\', b'u' | b'U', more @ ..] => escaped(more, 4, 2).unwrap_or(plain(Symbol::Separator)),
        [b'\\', ..] => plain(Symbol::Separator),
        [b'0', b'x' | b'X', more @ ..] => escaped(more, 2, 2).unwrap_or(plain(Symbol::Other)),
        [b'%', ..] => percent(rest).unwrap_or(plain(Symbol::Other)),
        [b';', ..] => plain(Symbol::Parameter),
        [0xc0 | 0xc1 | 0xe0 | 0xe2 | 0xef | 0xf0, ..] => {
            let four = rest.get(..rest.len().min(4)).unwrap_or_default();
            overlong(four).map_or(plain(Symbol::Other), |(symbol, len)| (symbol, len, false))
        }
        [byte, ..] if byte.is_ascii_whitespace() => plain(Symbol::Break),
        [
            b'\'' | b'"' | b'`' | b'<' | b'>' | b'|' | b',' | b'(' | b')' | b'=' | b'&' | b'?',
            ..,
        ] => plain(Symbol::Break),
        _ => plain(Symbol::Other),
    }
}

/// `digits` hexadecimal digits that stand for a dot or a separator, after `before` bytes.
fn escaped(more: &[u8], digits: usize, before: usize) -> Option<(Symbol, usize, bool)> {
    let digits = more.get(..digits)?;
    let code = digits.iter().try_fold(0_u32, |code, digit| {
        Some(code << 4 | char::from(*digit).to_digit(16)?)
    })?;
    Some((of_code(code)?, before + digits.len(), false))
}

/// The codes of dots and separators, those included that are mapped to them.
fn of_code(code: u32) -> Option<Symbol> {
    Some(match code {
        0x2e | 0xff0e | 0x2024 => Symbol::Dot,
        0x2f | 0x5c | 0x2215 | 0x2216 | 0x2044 | 0xff0f | 0xff3c => Symbol::Separator,
        _ => return None,
    })
}

/// Bytes of UTF-8, shortest form or not, that stand for a dot or a separator.
fn overlong(bytes: &[u8]) -> Option<(Symbol, usize)> {
    let tail = |byte: u8| u32::from(byte & 0x3f);
    // Some decoders do not look at the upper bits of what follows.
    let (code, len) = match *bytes {
        [first @ (0xc0 | 0xc1), second, ..] => (u32::from(first & 1) << 6 | tail(second), 2),
        [first @ (0xe0 | 0xe2 | 0xef), second, third, ..] => (
            u32::from(first & 0xf) << 12 | tail(second) << 6 | tail(third),
            3,
        ),
        [0xf0, second, third, fourth] => (tail(second) << 12 | tail(third) << 6 | tail(fourth), 4),
        _ => return None,
    };
    Some((of_code(code)?, len))
}

/// A percent sign and what it escapes, perhaps escaped itself.
fn percent(rest: &[u8]) -> Option<(Symbol, usize, bool)> {
    let (first, mut at) = byte(rest)?;
    let symbol = match first {
        Escaped::Code(code) => of_code(code)?,
        Escaped::Byte(byte) if byte.is_ascii() => of_code(byte.into())?,
        Escaped::Byte(first) => {
            let count = match first {
                0xc0 | 0xc1 => 2,
                0xe0 | 0xe2 | 0xef => 3,
                0xf0 => 4,
                _ => return None,
            };
            let mut bytes = [first, 0, 0, 0];
            for place in bytes.iter_mut().take(count).skip(1) {
                let (next, len) = byte(rest.get(at..)?)?;
                let Escaped::Byte(next) = next else {
                    return None;
                };
                *place = next;
                at += len;
            }
            overlong(bytes.get(..count)?)?.0
        }
    };
    Some((symbol, at, false))
}

enum Escaped {
    Byte(u8),
    Code(u32),
}

/// What an escape stands for, and its length.
fn byte(rest: &[u8]) -> Option<(Escaped, usize)> {
    let mut at = 1;
    rest.strip_prefix(b"%")?;
    while rest.get(at..at + 2) == Some(b"25") {
        at += 2;
    }
    if let Some(b'u' | b'U') = rest.get(at) {
        let digits = rest.get(at + 1..at + 5)?;
        let code = digits.iter().try_fold(0_u32, |code, digit| {
            Some(code << 4 | char::from(*digit).to_digit(16)?)
        })?;
        return Some((Escaped::Code(code), at + 5));
    }
    let (high, after) = digit(rest.get(at..)?)?;
    let (low, behind) = digit(rest.get(at + after..)?)?;
    Some((Escaped::Byte(high << 4 | low), at + after + behind))
}

/// A hexadecimal digit, or one that is itself escaped: `%32` is `2`.
fn digit(rest: &[u8]) -> Option<(u8, usize)> {
    let value = |byte: u8| char::from(byte).to_digit(16).map(|value| value as u8);
    match *rest {
        [b'%', high, low, ..] => {
            let code = value(high)? << 4 | value(low)?;
            Some((value(code)?, 3))
        }
        [digit, ..] => Some((value(digit)?, 1)),
        [] => None,
    }
}
