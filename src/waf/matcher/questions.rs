//! Numbers for the sets of conditions that values are asked.
//!
//! Rules ask few different sets, though each of many values. Invariant: while a set has a number no
//! other has it, so that what is kept with the number is kept with the set. Non-goal: forgetting the
//! sets that are no longer asked one by one; all are, and with them all that is kept with numbers.

use super::Bits;

/// Places in the table. More than a rule set asks, with its gates in whatever state.
const SIZE: usize = 512;

/// Sets that get a number: some places stay free, so that looking ends.
const MOST: u16 = 384;

/// The numbers that were given.
#[derive(Default)]
pub(super) struct Questions {
    /// [`SIZE`] places, once there is one; number 0 is none.
    places: Vec<(u16, Bits)>,
    given: u16,
}

impl Questions {
    /// Numbers are below this.
    pub(super) const LIMIT: u16 = MOST + 1;

    /// The number of a set, 1 or more; `None` where all have been given.
    #[inline]
    pub(super) fn number(&mut self, wanted: &Bits) -> Option<u16> {
        let first = usize::from(wanted.hash());
        for step in 0..self.places.len() {
            match self.places.get((first + step) % SIZE) {
                Some((0, _)) | None => break,
                Some((number, known)) if known == wanted => return Some(*number),
                Some(_) => {}
            }
        }
        self.give(wanted)
    }

    #[cold]
    #[inline(never)]
    fn give(&mut self, wanted: &Bits) -> Option<u16> {
        if self.given == MOST {
            return None;
        }
        self.places.resize(SIZE, (0, Bits::EMPTY));
        let first = usize::from(wanted.hash());
        let free = (0..SIZE).map(|step| (first + step) % SIZE).find(|place| {
            self.places
                .get(*place)
                .is_some_and(|(number, _)| *number == 0)
        })?;
        self.given += 1;
        if let Some(place) = self.places.get_mut(free) {
            *place = (self.given, *wanted);
        }
        Some(self.given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_set_has_a_number_until_all_are_given() {
        let mut questions = Questions::default();
        let set = |number: u16| [number, 17].into_iter().collect::<Bits>();
        for _ in 0..2 {
            for number in 0..MOST {
                assert_eq!(questions.number(&set(number + 18)), Some(number + 1));
            }
        }
        assert_eq!(questions.number(&Bits::EMPTY), None);
        assert_eq!(questions.number(&set(18)), Some(1));
    }
}
