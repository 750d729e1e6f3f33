//! What the transformations make of one value.
//!
//! Invariant: each text is there once, whatever the number of legs that come to it, so that it is
//! looked at once; a text in lower case is written only when it is read, for the words of the text
//! it comes from are its own. Non-goal: deciding which transformations are worth running.

use std::mem;

use super::Bits;
use super::course::Leg;
use super::profile::Profile;
use super::shapes::Shapes;
use crate::waf::Transformation;

/// Bytes of a buffer that is kept for the next value.
const MAX_KEPT: usize = 64 << 10;

/// The place of the value itself.
pub(super) const VALUE: usize = 0;

/// The place of a text that was not worth making.
const NOWHERE: usize = usize::MAX;

/// The texts of a value, by place, and the place of each leg's. Memory for them is used again.
#[derive(Default)]
pub(super) struct Texts {
    texts: Vec<Text>,
    used: usize,
    /// Where a transformation writes.
    spare: Vec<u8>,
    /// Bytes of all texts but the value.
    held: usize,
    /// The place of the text after each leg so far.
    after: Vec<usize>,
    /// What was run on which text, and the place of what came of it.
    run: Vec<(usize, Transformation, usize)>,
}

/// A text.
#[derive(Default)]
pub(super) struct Text {
    /// Nothing of the value, which is not copied, and of a text that is not written.
    bytes: Vec<u8>,
    written: bool,
    pub(super) len: usize,
    pub(super) profile: Profile,
    pub(super) shape: u8,
    /// Conditions about which it is known what its profile leaves possible, and that.
    scope: Option<(Bits, Bits)>,
    /// Whether something was run on it.
    was_run_on: bool,
    /// The conditions that are to be asked of it: their test may hold, as far as is known.
    pub(super) asked: Bits,
    /// The conditions that words in it tell of, if it was looked through.
    told: Bits,
    looked_through: bool,
    /// The text of which this is the lower case, unless it is its own.
    lower_of: Option<usize>,
    /// The text that is this in lower case.
    lower: Option<usize>,
}

impl Texts {
    /// Begins with a value.
    pub(super) fn start(&mut self, value: &[u8], profile: Profile, shape: u8, asked: Bits) {
        self.used = 0;
        self.held = 0;
        self.after.clear();
        self.run.clear();
        let place = self.add(value.len(), profile, shape);
        if let Some(text) = self.texts.get_mut(place) {
            text.asked = asked;
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.used
    }

    pub(super) fn text_mut(&mut self, place: usize) -> Option<&mut Text> {
        self.texts.get_mut(place)
    }

    pub(super) fn get(&self, place: usize) -> Option<&Text> {
        self.texts.get(place)
    }

    /// Bytes of all texts but the value.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// The place of the text before a leg, if it was worth making.
    #[inline]
    pub(super) fn before(&self, leg: &Leg) -> Option<usize> {
        let Some(before) = leg.before else {
            return Some(VALUE);
        };
        let place = self.after.get(before).copied();
        place.filter(|place| *place != NOWHERE)
    }

    /// Notes the place of the text after the next leg.
    #[inline]
    pub(super) fn set_after(&mut self, place: Option<usize>) {
        self.after.push(place.unwrap_or(NOWHERE));
    }

    /// The conditions that words in a text tell of, for which `scan` looks once.
    pub(super) fn told(
        &mut self,
        place: usize,
        value: &[u8],
        scan: impl FnOnce(&[u8]) -> Bits,
    ) -> Bits {
        let place = self.cased(place);
        match self.texts.get(place) {
            Some(text) if text.looked_through => return text.told,
            _ => {}
        }
        let told = scan(self.read(place, value));
        if let Some(text) = self.texts.get_mut(place) {
            text.told = told;
            text.looked_through = true;
        }
        told
    }

    /// A text's bytes, given the value.
    pub(super) fn read<'a>(&'a mut self, place: usize, value: &'a [u8]) -> &'a [u8] {
        self.write(place, value);
        self.written(place, value)
    }

    /// The place of what a leg makes of a text; `None` where that is too short to matter.
    pub(super) fn take(
        &mut self,
        leg: &Leg,
        before: usize,
        value: &[u8],
        shapes: &Shapes,
    ) -> Option<usize> {
        if leg.transformation == Transformation::Lowercase {
            return Some(self.lower(before, shapes));
        }
        let text = self.texts.get_mut(before)?;
        if std::mem::replace(&mut text.was_run_on, true) {
            let known = |run: &&(usize, _, _)| (run.0, run.1) == (before, leg.transformation);
            if let Some((_, _, after)) = self.run.iter().find(known) {
                return Some(*after);
            }
        }
        let after = self.transform(leg, before, value, shapes)?;
        self.run.push((before, leg.transformation, after));
        Some(after)
    }

    fn transform(
        &mut self,
        leg: &Leg,
        before: usize,
        value: &[u8],
        shapes: &Shapes,
    ) -> Option<usize> {
        self.write(before, value);
        let mut output = mem::take(&mut self.spare);
        let changed = leg
            .transformation
            .apply(self.written(before, value), &mut output);
        self.spare = output;
        if !changed {
            return Some(before);
        }
        if self.spare.len() < leg.least {
            return None;
        }
        if let Some(place) = self.find(value) {
            return Some(place);
        }
        let before = self.texts.get(before)?.profile;
        let expected = leg.effect.apply(before);
        let mut scope = None;
        let profile = match expected.is_within(before.union(before.lowered())) {
            true => expected,
            // There may be classes that were not there before: worth another look.
            false => {
                let profile = Profile::of(&self.spare);
                let possible = leg.possible(profile, shapes);
                if possible.is_empty() {
                    return None;
                }
                scope = Some((leg.through, possible));
                profile
            }
        };
        let shape = match profile == leg.profile {
            true => leg.shape,
            false => shapes.of(profile),
        };
        let place = self.add(self.spare.len(), profile, shape);
        self.held += self.spare.len();
        if let Some(text) = self.texts.get_mut(place) {
            mem::swap(&mut text.bytes, &mut self.spare);
            text.scope = scope;
        }
        Some(place)
    }

    /// The places of the texts that legs after so many start from.
    pub(super) fn needed_after(&self, legs: &[Leg]) -> Vec<usize> {
        let later = legs.iter().skip(self.after.len());
        later
            .filter_map(|leg| self.after.get(leg.before?).copied())
            .collect()
    }

    /// The conditions of `leg`, which came to a text, that its profile leaves possible.
    pub(super) fn possible(text: &Text, leg: &Leg, shapes: &Shapes) -> Bits {
        if text.profile == leg.profile {
            return leg.asked;
        }
        match &text.scope {
            Some((known, possible)) if leg.asked.difference(known).is_empty() => {
                leg.asked.intersection(possible)
            }
            _ => shapes.possible(text.profile, &leg.asked),
        }
    }

    /// Lets go of the texts that are not in `kept`, nor needed to write those.
    pub(super) fn forget(&mut self, kept: &[usize]) {
        let kept: Vec<usize> = kept
            .iter()
            .flat_map(|place| [*place, self.cased(*place)])
            .collect();
        self.run.clear();
        for (place, text) in self.texts.iter_mut().enumerate().take(self.used) {
            if text.lower.is_some_and(|lower| !kept.contains(&lower)) {
                text.lower = None;
            }
            if place != VALUE && !kept.contains(&place) {
                self.held -= text.bytes.len();
                text.bytes = Vec::new();
                text.written = false;
            }
        }
    }

    /// Lets go of buffers that are too large to be kept.
    pub(super) fn finish(&mut self) {
        if self.held > MAX_KEPT || self.spare.capacity() > MAX_KEPT {
            let buffers = self.texts.iter_mut().map(|text| &mut text.bytes);
            for buffer in buffers.chain([&mut self.spare]) {
                if buffer.capacity() > MAX_KEPT {
                    *buffer = Vec::new();
                }
            }
        }
    }

    /// The text of which this is the lower case, or the text itself: both have the same words.
    fn cased(&self, place: usize) -> usize {
        let text = self.texts.get(place);
        text.and_then(|text| text.lower_of).unwrap_or(place)
    }

    fn lower(&mut self, place: usize, shapes: &Shapes) -> usize {
        let Some(text) = self.texts.get(place) else {
            return place;
        };
        let (len, profile) = (text.len, text.profile.lowered());
        if profile == text.profile {
            return place;
        }
        if let Some(lower) = text.lower {
            return lower;
        }
        let lower = self.add(len, profile, shapes.of(profile));
        if let Some(text) = self.texts.get_mut(lower) {
            text.written = false;
            text.lower_of = Some(place);
        }
        if let Some(text) = self.texts.get_mut(place) {
            text.lower = Some(lower);
        }
        lower
    }

    /// Writes a text that is not.
    fn write(&mut self, place: usize, value: &[u8]) {
        let from = match self.texts.get(place) {
            Some(Text {
                written: false,
                lower_of: Some(from),
                ..
            }) => *from,
            _ => return,
        };
        let Some(text) = self.texts.get_mut(place) else {
            return;
        };
        let mut bytes = mem::take(&mut text.bytes);
        bytes.clear();
        bytes.extend_from_slice(self.written(from, value));
        bytes.make_ascii_lowercase();
        self.held += bytes.len();
        if let Some(text) = self.texts.get_mut(place) {
            text.bytes = bytes;
            text.written = true;
        }
    }

    fn written<'a>(&'a self, place: usize, value: &'a [u8]) -> &'a [u8] {
        match self.texts.get(place) {
            Some(text) if place != VALUE => &text.bytes,
            _ => value,
        }
    }

    /// The place of a text that is what the spare buffer has.
    fn find(&self, value: &[u8]) -> Option<usize> {
        let texts = self.texts.iter().enumerate().take(self.used);
        texts
            .filter(|(_, text)| text.written && text.len == self.spare.len())
            .map(|(place, _)| place)
            .find(|place| self.written(*place, value) == self.spare)
    }

    /// A place for a text of so many bytes, which is taken to be written.
    fn add(&mut self, len: usize, profile: Profile, shape: u8) -> usize {
        let place = self.used;
        self.used += 1;
        if self.texts.len() == place {
            self.texts.push(Text::default());
        }
        if let Some(text) = self.texts.get_mut(place) {
            let bytes = mem::take(&mut text.bytes);
            *text = Text {
                bytes,
                written: true,
                len,
                profile,
                shape,
                ..Text::default()
            };
        }
        place
    }
}
