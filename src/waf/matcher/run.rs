//! The matcher itself.

use std::{fmt, sync::Arc};

use hashbrown::HashMap;

use super::Bits;
use super::atom::{AtomSpec, BuildError, Predicate, Test};
use super::chains::Chains;
use super::course::Course;
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
pub struct Matcher {
    /// By number.
    tests: Box<[Option<Predicate>]>,
    /// By number: the first condition of the same test, where there are several.
    shared: Box<[Option<u16>]>,
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
        let chains = chains.iter().map(|(bit, chains)| (*bit, chains.as_slice()));
        let chains = Chains::new(chains)?;
        let shapes = Shapes::new(&tests);
        let numbered = (0..).zip(&tests);
        let is_sure = |test: &Option<Test>| test.as_ref().is_some_and(required::is_sure);
        let sure = numbered
            .filter(|(_, test)| is_sure(test))
            .map(|(bit, _)| bit)
            .collect();
        // What a test requires has said all that it can.
        let tests = tests.into_iter().map(|test| Some(test?.holds));
        let tests: Box<[_]> = tests.collect();
        Ok(Self {
            shared: shared(&tests),
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
        let question = scratch.question(wanted);
        self.find(value, wanted, question, scratch, out);
    }

    /// Bytes of memory, without the regular expressions.
    pub fn size(&self) -> usize {
        self.shapes.size()
    }

    /// Finds the conditions that hold. `question` is the number of `wanted`.
    fn find(
        &self,
        value: &[u8],
        wanted: &Bits,
        question: u16,
        scratch: &mut Scratch,
        out: &mut Bits,
    ) {
        let Scratch {
            courses,
            texts,
            caches,
            ..
        } = scratch;
        let profile = Profile::of(value);
        let make = || Course::new(profile, wanted, &self.chains, &self.shapes, &self.negated);
        let course = courses.of(profile, question, make);
        *out = out.union(&course.certain);
        if value.len() < course.least {
            return;
        }
        if value.len() < course.least_for_legs {
            let tell = || self.shapes.scan(value, course.shape);
            let asked = &course.asked;
            let possible = self.possible(asked, course.shape, value.len(), tell, out);
            self.answer(&possible, || value, caches, out);
            return;
        }
        texts.start(value, profile, course.shape, course.asked);
        self.walk(value, course, texts, caches, out);
        self.settle(value, texts, caches, out);
        texts.finish();
    }

    /// Takes the legs of a course.
    fn walk(
        &self,
        value: &[u8],
        course: &Course,
        texts: &mut Texts,
        caches: &mut Caches,
        out: &mut Bits,
    ) {
        for leg in &course.legs {
            let before = texts.before(leg);
            let text = before.and_then(|before| texts.get(before));
            let after = match text {
                Some(text) if text.len >= leg.least_before => {
                    let changes = leg.effect.may_change(text.profile);
                    match before {
                        Some(before) if changes => texts.take(leg, before, value, &self.shapes),
                        before => before,
                    }
                }
                _ => None,
            };
            texts.set_after(after);
            let Some(text) = after.and_then(|after| texts.text_mut(after)) else {
                continue;
            };
            let asked = Texts::possible(text, leg, &self.shapes);
            self.rule_out(&leg.asked.difference(&asked), out);
            text.asked = text.asked.union(&asked);
            if texts.held() > MAX_HELD {
                self.settle(value, texts, caches, out);
                texts.forget(&texts.needed_after(&course.legs));
            }
        }
    }

    /// Asks each text what it is to be asked.
    fn settle(&self, value: &[u8], texts: &mut Texts, caches: &mut Caches, out: &mut Bits) {
        for place in VALUE..texts.len() {
            self.ask(place, value, texts, caches, out);
        }
    }

    fn ask(
        &self,
        place: usize,
        value: &[u8],
        texts: &mut Texts,
        caches: &mut Caches,
        out: &mut Bits,
    ) {
        let Some(text) = texts.text_mut(place) else {
            return;
        };
        if text.asked.is_empty() {
            return;
        }
        let asked = std::mem::take(&mut text.asked);
        let (len, shape) = (text.len, text.shape);
        let tell = || texts.told(place, value, |text| self.shapes.scan(text, shape));
        let possible = self.possible(&asked, shape, len, tell, out);
        self.answer(&possible, || texts.read(place, value), caches, out);
    }

    /// The conditions of `asked` whose test may hold for a text, which `tell` looks through for
    /// words.
    #[inline]
    fn possible(
        &self,
        asked: &Bits,
        shape: u8,
        len: usize,
        tell: impl FnOnce() -> Bits,
        out: &mut Bits,
    ) -> Bits {
        // What is known to hold need not be asked again, nor looked for.
        let mut possible = asked.difference(out);
        if let Some(longer) = self.shapes.longer(shape, len) {
            possible = possible.difference(longer);
        }
        let wordless = self.shapes.wordless(shape);
        if possible.intersects(&wordless.complement()) {
            possible = possible.intersection(&tell().union(wordless));
        }
        self.rule_out(&asked.difference(&possible), out);
        possible
    }

    /// A test that cannot hold is a negated condition that does.
    #[inline]
    fn rule_out(&self, impossible: &Bits, out: &mut Bits) {
        *out = out.union(&impossible.intersection(&self.negated));
    }

    /// Answers the conditions whose test may hold for a text.
    #[inline]
    fn answer<'a>(
        &self,
        possible: &Bits,
        text: impl FnOnce() -> &'a [u8],
        caches: &mut Caches,
        out: &mut Bits,
    ) {
        if possible.is_empty() {
            return;
        }
        // Whether the test holds for all that it may hold for.
        let sure = possible.intersection(&self.sure);
        *out = out.union(&sure.difference(&self.negated));
        let open = possible.difference(&sure).difference(out);
        if open.is_empty() {
            return;
        }
        self.test(&open, text(), caches, out);
    }

    #[inline(never)]
    fn test(&self, open: &Bits, text: &[u8], caches: &mut Caches, out: &mut Bits) {
        // The answer of the test that was shared last.
        let mut known = None;
        for bit in open.iter() {
            let first = self.shared.get(usize::from(bit)).copied().flatten();
            let outcome = match known {
                Some((of, outcome)) if Some(of) == first => outcome,
                _ => {
                    let holds = self.tests.get(usize::from(bit)).and_then(Option::as_ref);
                    let Some(outcome) = holds.map(|holds| holds(text, caches)) else {
                        continue;
                    };
                    if let Some(first) = first {
                        known = Some((first, outcome));
                    }
                    outcome
                }
            };
            if outcome.exhausted || outcome.matched != self.negated.contains(bit) {
                out.insert(bit);
            }
        }
    }
}

/// By number: the first condition of the same test, where there are several.
fn shared(tests: &[Option<Predicate>]) -> Box<[Option<u16>]> {
    let mut first_of = HashMap::new();
    let mut shared = vec![None; tests.len()];
    for (bit, test) in (0..).zip(tests) {
        let Some(test) = test else { continue };
        let first = *first_of
            .entry(Arc::as_ptr(test).cast::<()>())
            .or_insert(bit);
        if first != bit {
            for one in [first, bit] {
                if let Some(place) = shared.get_mut(usize::from(one)) {
                    *place = Some(first);
                }
            }
        }
    }
    // Most rule sets that a route has of its own share nothing.
    let used = shared.iter().rposition(Option::is_some);
    shared.truncate(used.map_or(0, |last| last + 1));
    shared.into()
}

impl fmt::Debug for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Matcher").finish_non_exhaustive()
    }
}
