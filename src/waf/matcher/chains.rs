//! The chains of transformations of all conditions, as one tree.
//!
//! Chains that begin alike share their beginning. Invariant: a step comes after the one before it,
//! and what follows it comes right after it, so that the tree is walked by going through a list and
//! what nobody asks for is passed over in one go. Non-goal: the transformations themselves.

use super::profile::Profile;
use super::{Bits, BuildError};
use crate::waf::{ByteSet, Transformation};

/// Most steps of all chains.
const MAX_STEPS: usize = 4096;

/// The tree, from its root, which stands for the value as it is.
#[derive(Debug)]
pub(super) struct Chains {
    steps: Vec<Step>,
    /// The conditions all of whose texts are no longer than the value.
    not_growing: Bits,
}

/// A transformation, after those before it in the chain.
#[derive(Debug)]
pub(super) struct Step {
    /// `None` at the root.
    pub(super) transformation: Option<Transformation>,
    /// The step before.
    pub(super) before: usize,
    /// The first step that is not after this one.
    pub(super) end: usize,
    /// The conditions of which a chain ends here.
    pub(super) ending: Bits,
    /// Those of which a chain ends here or in a step after this one.
    pub(super) through: Bits,
    /// Whether the texts from here on have at most three bytes for four of the text before.
    pub(super) shrinks: bool,
    effect: Effect,
}

/// What a step does to the profile of a text.
#[derive(Clone, Copy, Debug)]
struct Effect {
    /// Classes of which a byte must occur for anything to change; `None` if anything may change.
    triggers: Option<Profile>,
    /// Classes that may still be there afterwards if they were before.
    kept: Profile,
    /// Classes that may be there afterwards in any case.
    added: Profile,
}

impl Chains {
    /// Of conditions by number, each with its chains.
    pub(super) fn new<'a>(
        chains: impl IntoIterator<Item = (u16, &'a [Vec<Transformation>])>,
    ) -> Result<Self, BuildError> {
        let mut root = Node::default();
        let mut not_growing = Bits::ALL;
        for (bit, chains) in chains {
            for chain in chains {
                root.insert(chain, bit);
                if chain.iter().any(|step| grows(*step)) {
                    not_growing.remove(bit);
                }
            }
        }
        let mut steps = Vec::new();
        root.flatten(None, 0, &mut steps)?;
        Ok(Self { steps, not_growing })
    }

    /// The steps. The first is the root.
    #[inline]
    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The conditions all of whose texts are no longer than the value.
    #[inline]
    pub(super) fn not_growing(&self) -> &Bits {
        &self.not_growing
    }

    /// Of a value of the profile, the conditions that look at it as it is, and those that may look
    /// at something else: of these only such as `possible`, given the profile of that, leaves, or
    /// that are in `kept`.
    pub(super) fn divide(
        &self,
        profile: Profile,
        kept: &Bits,
        mut possible: impl FnMut(Profile) -> Bits,
    ) -> (Bits, Bits) {
        let (mut same, mut other) = (Bits::EMPTY, Bits::EMPTY);
        let mut seen: Vec<(Profile, Bits)> = Vec::new();
        // After each step: whether anything may have changed, and the classes that may be there.
        let mut after: Vec<(bool, Profile)> = vec![(false, profile)];
        for step in &self.steps {
            let before = after.get(step.before).copied();
            let (mut changed, mut profile) = before.unwrap_or((false, profile));
            if step.may_change(profile) {
                changed = true;
                profile = step.effect.apply(profile);
            }
            if step.transformation.is_some() {
                after.push((changed, profile));
            }
            if step.ending.is_empty() {
                continue;
            }
            if !changed {
                same = same.union(&step.ending);
                continue;
            }
            let known = seen.iter().find(|known| known.0 == profile);
            let possible = known.map(|known| known.1).unwrap_or_else(|| {
                let possible = possible(profile);
                seen.push((profile, possible));
                possible
            });
            other = other.union(&step.ending.intersection(&possible.union(kept)));
        }
        (same, other)
    }
}

impl Step {
    /// Whether the step may change a text of the profile, or of a part of it.
    #[inline]
    pub(super) fn may_change(&self, profile: Profile) -> bool {
        self.effect
            .triggers
            .is_none_or(|triggers| triggers.meets(profile))
    }
}

impl Effect {
    /// The root does nothing.
    const NONE: Self = Self {
        triggers: Some(Profile::EMPTY),
        kept: Profile::EMPTY,
        added: Profile::EMPTY,
    };

    fn of(transformation: Transformation) -> Self {
        let triggers = transformation.triggers();
        // What comes of a text with a trigger and more.
        let after = |more: ByteSet| {
            let input = triggers.unwrap_or(ByteSet::EMPTY).union(more);
            Profile::of_set(transformation.bytes_after(input))
        };
        let added = after(ByteSet::EMPTY);
        let kept = (0..=u8::MAX)
            .map(|byte| Profile::of(&[byte]))
            .filter(|class| after(class.bytes()).meets(*class))
            .fold(Profile::EMPTY, Profile::union);
        Self {
            triggers: triggers.map(Profile::of_set),
            kept,
            added,
        }
    }

    fn apply(self, profile: Profile) -> Profile {
        profile.intersection(self.kept).union(self.added)
    }
}

/// A step while the tree grows.
#[derive(Default)]
struct Node {
    ending: Bits,
    next: Vec<(Transformation, Node)>,
}

impl Node {
    fn insert(&mut self, chain: &[Transformation], bit: u16) {
        let Some((first, rest)) = chain.split_first() else {
            self.ending.insert(bit);
            return;
        };
        let place = self.next.iter().position(|next| next.0 == *first);
        let place = place.unwrap_or_else(|| {
            self.next.push((*first, Self::default()));
            self.next.len() - 1
        });
        if let Some((_, next)) = self.next.get_mut(place) {
            next.insert(rest, bit);
        }
    }

    /// Appends the step and what follows it; returns the conditions of it all.
    fn flatten(
        self,
        transformation: Option<Transformation>,
        before: usize,
        steps: &mut Vec<Step>,
    ) -> Result<Bits, BuildError> {
        let place = steps.len();
        if place == MAX_STEPS {
            return Err(BuildError::TooManyChains(MAX_STEPS));
        }
        steps.push(Step {
            transformation,
            before,
            end: place,
            ending: self.ending,
            through: self.ending,
            shrinks: false,
            effect: transformation.map_or(Effect::NONE, Effect::of),
        });
        let mut through = self.ending;
        for (transformation, next) in self.next {
            through = through.union(&next.flatten(Some(transformation), place, steps)?);
        }
        let end = steps.len();
        let later = steps.iter().skip(place + 1);
        let grow = later.filter_map(|step| step.transformation).any(grows);
        if let Some(step) = steps.get_mut(place) {
            step.end = end;
            step.through = through;
            step.shrinks = transformation.is_some_and(decodes_base64) && !grow;
        }
        Ok(through)
    }
}

/// Whether four bytes of input make three of output, at most.
fn decodes_base64(transformation: Transformation) -> bool {
    use Transformation::{Base64Decode, Base64DecodeExt};
    matches!(transformation, Base64Decode | Base64DecodeExt)
}

/// Whether a transformation can make a text longer.
fn grows(transformation: Transformation) -> bool {
    // Only lengths that are told apart matter, and none is longer than a value that long.
    (0..=128).any(|len| transformation.max_len(len) > len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_after_a_transformation_cover_what_is_said_of_its_bytes() {
        for transformation in Transformation::all() {
            let effect = Effect::of(transformation);
            for first in 0..=u8::MAX {
                for second in [b' ', b'a', b'Z', b'%', b'\\', first] {
                    let input = ByteSet::of(&[first, second]);
                    let before = Profile::of_set(input);
                    let after = Profile::of_set(transformation.bytes_after(input));
                    let may_change = effect.triggers.is_none_or(|set| set.meets(before));
                    if may_change {
                        assert!(
                            after.is_within(effect.apply(before)),
                            "{} of {input:?}",
                            transformation.name()
                        );
                    } else {
                        assert_eq!(after, before, "{}", transformation.name());
                    }
                }
            }
        }
    }
}
