//! Several transformations in a row.
//!
//! Invariant: what nothing changes is not copied. Non-goal: sharing the work of chains that begin
//! alike; the matcher does. What long values became is kept for a while: of the rules that match one,
//! many have the same chain.

use std::{mem, ops::RangeInclusive};

use super::Transformation;

/// Bytes of the values of which is kept what they became.
const KEPT: RangeInclusive<usize> = 256..=64 << 10;

/// How many are kept.
const MOST_KEPT: usize = 4;

/// Memory for values on their way through a chain; used again for each.
///
/// It grows to the longest value seen, which the configured body limits and
/// [`Transformation::max_len`] of the chain bound.
#[derive(Clone, Debug, Default)]
pub struct Buffers {
    current: Vec<u8>,
    next: Vec<u8>,
    kept: [Kept; MOST_KEPT],
    /// The place of the next that is kept.
    turn: usize,
}

/// What a value became.
#[derive(Clone, Debug, Default)]
struct Kept {
    /// Empty where nothing is kept.
    chain: Vec<Transformation>,
    input: Vec<u8>,
    output: Vec<u8>,
}

impl Buffers {
    /// What the transformations of `chain`, one after the other, make of `input`; `input` itself
    /// where they change nothing.
    pub fn apply_chain<'a>(&'a mut self, chain: &[Transformation], input: &'a [u8]) -> &'a [u8] {
        if KEPT.contains(&input.len()) && !chain.is_empty() {
            return self.apply_and_keep(chain, input);
        }
        if self.transform(chain, input) {
            &self.current
        } else {
            input
        }
    }

    fn apply_and_keep(&mut self, chain: &[Transformation], input: &[u8]) -> &[u8] {
        let known = self
            .kept
            .iter()
            .position(|kept| kept.chain == chain && kept.input == input);
        let place = known.unwrap_or_else(|| {
            let changed = self.transform(chain, input);
            let output = if changed { &self.current } else { input };
            self.turn = (self.turn + 1) % MOST_KEPT;
            if let Some(kept) = self.kept.get_mut(self.turn) {
                let parts = [(&mut kept.input, input), (&mut kept.output, output)];
                for (part, bytes) in parts {
                    part.clear();
                    part.shrink_to(*KEPT.end());
                    part.extend_from_slice(bytes);
                }
                kept.chain.clear();
                kept.chain.extend_from_slice(chain);
            }
            self.turn
        });
        self.kept.get(place).map_or(&[], |kept| &kept.output)
    }

    /// Lets go of memory that a long value has needed.
    pub(crate) fn trim(&mut self) {
        for buffer in [&mut self.current, &mut self.next] {
            if buffer.capacity() > *KEPT.end() {
                *buffer = Vec::new();
            }
        }
    }

    /// Leaves in `current` what becomes of `input`, if it changes.
    fn transform(&mut self, chain: &[Transformation], input: &[u8]) -> bool {
        let mut changed = false;
        for transformation in chain {
            let from = if changed { &self.current } else { input };
            if transformation.apply(from, &mut self.next) {
                mem::swap(&mut self.current, &mut self.next);
                changed = true;
            }
        }
        changed
    }
}
