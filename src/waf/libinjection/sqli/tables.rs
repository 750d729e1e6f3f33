//! The words that SQL knows, and the fingerprints of injections.
//!
//! Both are libinjection's, by way of the crate `libinjectionrs`: nothing but its table is used.
//! The table is laid out for look-ups while the program is compiled, so that nothing is sorted,
//! hashed or allocated at run time, and the crate's own layout is not linked.

use super::layout;
use super::token::Kind;

/// A word, operator or phrase in upper case, and what it is.
#[derive(Clone, Copy)]
pub(super) struct Word {
    /// At most 29 bytes.
    pub text: &'static [u8],
    /// What it is.
    pub kind: Kind,
    /// Whether there are phrases of more words that start with it.
    pub starts_phrase: bool,
}

impl Word {
    /// What stands where no word is yet.
    pub(super) const NONE: Self = Self {
        text: b"",
        kind: Kind::Unknown,
        starts_phrase: false,
    };

    /// Finds what is written as `text`, whatever its case.
    pub(super) fn find(text: &[u8]) -> Option<&'static Self> {
        let bucket = bucket(text);
        let &start = WORDS.starts.get(bucket)?;
        let &end = WORDS.starts.get(bucket + 1)?;
        WORDS
            .words
            .get(usize::from(start)..usize::from(end))?
            .iter()
            .find(|word| word.text.eq_ignore_ascii_case(text))
    }
}

/// Whether tokens of these kinds, in this order, are an injection.
pub(super) fn is_blacklisted(kinds: impl Iterator<Item = Kind>) -> bool {
    let mut code = 0;
    let mut length = 0;
    for kind in kinds {
        let letter = letter_code(kind.letter().to_ascii_uppercase());
        if letter == 0 || length == MAX_LETTERS {
            return false;
        }
        code = code << LETTER_BITS | letter as u32;
        length += 1;
    }
    code <<= LETTER_BITS * (MAX_LETTERS - length);
    let (head, tail) = split_code(code);
    let (Some(&start), Some(&end)) = (
        FINGERPRINTS.starts.get(head),
        FINGERPRINTS.starts.get(head + 1),
    ) else {
        return false;
    };
    FINGERPRINTS
        .tails
        .get(usize::from(start)..usize::from(end))
        .is_some_and(|tails| tails.binary_search(&tail).is_ok())
}

/// Words by bucket.
pub(super) struct Words {
    /// Where in `words` each bucket starts; the last one ends where the words do.
    pub(super) starts: [u16; BUCKETS + 1],
    pub(super) words: [Word; WORD_COUNT],
}

/// Fingerprints as numbers in ascending order, [`LETTER_BITS`] a letter, padded behind with zeros.
pub(super) struct Fingerprints {
    /// Where in `tails` those with the same first two letters start.
    pub(super) starts: [u16; HEADS + 1],
    /// The last three letters.
    pub(super) tails: [u16; FINGERPRINT_COUNT],
}

const WORDS: &Words = &layout::words();
const FINGERPRINTS: &Fingerprints = &layout::fingerprints();

pub(super) const FINGERPRINT_COUNT: usize = layout::fingerprint_count();
pub(super) const WORD_COUNT: usize = layout::word_count();

/// Four times the words, so that most look-ups in vain find an empty bucket.
pub(super) const BUCKETS: usize = 4096;

/// The letters of fingerprints whatever their case, in ascending order.
pub(super) const LETTERS: &[u8] = b"&(),1:;ABCEFKNOSTUVX";
const LETTER_CODES: &[u8; 128] = &layout::letter_codes();
pub(super) const LETTER_BITS: usize = 5;
pub(super) const MAX_LETTERS: usize = 5;
const TAIL_LETTERS: usize = 3;
pub(super) const HEADS: usize = 1 << (LETTER_BITS * (MAX_LETTERS - TAIL_LETTERS));

/// The bucket of a word whatever its case: its ends, its middle and its length.
pub(super) const fn bucket(text: &[u8]) -> usize {
    let (first, second, last) = match *text {
        [] => return 0,
        [only] => (only, 0, only),
        [first, second] => (first, second, second),
        [first, second, .., last] => (first, second, last),
    };
    let middle = match text.split_at_checked(text.len() / 2) {
        Some((_, [middle, ..])) => *middle,
        _ => 0,
    };
    let ends = u32::from_le_bytes([first, second, middle, last]) & 0xDFDF_DFDF;
    let mixed = (ends ^ (text.len() as u32).wrapping_mul(0x85EB_CA6B)).wrapping_mul(0x9E37_79B1);
    (mixed >> (u32::BITS - BUCKETS.ilog2())) as usize
}

/// 1 and up for what occurs in fingerprints, 0 for everything else.
pub(super) const fn letter_code(upper: u8) -> u8 {
    match LETTER_CODES.split_at_checked(upper as usize) {
        Some((_, [code, ..])) => *code,
        _ => 0,
    }
}

/// The first letters of a fingerprint, and the others.
pub(super) const fn split_code(code: u32) -> (usize, u16) {
    let tail_bits = LETTER_BITS * TAIL_LETTERS;
    (
        (code >> tail_bits) as usize,
        (code & ((1 << tail_bits) - 1)) as u16,
    )
}
