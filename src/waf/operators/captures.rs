//! What a match captured, for `TX:0` to `TX:9`.
//!
//! Invariant: every range lies in the value that was evaluated. Non-goal: keeping that value.

use std::ops::Range;

/// How many groups are captured: the whole match and nine more.
pub const GROUPS: usize = 10;

/// The groups of a match. Where a match captured nothing, as with `@streq`, `TX:0` to `TX:9` stay as
/// they were; otherwise all ten are replaced.
#[derive(Clone, Debug, Default)]
pub struct Captures {
    groups: [Option<(usize, usize)>; GROUPS],
    /// What group 0 is where it is not the bytes of its range.
    text: Option<Vec<u8>>,
}

impl Captures {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.groups = [None; GROUPS];
        self.text = None;
    }

    /// Whether nothing was captured.
    pub fn is_empty(&self) -> bool {
        self.groups.iter().all(Option::is_none)
    }

    /// The bytes of a group, `input` being the value that was evaluated. A group that took no part in
    /// the match is empty if one after it did, and else `None`: so it is with PCRE.
    pub fn group<'a>(&'a self, index: usize, input: &'a [u8]) -> Option<&'a [u8]> {
        let range = self.range(index)?;
        match &self.text {
            Some(text) if index == 0 => Some(text),
            _ => input.get(range),
        }
    }

    /// Where in the value a group lies.
    pub fn range(&self, index: usize) -> Option<Range<usize>> {
        let (start, end) = (*self.groups.get(index)?)?;
        Some(start..end)
    }

    /// Captures one group.
    pub(super) fn set(&mut self, index: usize, range: Range<usize>) {
        if let Some(group) = self.groups.get_mut(index) {
            *group = Some((range.start, range.end));
        }
    }

    /// Captures `range` as group 0, which is then known as `text`.
    pub(super) fn set_text(&mut self, range: Range<usize>, text: &[u8]) {
        self.set(0, range);
        self.text = Some(text.to_vec());
    }

    /// Captures the groups of a match, in order, as PCRE counts them: those before the last that took
    /// part did so too, if only with nothing.
    pub(super) fn set_all(&mut self, groups: &[Option<Range<usize>>]) {
        let taking_part = groups
            .iter()
            .rposition(Option::is_some)
            .map_or(0, |at| at + 1);
        for (index, group) in groups.iter().take(taking_part).enumerate() {
            self.set(index, group.clone().unwrap_or(0..0));
        }
    }
}
