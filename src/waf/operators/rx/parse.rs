//! Patterns to trees.
//!
//! Invariant: what is not understood is an error, nothing is taken for something else. Non-goal: which
//! engine runs the tree; the parser only notes what an automaton cannot do.

use super::error::PatternError;
use super::node::{Greed, Look, Node};
use super::sets::NEWLINE;
use crate::waf::ByteSet;

/// Largest number of a quantifier.
const MAX_REPEAT: u32 = 65_535;

/// Most bytes of a quantifier in braces.
const LONGEST_REPEAT: usize = 32;

/// A pattern that was read.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) node: Node,
    /// How many groups capture, the whole match among them.
    pub(super) groups: usize,
    /// The first thing in it that needs backtracking.
    pub(super) construct: Option<&'static str>,
}

/// Reads a pattern. With `multi_line`, `^` and `$` match at every line.
pub(super) fn parse(pattern: &[u8], multi_line: bool) -> Result<Parsed, PatternError> {
    let mut parser = Parser {
        pattern,
        at: 0,
        flags: Flags {
            multi_line,
            dot_all: true,
            ..Flags::default()
        },
        depth: 0,
        quoted: false,
        groups: 1,
        names: Vec::new(),
        references: Vec::new(),
        construct: None,
    };
    let node = parser.alternation()?;
    if parser.peek().is_some() {
        return Err(PatternError::UnopenedGroup(parser.at));
    }
    let missing = |(_, group): &&(usize, usize)| *group >= parser.groups;
    if let Some((at, _)) = parser.references.iter().find(missing) {
        return Err(PatternError::NoSuchGroup(*at));
    }
    Ok(Parsed {
        node,
        groups: parser.groups,
        construct: parser.construct,
    })
}

/// What options are on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flags {
    pub(super) fold: bool,
    pub(super) multi_line: bool,
    pub(super) dot_all: bool,
    pub(super) extended: bool,
    pub(super) lazy: bool,
}

#[derive(Debug)]
pub(super) struct Parser<'p> {
    pub(super) pattern: &'p [u8],
    pub(super) at: usize,
    pub(super) flags: Flags,
    pub(super) depth: usize,
    /// Between `\Q` and `\E`.
    quoted: bool,
    pub(super) groups: usize,
    pub(super) names: Vec<(&'p [u8], usize)>,
    /// Where groups are referred to, and which.
    references: Vec<(usize, usize)>,
    construct: Option<&'static str>,
}

impl<'p> Parser<'p> {
    pub(super) fn peek(&self) -> Option<u8> {
        self.pattern.get(self.at).copied()
    }

    pub(super) fn rest(&self) -> &'p [u8] {
        self.pattern.get(self.at..).unwrap_or_default()
    }

    pub(super) fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// Takes these bytes if they come next.
    pub(super) fn take(&mut self, bytes: &[u8]) -> bool {
        let found = self.rest().starts_with(bytes);
        self.at += if found { bytes.len() } else { 0 };
        found
    }

    /// Takes what comes before a byte, and the byte.
    pub(super) fn until(&mut self, end: u8) -> Option<&'p [u8]> {
        let length = memchr::memchr(end, self.rest())?;
        let taken = self.rest().get(..length)?;
        self.at += length + 1;
        Some(taken)
    }

    pub(super) fn needs(&mut self, construct: &'static str) {
        self.construct.get_or_insert(construct);
    }

    /// A reference, at `at`, to what a group captured.
    pub(super) fn back(&mut self, at: usize, group: usize) -> Node {
        self.needs("back-reference");
        self.references.push((at, group));
        Node::Back {
            group,
            fold: self.flags.fold,
        }
    }

    /// Alternatives, up to the end of the pattern or of the group.
    pub(super) fn alternation(&mut self) -> Result<Node, PatternError> {
        let mut alternatives = vec![self.concat()?];
        while !self.quoted && self.take(b"|") {
            alternatives.push(self.concat()?);
        }
        Ok(match alternatives.len() {
            1 => alternatives.swap_remove(0),
            _ => Node::Alternation(alternatives),
        })
    }

    fn concat(&mut self) -> Result<Node, PatternError> {
        let mut nodes = Vec::new();
        loop {
            self.skip()?;
            let at = self.at;
            let node = match self.peek() {
                None => break,
                Some(b'|' | b')') if !self.quoted => break,
                Some(byte) if self.quoted => {
                    self.at += 1;
                    Some(self.byte(byte))
                }
                Some(_) => self.atom()?,
            };
            self.skip()?;
            match (node, self.quantifier()?) {
                (Some(node), Some(quantifier)) => nodes.push(self.repeat(node, quantifier)),
                (Some(node), None) => nodes.push(node),
                (None, Some(_)) => return Err(PatternError::NothingToRepeat(at)),
                (None, None) => {}
            }
        }
        Ok(match nodes.len() {
            0 => Node::Empty,
            1 => nodes.swap_remove(0),
            _ => Node::Concat(nodes),
        })
    }

    /// Passes over what stands for nothing: `\Q`, `\E`, comments, and blanks where they do not count.
    fn skip(&mut self) -> Result<(), PatternError> {
        loop {
            if self.quoted {
                if !self.take(b"\\E") {
                    return Ok(());
                }
                self.quoted = false;
            } else if self.take(b"\\Q") {
                self.quoted = true;
            } else if self.take(b"\\E") {
            } else if self.rest().starts_with(b"(?#") {
                let at = self.at;
                self.until(b')').ok_or(PatternError::UnclosedGroup(at))?;
            } else if self.flags.extended && self.peek().is_some_and(is_space) {
                self.at += 1;
            } else if self.flags.extended && self.peek() == Some(b'#') {
                if self.until(b'\n').is_none() {
                    self.at = self.pattern.len();
                }
            } else {
                return Ok(());
            }
        }
    }

    pub(super) fn byte(&self, byte: u8) -> Node {
        Node::Byte {
            byte,
            fold: self.flags.fold && byte.is_ascii_alphabetic(),
        }
    }

    /// One thing that a quantifier may follow, or options, which are none.
    fn atom(&mut self) -> Result<Option<Node>, PatternError> {
        let at = self.at;
        Ok(Some(match self.next() {
            Some(b'(') => return self.group(at),
            Some(b'[') => Node::Set(Box::new(self.class(at)?)),
            Some(b'\\') => self.escape(at)?,
            Some(b'.') if self.flags.dot_all => Node::Set(Box::new(ByteSet::ALL)),
            Some(b'.') => Node::Set(Box::new(NEWLINE.complement())),
            Some(b'^') if self.flags.multi_line => Node::Look(Look::LineStart),
            Some(b'^') => Node::Look(Look::Start),
            Some(b'$') if self.flags.multi_line => Node::Look(Look::LineEnd),
            Some(b'$') => Node::Look(Look::End),
            Some(b'*' | b'+' | b'?') => return Err(PatternError::NothingToRepeat(at)),
            Some(b'{') if repetition(self.pattern.get(at..).unwrap_or_default()).is_some() => {
                return Err(PatternError::NothingToRepeat(at));
            }
            Some(byte) => self.byte(byte),
            None => Node::Empty,
        }))
    }

    fn quantifier(&mut self) -> Result<Option<Quantifier>, PatternError> {
        let at = self.at;
        if self.quoted {
            return Ok(None);
        }
        let (min, max, length) = match self.rest() {
            [b'*', ..] => (0, None, 1),
            [b'+', ..] => (1, None, 1),
            [b'?', ..] => (0, Some(1), 1),
            rest => match repetition(rest) {
                Some(found) => found,
                None => return Ok(None),
            },
        };
        if min > MAX_REPEAT || max.is_some_and(|max| max < min || max > MAX_REPEAT) {
            return Err(PatternError::Repetition(at));
        }
        self.at += length;
        let greed = if self.take(b"+") {
            self.needs("possessive quantifier");
            Greed::Possessive
        } else if self.take(b"?") != self.flags.lazy {
            Greed::Lazy
        } else {
            Greed::Greedy
        };
        Ok(Some((min, max, greed)))
    }

    fn repeat(&self, node: Node, (min, max, greed): Quantifier) -> Node {
        Node::Repeat {
            node: Box::new(node),
            min,
            max,
            greed,
        }
    }
}

type Quantifier = (u32, Option<u32>, Greed);

/// `{n}`, `{n,}` or `{n,m}` with its length; a brace that begins none of these stands for itself.
fn repetition(text: &[u8]) -> Option<(u32, Option<u32>, usize)> {
    let end = memchr::memchr(b'}', text.get(..LONGEST_REPEAT).unwrap_or(text))?;
    let inside = text.strip_prefix(b"{")?.get(..end.checked_sub(1)?)?;
    let mut numbers = inside.splitn(2, |byte| *byte == b',');
    let min = number(numbers.next()?)?;
    let max = match numbers.next() {
        None => Some(min),
        Some(b"") => None,
        Some(max) => Some(number(max)?),
    };
    Some((min, max, end + 1))
}

/// A decimal number; those that are too large are the largest.
pub(super) fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let add = |sum: u32, digit: &u8| {
        sum.saturating_mul(10)
            .saturating_add(u32::from(digit - b'0'))
    };
    Some(digits.iter().fold(0, add))
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}
