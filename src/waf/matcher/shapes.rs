//! The alphabets that texts are told apart by, and what conditions need over each.
//!
//! An expression of CRS allows for quotes, backslashes and braces between any two letters of a
//! command. Over a text that has none of these it says much less, and needs whole words. Invariant:
//! the alphabets are tried from the poorest on, and the last has every byte. Non-goal: the poorest
//! alphabet that would do; each costs a pass over every expression when rules are loaded.

use std::collections::BTreeMap;

use super::automaton::{Automaton, Tellings};
use super::profile::Profile;
use super::required::required;
use super::{Bits, Test};
use crate::waf::ByteSet;

const WORDS: ByteSet = ByteSet::range(b'0', b'9')
    .union(ByteSet::range(b'A', b'Z'))
    .union(ByteSet::range(b'a', b'z'))
    .union(ByteSet::of(b"-._"));
const PATHS: ByteSet = WORDS.union(ByteSet::of(b"/"));
const TEXT: ByteSet = PATHS.union(ByteSet::of(b" !+,:=?@~#"));
const HEADERS: ByteSet = TEXT.union(ByteSet::of(b"&()*;"));
const QUOTED: ByteSet = HEADERS.union(ByteSet::of(b"\"%'"));

/// The alphabets. Each is a union of the classes that profiles know.
const ALPHABETS: [ByteSet; 6] = [WORDS, PATHS, TEXT, HEADERS, QUOTED, ByteSet::ALL];

/// Words are looked for if they begin at fewer bytes than this of ordinary traffic.
const TELLING: f64 = 1.5e-2;

/// Lengths, in bytes, that are told apart, from 0 on; the last stands for all from there on.
const LENGTHS: usize = 64;

/// What is known of texts over one alphabet.
#[derive(Debug)]
struct Shape {
    alphabet: Profile,
    /// The conditions whose test may hold.
    possible: Bits,
    /// Those of them that no word tells of.
    wordless: Bits,
    /// By condition: the classes of which a byte must occur, one of each.
    needs: Box<[Box<[Profile]>]>,
    /// By condition: the least length, up to the last that is told apart.
    least: Box<[u8]>,
    /// By a text's length: those that need a longer one.
    longer: Box<[Bits]>,
}

/// All shapes, and the words of all.
#[derive(Debug)]
pub(super) struct Shapes {
    shapes: Vec<Shape>,
    words: Automaton,
}

impl Shapes {
    /// For conditions by number.
    pub(super) fn new(tests: &[Option<Test>]) -> Self {
        let mut words = BTreeMap::new();
        let shapes: Vec<_> = (0..)
            .zip(ALPHABETS)
            .map(|(shape, alphabet)| Shape::new(shape, alphabet, tests, &mut words))
            .collect();
        let words = Automaton::new(&words, shapes.len());
        Self { shapes, words }
    }

    /// The shape of texts of a profile.
    pub(super) fn of(&self, profile: Profile) -> u8 {
        let fits = |shape: &Shape| profile.is_within(shape.alphabet);
        let place = self.shapes.iter().position(fits);
        let place = place.unwrap_or(self.shapes.len().saturating_sub(1));
        u8::try_from(place).unwrap_or_default()
    }

    /// The conditions of `some` whose test may hold for a text of the profile, or of a part of it.
    pub(super) fn possible(&self, profile: Profile, some: &Bits) -> Bits {
        let Some(shape) = self.shapes.get(usize::from(self.of(profile))) else {
            return *some;
        };
        let mut possible = some.intersection(&shape.possible);
        for bit in possible.iter() {
            let needs = shape.needs.get(usize::from(bit));
            if !needs.is_none_or(|needs| needs.iter().all(|classes| classes.meets(profile))) {
                possible.remove(bit);
            }
        }
        possible
    }

    /// The length that a text of the shape must have for a condition's test to hold, as far as lengths
    /// are told apart.
    pub(super) fn least(&self, shape: u8, bit: u16) -> usize {
        let shape = self.shapes.get(usize::from(shape));
        let least = shape.and_then(|shape| shape.least.get(usize::from(bit)));
        least.copied().map_or(0, usize::from)
    }

    /// The conditions whose test needs a text of the shape that is longer than `len` bytes; `None`
    /// where no length is too short.
    #[inline]
    pub(super) fn longer(&self, shape: u8, len: usize) -> Option<&Bits> {
        if len >= LENGTHS - 1 {
            return None;
        }
        self.shapes.get(usize::from(shape))?.longer.get(len)
    }

    /// The conditions that no word tells of in texts of the shape.
    #[inline]
    pub(super) fn wordless(&self, shape: u8) -> &Bits {
        let shape = self.shapes.get(usize::from(shape));
        shape.map_or(&Bits::ALL, |shape| &shape.wordless)
    }

    /// The conditions that words in a text of the shape tell of.
    #[inline]
    pub(super) fn scan(&self, text: &[u8], shape: u8) -> Bits {
        self.words.scan(text, shape)
    }

    /// Bytes of memory of the words.
    pub(super) fn size(&self) -> usize {
        self.words.size()
    }
}

impl Shape {
    fn new(
        number: u8,
        alphabet: ByteSet,
        tests: &[Option<Test>],
        words: &mut BTreeMap<Vec<u8>, Tellings>,
    ) -> Self {
        let (mut possible, mut wordless) = (Bits::EMPTY, Bits::EMPTY);
        let mut needs = vec![Box::default(); tests.len()];
        let mut least = vec![0; tests.len()];
        let mut longer = vec![Bits::EMPTY; LENGTHS - 1];
        let places = needs.iter_mut().zip(&mut least);
        for ((bit, test), (needs, least)) in (0..).zip(tests).zip(places) {
            let Some(required) = test.as_ref().and_then(|test| required(test, alphabet)) else {
                continue;
            };
            possible.insert(bit);
            match required.words.filter(|words| words.weight() < TELLING) {
                None => wordless.insert(bit),
                Some(telling) => {
                    for word in telling.iter() {
                        words.entry(word.to_vec()).or_default().push((number, bit));
                    }
                }
            }
            let classes = required.sets.into_iter().map(Profile::of_set);
            *needs = classes.collect();
            *least = u8::try_from(required.min_len.min(LENGTHS - 1)).unwrap_or_default();
            for longer in longer.iter_mut().take(required.min_len) {
                longer.insert(bit);
            }
        }
        let used = longer.iter().rposition(|longer| !longer.is_empty());
        longer.truncate(used.map_or(0, |last| last + 1));
        Self {
            alphabet: Profile::of_set(alphabet),
            possible,
            wordless,
            needs: needs.into_boxed_slice(),
            least: least.into_boxed_slice(),
            longer: longer.into_boxed_slice(),
        }
    }
}
