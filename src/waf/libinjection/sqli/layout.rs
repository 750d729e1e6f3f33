//! Lays the tables out while the program is compiled.
//!
//! Nothing of this is called at run time, so that an index out of bounds is a build that fails.
#![allow(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, and constant functions have no iterators"
)]

use libinjectionrs::sqli::sqli_data::SQL_KEYWORDS;

use super::tables::{
    BUCKETS, FINGERPRINT_COUNT, Fingerprints, HEADS, LETTER_BITS, LETTERS, MAX_LETTERS, WORD_COUNT,
    Word, Words, bucket, letter_code, split_code,
};
use super::token::Kind;

/// The kind under which the table lists fingerprints, each behind a `0`.
const IS_FINGERPRINT: u8 = b'F';

/// For each byte 1 and up where it is one of [`LETTERS`], else 0.
pub(super) const fn letter_codes() -> [u8; 128] {
    let mut codes = [0; 128];
    let mut next = 0;
    while next < LETTERS.len() {
        codes[LETTERS[next] as usize] = next as u8 + 1;
        next += 1;
    }
    codes
}

/// How many of the table's entries are fingerprints.
pub(super) const fn fingerprint_count() -> usize {
    let (mut at, mut count) = (0, 0);
    while at < SQL_KEYWORDS.len() {
        count += (SQL_KEYWORDS[at].token_type == IS_FINGERPRINT) as usize;
        at += 1;
    }
    count
}

/// The words by bucket.
pub(super) const fn words() -> Words {
    let mut starts = [0; BUCKETS + 1];
    let mut at = 0;
    while at < SQL_KEYWORDS.len() {
        if SQL_KEYWORDS[at].token_type != IS_FINGERPRINT {
            starts[bucket(SQL_KEYWORDS[at].word.as_bytes())] += 1;
        }
        at += 1;
    }
    let (mut sum, mut slot) = (0, 0);
    while slot <= BUCKETS {
        sum += starts[slot];
        starts[slot] = sum;
        slot += 1;
    }
    // Each start is one bucket too far until its bucket has been filled from behind.
    let nothing = Word {
        text: b"",
        kind: Kind::Unknown,
    };
    let mut words = [nothing; WORD_COUNT];
    at = 0;
    while at < SQL_KEYWORDS.len() {
        let text = SQL_KEYWORDS[at].word.as_bytes();
        if let Some(kind) = Kind::of_keyword(SQL_KEYWORDS[at].token_type) {
            let bucket = bucket(text);
            starts[bucket] -= 1;
            words[starts[bucket] as usize] = Word { text, kind };
        }
        at += 1;
    }
    Words { starts, words }
}

/// The fingerprints, packed.
pub(super) const fn fingerprints() -> Fingerprints {
    let mut starts = [0; HEADS + 1];
    let mut tails = [0; FINGERPRINT_COUNT];
    let (mut at, mut filled, mut before) = (0, 0, 0);
    while at < SQL_KEYWORDS.len() {
        if SQL_KEYWORDS[at].token_type == IS_FINGERPRINT {
            let letters = SQL_KEYWORDS[at].word.as_bytes();
            let mut code = 0;
            let mut place = 1;
            while place <= MAX_LETTERS {
                let letter = if place < letters.len() {
                    letter_code(letters[place])
                } else {
                    0
                };
                code = code << LETTER_BITS | letter as u32;
                place += 1;
            }
            assert!(code > before, "the table is sorted");
            before = code;
            let (head, tail) = split_code(code);
            starts[head + 1] += 1;
            tails[filled] = tail;
            filled += 1;
        }
        at += 1;
    }
    let mut head = 0;
    while head < HEADS {
        starts[head + 1] += starts[head];
        head += 1;
    }
    Fingerprints { starts, tails }
}
