//! What was answered about values that came lately.
//!
//! A client's headers and the names of a form's fields come again and again. Invariant: an answer is
//! given for the very bytes and the very question that it was found for, never for their hash.
//! Non-goal: values that are seldom the same; whoever asks knows which those are.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::RandomState;

use super::Bits;

/// Places, of some hundred bytes and a value each.
const SIZE: usize = 2048;

/// Bytes of a value that is kept.
const LONGEST: usize = 256;

/// Answers, at most [`SIZE`] of them.
#[derive(Default)]
pub(super) struct Remembered {
    /// Pairs of places, once there is one: an answer is in either of its pair.
    places: Vec<[Place; 2]>,
    keys: RandomState,
}

/// An answer.
#[derive(Default)]
struct Place {
    hash: u64,
    /// 0 where there is none.
    question: u16,
    /// Whether it was asked for again: then the other gives way first.
    asked_for: bool,
    value: Vec<u8>,
    holds: Bits,
}

/// Where an answer is to go.
#[derive(Clone, Copy)]
pub(super) struct Room {
    hash: u64,
    question: u16,
}

impl Remembered {
    /// The answer that is kept, or where to keep it; neither for a value that is too long.
    #[inline]
    pub(super) fn find(&mut self, question: u16, value: &[u8]) -> Result<&Bits, Option<Room>> {
        if value.len() > LONGEST {
            return Err(None);
        }
        let mut hasher = self.keys.build_hasher();
        hasher.write(value);
        hasher.write_u16(question);
        let hash = hasher.finish();
        let pair = self.places.get_mut(hash as usize % (SIZE / 2));
        let is_it = |place: &&mut Place| {
            place.hash == hash && place.question == question && place.value == value
        };
        match pair.and_then(|pair| pair.iter_mut().find(is_it)) {
            Some(place) => {
                place.asked_for = true;
                Ok(&place.holds)
            }
            None => Err(Some(Room { hash, question })),
        }
    }

    /// Keeps an answer.
    pub(super) fn keep(&mut self, room: Room, value: &[u8], holds: Bits) {
        if self.places.is_empty() {
            self.places.resize_with(SIZE / 2, Default::default);
        }
        let Some([first, second]) = self.places.get_mut(room.hash as usize % (SIZE / 2)) else {
            return;
        };
        let place = if !first.asked_for || first.question == 0 {
            first
        } else if !second.asked_for {
            second
        } else {
            // Both are of use: one more round for the second.
            second.asked_for = false;
            first
        };
        place.hash = room.hash;
        place.question = room.question;
        place.asked_for = false;
        place.value.clear();
        place.value.extend_from_slice(value);
        place.holds = holds;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_those_of_the_same_value_and_question() {
        let mut remembered = Remembered::default();
        let answer = |question: u16, value: u16| Bits::one((question * 7 + value) % 500);
        for round in 0..3 {
            for value in 0..3000_u16 {
                for question in 1..3 {
                    let text = value.to_string();
                    match remembered.find(question, text.as_bytes()) {
                        Ok(holds) => assert_eq!(*holds, answer(question, value), "{round}"),
                        Err(room) => {
                            let room = room.unwrap();
                            remembered.keep(room, text.as_bytes(), answer(question, value));
                        }
                    }
                }
            }
        }
        let kept = (0..3000)
            .filter(|value: &u16| remembered.find(1, value.to_string().as_bytes()).is_ok());
        assert!((500..=SIZE).contains(&kept.count()));
    }

    #[test]
    fn what_is_asked_for_again_outlives_what_is_not() {
        let mut remembered = Remembered::default();
        let keep = |remembered: &mut Remembered, text: &[u8]| {
            if let Err(Some(room)) = remembered.find(1, text) {
                remembered.keep(room, text, Bits::EMPTY);
            }
        };
        keep(&mut remembered, b"en-GB");
        for value in 0..10_000 {
            assert!(remembered.find(1, b"en-GB").is_ok(), "{value}");
            keep(&mut remembered, value.to_string().as_bytes());
        }
    }

    #[test]
    fn long_values_are_not_kept() {
        let mut remembered = Remembered::default();
        let long = [b'a'; LONGEST + 1];
        assert!(matches!(remembered.find(1, &long), Err(None)));
        assert!(matches!(remembered.find(1, &long[1..]), Err(Some(_))));
    }
}
