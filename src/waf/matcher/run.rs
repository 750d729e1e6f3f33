//! The matcher itself.

use std::sync::Arc;

use super::Bits;
use super::atom::{AtomSpec, BuildError, Test};
use super::chains::{Chains, Step};
use super::known::Entry;
use super::profile::Profile;
use super::required;
use super::scratch::Scratch;
use super::shapes::Shapes;
use super::texts::{Texts, VALUE};
use crate::waf::operators::Caches;

/// Most transformations of a chain.
const MAX_CHAIN: usize = 64;

/// Bytes of texts that may be held at once, besides those still needed.
const MAX_HELD: usize = 1 << 20;

/// Answers for a value which of many conditions hold.
#[derive(Debug)]
pub struct Matcher {
    /// By number.
    tests: Vec<Option<Test>>,
    negated: Bits,
    /// The conditions whose test holds for every text that is not too short.
    sure: Bits,
    chains: Chains,
    shapes: Shapes,
    identity: Arc<()>,
}

impl Matcher {
    /// Prepares to ask all conditions at once.
    ///
    /// Takes some tenths of a second for the conditions of CRS, in an optimised build.
    pub fn build(atoms: Vec<AtomSpec>) -> Result<Self, BuildError> {
        let mut tests: Vec<Option<Test>> = vec![None; Bits::CAPACITY];
        let mut negated = Bits::EMPTY;
        let mut chains = Vec::with_capacity(atoms.len());
        for atom in atoms {
            let AtomSpec {
                bit,
                chains: of_atom,
                negated: is_negated,
                test,
            } = atom;
            let slot = tests.get_mut(usize::from(bit));
            let slot = slot.ok_or(BuildError::NumberTooLarge(bit))?;
            if slot.replace(test).is_some() {
                return Err(BuildError::NumberTaken(bit));
            }
            if of_atom.is_empty() {
                return Err(BuildError::NoChain(bit));
            }
            if of_atom.iter().any(|chain| chain.len() > MAX_CHAIN) {
                return Err(BuildError::ChainTooLong(bit, MAX_CHAIN));
            }
            if is_negated {
                negated.insert(bit);
            }
            chains.push((bit, of_atom));
        }
        // A route's own rules are few, and routes are many.
        let used = tests.iter().rposition(Option::is_some);
        tests.truncate(used.map_or(0, |last| last + 1));
        tests.shrink_to_fit();
        let chains = chains.iter().map(|(bit, chains)| (*bit, chains.as_slice()));
        let chains = Chains::new(chains)?;
        let shapes = Shapes::new(&tests);
        let numbered = (0..).zip(&tests);
        let is_sure = |test: &Option<Test>| test.as_ref().is_some_and(required::is_sure);
        let sure = numbered
            .filter(|(_, test)| is_sure(test))
            .map(|(bit, _)| bit)
            .collect();
        Ok(Self {
            tests,
            negated,
            sure,
            chains,
            shapes,
            identity: Arc::default(),
        })
    }

    /// Adds to `out` the conditions of `wanted` that hold for `value`. What is in `out` already is
    /// not asked again, and nothing is taken out of it.
    ///
    /// Takes time linear in the value's length.
    pub fn run(&self, value: &[u8], wanted: &Bits, scratch: &mut Scratch, out: &mut Bits) {
        scratch.belong_to(&self.identity);
        let Scratch { known, caches, .. } = scratch;
        let profile = Profile::of(value);
        let entry = known.of_value(profile, &self.shapes, &self.chains, &self.negated);
        let asked = wanted.intersection(&entry.same);
        let mut other = wanted.intersection(&entry.other);
        if !other.is_empty() {
            other = other.difference(&self.too_short(value.len(), self.chains.not_growing()));
        }
        if other.is_empty() {
            let tell = || self.shapes.scan(value, entry.shape);
            let possible = self.possible(&asked, entry, value.len(), tell);
            self.answer(&asked, &possible, || value, caches, out);
            return;
        }
        scratch
            .texts
            .start(value, profile, asked, self.chains.steps().len());
        self.walk(value, &other, scratch, out);
        self.settle(value, scratch, out);
        scratch.texts.finish();
    }

    /// Bytes of memory, without the regular expressions.
    pub fn size(&self) -> usize {
        self.shapes.size()
    }

    /// The conditions of `some` that cannot hold for want of length if no text is longer than `len`.
    fn too_short(&self, len: usize, some: &Bits) -> Bits {
        let longer = self.shapes.longer_in_any(len);
        longer.intersection(some).difference(&self.negated)
    }

    /// Takes the steps that lead to a condition of `other`.
    fn walk(&self, value: &[u8], other: &Bits, scratch: &mut Scratch, out: &mut Bits) {
        let steps = self.chains.steps();
        let mut place = 0;
        while let Some(step) = steps.get(place) {
            if !other.intersects(&step.through) {
                place = step.end;
                continue;
            }
            let texts = &mut scratch.texts;
            let before = texts.after(step.before);
            let mut after = before;
            if let (Some(transformation), Some(text)) = (step.transformation, texts.get(before))
                && step.may_change(text.profile)
            {
                if step.shrinks {
                    let longest = text.len.div_ceil(4).saturating_mul(3);
                    let through = other.intersection(&step.through);
                    if through
                        .difference(&self.too_short(longest, &Bits::ALL))
                        .is_empty()
                    {
                        place = step.end;
                        continue;
                    }
                }
                after = texts.transform(before, transformation, value);
            }
            texts.set_after(place, after);
            if let Some(text) = texts.text_mut(after) {
                text.asked = text.asked.union(&other.intersection(&step.ending));
            }
            if texts.held() > MAX_HELD {
                self.settle(value, scratch, out);
                scratch
                    .texts
                    .forget(&self.path(step, after, &scratch.texts));
            }
            place += 1;
        }
    }

    /// The texts that steps after this one may start from.
    fn path<'a>(&'a self, mut step: &'a Step, after: usize, texts: &Texts) -> Vec<usize> {
        let mut path = vec![after];
        while let (Some(_), Some(before)) =
            (step.transformation, self.chains.steps().get(step.before))
        {
            path.push(texts.after(step.before));
            step = before;
        }
        path
    }

    /// Asks each text what it is to be asked.
    fn settle(&self, value: &[u8], scratch: &mut Scratch, out: &mut Bits) {
        for place in VALUE..scratch.texts.len() {
            self.ask(place, value, scratch, out);
        }
    }

    fn ask(&self, place: usize, value: &[u8], scratch: &mut Scratch, out: &mut Bits) {
        let Scratch {
            known,
            texts,
            caches,
            ..
        } = scratch;
        let Some(text) = texts.text_mut(place) else {
            return;
        };
        if text.asked.is_empty() {
            return;
        }
        let asked = std::mem::take(&mut text.asked);
        let (len, profile) = (text.len, text.profile);
        let entry = known.of_text(profile, &self.shapes);
        let tell = || {
            let scan = |text: &[u8]| self.shapes.scan(text, entry.shape);
            texts.told(place, value, scan)
        };
        let possible = self.possible(&asked, entry, len, tell);
        self.answer(&asked, &possible, || texts.read(place, value), caches, out);
    }

    /// The conditions of `asked` whose test may hold for a text, which `tell` looks through for
    /// words.
    #[inline]
    fn possible(
        &self,
        asked: &Bits,
        entry: &Entry,
        len: usize,
        tell: impl FnOnce() -> Bits,
    ) -> Bits {
        let longer = self.shapes.longer(entry.shape, len);
        let possible = asked.intersection(&entry.possible).difference(longer);
        let wordless = self.shapes.wordless(entry.shape);
        if possible.difference(wordless).is_empty() {
            return possible;
        }
        possible.intersection(&tell().union(wordless))
    }

    /// Answers the conditions `asked` of a text, of which the test may hold for those `possible`.
    #[inline]
    fn answer<'a>(
        &self,
        asked: &Bits,
        possible: &Bits,
        text: impl FnOnce() -> &'a [u8],
        caches: &mut Caches,
        out: &mut Bits,
    ) {
        let negated = asked.intersection(&self.negated);
        if possible.union(&negated).is_empty() {
            return;
        }
        // A test that cannot hold is a negated condition that does.
        *out = out.union(&negated.difference(possible));
        // Whether the test holds for all that it may hold for.
        let sure = possible.intersection(&self.sure);
        *out = out.union(&sure.difference(&self.negated));
        let open = possible.difference(&sure).difference(out);
        if open.is_empty() {
            return;
        }
        let text = text();
        for bit in open.iter() {
            let test = self.tests.get(usize::from(bit)).and_then(Option::as_ref);
            let Some(outcome) = test.map(|test| (test.holds)(text, caches)) else {
                continue;
            };
            if outcome.exhausted || outcome.matched != self.negated.contains(bit) {
                out.insert(bit);
            }
        }
    }
}
