//! What follows from the profiles that were seen lately.
//!
//! Finding out takes thousands of instructions, and few profiles make up most traffic. Invariant:
//! what is kept holds whatever conditions are wanted. Non-goal: keeping the profiles that are seen
//! most; which one gives way to a new one is left to chance.

use super::Bits;
use super::chains::Chains;
use super::profile::Profile;
use super::shapes::Shapes;

/// Entries, of some 200 bytes each.
const SIZE: usize = 1024;

/// Entries that a profile may be in, one after the other.
const PROBES: usize = 4;

/// What follows from profiles.
#[derive(Default)]
pub(super) struct Known {
    /// [`SIZE`] of them, once there is one.
    entries: Vec<Entry>,
    /// Counts those that gave way.
    replaced: usize,
}

/// What follows from a profile.
#[derive(Clone, Default)]
pub(super) struct Entry {
    /// The profile's word, marked so that it is not that of an unused entry.
    key: u64,
    /// Whether `same` and `other` are known.
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
    /// What follows for a text.
    #[inline]
    pub(super) fn of_text(&mut self, profile: Profile, shapes: &Shapes) -> &Entry {
        let place = self.find(profile);
        let place = place.unwrap_or_else(|| self.learn(profile, shapes));
        self.entries
            .get(place)
            .expect("only places in the table are found")
    }

    /// What follows for a value. Of the conditions in `negated` none is ruled out.
    #[inline]
    pub(super) fn of_value(
        &mut self,
        profile: Profile,
        shapes: &Shapes,
        chains: &Chains,
        negated: &Bits,
    ) -> &Entry {
        let divided = |place: &usize| self.entries.get(*place).is_some_and(|entry| entry.divided);
        let place = self.find(profile).filter(divided);
        let place = place.unwrap_or_else(|| self.divide(profile, shapes, chains, negated));
        self.entries
            .get(place)
            .expect("only places in the table are found")
    }

    #[inline]
    fn find(&self, profile: Profile) -> Option<usize> {
        let key = key(profile);
        places(profile).find(|place| {
            self.entries
                .get(*place)
                .is_some_and(|entry| entry.key == key)
        })
    }

    #[cold]
    #[inline(never)]
    fn learn(&mut self, profile: Profile, shapes: &Shapes) -> usize {
        self.entries.resize(SIZE, Entry::default());
        let is_free = |place: &usize| self.entries.get(*place).is_some_and(|entry| entry.key == 0);
        let place = places(profile).find(is_free).unwrap_or_else(|| {
            self.replaced += 1;
            places(profile)
                .nth(self.replaced % PROBES)
                .unwrap_or_default()
        });
        if let Some(entry) = self.entries.get_mut(place) {
            *entry = Entry {
                key: key(profile),
                shape: shapes.of(profile),
                possible: shapes.possible(profile),
                ..Entry::default()
            };
        }
        place
    }

    #[cold]
    #[inline(never)]
    fn divide(
        &mut self,
        profile: Profile,
        shapes: &Shapes,
        chains: &Chains,
        negated: &Bits,
    ) -> usize {
        let place = self.find(profile);
        let place = place.unwrap_or_else(|| self.learn(profile, shapes));
        let (same, other) = chains.divide(profile, negated, |profile| shapes.possible(profile));
        if let Some(entry) = self.entries.get_mut(place) {
            entry.divided = true;
            entry.same = same;
            entry.other = other;
        }
        place
    }
}

fn key(profile: Profile) -> u64 {
    const MARK: u64 = 1 << 63;
    profile.word() | MARK
}

fn places(profile: Profile) -> impl Iterator<Item = usize> {
    // Fibonacci hashing: the upper bits depend on all below.
    let hash = profile.word().wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let first = (hash >> (u64::BITS - SIZE.ilog2())) as usize;
    (first..first + PROBES).map(|place| place % SIZE)
}
