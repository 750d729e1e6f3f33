//! What the firewall has done: by its name, by rule, and what passed it uninspected.
//!
//! Names and rules come from configuration, and there is a bound to both. Unlike the other numbers
//! these are kept under a lock, which nobody else holds but a scrape: beside an inspection it is
//! nothing.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::cell::Cell;
use crate::proxy::inspect::Uninspected;

/// Firewalls that are told apart; further ones share a name.
const MOST_NAMES: usize = 1024;
/// Rules that are told apart; further ones share the id 0.
const MOST_RULES: usize = 8192;
/// The name that further firewalls share.
const OTHERS: &str = "overflow";

/// What the firewall has done with an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FirewallOutcome {
    /// No rule had anything to say.
    Passed,
    /// Rules matched that refuse nothing.
    Matched,
    /// It would have been refused if the firewall blocked.
    WouldBlock,
    /// Rules have refused it.
    Blocked,
    /// It was refused because it could not be inspected.
    Refused,
    /// It had been refused as a request already, and was inspected for the record alone.
    Malformed,
}

impl FirewallOutcome {
    /// All of them, in the order of [`FirewallOutcome::index`].
    pub const ALL: [Self; 6] = [
        Self::Passed,
        Self::Matched,
        Self::WouldBlock,
        Self::Blocked,
        Self::Refused,
        Self::Malformed,
    ];

    /// The place in [`FirewallOutcome::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The name in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Matched => "matched",
            Self::WouldBlock => "would_block",
            Self::Blocked => "blocked",
            Self::Refused => "refused",
            Self::Malformed => "malformed",
        }
    }
}

type Outcomes = [u64; FirewallOutcome::ALL.len()];

/// One worker's numbers.
#[derive(Debug, Default)]
pub(super) struct FirewallCells {
    passed: [Cell; Uninspected::ALL.len()],
    refused: [Cell; Uninspected::ALL.len()],
    named: Mutex<Named>,
}

#[derive(Debug, Default)]
struct Named {
    outcomes: HashMap<Arc<str>, Outcomes, RandomState>,
    rules: HashMap<u64, u64, RandomState>,
}

/// The numbers of all workers.
#[derive(Debug, Default)]
pub(super) struct FirewallTotal {
    pub(super) passed: [u64; Uninspected::ALL.len()],
    pub(super) refused: [u64; Uninspected::ALL.len()],
    pub(super) outcomes: BTreeMap<Arc<str>, Outcomes>,
    pub(super) rules: BTreeMap<u64, u64>,
}

impl FirewallCells {
    /// Counts an inspection that has ended.
    pub(super) fn inspected(
        &self,
        name: &Arc<str>,
        outcome: FirewallOutcome,
        rules: impl Iterator<Item = u64>,
    ) {
        let mut named = self.named();
        let Named {
            outcomes,
            rules: counts,
        } = &mut *named;
        let place = outcome.index();
        let is_full = outcomes.len() >= MOST_NAMES;
        let counted = match outcomes.get_mut(name) {
            Some(counted) => counted,
            None if is_full => outcomes.entry(OTHERS.into()).or_default(),
            None => outcomes.entry(Arc::clone(name)).or_default(),
        };
        if let Some(count) = counted.get_mut(place) {
            *count += 1;
        }
        for rule in rules {
            let known = counts.len() < MOST_RULES || counts.contains_key(&rule);
            *counts.entry(if known { rule } else { 0 }).or_default() += 1;
        }
    }

    pub(super) fn pass(&self, reason: Uninspected) {
        if let Some(cell) = self.passed.get(reason.index()) {
            cell.add(1);
        }
    }

    pub(super) fn refuse(&self, reason: Uninspected) {
        if let Some(cell) = self.refused.get(reason.index()) {
            cell.add(1);
        }
    }

    pub(super) fn add_to(&self, total: &mut FirewallTotal) {
        let FirewallTotal {
            passed,
            refused,
            outcomes,
            rules,
        } = total;
        for (total, cells) in [(passed, &self.passed), (refused, &self.refused)] {
            for (total, cell) in total.iter_mut().zip(cells) {
                *total += cell.value();
            }
        }
        let named = self.named();
        for (name, counts) in &named.outcomes {
            let total = outcomes.entry(Arc::clone(name)).or_default();
            for (total, count) in total.iter_mut().zip(counts) {
                *total += count;
            }
        }
        for (rule, count) in &named.rules {
            *rules.entry(*rule).or_default() += count;
        }
    }

    fn named(&self) -> MutexGuard<'_, Named> {
        self.named.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_rules_beyond_the_bounds_share_one() {
        let cells = FirewallCells::default();
        for number in 0..MOST_NAMES as u64 + 2 {
            let name = number.to_string().into();
            cells.inspected(&name, FirewallOutcome::Blocked, std::iter::empty());
        }
        let known: Arc<str> = "0".into();
        let rules = (1..=MOST_RULES as u64 + 3).chain([1]);
        cells.inspected(&known, FirewallOutcome::Passed, rules);
        let mut total = FirewallTotal::default();
        cells.add_to(&mut total);
        cells.add_to(&mut total);
        assert_eq!(total.outcomes.len(), MOST_NAMES + 1);
        assert_eq!(total.outcomes[OTHERS], [0, 0, 0, 4, 0, 0]);
        assert_eq!(total.outcomes[&known], [2, 0, 0, 2, 0, 0]);
        assert_eq!(total.rules.len(), MOST_RULES + 1);
        assert_eq!((total.rules[&0], total.rules[&1]), (6, 4));
    }

    #[test]
    fn every_outcome_stands_at_its_place() {
        for (place, outcome) in FirewallOutcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome.index(), place, "{}", outcome.as_str());
        }
    }
}
