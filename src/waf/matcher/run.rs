//! The matcher itself.

use std::sync::Arc;

use super::Bits;
use super::atom::{AtomSpec, BuildError, Test};
use super::chains::{Chains, Step};
use super::profile::Profile;
use super::scratch::Scratch;
use super::shapes::Shapes;
use super::texts::{Texts, VALUE};

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
        let chains = chains.iter().map(|(bit, chains)| (*bit, chains.as_slice()));
        let chains = Chains::new(chains)?;
        let shapes = Shapes::new(&tests);
        Ok(Self {
            tests,
            negated,
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
        let profile = Profile::of(value);
        let Scratch { known, .. } = scratch;
        let entry = known.of_value(profile, &self.shapes, &self.chains, &self.negated);
        let too_long = self.shapes.always_longer(value.len());
        let too_long = too_long
            .intersection(self.chains.not_growing())
            .difference(&self.negated);
        let asked = wanted.intersection(&entry.same);
        let other = wanted.intersection(&entry.other).difference(&too_long);
        let steps = self.chains.steps();
        scratch.texts.start(value, profile, asked, steps.len());
        if !other.is_empty() {
            self.walk(value, &other, scratch, out);
        }
        self.settle(value, scratch, out);
        scratch.texts.finish();
    }

    /// Bytes of memory, without the regular expressions.
    pub fn size(&self) -> usize {
        self.shapes.size()
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
            let after = match (step.transformation, texts.get(before)) {
                (Some(transformation), Some(text)) if step.may_change(text.profile) => {
                    texts.transform(before, transformation, value)
                }
                _ => before,
            };
            texts.set_after(place, after);
            if let Some(text) = texts.get_mut(after) {
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
        let Some(text) = texts.get_mut(place) else {
            return;
        };
        let asked = std::mem::take(&mut text.asked).difference(out);
        if asked.is_empty() {
            return;
        }
        let entry = known.of_text(text.profile, &self.shapes);
        let longer = self.shapes.longer(entry.shape, text.len);
        let mut possible = asked.intersection(&entry.possible).difference(longer);
        let wordless = self.shapes.wordless(entry.shape);
        if !possible.difference(wordless).is_empty() {
            let told = self.told(place, entry.shape, value, texts);
            possible = possible.intersection(&told.union(wordless));
        }
        // A test that cannot hold is a negated condition that does.
        *out = out.union(&asked.intersection(&self.negated).difference(&possible));
        if possible.is_empty() {
            return;
        }
        let text = texts.read(place, value);
        for bit in possible.iter() {
            let test = self.tests.get(usize::from(bit)).and_then(Option::as_ref);
            let holds = test.is_some_and(|test| caches.holds(bit, test, text));
            if holds != self.negated.contains(bit) {
                out.insert(bit);
            }
        }
    }

    /// The conditions that words in a text tell of.
    fn told(&self, place: usize, shape: u8, value: &[u8], texts: &mut Texts) -> Bits {
        let place = texts.cased(place);
        if let Some(told) = texts.get(place).and_then(|text| text.told) {
            return told;
        }
        let told = self.shapes.scan(texts.read(place, value), shape);
        if let Some(text) = texts.get_mut(place) {
            text.told = Some(told);
        }
        told
    }
}
