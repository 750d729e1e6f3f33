//! What a text cannot do without if an expression is to match in it.
//!
//! One pass over the expression, from its leaves up, for texts over a given alphabet: branches that
//! need other bytes are dropped, which often leaves words where there were none. Invariant: all
//! that is stated holds for every match, whatever the assertions around it. Non-goal: saying where
//! in the text anything is.

use regex_syntax::hir::{Class, ClassBytes, ClassUnicode, Hir, HirKind, Literal, Look, Repetition};

use super::atom::{Expression, Requires, Test};
use super::literals::{Literals, byte_weight, rarer};
use crate::waf::ByteSet;

/// Most sets of bytes that are kept of one expression.
const MAX_SETS: usize = 12;

/// Most bytes that a class may have to be taken for words.
const MAX_CLASS_WORDS: u32 = 20;

/// Most repetitions that are written out.
const MAX_COPIES: u32 = 6;

/// What is known of every text in which a test holds.
pub(super) struct Required {
    /// Words of which one occurs.
    pub(super) words: Option<Literals>,
    /// A byte of each set occurs.
    pub(super) sets: Vec<ByteSet>,
    /// Bytes there are at least.
    pub(super) min_len: usize,
}

/// What is required of a text over `alphabet` for which `test` holds; `None` if there is none.
pub(super) fn required(test: &Test, alphabet: ByteSet) -> Option<Required> {
    let Facts {
        exact,
        words,
        sets,
        min_len,
    } = Facts::stated(&test.requires, alphabet)?;
    Some(Required {
        words: rarer(telling(exact), words),
        sets: sets.into_iter().map(|ranked| ranked.set).collect(),
        min_len,
    })
}

/// Whether a test holds for every text that has the bytes there are at least, which are few.
pub(super) fn is_sure(test: &Test) -> bool {
    let hir = match &test.requires {
        Requires {
            expression:
                Some(Expression {
                    hir,
                    is_exact: true,
                }),
            bytes: None,
            words: None,
            min_len: 0,
        } => hir,
        _ => return false,
    };
    let any = |hir: &Hir| match hir.kind() {
        HirKind::Class(Class::Bytes(class)) => bytes_of(class) == ByteSet::ALL,
        _ => false,
    };
    let any_in_a_row = |hir: &Hir| match hir.kind() {
        HirKind::Repetition(Repetition {
            min,
            max: None,
            sub,
            ..
        }) => *min <= MAX_COPIES && any(sub),
        _ => false,
    };
    match hir.kind() {
        HirKind::Empty => true,
        HirKind::Concat(parts) => matches!(
            &parts[..],
            [start, middle, end]
                if *start.kind() == HirKind::Look(Look::Start)
                    && any_in_a_row(middle)
                    && *end.kind() == HirKind::Look(Look::End)
        ),
        _ => any(hir) || any_in_a_row(hir),
    }
}

/// A set of bytes and how often ordinary traffic has one of it.
#[derive(Clone, Copy, PartialEq)]
struct Ranked {
    weight: f64,
    set: ByteSet,
}

impl Ranked {
    fn byte(byte: u8, set: ByteSet) -> Self {
        let weight = byte_weight(byte);
        Self { weight, set }
    }

    fn class(set: ByteSet) -> Self {
        // A letter counts once, in whichever case it is.
        let one_case = |byte: &u8| !byte.is_ascii_uppercase() || !set.contains(byte | 0x20);
        let weight = set.iter().filter(one_case).map(byte_weight).sum();
        Self { weight, set }
    }
}

/// What is known of the texts that an expression matches from end to end.
struct Facts {
    /// All of them, where they are few.
    exact: Option<Literals>,
    /// Words of which each has one.
    words: Option<Literals>,
    /// Each has a byte of each set.
    sets: Vec<Ranked>,
    min_len: usize,
}

impl Facts {
    /// Of the texts over `alphabet` that `hir` matches; `None` if there are none.
    fn of(hir: &Hir, alphabet: ByteSet) -> Option<Self> {
        match hir.kind() {
            // Assertions are taken to hold.
            HirKind::Empty | HirKind::Look(_) => Some(Self::empty()),
            HirKind::Literal(Literal(bytes)) => bytes
                .iter()
                .all(|byte| alphabet.contains(*byte))
                .then(|| Self::word(bytes, |byte| ByteSet::of(&[byte]))),
            HirKind::Class(Class::Bytes(class)) => Self::class(bytes_of(class), alphabet),
            HirKind::Class(Class::Unicode(class)) => Self::characters(class, alphabet),
            HirKind::Capture(capture) => Self::of(&capture.sub, alphabet),
            HirKind::Repetition(repetition) => Self::repetition(repetition, alphabet),
            HirKind::Concat(parts) => {
                let parts: Option<Vec<_>> =
                    parts.iter().map(|part| Self::of(part, alphabet)).collect();
                Some(Self::sequence(parts?))
            }
            HirKind::Alternation(branches) => Self::choice(
                branches
                    .iter()
                    .filter_map(|branch| Self::of(branch, alphabet))
                    .collect(),
            ),
        }
    }

    /// Of texts that have all that a test requires; `None` if there are none over `alphabet`.
    fn stated(requires: &Requires, alphabet: ByteSet) -> Option<Self> {
        let Requires {
            expression,
            bytes,
            words,
            min_len,
        } = requires;
        let mut all = vec![Self {
            min_len: *min_len,
            ..Self::empty()
        }];
        if let Some(Expression { hir, .. }) = expression {
            all.push(Self::of(hir, alphabet)?);
        }
        if let Some(bytes) = bytes {
            all.push(Self::class(*bytes, alphabet)?);
        }
        if let Some(words) = words {
            let cases =
                |byte: u8| ByteSet::of(&[byte.to_ascii_lowercase(), byte.to_ascii_uppercase()]);
            let words = words.iter().filter(|word| {
                let mut bytes = word.iter();
                bytes.all(|byte| cases(*byte).intersects(alphabet))
            });
            let words = words.map(|word| Self::word(word, cases));
            all.push(Self::choice(words.collect())?);
        }
        let mut facts = Self {
            exact: None,
            ..Self::empty()
        };
        for one in all {
            facts.words = rarer(facts.words, rarer(telling(one.exact), one.words));
            facts.sets.extend(one.sets);
            facts.min_len = facts.min_len.max(one.min_len);
        }
        facts.sets = rarest(facts.sets);
        Some(facts)
    }

    fn empty() -> Self {
        Self {
            exact: Some(Literals::empty_word()),
            words: None,
            sets: Vec::new(),
            min_len: 0,
        }
    }

    fn word(word: &[u8], cases: impl Fn(u8) -> ByteSet) -> Self {
        Self {
            exact: Some(Literals::word(word)),
            words: None,
            sets: rarest(
                word.iter()
                    .map(|byte| Ranked::byte(*byte, cases(*byte)))
                    .collect(),
            ),
            min_len: word.len(),
        }
    }

    fn class(class: ByteSet, alphabet: ByteSet) -> Option<Self> {
        let class = class.intersection(alphabet);
        if class.is_empty() {
            return None;
        }
        Some(Self {
            exact: (class.len() <= MAX_CLASS_WORDS).then(|| Literals::bytes(class.iter())),
            words: None,
            sets: vec![Ranked::class(class)],
            min_len: 1,
        })
    }

    /// Of a class of characters: of those beyond ASCII it is known that their bytes are, too.
    fn characters(class: &ClassUnicode, alphabet: ByteSet) -> Option<Self> {
        let ranges = class.iter();
        let bytes = ranges.fold(ByteSet::EMPTY, |set, range| {
            let byte = |char: char| u8::try_from(u32::from(char)).unwrap_or(0xff);
            let (first, last) = (byte(range.start()), byte(range.end()));
            let beyond = if range.end().is_ascii() {
                ByteSet::EMPTY
            } else {
                ByteSet::range(0x80, 0xff)
            };
            set.union(beyond)
                .union(ByteSet::range(first.min(0x80), last))
        });
        let mut facts = Self::class(bytes, alphabet)?;
        if bytes.intersects(ByteSet::range(0x80, 0xff)) {
            facts.exact = None;
        }
        Some(facts)
    }

    fn repetition(repetition: &Repetition, alphabet: ByteSet) -> Option<Self> {
        let Repetition { min, max, sub, .. } = repetition;
        let sub = match Self::of(sub, alphabet) {
            Some(sub) if *max != Some(0) => sub,
            // Without a single copy, if that is allowed.
            _ => return (*min == 0).then(Self::empty),
        };
        if *min == 0 {
            let once = if *max == Some(1) { sub.exact } else { None };
            return Some(Self {
                exact: Literals::union([once, Some(Literals::empty_word())]),
                ..Self::empty()
            });
        }
        let copies = (1..*min.min(&MAX_COPIES)).fold(sub.exact.clone(), |copies, _| {
            copies?.followed_by(sub.exact.as_ref()?)
        });
        let words = rarer(telling(copies.clone()), sub.words);
        let all = *max == Some(*min) && *min <= MAX_COPIES;
        Some(Self {
            words: rarer(words, telling(sub.exact)),
            exact: copies.filter(|_| all),
            sets: sub.sets,
            min_len: sub.min_len.saturating_mul(*min as usize),
        })
    }

    /// Of one after the other.
    fn sequence(parts: Vec<Self>) -> Self {
        let mut facts = Self::empty();
        // What comes last, as far back as it is known exactly, and whether that is to the start.
        let mut run = Literals::empty_word();
        let mut whole = true;
        for part in parts {
            facts.sets.extend(part.sets);
            facts.min_len = facts.min_len.saturating_add(part.min_len);
            facts.words = rarer(facts.words, part.words);
            match part.exact.as_ref().map(|exact| run.followed_by(exact)) {
                Some(Some(longer)) => run = longer,
                _ => {
                    whole = false;
                    let next = part.exact.unwrap_or_else(Literals::empty_word);
                    let ended = std::mem::replace(&mut run, next);
                    facts.words = rarer(facts.words, telling(Some(ended)));
                }
            }
        }
        facts.sets = rarest(facts.sets);
        if whole {
            facts.exact = Some(run);
        } else {
            facts.exact = None;
            facts.words = rarer(facts.words, telling(Some(run)));
        }
        facts
    }

    /// Of one or another; `None` if there is no other.
    fn choice(branches: Vec<Self>) -> Option<Self> {
        let min_len = branches.iter().map(|branch| branch.min_len).min()?;
        // The rarest of every branch, the second rarest, and so on.
        let kept = branches.iter().map(|branch| branch.sets.len()).min()?;
        let mut sets = vec![ByteSet::EMPTY; kept];
        for branch in &branches {
            for (all, ranked) in sets.iter_mut().zip(rarest(branch.sets.clone())) {
                *all = all.union(ranked.set);
            }
        }
        let best = |branch: &Self| rarer(telling(branch.exact.clone()), branch.words.clone());
        let words = Literals::union(branches.iter().map(best));
        let exact = Literals::union(branches.into_iter().map(|branch| branch.exact));
        Some(Self {
            exact,
            words,
            sets: rarest(sets.into_iter().map(Ranked::class).collect()),
            min_len,
        })
    }
}

fn telling(words: Option<Literals>) -> Option<Literals> {
    words.filter(Literals::is_telling)
}

fn bytes_of(class: &ClassBytes) -> ByteSet {
    class.iter().fold(ByteSet::EMPTY, |set, range| {
        set.union(ByteSet::range(range.start(), range.end()))
    })
}

/// The sets that are met least, rarest first.
fn rarest(mut sets: Vec<Ranked>) -> Vec<Ranked> {
    sets.sort_by(|first, second| first.weight.total_cmp(&second.weight));
    sets.dedup();
    sets.truncate(MAX_SETS);
    sets
}
