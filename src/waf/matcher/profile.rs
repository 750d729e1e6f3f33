//! What kinds of bytes a text has, in one word.
//!
//! Each byte belongs to one class and a profile is the set of the classes that occur. There are few
//! enough profiles among real values that what follows from one is worth keeping. Invariant: a text
//! holds a byte of a set only if the text's profile meets the profile of that set. Non-goal: how
//! often, or where, a byte occurs.

use crate::waf::ByteSet;

/// The classes of bytes that occur in a text, or may.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Profile(u64);

/// Classes of more than one byte. Each other byte up to `~` has a class of its own.
const WIDE: [(u8, u8); 7] = [
    (b'0', b'9'),
    (b'a', b'z'),
    (b'A', b'Z'),
    (0x01, 0x08),
    (0x0e, 0x1f),
    (0x80, 0xbf),
    (0xc0, 0xff),
];

/// The class of the letters in upper case, the third of [`WIDE`], and of those in lower case.
const UPPER: u64 = 1 << 2;
const LOWER: u64 = 1 << 1;

/// The class of each byte, as a word of one bit.
#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which has no other way"
)]
const CLASSES: [u64; 256] = {
    let mut classes = [0; 256];
    let mut next = 0;
    let mut rest: &[(u8, u8)] = &WIDE;
    while let [(first, last), more @ ..] = rest {
        let mut byte = *first as usize;
        while byte <= *last as usize {
            classes[byte] = 1 << next;
            byte += 1;
        }
        next += 1;
        rest = more;
    }
    let mut byte = 0;
    while byte < classes.len() {
        if classes[byte] == 0 {
            classes[byte] = 1 << next;
            next += 1;
        }
        byte += 1;
    }
    assert!(next == Profile::CLASSES);
    classes
};

/// Bytes of a text from which on it is read the other way.
const LONG: usize = 1024;

#[inline]
fn class(byte: u8) -> u64 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or_default()
}

impl Profile {
    /// How many classes there are: 7 wide ones, and 40 of one byte.
    pub(super) const CLASSES: usize = 47;

    /// No byte.
    pub(super) const EMPTY: Self = Self(0);

    /// Any byte.
    pub(super) const ALL: Self = Self((1 << Self::CLASSES) - 1);

    /// A blank, a zero byte, and letters in lower case: what transformations add that decode nothing.
    #[expect(
        clippy::indexing_slicing,
        reason = "evaluated by the compiler, which checks every index"
    )]
    pub(super) const FEW: Self = Self(CLASSES[b' ' as usize] | CLASSES[0] | LOWER);

    /// The profile of a text.
    #[inline]
    pub(super) fn of(text: &[u8]) -> Self {
        if text.len() >= LONG {
            return Self::of_long(text);
        }
        // Two sums at a time: each waits for its own loads only.
        let (pairs, rest) = text.as_chunks::<2>();
        let (even, odd) = pairs.iter().fold((0, 0), |(even, odd), [first, second]| {
            (even | class(*first), odd | class(*second))
        });
        Self(rest.iter().fold(even | odd, |all, byte| all | class(*byte)))
    }

    /// The profile of a long text: which bytes it has is noted without being looked up.
    #[inline(never)]
    fn of_long(text: &[u8]) -> Self {
        let mut occurs = [false; 256];
        let mut note = |byte: &u8| {
            if let Some(occurs) = occurs.get_mut(usize::from(*byte)) {
                *occurs = true;
            }
        };
        let (chunks, rest) = text.as_chunks::<8>();
        for chunk in chunks {
            chunk.iter().for_each(&mut note);
        }
        rest.iter().for_each(note);
        let classes = occurs.iter().zip(&CLASSES);
        Self(classes.fold(0, |all, (occurs, class)| {
            all | (u64::from(*occurs).wrapping_neg() & class)
        }))
    }

    /// The classes with a byte in `set`.
    pub(super) fn of_set(set: ByteSet) -> Self {
        Self(set.iter().fold(0, |all, byte| all | Self::of(&[byte]).0))
    }

    /// Every byte of the classes.
    pub(super) fn bytes(self) -> ByteSet {
        let classes = (0..=u8::MAX).zip(CLASSES);
        classes
            .filter(|(_, class)| class & self.0 != 0)
            .fold(ByteSet::EMPTY, |set, (byte, _)| set.with(byte))
    }

    /// The classes in either profile.
    #[inline]
    pub(super) const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The classes in both profiles.
    #[inline]
    pub(super) const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether a class is in both profiles.
    #[inline]
    pub(super) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether all classes are in the other profile.
    #[inline]
    pub(super) const fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// The profile of the text in lower case.
    #[inline]
    pub(super) const fn lowered(self) -> Self {
        if self.0 & UPPER == 0 {
            self
        } else {
            Self(self.0 & !UPPER | LOWER)
        }
    }

    /// The classes as the lowest [`CLASSES`](Self::CLASSES) bits of a word.
    #[inline]
    pub(super) const fn word(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_meets_every_set_with_a_byte_of_the_text() {
        for byte in 0..=u8::MAX {
            let text = Profile::of(&[byte]);
            assert_eq!(text.word().count_ones(), 1, "{byte:#x}");
            assert!(text.bytes().contains(byte));
            assert_eq!(Profile::of_set(text.bytes()), text);
            assert!(text.meets(Profile::of_set(ByteSet::of(&[byte]))));
            let lowered = Profile::of(&[byte.to_ascii_lowercase()]);
            assert_eq!(text.lowered(), lowered, "{byte:#x}");
        }
        assert!(!Profile::of(b"abc").meets(Profile::of(b"123 ABC")));
        assert!(Profile::of(b"abc").is_within(Profile::of(b"a1")));
        assert_eq!(Profile::of(b""), Profile::EMPTY);
        assert_eq!(Profile::of_set(ByteSet::ALL).bytes(), ByteSet::ALL);
        assert_eq!(Profile::of(b"a1-"), Profile::of(b"-1a"));
    }
}
