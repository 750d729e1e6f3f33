//! Bytes that know where they came from.
//!
//! What the parser reads is not what stands in the file: continued lines are joined and backslashes
//! taken out. So each byte carries its place, and whatever is cut from a [`Text`] has a span. Five
//! bytes of memory for one are paid for a directive at a time. Non-goal: meaning.

use super::{FileId, Span};

/// Bytes that are being put together, each with its place in the file.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    places: Vec<u32>,
}

impl Buffer {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.places.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn push(&mut self, byte: u8, place: u32) {
        self.bytes.push(byte);
        self.places.push(place);
    }

    /// Appends bytes that lie side by side from `place` on.
    pub(super) fn extend(&mut self, bytes: &[u8], place: u32) {
        self.bytes.extend_from_slice(bytes);
        self.places.extend((place..).take(bytes.len()));
    }

    /// The bytes of `range`; `end` is the place that follows them.
    pub(super) fn text(&self, file: FileId, range: std::ops::Range<usize>, end: u32) -> Text<'_> {
        Text {
            file,
            bytes: self.bytes.get(range.clone()).unwrap_or_default(),
            places: self.places.get(range).unwrap_or_default(),
            end,
        }
    }

    /// All bytes; `end` is the place that follows them.
    pub(super) fn whole(&self, file: FileId, end: u32) -> Text<'_> {
        self.text(file, 0..self.len(), end)
    }
}

/// Some bytes of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a> {
    pub(super) file: FileId,
    bytes: &'a [u8],
    places: &'a [u32],
    /// The place that follows.
    end: u32,
}

impl<'a> Text<'a> {
    pub(super) fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    pub(super) fn boxed(self) -> Box<[u8]> {
        self.bytes.into()
    }

    pub(super) fn is_empty(self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn len(self) -> usize {
        self.bytes.len()
    }

    pub(super) fn first(self) -> Option<u8> {
        self.bytes.first().copied()
    }

    /// The place that follows the text.
    pub(super) fn end(self) -> u32 {
        self.end
    }

    /// Each byte with its place.
    pub(super) fn iter(self) -> impl Iterator<Item = (u8, u32)> {
        self.bytes.iter().copied().zip(self.places.iter().copied())
    }

    /// From the first byte to the last; where there is none, the place where one would stand.
    pub(super) fn span(self) -> Span {
        let start = self.places.first().copied().unwrap_or(self.end);
        let end = self.places.last().map_or(self.end, |last| last + 1);
        Span {
            file: self.file,
            start,
            end: end.max(start),
        }
    }

    /// The first `length` bytes, or all where there are fewer, and the rest.
    pub(super) fn split_at(self, length: usize) -> (Self, Self) {
        let length = length.min(self.len());
        let (before, after) = self.bytes.split_at_checked(length).unwrap_or_default();
        let (places, later) = self.places.split_at_checked(length).unwrap_or_default();
        let left = Self {
            bytes: before,
            places,
            end: later.first().copied().unwrap_or(self.end),
            ..self
        };
        let right = Self {
            bytes: after,
            places: later,
            ..self
        };
        (left, right)
    }

    /// The bytes before the first that `stops`, and that one with the rest.
    pub(super) fn split_where(self, stops: impl Fn(u8) -> bool) -> (Self, Self) {
        let at = self.bytes.iter().position(|&byte| stops(byte));
        self.split_at(at.unwrap_or(self.len()))
    }

    /// What stands before the first such byte and what after it.
    pub(super) fn split_once(self, byte: u8) -> Option<(Self, Self)> {
        let at = memchr::memchr(byte, self.bytes)?;
        let (before, rest) = self.split_at(at);
        Some((before, rest.split_at(1).1))
    }

    /// What follows `byte`, if the text begins with it.
    pub(super) fn after(self, byte: u8) -> Option<Self> {
        (self.first() == Some(byte)).then(|| self.split_at(1).1)
    }

    pub(super) fn trim_start(self) -> Self {
        self.split_where(|byte| !is_space(byte)).1
    }

    pub(super) fn trim(self) -> Self {
        let text = self.trim_start();
        let last = text.bytes.iter().rposition(|&byte| !is_space(byte));
        text.split_at(last.map_or(0, |last| last + 1)).0
    }

    /// Whether it is this word, in any case.
    pub(super) fn is(self, word: &str) -> bool {
        self.bytes.eq_ignore_ascii_case(word.as_bytes())
    }

    /// How a message shows it: printable, and not for pages.
    pub(super) fn shown(self) -> Box<str> {
        const MOST: usize = 60;
        let (begin, rest) = self.split_at(MOST);
        let mut shown = String::new();
        for &byte in begin.bytes {
            match byte {
                b' '..=b'~' => shown.push(char::from(byte)),
                _ => shown.extend(byte.escape_ascii().map(char::from)),
            }
        }
        if !rest.is_empty() {
            shown.push_str("...");
        }
        shown.into()
    }
}

/// What C calls white space.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}
