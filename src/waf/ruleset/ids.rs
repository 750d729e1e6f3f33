//! Sets of rule ids.

use crate::waf::seclang::IdRange;

impl IdRange {
    /// Whether `id` lies in it.
    pub(crate) const fn holds(self, id: u64) -> bool {
        self.first <= id && id <= self.last
    }
}

/// Whether `id` lies in one of `ranges`.
pub(crate) fn any_holds(ranges: &[IdRange], id: u64) -> bool {
    ranges.iter().any(|range| range.holds(id))
}
