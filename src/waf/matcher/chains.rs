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
    pub(super) effect: Effect,
}

/// What a step does to the profile and the length of a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effect {
    /// Classes of which a byte must occur for anything to change; `None` if anything may change.
    triggers: Option<Profile>,
    /// Classes that may still be there afterwards if they were before.
    kept: Profile,
    /// Classes that may be there afterwards in any case.
    added: Profile,
    length: Length,
}

/// How long a text may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    /// No longer than before.
    Kept,
    /// Three bytes for four.
    ThreeOfFour,
    /// Longer.
    Grows,
}

impl Chains {
    /// Of conditions by number, each with its chains.
    pub(super) fn new<'a>(
        chains: impl IntoIterator<Item = (u16, &'a [Vec<Transformation>])>,
    ) -> Result<Self, BuildError> {
        let mut root = Node::default();
        for (bit, chains) in chains {
            for chain in chains {
                root.insert(&lowercase_last(chain), bit);
            }
        }
        let mut steps = Vec::new();
        root.flatten(None, 0, &mut steps)?;
        Ok(Self { steps })
    }

    /// The steps. The first is the root.
    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }
}

impl Effect {
    /// The root does nothing.
    const NONE: Self = Self {
        triggers: Some(Profile::EMPTY),
        kept: Profile::EMPTY,
        added: Profile::EMPTY,
        length: Length::Kept,
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
            length: Length::of(transformation),
        }
    }

    /// Whether the step may change a text of the profile, or of a part of it.
    #[inline]
    pub(super) fn may_change(&self, profile: Profile) -> bool {
        self.triggers.is_none_or(|triggers| triggers.meets(profile))
    }

    /// Classes of which a byte must occur for anything to change; `None` if anything may change.
    pub(super) fn triggers(&self) -> Option<Profile> {
        self.triggers
    }

    /// Classes that may be there afterwards in any case.
    pub(super) fn added(&self) -> Profile {
        self.added
    }

    /// The classes that may be there once a text of the profile was changed.
    #[inline]
    pub(super) fn apply(&self, profile: Profile) -> Profile {
        profile.intersection(self.kept).union(self.added)
    }

    /// The least length of a text of which so many bytes may come.
    pub(super) fn least_before(&self, after: usize) -> usize {
        match self.length {
            Length::Kept => after,
            Length::ThreeOfFour => after.saturating_mul(4).div_ceil(3),
            Length::Grows => 0,
        }
    }
}

impl Length {
    fn of(transformation: Transformation) -> Self {
        use Transformation::{Base64Decode, Base64DecodeExt};
        if matches!(transformation, Base64Decode | Base64DecodeExt) {
            return Self::ThreeOfFour;
        }
        // Only lengths that are told apart matter, and none is longer than a value that long.
        match (0..=128).all(|len| transformation.max_len(len) <= len) {
            true => Self::Kept,
            false => Self::Grows,
        }
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
            effect: transformation.map_or(Effect::NONE, Effect::of),
        });
        let mut through = self.ending;
        for (transformation, next) in self.next {
            through = through.union(&next.flatten(Some(transformation), place, steps)?);
        }
        let end = steps.len();
        if let Some(step) = steps.get_mut(place) {
            step.end = end;
            step.through = through;
        }
        Ok(through)
    }
}

/// The chain with `lowercase` as late as may be, where it costs nothing: words are looked for in any
/// case, and a text in lower case need not be written for that.
fn lowercase_last(chain: &[Transformation]) -> Vec<Transformation> {
    let mut chain = chain.to_vec();
    for place in (1..chain.len()).rev() {
        for place in place..chain.len() {
            if let Some([first, second]) = chain.get_mut(place - 1..=place)
                && *first == Transformation::Lowercase
                && second.ignores_case()
            {
                std::mem::swap(first, second);
            }
        }
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lowercase_goes_past_what_does_not_see_it() {
        use Transformation::*;
        let table: [(&[Transformation], &[Transformation]); 5] = [
            (&[], &[]),
            (&[Lowercase], &[Lowercase]),
            (
                &[Lowercase, RemoveWhitespace],
                &[RemoveWhitespace, Lowercase],
            ),
            (
                &[
                    Lowercase,
                    UrlDecode,
                    Lowercase,
                    Trim,
                    RemoveNulls,
                    HexEncode,
                ],
                &[
                    Lowercase,
                    UrlDecode,
                    Trim,
                    RemoveNulls,
                    Lowercase,
                    HexEncode,
                ],
            ),
            (&[Lowercase, Lowercase, Trim], &[Trim, Lowercase, Lowercase]),
        ];
        for (chain, expected) in table {
            assert_eq!(lowercase_last(chain), expected);
        }
    }

    #[test]
    fn texts_that_are_too_short_stay_so() {
        for transformation in Transformation::all() {
            let length = Effect::of(transformation);
            for after in 0..80 {
                let before = length.least_before(after);
                let text = vec![b'A'; before.saturating_sub(1)];
                let mut output = Vec::new();
                transformation.apply(&text, &mut output);
                assert!(
                    before == 0 || output.len() < after,
                    "{}",
                    transformation.name()
                );
            }
        }
    }

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
