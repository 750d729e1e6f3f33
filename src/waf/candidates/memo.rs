//! What the matcher has said of short values that come again.
//!
//! Header fields, the names of everything, methods, versions and yes or no are the same from one
//! request to the next, from whomever they come. Invariants: values are compared byte by byte, so that
//! nobody can lend the answer for one value to another; a value is kept when it is seen for the second
//! time of late, so that tokens and texts, which come once, push nothing out. Non-goal: long values,
//! and sharing between workers.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;

use crate::waf::matcher::Bits;

/// Values that are kept, of some 200 bytes each besides their own.
const KEPT: usize = 1024;

/// Places that a value may be in, one after the other.
const WAYS: usize = 2;

/// Bytes of the longest value that is kept.
const LONGEST: usize = 192;

/// Values of which it is known that they were seen, by two bytes of their hashes.
const SEEN: usize = 4096;

/// What the matcher has said of values.
#[derive(Debug, Default)]
pub(super) struct Memo {
    /// [`KEPT`] of them, once there is one.
    entries: Vec<Entry>,
    /// [`SEEN`] of them, once there is one; 0 is none.
    seen: Vec<u16>,
    /// Counts those that gave way.
    replaced: usize,
    /// Of this memo alone, so that no client knows which values share a place.
    hasher: RandomState,
}

#[derive(Clone, Debug, Default)]
struct Entry {
    value: Vec<u8>,
    /// What was asked; nothing where the entry is free.
    asked: Bits,
    holds: Bits,
}

impl Memo {
    /// The conditions of `wanted` that hold for a value. `ask` is called with those that are not known,
    /// and adds those of them that hold.
    pub(super) fn answer(
        &mut self,
        value: &[u8],
        wanted: &Bits,
        ask: impl FnOnce(&Bits, &mut Bits),
    ) -> Bits {
        let mut holds = Bits::EMPTY;
        if value.len() > LONGEST {
            ask(wanted, &mut holds);
            return holds;
        }
        let hash = self.hasher.hash_one(value);
        let set = self.set(hash);
        let known = set.iter_mut().find(|entry| entry.value == value);
        if let Some(entry) = known.filter(|entry| !entry.asked.is_empty()) {
            let open = wanted.difference(&entry.asked);
            if !open.is_empty() {
                ask(&open, &mut holds);
                entry.asked = entry.asked.union(&open);
                entry.holds = entry.holds.union(&holds);
            }
            return entry.holds.intersection(wanted);
        }
        ask(wanted, &mut holds);
        if self.was_seen(hash) {
            self.keep(hash, value, *wanted, holds);
        }
        holds
    }

    /// The places that a value of this hash may be in.
    fn set(&mut self, hash: u64) -> &mut [Entry] {
        let first = hash as usize % (KEPT / WAYS) * WAYS;
        let set = self.entries.get_mut(first..first + WAYS);
        set.unwrap_or_default()
    }

    /// Whether a value of this hash was seen of late, and notes that it is now.
    fn was_seen(&mut self, hash: u64) -> bool {
        if self.seen.is_empty() {
            self.seen.resize(SEEN, 0);
        }
        // Other bits than those that tell the place in `entries`.
        let mark = (hash >> 48) as u16 | 1;
        let place = (hash >> 16) as usize % SEEN;
        let seen = self.seen.get_mut(place);
        seen.is_some_and(|seen| std::mem::replace(seen, mark) == mark)
    }

    #[cold]
    fn keep(&mut self, hash: u64, value: &[u8], asked: Bits, holds: Bits) {
        if self.entries.is_empty() {
            self.entries.resize(KEPT, Entry::default());
        }
        self.replaced += 1;
        let turn = self.replaced % WAYS;
        let set = self.set(hash);
        let free = set.iter().position(|entry| entry.asked.is_empty());
        if let Some(entry) = set.get_mut(free.unwrap_or(turn)) {
            entry.value.clear();
            entry.value.extend_from_slice(value);
            entry.asked = asked;
            entry.holds = holds;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a condition holds for a value: anything that depends on both.
    fn holds(value: &[u8], bit: u16) -> bool {
        let sum: u32 = value.iter().map(|byte| u32::from(*byte)).sum();
        (sum + u32::from(bit)).is_multiple_of(3)
    }

    #[test]
    fn what_comes_from_the_memo_is_what_the_matcher_says() {
        let mut memo = Memo::default();
        let wanted: [Bits; 3] = [
            (0..40).collect(),
            (20..100).collect(),
            (0..512).step_by(7).collect(),
        ];
        let mut asked = 0;
        for round in 0..40_usize {
            for number in 0..500_usize {
                // A few come in every round, the others once or twice.
                let value = match number % 5 {
                    0 => format!("value {number}"),
                    _ => format!("value {number} of {}", round / 2),
                };
                let value = value.repeat(1 + number % 20);
                let wanted = &wanted[(round + number) % 3];
                let answer = memo.answer(value.as_bytes(), wanted, |wanted, out| {
                    asked += 1;
                    for bit in wanted.iter().filter(|bit| holds(value.as_bytes(), *bit)) {
                        out.insert(bit);
                    }
                });
                let expected = wanted.iter().filter(|bit| holds(value.as_bytes(), *bit));
                assert_eq!(answer, expected.collect::<Bits>(), "{value}");
            }
        }
        assert!(asked < 18_000, "{asked} of 20,000");
    }
}
