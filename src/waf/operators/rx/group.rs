//! What a parenthesis begins: groups, options and look-around.
//!
//! Invariant: options end with the group in which they stand.

use super::error::PatternError;
use super::node::Node;
use super::parse::{Flags, Parser};

/// How deep groups may lie in each other.
const MAX_DEPTH: usize = 100;

impl Parser<'_> {
    /// A group, or options; the parenthesis, at `at`, was taken.
    pub(super) fn group(&mut self, at: usize) -> Result<Option<Node>, PatternError> {
        let unsupported = |construct| Err(PatternError::Unsupported { at, construct });
        if self.rest().starts_with(b"*") {
            return unsupported("a verb `(*...)`");
        }
        if !self.take(b"?") {
            return self.capture(at).map(Some);
        }
        let (behind, ahead) = ("look-behind", "look-ahead");
        match self.next() {
            Some(b':') => self.group_rest(at).map(Some),
            Some(b'=') => self.around(at, true, false, ahead).map(Some),
            Some(b'!') => self.around(at, true, true, ahead).map(Some),
            Some(b'<') if self.take(b"=") => self.around(at, false, false, behind).map(Some),
            Some(b'<') if self.take(b"!") => self.around(at, false, true, behind).map(Some),
            Some(b'<') => self.named(at, b'>').map(Some),
            Some(b'\'') => self.named(at, b'\'').map(Some),
            Some(b'P') if self.take(b"<") => self.named(at, b'>').map(Some),
            Some(b'P') if self.take(b"=") => {
                let name = self.until(b')').ok_or(PatternError::UnclosedGroup(at))?;
                self.named_reference(at, name).map(Some)
            }
            Some(b'>') => {
                self.needs("atomic group");
                let node = self.group_rest(at)?;
                Ok(Some(Node::Atomic(Box::new(node))))
            }
            Some(b'P' | b'R' | b'&' | b'+' | b'0'..=b'9') => unsupported("a recursion"),
            Some(b'-') if self.peek().is_some_and(|byte| byte.is_ascii_digit()) => {
                unsupported("a recursion")
            }
            Some(b'|') => unsupported("a branch reset `(?|`"),
            Some(b'(') => unsupported("a condition `(?(`"),
            Some(b'C') => unsupported("a callout `(?C`"),
            Some(_) => {
                self.at -= 1;
                self.options(at)
            }
            None => Err(PatternError::UnclosedGroup(at)),
        }
    }

    /// Options, for the rest of the group, `(?i)`, or for a group of their own, `(?i:...)`.
    fn options(&mut self, at: usize) -> Result<Option<Node>, PatternError> {
        let before = self.flags;
        let mut on = true;
        if self.take(b"^") {
            self.flags = Flags::default();
        }
        loop {
            match self.next() {
                Some(b'-') if on => on = false,
                Some(b'i') => self.flags.fold = on,
                Some(b'm') => self.flags.multi_line = on,
                Some(b's') => self.flags.dot_all = on,
                Some(b'x') => self.flags.extended = on,
                Some(b'U') => self.flags.lazy = on,
                Some(b')') => return Ok(None),
                Some(b':') => {
                    let node = self.group_rest(at)?;
                    self.flags = before;
                    return Ok(Some(node));
                }
                Some(_) => return Err(PatternError::Group(self.at - 1)),
                None => return Err(PatternError::UnclosedGroup(at)),
            }
        }
    }

    fn capture(&mut self, at: usize) -> Result<Node, PatternError> {
        let index = self.groups;
        self.groups += 1;
        let node = Box::new(self.group_rest(at)?);
        Ok(Node::Group { index, node })
    }

    fn named(&mut self, at: usize, end: u8) -> Result<Node, PatternError> {
        let start = self.at;
        let name = self.until(end).ok_or(PatternError::UnclosedGroup(at))?;
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let is_name = name.first().is_some_and(|byte| !byte.is_ascii_digit());
        let is_taken = self.names.iter().any(|(taken, _)| *taken == name);
        if !is_name || !name.iter().all(is_word) || is_taken {
            return Err(PatternError::GroupName(start));
        }
        self.names.push((name, self.groups));
        self.capture(at)
    }

    fn around(
        &mut self,
        at: usize,
        ahead: bool,
        negated: bool,
        construct: &'static str,
    ) -> Result<Node, PatternError> {
        self.needs(construct);
        Ok(Node::Around {
            ahead,
            negated,
            node: Box::new(self.group_rest(at)?),
        })
    }

    /// What is in a group, and its closing parenthesis.
    fn group_rest(&mut self, at: usize) -> Result<Node, PatternError> {
        if self.depth == MAX_DEPTH {
            let limit = MAX_DEPTH;
            return Err(PatternError::TooDeep { at, limit });
        }
        self.depth += 1;
        let flags = self.flags;
        let node = self.alternation()?;
        self.flags = flags;
        self.depth -= 1;
        if !self.take(b")") {
            return Err(PatternError::UnclosedGroup(at));
        }
        Ok(node)
    }
}
