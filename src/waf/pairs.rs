//! Names and values over one buffer: what arguments, headers and cookies are kept in.

use std::ops::Range;

/// A list of names and values in the order in which they came; names may repeat.
///
/// Everything lies in one buffer, so a list of hundreds takes two allocations, and none when it is
/// used again.
#[derive(Clone, Debug, Default)]
pub struct Pairs {
    bytes: Vec<u8>,
    entries: Vec<Pair>,
}

/// Where a name and a value lie in the list's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    name: (u32, u32),
    value: (u32, u32),
}

impl Pairs {
    /// Forgets all entries and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
    }

    /// Forgets all entries, and gives memory back of which there is more than for `most` bytes or entries.
    pub(crate) fn trim(&mut self, most: usize) {
        self.clear();
        self.bytes.shrink_to(most);
        self.entries.shrink_to(most);
    }

    /// Appends a copy of a name and a value. What would take the buffer over 4 GiB is left out and
    /// `false` returned.
    pub fn push(&mut self, name: &[u8], value: &[u8]) -> bool {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(name);
        let middle = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.commit(from..middle, middle..self.bytes.len())
    }

    /// The buffer, to decode into: append a name and a value, then [`commit`](Self::commit) where they lie.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Makes an entry of what was written to the buffer. Ranges may overlap those of other entries.
    /// Returns `false`, and adds nothing, where a range does not lie within the buffer's first 4 GiB.
    pub fn commit(&mut self, name: Range<usize>, value: Range<usize>) -> bool {
        let (Some(name), Some(value)) = (self.span(name), self.span(value)) else {
            return false;
        };
        self.entries.push(Pair { name, value });
        true
    }

    fn span(&self, range: Range<usize>) -> Option<(u32, u32)> {
        if range.start > range.end || range.end > self.bytes.len() {
            return None;
        }
        Some((
            u32::try_from(range.start).ok()?,
            u32::try_from(range.end).ok()?,
        ))
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The name and value of an entry.
    pub fn at(&self, index: usize) -> Option<(&[u8], &[u8])> {
        self.entries
            .get(index)
            .map(|pair| (self.slice(pair.name), self.slice(pair.value)))
    }

    /// All names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.entries
            .iter()
            .map(|pair| (self.slice(pair.name), self.slice(pair.value)))
    }

    fn slice(&self, (start, end): (u32, u32)) -> &[u8] {
        self.bytes
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back_in_order_and_repeat() {
        let mut pairs = Pairs::default();
        assert!(pairs.push(b"a", b"1") && pairs.push(b"", b"") && pairs.push(b"a", b"\xff\0"));
        let all: Vec<_> = pairs.iter().collect();
        let expected: [(&[u8], &[u8]); 3] = [(b"a", b"1"), (b"", b""), (b"a", b"\xff\0")];
        assert_eq!(all, expected);
    }

    #[test]
    fn ranges_outside_of_the_buffer_make_no_entry() {
        let mut pairs = Pairs::default();
        pairs.buffer().extend_from_slice(b"name");
        assert!(!pairs.commit(0..5, 0..0));
        assert!(pairs.commit(0..4, 4..4));
        assert_eq!(pairs.at(0), Some((&b"name"[..], &b""[..])));
        assert_eq!(pairs.at(1), None);
    }
}
