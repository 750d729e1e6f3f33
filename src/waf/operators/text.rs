//! `@beginsWith`, `@contains`, `@containsWord`, `@endsWith`, `@streq`, `@strmatch` and `@within`.
//!
//! All compare bytes, case included. Invariant: what is compared is known when the rule is compiled,
//! unless its argument has macros.

use memchr::memmem;

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

    pub(super) fn holds(&self, input: &[u8], argument: &[u8]) -> bool {
        let needle = self.constant.as_ref().map_or(argument, |it| it.needle());
        match self.relation {
            Relation::BeginsWith => input.starts_with(needle),
            Relation::EndsWith => input.ends_with(needle),
            Relation::Equals => input == needle,
            Relation::Within => memmem::find(needle, input).is_some(),
            Relation::ContainsWord => contains_word(input, needle),
            Relation::Contains => match &self.constant {
                Some(finder) => finder.find(input).is_some(),
                None => memmem::find(input, needle).is_some(),
            },
        }
    }
}

fn finder(needle: &[u8]) -> memmem::Finder<'static> {
    memmem::Finder::new(needle).into_owned()
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
