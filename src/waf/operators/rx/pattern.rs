//! A pattern that is ready to search with.
//!
//! Invariant: whichever engine runs it, a search takes time linear in the value. Non-goal: negation; a
//! search that gave up says so, and whoever negates must not take that for "no".

use std::{ops::Range, sync::Arc};

use regex_automata::{
    Input,
    meta::{self, Regex},
    util::primitives::NonMaxUsize,
};
use regex_syntax::hir::Hir;

use super::{
    PatternError, lower,
    machine::Exhausted,
    parse::{Parsed, parse},
    program::{self, Program},
};
use crate::waf::operators::{
    Captures, CompileEnv, GROUPS, Limits, OperatorWarning, Outcome, caches::Caches, text::has_macro,
};

/// Limits for patterns that macros make, which are compiled while an exchange waits: bytes of the
/// pattern and of what it is compiled to.
const MAX_EXPANDED: usize = 4 << 10;
const MAX_EXPANDED_PROGRAM: usize = 256 << 10;

/// Patterns that match every value from its first byte to its last: `.` is any byte.
const ANYTHING: [&[u8]; 3] = [b"^.*$", b"^.*", b".*"];

/// Where the groups of a match lie.
pub(in super::super) type Groups = [Option<Range<usize>>; GROUPS];

/// A pattern.
#[derive(Clone, Debug)]
pub struct Rx {
    text: Box<[u8]>,
    multi_line: bool,
    slot: usize,
    limits: Limits,
    engine: Engine,
    /// Whether it is one of [`ANYTHING`].
    takes_all: bool,
}

#[derive(Clone, Debug)]
enum Engine {
    Automaton(Regex),
    Machine {
        /// Matches wherever the program does.
        superset: Regex,
        program: Arc<Program>,
    },
    /// The pattern has macros and is compiled when they are expanded.
    Later,
}

impl Rx {
    /// Compiles a pattern. With `multi_line`, `^` and `$` match at every line.
    pub(in super::super) fn compile(
        text: &[u8],
        multi_line: bool,
        env: &mut CompileEnv<'_>,
    ) -> Result<Self, PatternError> {
        let slot = env.slot();
        if has_macro(text) {
            return Ok(Self {
                text: text.into(),
                multi_line,
                slot,
                limits: env.limits,
                engine: Engine::Later,
                takes_all: false,
            });
        }
        let (rx, construct) = Self::build(text, multi_line, slot, env.limits)?;
        if let Some(construct) = construct {
            env.warnings
                .push(OperatorWarning::Backtracking { construct });
        }
        Ok(rx)
    }

    /// A pattern without macros, and what in it needs backtracking.
    fn build(
        text: &[u8],
        multi_line: bool,
        slot: usize,
        limits: Limits,
    ) -> Result<(Self, Option<&'static str>), PatternError> {
        if text.len() > limits.pattern {
            return Err(PatternError::TooLong(limits.pattern));
        }
        let parsed = parse(text, multi_line)?;
        let automaton = automaton(&lowered(&parsed), limits.program)?;
        let engine = match parsed.construct {
            None => Engine::Automaton(automaton),
            Some(_) => Engine::Machine {
                superset: automaton,
                program: Arc::new(program::compile(&parsed, limits.program)?),
            },
        };
        let rx = Self {
            text: text.into(),
            multi_line,
            slot,
            limits,
            engine,
            takes_all: !multi_line && ANYTHING.contains(&text),
        };
        Ok((rx, parsed.construct))
    }

    /// The pattern as it was written.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Whether it has macros.
    pub fn expands(&self) -> bool {
        matches!(self.engine, Engine::Later)
    }

    /// Whether [`hir`](Self::hir) matches where the pattern does and nowhere else.
    pub fn is_exact(&self) -> bool {
        matches!(self.engine, Engine::Automaton(_))
    }

    /// The automaton that matches where the pattern does and nowhere else. `None` where it takes more
    /// than an automaton.
    pub fn automaton(&self) -> Option<&meta::Regex> {
        match &self.engine {
            Engine::Automaton(regex) => Some(regex),
            Engine::Machine { .. } | Engine::Later => None,
        }
    }

    /// What matches wherever the pattern does, read anew at each call. `None` where it has macros.
    pub fn hir(&self) -> Option<Hir> {
        if self.expands() {
            return None;
        }
        Some(lowered(&parse(&self.text, self.multi_line).ok()?))
    }

    /// Whether the pattern, which has no macros, matches.
    #[inline]
    pub fn is_match(&self, input: &[u8], caches: &mut Caches) -> Outcome {
        match &self.engine {
            Engine::Automaton(regex) => {
                let cache = caches.search(self.slot, regex);
                // Not `is_match_with`: for some patterns of the Core Rule Set it takes the slowest of
                // the engines, at thirty times the cost.
                let input = Input::new(input).earliest(true);
                Outcome::matched(regex.search_half_with(cache, &input).is_some())
            }
            Engine::Machine { .. } | Engine::Later => {
                self.allow(input, caches);
                match self.find(input, 0, caches, None) {
                    Ok(matched) => Outcome::matched(matched),
                    Err(Exhausted) => Outcome::EXHAUSTED,
                }
            }
        }
    }

    /// Like [`is_match`](Self::is_match), and captures the groups.
    pub(in super::super) fn captures(
        &self,
        input: &[u8],
        caches: &mut Caches,
        captures: &mut Captures,
    ) -> Outcome {
        if self.takes_all {
            captures.set(0, 0..input.len());
            return Outcome::matched(true);
        }
        self.allow(input, caches);
        let mut groups = Groups::default();
        match self.find(input, 0, caches, Some(&mut groups)) {
            Ok(true) => {
                captures.set_all(&groups);
                Outcome::matched(true)
            }
            Ok(false) => Outcome::matched(false),
            Err(Exhausted) => Outcome::EXHAUSTED,
        }
    }

    /// Captures the groups of all matches, one after the other, as far as there is place for them.
    pub(in super::super) fn capture_all(
        &self,
        input: &[u8],
        caches: &mut Caches,
        captures: &mut Captures,
    ) -> Outcome {
        self.allow(input, caches);
        let (mut from, mut free) = (0, 0);
        while free < GROUPS {
            let mut groups = Groups::default();
            match self.find(input, from, caches, Some(&mut groups)) {
                Ok(true) => {}
                Ok(false) => break,
                Err(Exhausted) => return Outcome::EXHAUSTED,
            }
            let Some(whole) = groups.first().cloned().flatten() else {
                break;
            };
            from = whole.end.max(whole.start + 1);
            let last = groups.iter().rposition(Option::is_some).unwrap_or(0);
            for group in groups.into_iter().take(last + 1) {
                captures.set(free, group.unwrap_or(0..0));
                free += 1;
            }
        }
        Outcome::matched(free > 0)
    }

    /// This pattern, or the one that `argument` is, its macros having been expanded, and the caches to
    /// search with. `None` where that is no pattern.
    pub(in super::super) fn ready<'a>(
        &'a self,
        argument: &[u8],
        caches: &'a mut Caches,
    ) -> Option<(&'a Self, &'a mut Caches)> {
        if !self.expands() {
            return Some((self, caches));
        }
        caches.expanded(self.slot, argument, || {
            let limits = Limits {
                pattern: MAX_EXPANDED.min(self.limits.pattern),
                program: MAX_EXPANDED_PROGRAM.min(self.limits.program),
                ..self.limits
            };
            let built = Self::build(argument, self.multi_line, 0, limits);
            built.ok().map(|(rx, _)| rx)
        })
    }

    /// Allows the steps that a value of this length may take.
    pub(in super::super) fn allow(&self, input: &[u8], caches: &mut Caches) {
        let for_bytes = self
            .limits
            .steps_per_byte
            .saturating_mul(input.len() as u64);
        caches
            .machine
            .allow(self.limits.steps.saturating_add(for_bytes));
    }

    /// Looks for the first match that begins at `from` or after, within the steps allowed.
    pub(in super::super) fn find(
        &self,
        input: &[u8],
        from: usize,
        caches: &mut Caches,
        groups: Option<&mut Groups>,
    ) -> Result<bool, Exhausted> {
        if from > input.len() {
            return Ok(false);
        }
        let range = Input::new(input).range(from..);
        match &self.engine {
            Engine::Automaton(regex) => {
                let cache = caches.search(self.slot, regex);
                Ok(match groups {
                    Some(groups) => search(regex, cache, &range, groups),
                    None => regex.is_match_with(cache, &range),
                })
            }
            Engine::Machine { superset, program } => {
                let cache = caches.search(self.slot, superset);
                let Some(candidate) = superset.search_with(cache, &range) else {
                    return Ok(false);
                };
                let machine = &mut caches.machine;
                let found = machine.search(program, input, candidate.start())?;
                if let (true, Some(groups)) = (found, groups) {
                    for (index, group) in groups.iter_mut().enumerate().take(program.groups) {
                        // `\K` in a look-ahead begins the match after its end.
                        *group = machine.group(index).map(|(start, end)| start.min(end)..end);
                    }
                }
                Ok(found)
            }
            Engine::Later => Ok(false),
        }
    }
}

fn lowered(parsed: &Parsed) -> Hir {
    match parsed.construct {
        None => lower::exact(&parsed.node),
        Some(_) => lower::superset(&parsed.node),
    }
}

/// The automaton, of at most `limit` bytes, its cache not counted: that is left at 2 MiB, since a
/// smaller one makes hostile values many times slower. A one-pass automaton would but find groups
/// faster, after a match, and takes long to make.
fn automaton(hir: &Hir, limit: usize) -> Result<Regex, PatternError> {
    let config = meta::Config::new()
        .utf8_empty(false)
        .onepass(false)
        .nfa_size_limit(Some(limit));
    Regex::builder()
        .configure(config)
        .build_from_hir(hir)
        .map_err(|_| PatternError::TooLarge(limit))
}

fn search(regex: &Regex, cache: &mut meta::Cache, input: &Input<'_>, groups: &mut Groups) -> bool {
    let mut slots = [None::<NonMaxUsize>; GROUPS * 2];
    let used = slots.len().min(regex.captures_len() * 2);
    let found = regex.search_slots_with(cache, input, slots.get_mut(..used).unwrap_or_default());
    for (group, slots) in groups.iter_mut().zip(slots.as_chunks::<2>().0) {
        *group = match slots {
            [Some(start), Some(end)] => Some(start.get()..end.get()),
            _ => None,
        };
    }
    found.is_some()
}
