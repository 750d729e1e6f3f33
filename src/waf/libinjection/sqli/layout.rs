//! Lays the tables out while the program is compiled.
//!
//! Nothing of this is called at run time, so that an index out of bounds is a build that fails.
#![allow(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks every index"
)]

use libinjectionrs::sqli::sqli_data::SQL_KEYWORDS;

use super::tables::{
    BUCKETS, FINGERPRINT_COUNT, Fingerprints, HEADS, LETTER_BITS, LETTERS, MAX_LETTERS, WORD_COUNT,
    Word, Words, bucket, letter_code, split_code,
};
use super::token::Kind;

/// The letter under which the crate's table lists fingerprints, each behind a `0`.
const IS_FINGERPRINT: u8 = b'F';

/// What phrases start with and the crate's table does not have as words of their own.
const PHRASE_STARTS: &[&str] = &["AT", "CURRENT", "FULL", "NEXT", "PREVIOUS"];

/// How many entries are read: those of the table, then those that it lacks.
const ENTRIES: usize = SQL_KEYWORDS.len() + PHRASE_STARTS.len();

/// How many entries are fingerprints.
pub(super) const fn fingerprint_count() -> usize {
    let (mut at, mut count) = (0, 0);
    while at < SQL_KEYWORDS.len() {
        count += (SQL_KEYWORDS[at].token_type == IS_FINGERPRINT) as usize;
        at += 1;
    }
    count
}

/// How many entries are words.
pub(super) const fn word_count() -> usize {
    ENTRIES - fingerprint_count()
}

/// The words by bucket.
pub(super) const fn words() -> Words {
    let mut starts = [0; BUCKETS + 1];
    let mut at = 0;
    while at < ENTRIES {
        if let Some(word) = word_at(at) {
            starts[bucket(word.text)] += 1;
        }
        at += 1;
    }
    let (mut sum, mut slot) = (0, 0);
    while slot <= BUCKETS {
        sum += starts[slot];
        starts[slot] = sum;
        slot += 1;
    }
    // Each start is that of the next bucket until its own bucket has been filled from behind.
    let mut words = [Word::NONE; WORD_COUNT];
    at = 0;
    while at < ENTRIES {
        if let Some(word) = word_at(at) {
            let bucket = bucket(word.text);
            starts[bucket] -= 1;
            words[starts[bucket] as usize] = word;
        }
        at += 1;
    }
    Words { starts, words }
}

/// An entry, unless it is a fingerprint.
const fn word_at(at: usize) -> Option<Word> {
    if at >= SQL_KEYWORDS.len() {
        return Some(Word {
            text: PHRASE_STARTS[at - SQL_KEYWORDS.len()].as_bytes(),
            kind: Kind::Bareword,
            starts_phrase: true,
        });
    }
    let text = SQL_KEYWORDS[at].word.as_bytes();
    let Some(kind) = kind_of(SQL_KEYWORDS[at].token_type) else {
        return None;
    };
    Some(Word {
        text,
        kind,
        // A blank is before all else that goes on with a word, so that a phrase stands next to it.
        starts_phrase: at + 1 < SQL_KEYWORDS.len()
            && goes_on(SQL_KEYWORDS[at + 1].word.as_bytes(), text),
    })
}

/// Whether a phrase is `start` and more words.
const fn goes_on(phrase: &[u8], start: &[u8]) -> bool {
    let mut at = 0;
    while at < start.len() {
        if at >= phrase.len() || phrase[at] != start[at] {
            return false;
        }
        at += 1;
    }
    at < phrase.len() && phrase[at] == b' '
}

/// What a letter of the crate's table means, but for fingerprints.
pub(super) const fn kind_of(letter: u8) -> Option<Kind> {
    Some(match letter {
        b'k' => Kind::Keyword,
        b'U' => Kind::Union,
        b'B' => Kind::Group,
        b'E' => Kind::Expression,
        b't' => Kind::SqlType,
        b'f' => Kind::Function,
        b'n' => Kind::Bareword,
        b'1' => Kind::Number,
        b'v' => Kind::Variable,
        b'o' => Kind::Operator,
        b'&' => Kind::Logic,
        b'A' => Kind::Collate,
        b'T' => Kind::TransactSql,
        _ => return None,
    })
}

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

/// The fingerprints, packed.
pub(super) const fn fingerprints() -> Fingerprints {
    let mut starts = [0; HEADS + 1];
    let mut tails = [0; FINGERPRINT_COUNT];
    let (mut at, mut filled, mut before) = (0, 0, 0);
    while at < SQL_KEYWORDS.len() {
        if SQL_KEYWORDS[at].token_type == IS_FINGERPRINT {
            let code = code_of(SQL_KEYWORDS[at].word.as_bytes());
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

/// The number of a fingerprint behind its `0`.
const fn code_of(entry: &[u8]) -> u32 {
    let (mut code, mut place) = (0, 1);
    while place <= MAX_LETTERS {
        let letter = if place < entry.len() {
            letter_code(entry[place])
        } else {
            0
        };
        code = code << LETTER_BITS | letter as u32;
        place += 1;
    }
    assert!(place >= entry.len(), "the fingerprint has no more letters");
    code
}
