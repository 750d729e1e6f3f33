//! What searches need besides the operators, a worker.
//!
//! Invariant: the caches of one rule set serve that rule set alone; whoever compiles another makes new
//! ones. Non-goal: sharing, since every pattern has its own and a shared pool would be contended.

use std::collections::VecDeque;

use regex_automata::meta;

use super::rx::{Machine, Rx};

/// How many patterns an operator keeps of those that it made by expanding macros.
const EXPANDED: usize = 4;

/// A worker's scratch space for the operators of a rule set.
///
/// Empty at first, it grows to what the searches so far have needed, at most some 2 MiB a pattern;
/// with the whole Core Rule Set under attack it is 10 to 20 MiB.
#[derive(Debug, Default)]
pub struct Caches {
    slots: Vec<Slot>,
    pub(super) machine: Machine,
}

#[derive(Debug, Default)]
struct Slot {
    search: Option<meta::Cache>,
    expanded: VecDeque<Expanded>,
}

/// What became of a pattern when its macros were expanded.
#[derive(Debug)]
struct Expanded {
    text: Box<[u8]>,
    /// `None` where it is no pattern.
    rx: Option<Rx>,
    caches: Caches,
}

impl Caches {
    /// Bytes that the caches take, roughly.
    pub fn memory_usage(&self) -> usize {
        let slots = self.slots.iter().map(|slot| {
            let expanded = slot.expanded.iter();
            slot.search.as_ref().map_or(0, meta::Cache::memory_usage)
                + expanded.map(|it| it.caches.memory_usage()).sum::<usize>()
        });
        slots.sum::<usize>() + self.machine.memory_usage()
    }

    /// The cache of the regex at a slot.
    pub(super) fn search(&mut self, slot: usize, regex: &meta::Regex) -> &mut meta::Cache {
        self.slot(slot)
            .search
            .get_or_insert_with(|| regex.create_cache())
    }

    /// The pattern that `text` is, with caches of its own; `compile` is called where it was not seen
    /// of late. `None` where it is no pattern.
    pub(super) fn expanded(
        &mut self,
        slot: usize,
        text: &[u8],
        compile: impl FnOnce() -> Option<Rx>,
    ) -> Option<(&Rx, &mut Self)> {
        let kept = &mut self.slot(slot).expanded;
        match kept.iter().position(|it| *it.text == *text) {
            Some(at) => kept.rotate_left(at),
            None => {
                kept.truncate(EXPANDED - 1);
                kept.push_front(Expanded {
                    text: text.into(),
                    rx: compile(),
                    caches: Self::default(),
                });
            }
        }
        let Expanded {
            text: _,
            rx,
            caches,
        } = kept.front_mut()?;
        Some((rx.as_ref()?, caches))
    }

    fn slot(&mut self, slot: usize) -> &mut Slot {
        if self.slots.len() <= slot {
            self.slots.resize_with(slot + 1, Slot::default);
        }
        self.slots
            .get_mut(slot)
            .expect("there are more slots than that now")
    }
}
