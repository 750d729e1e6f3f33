//! Which member of `TX` has which place.

use hashbrown::HashMap;

/// The place of a member whose name stands in the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot(pub u16);

impl Slot {
    /// The places of `TX:0` to `TX:9`, where captures go.
    pub(crate) const CAPTURES: u16 = 10;
}

/// The names that have places. Names are compared without case.
#[derive(Clone, Debug)]
pub(crate) struct TxNames {
    slots: HashMap<Box<[u8]>, Slot>,
    /// In the spelling of their first use.
    names: Vec<Box<[u8]>>,
}

impl Default for TxNames {
    fn default() -> Self {
        let mut names = Self {
            slots: HashMap::new(),
            names: Vec::new(),
        };
        for digit in b'0'..=b'9' {
            names.intern(&[digit]);
        }
        names
    }
}

impl TxNames {
    /// The place of `name`, a new one if it has none. `None` where 65,536 names have places.
    pub(crate) fn intern(&mut self, name: &[u8]) -> Option<Slot> {
        let lower = name.to_ascii_lowercase();
        if let Some(slot) = self.slots.get(lower.as_slice()) {
            return Some(*slot);
        }
        let slot = Slot(u16::try_from(self.names.len()).ok()?);
        self.slots.insert(lower.into(), slot);
        self.names.push(name.into());
        Some(slot)
    }

    /// The place of a name that is in lower case.
    pub(crate) fn find(&self, lower: &[u8]) -> Option<Slot> {
        self.slots.get(lower).copied()
    }

    /// The name of a place.
    pub(crate) fn name(&self, slot: Slot) -> &[u8] {
        self.names
            .get(slot.0 as usize)
            .map(AsRef::as_ref)
            .unwrap_or_default()
    }

    /// Every place and its name.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Slot, &[u8])> {
        (0..=u16::MAX)
            .map(Slot)
            .zip(self.names.iter().map(AsRef::as_ref))
    }

    /// The places from `first` on, and their names.
    pub(crate) fn from(&self, first: u16) -> impl Iterator<Item = (Slot, &[u8])> {
        let names = self.names.get(usize::from(first)..).unwrap_or_default();
        (first..=u16::MAX)
            .map(Slot)
            .zip(names.iter().map(AsRef::as_ref))
    }

    /// How many names have places.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_place_whatever_their_case() {
        let mut names = TxNames::default();
        assert_eq!(names.intern(b"9"), Some(Slot(9)));
        let score = names.intern(b"Score");
        assert_eq!(score, Some(Slot(Slot::CAPTURES)));
        assert_eq!(names.intern(b"SCORE"), score);
        assert_eq!(names.find(b"score"), score);
        assert_eq!(names.find(b"other"), None);
        assert_eq!(names.name(Slot(Slot::CAPTURES)), b"Score");
    }
}
