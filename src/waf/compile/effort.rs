//! How much it takes to choose rules by id, tag or message: each directive and `ctl` that does so looks
//! at every rule.
//!
//! Invariant: a document of two megabytes, which may be a tenant's and be made of such directives, takes
//! seconds at most and not its square in memory.

use super::{FaultKind, resolve::Chosen};

/// What all choosing of a unit may take, in comparisons of ids: a second, roughly.
const ALL: usize = 1 << 28;

/// What it takes to search the tags or the message of a rule.
const SEARCH: usize = 64;

/// What it takes to note that a rule was chosen.
const CHANGE: usize = 256;

/// What is left of [`ALL`].
#[derive(Debug)]
pub(super) struct Effort {
    left: usize,
    told: bool,
}

impl Default for Effort {
    fn default() -> Self {
        Self {
            left: ALL,
            told: false,
        }
    }
}

impl Effort {
    /// Takes what comparing so many rules with `chosen` takes. `false` where there is not as much left.
    pub(super) fn compare(&mut self, chosen: &Chosen<'_>, rules: usize) -> bool {
        let each = match chosen {
            Chosen::Ids(ranges) => ranges.len(),
            Chosen::Tag(_) | Chosen::Msg(_) => SEARCH,
        };
        self.take(rules.saturating_mul(each))
    }

    /// Takes what changing a rule takes.
    pub(super) fn change(&mut self) -> bool {
        self.take(CHANGE)
    }

    /// Whether nothing is left.
    pub(super) fn is_spent(&self) -> bool {
        self.left == 0
    }

    fn take(&mut self, amount: usize) -> bool {
        self.left = self.left.saturating_sub(amount);
        !self.is_spent()
    }

    /// What is wrong where nothing is left; said once.
    pub(super) fn fault(&mut self) -> Option<FaultKind> {
        let is_new = self.is_spent() && !std::mem::replace(&mut self.told, true);
        is_new.then_some(FaultKind::TooMuchChoosing)
    }
}
