//! The courses that were taken lately.
//!
//! Finding one out takes thousands of instructions, and few profiles make up most traffic.
//! Non-goal: keeping those that are taken most; which one gives way to a new one is left to chance.

use super::course::Course;
use super::profile::Profile;
use super::questions::Questions;

/// Courses, of some 300 bytes each and 150 more a leg.
const SIZE: usize = 2048;

/// Places that a course may be in, one after the other.
const PROBES: usize = 4;

/// The courses that were taken lately.
#[derive(Default)]
pub(super) struct Courses {
    /// [`SIZE`] of them, once there is one.
    places: Vec<Place>,
    /// Counts those that gave way.
    replaced: usize,
}

#[derive(Default)]
struct Place {
    /// Profile and question; 0 where there is nothing.
    key: u64,
    course: Course,
}

impl Courses {
    /// The course for a profile and the number of a question; `make` is called where it is not known.
    #[inline]
    pub(super) fn of(
        &mut self,
        profile: Profile,
        question: u16,
        make: impl FnOnce() -> Course,
    ) -> &Course {
        let key = key(profile, question);
        let place = self.find(key).unwrap_or_else(|| self.add(key, make()));
        let place = self.places.get(place);
        &place.expect("only places in the table are found").course
    }

    #[inline]
    fn find(&self, key: u64) -> Option<usize> {
        let is_it = |place: &usize| self.places.get(*place).is_some_and(|it| it.key == key);
        places(key).find(is_it)
    }

    #[cold]
    #[inline(never)]
    fn add(&mut self, key: u64, course: Course) -> usize {
        self.places.resize_with(SIZE, Place::default);
        let is_free = |place: &usize| self.places.get(*place).is_some_and(|it| it.key == 0);
        let place = places(key).find(is_free).unwrap_or_else(|| {
            self.replaced += 1;
            places(key).nth(self.replaced % PROBES).unwrap_or_default()
        });
        if let Some(it) = self.places.get_mut(place) {
            *it = Place { key, course };
        }
        place
    }
}

/// Neither is 0: the number of a question is not.
#[inline]
fn key(profile: Profile, question: u16) -> u64 {
    const {
        assert!(Profile::CLASSES + (Questions::LIMIT.ilog2() as usize) < 64);
    }
    profile.word() | u64::from(question) << Profile::CLASSES
}

#[inline]
fn places(key: u64) -> impl Iterator<Item = usize> {
    // Fibonacci hashing: the upper bits depend on all below.
    let hash = (key ^ key >> 32).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let first = (hash >> (u64::BITS - SIZE.ilog2())) as usize;
    (first..first + PROBES).map(|place| place % SIZE)
}
