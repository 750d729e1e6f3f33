//! `@beginsWith`, `@contains`, `@containsWord`, `@endsWith`, `@streq`, `@strmatch` and `@within`.
//!
//! All compare bytes, case included. Invariant: what is compared is known when the rule is compiled,
//! unless its argument has macros.

use memchr::{memchr_iter, memmem};

/// How a value compares with the argument.
#[derive(Clone, Debug)]
pub struct TextTest {
    relation: Relation,
    /// `None` where the argument has macros.
    constant: Option<memmem::Finder<'static>>,
}

/// What the value must be in relation to the argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    BeginsWith,
    Contains,
    /// Contains it with no letter, digit or underscore before or after.
    ContainsWord,
    EndsWith,
    Equals,
    /// Is contained in it.
    Within,
}

impl TextTest {
    pub(super) fn new(relation: Relation, argument: &[u8]) -> Self {
        let constant = (!has_macro(argument)).then(|| finder(argument));
        Self { relation, constant }
    }

    /// The test of `@strmatch`, whose argument has no macros.
    pub(super) fn containing(phrase: &[u8]) -> Self {
        Self {
            relation: Relation::Contains,
            constant: Some(finder(phrase)),
        }
    }

    pub(super) fn expands(&self) -> bool {
        self.constant.is_none()
    }

    /// Whether it is `@within`.
    pub(crate) fn is_within(&self) -> bool {
        self.relation == Relation::Within
    }

    /// What occurs in every value for which the test holds, where that is known.
    pub(crate) fn contained(&self) -> Option<&[u8]> {
        match self.relation {
            Relation::BeginsWith
            | Relation::Contains
            | Relation::ContainsWord
            | Relation::EndsWith
            | Relation::Equals => self.constant.as_ref().map(memmem::Finder::needle),
            Relation::Within => None,
        }
    }

    pub(super) fn holds(&self, input: &[u8], argument: &[u8]) -> bool {
        let needle = self.constant.as_ref().map_or(argument, |it| it.needle());
        match self.relation {
            Relation::BeginsWith => input.starts_with(needle),
            Relation::EndsWith => input.ends_with(needle),
            Relation::Equals => input == needle,
            Relation::Within => occurs(needle, input),
            Relation::ContainsWord => contains_word(input, needle),
            Relation::Contains => match &self.constant {
                Some(finder) => finder.find(input).is_some(),
                None => occurs(input, needle),
            },
        }
    }
}

fn finder(needle: &[u8]) -> memmem::Finder<'static> {
    memmem::Finder::new(needle).into_owned()
}

/// Whether `needle` occurs in `text`. Where it is short that costs less than to make ready for a search.
fn occurs(text: &[u8], needle: &[u8]) -> bool {
    /// Bytes of a short needle: so many times the text may be looked at.
    const SHORT: usize = 32;
    let Some(&first) = needle.first() else {
        return true;
    };
    if needle.len() > SHORT {
        return memmem::find(text, needle).is_some();
    }
    let (mut at, mut rarest) = (0, first);
    for (place, &byte) in needle.iter().enumerate() {
        if rank(byte) < rank(rarest) {
            (at, rarest) = (place, byte);
        }
    }
    let places = memchr_iter(rarest, text.get(at..).unwrap_or_default());
    let mut rests = places.map(|from| text.get(from..).unwrap_or_default());
    rests.any(|rest| rest.starts_with(needle))
}

/// The higher, the more often a byte occurs in lists of words.
#[inline]
fn rank(byte: u8) -> u8 {
    const RANKS: &[u8; 256] = &{
        let mut ranks = [0; 256];
        let mut rest: &mut [u8] = &mut ranks;
        let mut byte = 0_u8;
        while let [rank, behind @ ..] = rest {
            *rank = match byte.to_ascii_lowercase() {
                b'e' | b' ' | b'/' => 6,
                b'a' | b'i' | b'n' | b'o' | b'r' | b't' => 5,
                b'-' | b'c' | b'd' | b'l' | b'm' | b'p' | b's' => 4,
                b'f' | b'g' | b'h' | b'u' => 3,
                b'b' | b'v' | b'w' | b'x' | b'y' => 2,
                _ => 1,
            };
            byte = byte.wrapping_add(1);
            rest = behind;
        }
        ranks
    };
    RANKS.get(usize::from(byte)).copied().unwrap_or_default()
}

fn contains_word(input: &[u8], word: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    word.is_empty()
        || ends_of(input, word).any(|end| {
            let before = end.checked_sub(word.len() + 1).and_then(|at| input.get(at));
            let after = input.get(end);
            !before.is_some_and(is_part) && !after.is_some_and(is_part)
        })
}

/// Where `word` ends in `input`, at every occurrence; those that overlap count as well, which is why
/// this is the algorithm of Knuth, Morris and Pratt and no repeated search.
fn ends_of(input: &[u8], word: &[u8]) -> impl Iterator<Item = usize> {
    let mut borders = vec![0];
    let mut matched = 0;
    for byte in word.iter().skip(1) {
        matched = extend(word, &borders, matched, *byte);
        borders.push(matched);
    }
    let mut matched = 0;
    input.iter().zip(1..).filter_map(move |(byte, end)| {
        matched = extend(word, &borders, matched, *byte);
        (matched == word.len()).then_some(end)
    })
}

/// How much of `word` ends at the next byte, `matched` bytes of it ending at the byte before.
fn extend(word: &[u8], borders: &[usize], mut matched: usize, byte: u8) -> usize {
    loop {
        if word.get(matched) == Some(&byte) {
            return matched + 1;
        }
        match matched.checked_sub(1).and_then(|at| borders.get(at)) {
            Some(border) => matched = *border,
            None => return 0,
        }
    }
}

/// Whether an argument has macros: `%{tx.0}`.
pub(super) fn has_macro(argument: &[u8]) -> bool {
    memmem::find(argument, b"%{").is_some()
}
