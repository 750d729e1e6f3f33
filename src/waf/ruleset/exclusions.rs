//! Rules and targets that are left out.

use std::sync::Arc;

use super::Select;
use crate::waf::Variable;

/// A set of the rules of one program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct RuleBits {
    words: Vec<u64>,
}

impl RuleBits {
    /// Puts in the rule at this index.
    pub(crate) fn insert(&mut self, rule: usize) {
        let word = rule / 64;
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        if let Some(word) = self.words.get_mut(word) {
            *word |= 1 << (rule % 64);
        }
    }

    /// Whether the rule at this index is in it.
    pub(crate) fn contains(&self, rule: usize) -> bool {
        self.words
            .get(rule / 64)
            .is_some_and(|word| word >> (rule % 64) & 1 != 0)
    }

    /// Puts in all that are in `other`.
    pub(crate) fn unite(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
    }

    /// Takes out all, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.words.clear();
    }

    /// Whether none is in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }
}

/// Targets that some rules do not look at.
#[derive(Clone, Debug)]
pub(crate) struct Exclusion {
    /// The rules, program by program.
    pub(crate) rules: Arc<[RuleBits]>,
    /// The variable.
    pub(crate) variable: Variable,
    /// Which of its members.
    pub(crate) select: Select,
}
