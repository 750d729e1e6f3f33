//! Which member of `TX` has which place.

use std::sync::Arc;

use hashbrown::HashMap;

/// The place of a member whose name stands in the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot(pub u16);

impl Slot {
    /// The places of `TX:0` to `TX:9`, where captures go.
    pub(crate) const CAPTURES: u16 = 10;
}

/// The names that have places. Names are compared without case.
#[derive(Clone, Debug, Default)]
pub(crate) struct TxNames {
    /// Names that have the first places: routes by the thousand share those of their rule set.
    base: Option<Arc<TxNames>>,
    slots: HashMap<Box<[u8]>, Slot>,
    /// Those with the places after them, in the spelling of their first use.
    names: Vec<Box<[u8]>>,
}

impl TxNames {
    /// The names of captures, and no others.
    pub(crate) fn of_captures() -> Self {
        let mut names = Self::default();
        for digit in b'0'..=b'9' {
            names.intern(&[digit]);
        }
        names
    }

    /// The names of `base`, and room for others.
    pub(crate) fn upon(base: &Arc<Self>) -> Self {
        Self {
            base: Some(Arc::clone(base)),
            ..Self::default()
        }
    }

    /// The place of `name`, a new one if it has none. `None` where 65,536 names have places.
    pub(crate) fn intern(&mut self, name: &[u8]) -> Option<Slot> {
        let lower = name.to_ascii_lowercase();
        if let Some(slot) = self.find(&lower) {
            return Some(slot);
        }
        let slot = Slot(u16::try_from(self.len()).ok()?);
        self.slots.insert(lower.into(), slot);
        self.names.push(name.into());
        Some(slot)
    }

    /// The place of a name that is in lower case.
    pub(crate) fn find(&self, lower: &[u8]) -> Option<Slot> {
        let of_base = self.base.as_ref().and_then(|base| base.find(lower));
        of_base.or_else(|| self.slots.get(lower).copied())
    }

    /// The name of a place.
    pub(crate) fn name(&self, slot: Slot) -> &[u8] {
        match (&self.base, usize::from(slot.0).checked_sub(self.first())) {
            (Some(base), None) => base.name(slot),
            (_, own) => own
                .and_then(|own| self.names.get(own))
                .map(AsRef::as_ref)
                .unwrap_or_default(),
        }
    }

    /// Every place and its name.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Slot, &[u8])> {
        self.from(0)
    }

    /// The places from `first` on, and their names.
    pub(crate) fn from(&self, first: u16) -> impl Iterator<Item = (Slot, &[u8])> {
        let places = usize::from(first)..self.len();
        let slots = places.filter_map(|place| u16::try_from(place).ok().map(Slot));
        slots.map(|slot| (slot, self.name(slot)))
    }

    /// How many names have places.
    pub(crate) fn len(&self) -> usize {
        self.first() + self.names.len()
    }

    /// The first place that is not the base's.
    fn first(&self) -> usize {
        self.base.as_ref().map_or(0, |base| base.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_place_whatever_their_case() {
        let mut names = TxNames::of_captures();
        assert_eq!(names.intern(b"9"), Some(Slot(9)));
        let score = names.intern(b"Score");
        assert_eq!(score, Some(Slot(Slot::CAPTURES)));
        assert_eq!(names.intern(b"SCORE"), score);
        assert_eq!(names.find(b"score"), score);
        assert_eq!(names.find(b"other"), None);
        assert_eq!(names.name(Slot(Slot::CAPTURES)), b"Score");
        let base = Arc::new(names);
        let mut names = TxNames::upon(&base);
        assert_eq!(names.intern(b"SCORE"), score);
        assert_eq!(names.intern(b"Other"), Some(Slot(Slot::CAPTURES + 1)));
        assert_eq!(names.len(), base.len() + 1);
        let last: Vec<_> = names.from(Slot::CAPTURES).map(|(_, name)| name).collect();
        assert_eq!(last, [&b"Score"[..], b"Other"]);
        assert_eq!(names.find(b"9"), Some(Slot(9)));
    }
}
