//! The machine that backtracks.
//!
//! Invariants: a search takes no more steps than it was given and keeps no more than [`MAX_STACK`]
//! choices; it calls itself only where the pattern has groups in each other. Non-goal: matching what
//! an automaton can.

use super::node::{Greed, Look};
use super::program::{Program, Step};
use super::sets::WORD;

/// Most choices to come back to, and places to restore.
const MAX_STACK: usize = 128 << 10;

/// Choices for which memory is kept from one search to the next.
const KEPT_STACK: usize = 4 << 10;

/// Bytes of a run or of a back-reference that are passed in one step.
const BYTES_PER_STEP: usize = 8;

const UNSET: usize = usize::MAX;

/// A search needed more than it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Exhausted;

/// The memory of a search, used again by the next.
#[derive(Debug, Default)]
pub(in super::super) struct Machine {
    steps: u64,
    slots: Vec<usize>,
    stack: Vec<Entry>,
}

/// What to do when a way leads nowhere, the latest first.
#[derive(Clone, Copy, Debug)]
enum Entry {
    /// Go on at a step and a place.
    Retry { step: usize, at: usize },
    /// Put a place back into a slot.
    Restore { slot: usize, at: usize },
    /// Go on with one byte of a run less, down to a place.
    Shorter { step: usize, low: usize, at: usize },
    /// Go on with one byte of a run more, so many times.
    Longer { run: usize, at: usize, left: usize },
}

impl Machine {
    /// Allows so many steps for the searches to come.
    pub(in super::super) fn allow(&mut self, steps: u64) {
        self.steps = steps;
    }

    /// Bytes that the memory takes.
    pub(in super::super) fn memory_usage(&self) -> usize {
        self.slots.capacity() * size_of::<usize>() + self.stack.capacity() * size_of::<Entry>()
    }

    /// Where a group of the last match begins and ends.
    pub(super) fn group(&self, index: usize) -> Option<(usize, usize)> {
        let start = *self.slots.get(index * 2)?;
        let end = *self.slots.get(index * 2 + 1)?;
        (start != UNSET && end != UNSET).then_some((start, end))
    }

    /// Looks for the first match that begins at `from` or after.
    pub(super) fn search(
        &mut self,
        program: &Program,
        input: &[u8],
        from: usize,
    ) -> Result<bool, Exhausted> {
        let found = self.search_from(program, input, from);
        self.stack.clear();
        self.stack.shrink_to(KEPT_STACK);
        found
    }

    fn search_from(
        &mut self,
        program: &Program,
        input: &[u8],
        from: usize,
    ) -> Result<bool, Exhausted> {
        let mut start = from;
        loop {
            if let Some(first) = &program.first {
                match input.get(start..).and_then(|rest| first.find(rest)) {
                    Some(found) => start += found,
                    None => return Ok(false),
                }
            }
            if start > input.len() || (program.anchored && start > 0) {
                return Ok(false);
            }
            self.slots.clear();
            self.slots.resize(program.slots, UNSET);
            self.stack.clear();
            if self.run(program, input, 0, start)?.is_some() {
                return Ok(true);
            }
            start += 1;
        }
    }

    /// Runs from a step to [`Step::Done`], and says where that was.
    fn run(
        &mut self,
        program: &Program,
        input: &[u8],
        mut step: usize,
        mut at: usize,
    ) -> Result<Option<usize>, Exhausted> {
        let base = self.stack.len();
        loop {
            self.spend(1)?;
            let now = program.steps.get(step).unwrap_or(&Step::Done);
            let went_on = match now {
                Step::Done => return Ok(Some(at)),
                Step::Take(set) => {
                    let fits = input.get(at).is_some_and(|byte| set.contains(*byte));
                    fits.then_some((step + 1, at + 1))
                }
                Step::Run {
                    set,
                    min,
                    max,
                    greed,
                } => {
                    let rest = input.get(at..).unwrap_or_default();
                    let most = if *greed == Greed::Lazy { *min } else { *max };
                    let rest = rest.get(..most).unwrap_or(rest);
                    let length = set.complement().find(rest).unwrap_or(rest.len());
                    self.spend(length / BYTES_PER_STEP)?;
                    let end = at + length;
                    if length < *min {
                        None
                    } else {
                        match greed {
                            Greed::Possessive => {}
                            Greed::Greedy if length == *min => {}
                            Greed::Greedy => self.push(Entry::Shorter {
                                step: step + 1,
                                low: at + min,
                                at: end,
                            })?,
                            Greed::Lazy => self.push(Entry::Longer {
                                run: step,
                                at: end,
                                left: max - min,
                            })?,
                        }
                        Some((step + 1, end))
                    }
                }
                Step::Split(first, second) => {
                    self.push(Entry::Retry { step: *second, at })?;
                    Some((*first, at))
                }
                Step::Jump(target) => Some((*target, at)),
                Step::Save(slot) => {
                    self.save(*slot, at)?;
                    Some((step + 1, at))
                }
                Step::Close { open, group } => {
                    let start = self.slots.get(*open).copied().unwrap_or(UNSET);
                    self.save(group * 2, start)?;
                    self.save(group * 2 + 1, at)?;
                    Some((step + 1, at))
                }
                Step::Progress { slot, exit } => {
                    let took_nothing = self.slots.get(*slot) == Some(&at);
                    Some((if took_nothing { *exit } else { step + 1 }, at))
                }
                Step::Look(look) => holds(*look, input, at).then_some((step + 1, at)),
                Step::Back { group, fold } => {
                    let end = self.back(input, at, *group, *fold)?;
                    end.map(|end| (step + 1, end))
                }
                Step::Behind(width) => at.checked_sub(*width).map(|at| (step + 1, at)),
                Step::Atomic { next } => {
                    let mark = self.stack.len();
                    let end = self.run(program, input, step + 1, at)?;
                    self.forget_choices(mark)?;
                    end.map(|end| (*next, end))
                }
                Step::Around { negated, next } => {
                    let mark = self.stack.len();
                    let found = self.run(program, input, step + 1, at)?.is_some();
                    if *negated {
                        self.undo(mark)?;
                    } else {
                        self.forget_choices(mark)?;
                    }
                    (found != *negated).then_some((*next, at))
                }
            };
            (step, at) = match went_on {
                Some(next) => next,
                None => match self.backtrack(program, input, base)? {
                    Some(next) => next,
                    None => return Ok(None),
                },
            };
        }
    }

    fn spend(&mut self, steps: usize) -> Result<(), Exhausted> {
        self.steps = self.steps.checked_sub(steps as u64).ok_or(Exhausted)?;
        Ok(())
    }

    fn push(&mut self, entry: Entry) -> Result<(), Exhausted> {
        if self.stack.len() >= MAX_STACK {
            return Err(Exhausted);
        }
        self.stack.push(entry);
        Ok(())
    }

    fn save(&mut self, slot: usize, at: usize) -> Result<(), Exhausted> {
        if let Some(place) = self.slots.get_mut(slot) {
            let before = std::mem::replace(place, at);
            self.push(Entry::Restore { slot, at: before })?;
        }
        Ok(())
    }

    /// Goes back to the latest choice since `base`, and says where to go on.
    fn backtrack(
        &mut self,
        program: &Program,
        input: &[u8],
        base: usize,
    ) -> Result<Option<(usize, usize)>, Exhausted> {
        while self.stack.len() > base {
            self.spend(1)?;
            let Some(entry) = self.stack.pop() else {
                break;
            };
            match entry {
                Entry::Retry { step, at } => return Ok(Some((step, at))),
                Entry::Restore { slot, at } => self.restore(slot, at),
                Entry::Shorter { step, low, at } => {
                    let at = at.saturating_sub(1);
                    if at > low {
                        self.stack.push(Entry::Shorter { step, low, at });
                    }
                    return Ok(Some((step, at)));
                }
                Entry::Longer { run, at, left } => {
                    let set = match program.steps.get(run) {
                        Some(Step::Run { set, .. }) => set,
                        _ => continue,
                    };
                    if left > 0 && input.get(at).is_some_and(|byte| set.contains(*byte)) {
                        let (at, left) = (at + 1, left - 1);
                        self.stack.push(Entry::Longer { run, at, left });
                        return Ok(Some((run + 1, at)));
                    }
                }
            }
        }
        Ok(None)
    }

    fn restore(&mut self, slot: usize, at: usize) {
        if let Some(place) = self.slots.get_mut(slot) {
            *place = at;
        }
    }

    /// Takes back everything since `mark`.
    fn undo(&mut self, mark: usize) -> Result<(), Exhausted> {
        while self.stack.len() > mark {
            self.spend(1)?;
            if let Some(Entry::Restore { slot, at }) = self.stack.pop() {
                self.restore(slot, at);
            }
        }
        Ok(())
    }

    /// Forgets the choices since `mark`, but not what to restore.
    fn forget_choices(&mut self, mark: usize) -> Result<(), Exhausted> {
        self.spend(self.stack.len().saturating_sub(mark))?;
        let mut kept = mark;
        for index in mark..self.stack.len() {
            if let Some(Entry::Restore { .. }) = self.stack.get(index) {
                self.stack.swap(kept, index);
                kept += 1;
            }
        }
        self.stack.truncate(kept);
        Ok(())
    }

    /// Where what a group captured ends, if it comes next.
    fn back(
        &mut self,
        input: &[u8],
        at: usize,
        group: usize,
        fold: bool,
    ) -> Result<Option<usize>, Exhausted> {
        let captured = self
            .group(group)
            .and_then(|(start, end)| input.get(start..end));
        let Some(captured) = captured else {
            return Ok(None);
        };
        let end = at + captured.len();
        let Some(next) = input.get(at..end) else {
            return Ok(None);
        };
        self.spend(captured.len() / BYTES_PER_STEP)?;
        let same = match fold {
            true => next.eq_ignore_ascii_case(captured),
            false => next == captured,
        };
        Ok(same.then_some(end))
    }
}

fn holds(look: Look, input: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| input.get(at));
    let after = input.get(at);
    let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| WORD.contains(*byte));
    match look {
        Look::Start => before.is_none(),
        Look::End => after.is_none(),
        Look::LastLineEnd => input
            .get(at..)
            .is_some_and(|rest| matches!(rest, [] | [b'\n'])),
        Look::LineStart => before.is_none_or(|byte| *byte == b'\n'),
        Look::LineEnd => after.is_none_or(|byte| *byte == b'\n'),
        Look::Word => is_word(before) != is_word(after),
        Look::NotWord => is_word(before) == is_word(after),
    }
}
