//! What a matcher keeps from one value to the next.
//!
//! Invariant: it belongs to one matcher at a time and is emptied when used with another, since what
//! one has learnt says nothing to the other. Non-goal: sharing between workers; each has its own.

use std::fmt;
use std::sync::Arc;

use regex_automata::meta;

use super::chains::Chains;
use super::profile::Profile;
use super::shapes::Shapes;
use super::texts::Texts;
use super::{Bits, Test};

/// Memory of one worker for [`Matcher::run`](super::Matcher::run). It is bounded: the caches of
/// regular expressions by their configuration, all else by the matcher's size.
#[derive(Default)]
pub struct Scratch {
    /// Of the matcher it was used with.
    owner: Option<Arc<()>>,
    pub(super) known: Known,
    pub(super) texts: Texts,
    pub(super) caches: Caches,
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch").finish_non_exhaustive()
    }
}

impl Scratch {
    /// Makes it one of `owner`.
    #[inline]
    pub(super) fn belong_to(&mut self, owner: &Arc<()>) {
        let same = self
            .owner
            .as_ref()
            .is_some_and(|mine| Arc::ptr_eq(mine, owner));
        if !same {
            *self = Self {
                owner: Some(Arc::clone(owner)),
                ..Self::default()
            };
        }
    }
}

/// The caches of regular expressions, by the condition's number.
#[derive(Default)]
pub(super) struct Caches(Vec<Option<meta::Cache>>);

impl Caches {
    /// Whether a condition's test holds for a text.
    pub(super) fn holds(&mut self, bit: u16, test: &Test, text: &[u8]) -> bool {
        let regex = match test {
            Test::Other { holds, .. } => return holds(text),
            Test::Regex { regex, .. } => regex,
        };
        let place = usize::from(bit);
        if self.0.len() <= place {
            self.0.resize_with(place + 1, || None);
        }
        let Some(slot) = self.0.get_mut(place) else {
            return regex.is_match(text);
        };
        let cache = slot.get_or_insert_with(|| regex.create_cache());
        let input = regex_automata::Input::new(text).earliest(true);
        regex.search_half_with(cache, &input).is_some()
    }
}

/// What follows from profiles that were seen lately.
#[derive(Default)]
pub(super) struct Known(Vec<Entry>);

/// What follows from a profile.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    /// The profile's word, marked so that none is that of an unused entry.
    key: u64,
    divided: bool,
    /// The shape of texts of the profile.
    pub(super) shape: u8,
    /// The conditions whose test may hold for them.
    pub(super) possible: Bits,
    /// The conditions that look at a value of the profile as it is.
    pub(super) same: Bits,
    /// The conditions that may look at something else, and may hold.
    pub(super) other: Bits,
}

impl Known {
    /// As a power of two.
    const SIZE: u32 = 10;

    const UNUSED: Entry = Entry {
        key: 0,
        divided: false,
        shape: 0,
        possible: Bits::EMPTY,
        same: Bits::EMPTY,
        other: Bits::EMPTY,
    };

    /// What follows for a text.
    #[inline]
    pub(super) fn of_text(&mut self, profile: Profile, shapes: &Shapes) -> Entry {
        let (key, place) = Self::place(profile);
        match self.0.get(place) {
            Some(entry) if entry.key == key => *entry,
            _ => self.learn(profile, shapes),
        }
    }

    /// What follows for a value.
    #[inline]
    pub(super) fn of_value(
        &mut self,
        profile: Profile,
        shapes: &Shapes,
        chains: &Chains,
        negated: &Bits,
    ) -> Entry {
        let (key, place) = Self::place(profile);
        match self.0.get(place) {
            Some(entry) if entry.key == key && entry.divided => *entry,
            _ => self.divide(profile, shapes, chains, negated),
        }
    }

    fn place(profile: Profile) -> (u64, usize) {
        const MARK: u64 = 1 << 63;
        // Fibonacci hashing: the upper bits depend on all below.
        let hash = profile.word().wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (
            profile.word() | MARK,
            (hash >> (u64::BITS - Self::SIZE)) as usize,
        )
    }

    #[cold]
    #[inline(never)]
    fn learn(&mut self, profile: Profile, shapes: &Shapes) -> Entry {
        let (key, place) = Self::place(profile);
        let entry = Entry {
            key,
            shape: shapes.of(profile),
            possible: shapes.possible(profile),
            ..Self::UNUSED
        };
        self.0.resize(1 << Self::SIZE, Self::UNUSED);
        if let Some(slot) = self.0.get_mut(place) {
            *slot = entry;
        }
        entry
    }

    #[cold]
    #[inline(never)]
    fn divide(
        &mut self,
        profile: Profile,
        shapes: &Shapes,
        chains: &Chains,
        negated: &Bits,
    ) -> Entry {
        let entry = self.learn(profile, shapes);
        let possible = |profile| shapes.possible(profile);
        let (same, other) = chains.divide(profile, negated, possible);
        let entry = Entry {
            divided: true,
            same,
            other,
            ..entry
        };
        let (_, place) = Self::place(profile);
        if let Some(slot) = self.0.get_mut(place) {
            *slot = entry;
        }
        entry
    }
}
