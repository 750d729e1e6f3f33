//! Finds which of thousands of words occur in a text, in one pass.
//!
//! An automaton of Aho and Corasick with all transitions written out, for words in lower case and
//! texts in any. One automaton serves texts of all shapes: what a word tells depends on the shape,
//! how to find it does not. Invariant: a step a byte, whatever the text, and a table within
//! [`MAX_TABLE`]. Non-goal: where a word is.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::Bits;
use super::literals::rare_part;

/// Most bytes of the table of transitions. Where it would take more, shorter parts of the words are
/// looked for.
const MAX_TABLE: usize = 6 << 20;

/// Most bytes of a word that are looked for.
const MAX_PART: usize = 7;

/// Bits of a state that tell the place of its row; those above, which words end in it. A state in which
/// any ends is more than any place in the table.
const PLACE_BITS: u32 = 21;

/// Most lists of words that end together.
const MOST_ENDINGS: usize = 1 << (u32::BITS - PLACE_BITS);

/// Bytes of a text from which on endings are noted first.
const LONG: usize = 512;

const _: () = assert!(MAX_TABLE / size_of::<u32>() <= 1 << PLACE_BITS);

/// The place of the empty set of conditions, which is there first.
const NOTHING: u32 = 0;

/// Sets that a scan remembers to have added.
const RECENT: usize = 8;

/// The conditions that a word tells of: the shape of the text and the condition's number.
pub(super) type Tellings = Vec<(u8, u16)>;

/// The automaton. A state is the place of its row in the table, and which words end there.
#[derive(Debug)]
pub(super) struct Automaton {
    /// The column of each byte.
    columns: [u8; 256],
    /// Rows of the states to go to.
    table: Box<[u32]>,
    shapes: usize,
    /// For words that end together, and each shape: where in `sets` the conditions are.
    endings: Box<[u32]>,
    sets: Box<[Bits]>,
}

impl Automaton {
    /// Of words in lower case, for so many shapes.
    pub(super) fn new(words: &BTreeMap<Vec<u8>, Tellings>, shapes: usize) -> Self {
        let mut longest = MAX_PART;
        loop {
            let parts = parts(words, longest);
            let (columns, count) = columns(&parts);
            let size = states(&parts) * count * size_of::<u32>();
            if size <= MAX_TABLE || longest == 1 {
                let made = Self::of_parts(&parts, columns, count, shapes);
                if made.endings.len() <= MOST_ENDINGS * shapes || longest == 1 {
                    return made;
                }
            }
            longest -= 1;
        }
    }

    fn of_parts(
        parts: &[(&[u8], Tellings)],
        columns: [u8; 256],
        count: usize,
        shapes: usize,
    ) -> Self {
        // Rows of numbers of states, in the order in which these are met.
        let mut rows: Vec<Vec<u32>> = Vec::new();
        let mut endings = Endings::default();
        // What ends in each state, from when it is known of.
        let mut ends = vec![Endings::NONE];
        // Breadth first: the row that a state falls back to is there before its own.
        let mut queue = VecDeque::from([State {
            parts,
            depth: 0,
            failure: 0,
        }]);
        while let Some(State {
            parts,
            depth,
            failure,
        }) = queue.pop_front()
        {
            let fallback = rows.get(failure).cloned().unwrap_or_else(|| vec![0; count]);
            let mut row = fallback.clone();
            for parts in parts.chunk_by(|one, other| one.0.get(depth) == other.0.get(depth)) {
                // The part that ends here is the first, and goes no further.
                let Some(byte) = parts.first().and_then(|part| part.0.get(depth)) else {
                    continue;
                };
                let column = columns.get(usize::from(*byte)).copied().unwrap_or_default();
                let column = usize::from(column);
                let failure = fallback.get(column).map_or(0, |to| *to as usize);
                let inherited = ends.get(failure).copied().unwrap_or_default();
                let own = parts.first().filter(|part| part.0.len() == depth + 1);
                if let Some(to) = row.get_mut(column) {
                    *to = u32::try_from(ends.len()).unwrap_or_default();
                }
                ends.push(endings.with(inherited, own.map(|part| part.1.as_slice())));
                queue.push_back(State {
                    parts,
                    depth: depth + 1,
                    failure,
                });
            }
            rows.push(row);
        }
        let table = in_order(&rows, &ends, count);
        let (endings, sets) = endings.by_shape(shapes);
        Self {
            columns,
            table,
            shapes,
            endings,
            sets,
        }
    }

    /// The conditions that the words in a text of the shape tell of.
    pub(super) fn scan(&self, text: &[u8], shape: u8) -> Bits {
        if text.len() >= LONG {
            return self.scan_long(text, shape);
        }
        let mut found = Found::default();
        let mut state = 0;
        let mut step = |byte: &u8| {
            let column = self.column(*byte);
            // Only of a state in which words end is there no such place.
            state = match self.table.get(state as usize + column) {
                Some(next) => *next,
                None => self.step_from_end(state, column, shape, &mut found),
            };
        };
        let (chunks, rest) = text.as_chunks::<4>();
        for chunk in chunks {
            chunk.iter().for_each(&mut step);
        }
        rest.iter().for_each(step);
        self.note(state, shape, &mut found);
        found.conditions
    }

    /// The same for a long text, in four lanes at a time: each step waits for the one before it and for
    /// nothing else. Endings are noted first and what they tell at last, since in an attack words end at
    /// every other byte, without a pattern that a processor could foresee.
    #[inline(never)]
    fn scan_long(&self, text: &[u8], shape: u8) -> Bits {
        let mut met = [false; MOST_ENDINGS];
        let next = |state: u32, byte: &u8| {
            let next = place(state) as usize + self.column(*byte);
            self.table.get(next).copied()
        };
        let [first, second, third, fourth] = lanes(text);
        let (mut one, mut two, mut three, mut four) = (0, 0, 0, 0);
        let lanes = first.iter().zip(second).zip(third.iter().zip(fourth));
        for ((first, second), (third, fourth)) in lanes {
            // There is a row for each place. If there were none, anything might be in the text.
            let Some(first) = next(one, first) else {
                return Bits::ALL;
            };
            let Some(second) = next(two, second) else {
                return Bits::ALL;
            };
            let Some(third) = next(three, third) else {
                return Bits::ALL;
            };
            let Some(fourth) = next(four, fourth) else {
                return Bits::ALL;
            };
            (one, two, three, four) = (first, second, third, fourth);
            for state in [one, two, three, four] {
                // There are as many as there can be endings: the compiler leaves the check out.
                if let Some(met) = met.get_mut(ending(state) as usize) {
                    *met = true;
                }
            }
        }
        let mut found = Found::default();
        let met = met.iter().zip(self.endings.chunks(self.shapes.max(1)));
        for (_, sets) in met.filter(|(met, _)| **met) {
            self.tell(sets.get(usize::from(shape)), &mut found);
        }
        found.conditions
    }

    #[inline]
    fn column(&self, byte: u8) -> usize {
        let column = self.columns.get(usize::from(byte));
        usize::from(column.copied().unwrap_or_default())
    }

    /// A step from a state in which words end.
    #[inline(never)]
    fn step_from_end(&self, state: u32, column: usize, shape: u8, found: &mut Found) -> u32 {
        self.note(state, shape, found);
        let next = self.table.get(place(state) as usize + column);
        next.copied().unwrap_or_default()
    }

    /// Notes the words that end in a state.
    #[inline]
    fn note(&self, state: u32, shape: u8, found: &mut Found) {
        let sets = ending(state) as usize * self.shapes + usize::from(shape);
        self.tell(self.endings.get(sets), found);
    }

    #[inline]
    fn tell(&self, set: Option<&u32>, found: &mut Found) {
        let set = set.copied().unwrap_or_default();
        // Of words for other shapes there are more than of those for this one.
        if set == NOTHING {
            return;
        }
        let Some(recent) = found.recent.get_mut(set as usize % RECENT) else {
            return;
        };
        if std::mem::replace(recent, set) == set {
            return;
        }
        let told = self.sets.get(set as usize);
        found.conditions = found.conditions.union(told.unwrap_or(&Bits::ALL));
    }

    /// Bytes of memory.
    pub(super) fn size(&self) -> usize {
        size_of_val(&*self.table) + size_of_val(&*self.endings) + size_of_val(&*self.sets)
    }
}

/// The rows with numbers of states made places, each with what ends there. The states nearest to the
/// start, where most texts stay, lie together.
fn in_order(rows: &[Vec<u32>], ends: &[u32], width: usize) -> Box<[u32]> {
    let places = (0..).step_by(width).zip(ends);
    let states: Vec<u32> = places
        .map(|(place, end): (u32, &u32)| place | *end << PLACE_BITS)
        .collect();
    let mut table = Vec::with_capacity(rows.len() * width);
    for row in rows {
        let state = |to: &u32| states.get(*to as usize).copied().unwrap_or_default();
        table.extend(row.iter().map(state));
    }
    table.into_boxed_slice()
}

/// Where a state's row is in the table.
#[inline]
const fn place(state: u32) -> u32 {
    state & ((1 << PLACE_BITS) - 1)
}

/// The number of the list of words that end in a state.
#[inline]
const fn ending(state: u32) -> u32 {
    state >> PLACE_BITS
}

/// Four parts of a text of [`LONG`] bytes or more, of one length, that share enough of their ends for every
/// word to lie in one of them as a whole.
fn lanes(text: &[u8]) -> [&[u8]; 4] {
    const SHARED: usize = MAX_PART - 1;
    const _: () = assert!(LONG > 8 * MAX_PART);
    let length = (text.len() + 3 * SHARED).div_ceil(4);
    let apart = length - SHARED;
    let lane = |start: usize| text.get(start..start + length).unwrap_or(text);
    let last = text.len() - length;
    [lane(0), lane(apart), lane(2 * apart), lane(last)]
}

/// What a scan has found.
#[derive(Default)]
struct Found {
    conditions: Bits,
    /// Sets that were added of late.
    recent: [u32; RECENT],
}

/// A state whose row is to be written.
struct State<'a> {
    /// The parts that begin with what led here.
    parts: &'a [(&'a [u8], Tellings)],
    /// How much of them that is.
    depth: usize,
    /// The state of the longest end of it that other parts begin with.
    failure: usize,
}

/// The different lists of tellings of words that end together.
#[derive(Default)]
struct Endings {
    numbers: HashMap<Tellings, u32>,
    lists: Vec<Tellings>,
}

impl Endings {
    /// No word ends.
    const NONE: u32 = 0;

    /// The number of the list with `own` added.
    fn with(&mut self, number: u32, own: Option<&[(u8, u16)]>) -> u32 {
        let Some(own) = own else {
            return number;
        };
        let inherited = (number as usize)
            .checked_sub(1)
            .and_then(|place| self.lists.get(place));
        let mut list = [inherited.map_or(&[][..], Vec::as_slice), own].concat();
        list.sort_unstable();
        list.dedup();
        *self.numbers.entry(list).or_insert_with_key(|list| {
            self.lists.push(list.clone());
            u32::try_from(self.lists.len()).unwrap_or(u32::MAX)
        })
    }

    /// For each number, and each shape: where in the second the conditions are.
    fn by_shape(self, shapes: usize) -> (Box<[u32]>, Box<[Bits]>) {
        let mut places = HashMap::new();
        let mut sets = Vec::new();
        let mut endings = Vec::new();
        for list in std::iter::once(&Tellings::new()).chain(&self.lists) {
            for shape in 0..shapes {
                let told = list.iter().filter(|told| usize::from(told.0) == shape);
                let set: Bits = told.map(|told| told.1).collect();
                endings.push(*places.entry(set).or_insert_with(|| {
                    sets.push(set);
                    u32::try_from(sets.len() - 1).unwrap_or(u32::MAX)
                }));
            }
        }
        (endings.into_boxed_slice(), sets.into_boxed_slice())
    }
}

/// The parts of the words to look for, in order, with what they tell.
fn parts(words: &BTreeMap<Vec<u8>, Tellings>, longest: usize) -> Vec<(&[u8], Tellings)> {
    let mut parts: BTreeMap<&[u8], Tellings> = BTreeMap::new();
    for (word, tellings) in words {
        let part = rare_part(word, longest);
        parts.entry(part).or_default().extend_from_slice(tellings);
    }
    parts.into_iter().collect()
}

/// A column for each byte that occurs in the parts, upper case with lower, and one for all others,
/// the first; and how many there are.
fn columns(parts: &[(&[u8], Tellings)]) -> ([u8; 256], usize) {
    let mut columns = [0; 256];
    let mut next = 1;
    // In the order of the alphabet. No part has a letter in upper case: 230 columns at most.
    for byte in 0..=u8::MAX {
        if parts.iter().any(|part| part.0.contains(&byte))
            && let Some(column) = columns.get_mut(usize::from(byte))
        {
            *column = next;
            next += 1;
        }
    }
    for byte in b'A'..=b'Z' {
        let lower = columns.get(usize::from(byte.to_ascii_lowercase())).copied();
        if let (Some(column), Some(lower)) = (columns.get_mut(usize::from(byte)), lower) {
            *column = lower;
        }
    }
    (columns, usize::from(next))
}

/// How many states the parts, in order, come to.
fn states(parts: &[(&[u8], Tellings)]) -> usize {
    let mut before: &[u8] = &[];
    let mut states = 1;
    for (part, _) in parts {
        let shared = part
            .iter()
            .zip(before)
            .take_while(|(one, other)| one == other);
        states += part.len() - shared.count();
        before = part;
    }
    states
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_wherever_they_stand_in_long_texts_and_in_short_ones() {
        let words: [&[u8]; 5] = [
            b"a",
            b"select",
            b"%00",
            b"longer than is looked for",
            b"elect",
        ];
        let tellings = (0..)
            .zip(words)
            .map(|(bit, word)| (word.to_vec(), vec![(0, bit), (1, bit + 8)]));
        let automaton = Automaton::new(&tellings.collect(), 2);
        for length in [
            1,
            40,
            LONG - 1,
            LONG,
            LONG + 1,
            LONG + 2,
            LONG + 3,
            1000,
            4099,
        ] {
            for (bit, word) in (0..).zip(words) {
                for start in (0..length).filter(|start| start + word.len() <= length) {
                    if length > LONG + 3 && start > 300 && start % 7 != 0 {
                        continue;
                    }
                    let mut text = vec![b'.'; length];
                    text[start..start + word.len()].copy_from_slice(word);
                    text.make_ascii_uppercase();
                    let is_within = |one: &[u8]| word.windows(one.len()).any(|part| part == one);
                    let expected: Bits = (0..)
                        .zip(words)
                        .filter(|one| is_within(one.1))
                        .map(|one| one.0)
                        .collect();
                    assert_eq!(
                        automaton.scan(&text, 0),
                        expected,
                        "{bit} at {start} of {length}"
                    );
                    let other = expected.iter().map(|bit| bit + 8).collect::<Bits>();
                    assert_eq!(automaton.scan(&text, 1), other);
                }
            }
            assert_eq!(automaton.scan(&vec![b'.'; length], 0), Bits::EMPTY);
        }
    }
}
