//! What is to be done with values of one profile that are asked the same.
//!
//! Most of what follows from a profile is a matter of the rules alone: which conditions can hold,
//! which transformations change anything, which of these come to the same. It is found out once.
//! Invariant: a course does for each of its values what taking every step would, and less. Non-goal:
//! anything that depends on more of a value than its profile.

use super::Bits;
use super::chains::{Chains, Effect};
use super::profile::Profile;
use super::shapes::Shapes;
use crate::waf::Transformation;

/// What is to be done with a value.
#[derive(Default)]
pub(super) struct Course {
    /// The shape of the value.
    pub(super) shape: u8,
    /// Values of fewer bytes need nothing but `certain`.
    pub(super) least: usize,
    /// Values of fewer bytes need none of the legs.
    pub(super) least_for_legs: usize,
    /// The conditions that hold: negated ones whose test cannot.
    pub(super) certain: Bits,
    /// The conditions whose test may hold for the value as it is.
    pub(super) asked: Bits,
    /// The transformations to run, each after the one before it.
    pub(super) legs: Box<[Leg]>,
}

/// A transformation to run.
pub(super) struct Leg {
    pub(super) transformation: Transformation,
    pub(super) effect: Effect,
    /// The leg before; `None` at the value itself.
    pub(super) before: Option<usize>,
    /// Classes that may be in the text that comes of it.
    pub(super) profile: Profile,
    /// The shape of texts of that profile.
    pub(super) shape: u8,
    /// The conditions whose test may hold for the text.
    pub(super) asked: Bits,
    /// Those that are asked of it or after it.
    pub(super) through: Bits,
    /// Classes that legs after it may add to a text without any of `breeding`.
    added: Profile,
    /// Classes that make legs after it add any others.
    breeding: Profile,
    /// Nothing can hold, here or after, where the text before has fewer bytes.
    pub(super) least_before: usize,
    /// The same, for the text that comes of it.
    pub(super) least: usize,
}

impl Course {
    /// Of values of a profile that are asked the conditions `wanted`.
    pub(super) fn new(
        profile: Profile,
        wanted: &Bits,
        chains: &Chains,
        shapes: &Shapes,
        negated: &Bits,
    ) -> Self {
        let mut course = Self {
            shape: shapes.of(profile),
            ..Self::default()
        };
        let mut legs: Vec<Leg> = Vec::new();
        // After each step: the leg that it came to.
        let mut after: Vec<Option<usize>> = vec![None; chains.steps().len()];
        let mut place = 0;
        while let Some(step) = chains.steps().get(place) {
            if !wanted.intersects(&step.through) {
                place = step.end;
                continue;
            }
            let before = after.get(step.before).copied().flatten();
            let (leg, profile) = match step.transformation {
                Some(transformation) => {
                    let before_it = before.and_then(|leg| legs.get(leg));
                    let profile = before_it.map_or(profile, |leg| leg.profile);
                    if step.effect.may_change(profile) {
                        let profile = step.effect.apply(profile);
                        let leg = leg(&mut legs, before, transformation, step.effect, profile);
                        (Some(leg), profile)
                    } else {
                        (before, profile)
                    }
                }
                None => (None, profile),
            };
            if let Some(after) = after.get_mut(place) {
                *after = leg;
            }
            let ending = wanted.intersection(&step.ending);
            let possible = shapes.possible(profile, &ending);
            course.certain = course
                .certain
                .union(&ending.intersection(negated).difference(&possible));
            let asked = match leg.and_then(|leg| legs.get_mut(leg)) {
                Some(leg) => &mut leg.asked,
                None => &mut course.asked,
            };
            *asked = asked.union(&possible);
            place += 1;
        }
        course.end(legs, shapes, negated);
        course
    }

    /// Leaves out the legs that lead to no condition, and finds the lengths.
    fn end(&mut self, mut legs: Vec<Leg>, shapes: &Shapes, negated: &Bits) {
        let least = |shape: u8, asked: &Bits| {
            let lengths = asked.iter().map(|bit| match negated.contains(bit) {
                true => 0,
                false => shapes.least(shape, bit),
            });
            lengths.min().unwrap_or(usize::MAX)
        };
        let mut least_for_legs = usize::MAX;
        // What leads to a leg stands before it.
        for place in (0..legs.len()).rev() {
            let Some(leg) = legs.get_mut(place) else {
                continue;
            };
            leg.through = leg.through.union(&leg.asked);
            if leg.through.intersects(negated) {
                // What cannot hold is an answer too.
                leg.breeding = Profile::ALL;
            }
            leg.shape = shapes.of(leg.profile);
            leg.least = leg.least.min(least(leg.shape, &leg.asked));
            leg.least_before = match leg.least {
                usize::MAX => usize::MAX,
                least => leg.effect.least_before(least),
            };
            let Leg {
                before,
                least_before,
                through,
                ..
            } = *leg;
            let (added, breeding) = leg.spread();
            match before.map(|before| legs.get_mut(before)) {
                None => least_for_legs = least_for_legs.min(least_before),
                Some(Some(before)) => {
                    before.least = before.least.min(least_before);
                    before.through = before.through.union(&through);
                    before.added = before.added.union(added);
                    before.breeding = before.breeding.union(breeding);
                }
                Some(None) => {}
            }
        }
        let mut kept: Vec<Leg> = Vec::with_capacity(legs.len());
        let mut places = Vec::with_capacity(legs.len());
        for mut leg in legs {
            let is_needed = leg.least != usize::MAX;
            places.push(kept.len());
            if is_needed {
                leg.before = leg.before.and_then(|before| places.get(before).copied());
                kept.push(leg);
            }
        }
        self.legs = kept.into_boxed_slice();
        self.least_for_legs = least_for_legs;
        self.least = least_for_legs.min(least(self.shape, &self.asked));
    }
}

impl Leg {
    /// The conditions, of the leg and those after it, that may hold once what comes of it has this
    /// profile.
    pub(super) fn possible(&self, profile: Profile, shapes: &Shapes) -> Bits {
        let profile = profile.union(self.added);
        // Where any class breeds, a text without one, which is empty, is looked at as well.
        match self.breeding == Profile::ALL || profile.meets(self.breeding) {
            true => self.through,
            false => shapes.possible(profile, &self.through),
        }
    }

    /// What the leg and those after it add to texts: few classes whatever these are, and any where some
    /// are there.
    fn spread(&self) -> (Profile, Profile) {
        let own = self.effect.added();
        match self.effect.triggers() {
            _ if own.is_within(Profile::FEW) => (self.added.union(own), self.breeding),
            Some(triggers) => (self.added, self.breeding.union(triggers)),
            None => (self.added, Profile::ALL),
        }
    }
}

/// The leg that runs a transformation after another.
fn leg(
    legs: &mut Vec<Leg>,
    before: Option<usize>,
    transformation: Transformation,
    effect: Effect,
    profile: Profile,
) -> usize {
    let known = legs
        .iter()
        .position(|leg| leg.before == before && leg.transformation == transformation);
    known.unwrap_or_else(|| {
        legs.push(Leg {
            transformation,
            effect,
            before,
            profile,
            shape: 0,
            asked: Bits::EMPTY,
            through: Bits::EMPTY,
            added: Profile::EMPTY,
            breeding: Profile::EMPTY,
            least_before: 0,
            least: usize::MAX,
        });
        legs.len() - 1
    })
}
