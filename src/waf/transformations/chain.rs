//! Several transformations in a row.
//!
//! Invariant: what nothing changes is not copied. Non-goal: sharing the work of chains that begin
//! alike; the matcher does.

use std::mem;

use super::Transformation;

/// Memory for values on their way through a chain; used again for each.
///
/// It grows to the longest value seen, which the configured body limits and
/// [`Transformation::max_len`] of the chain bound.
#[derive(Clone, Debug, Default)]
pub struct Buffers {
    current: Vec<u8>,
    next: Vec<u8>,
}

impl Buffers {
    /// What the transformations of `chain`, one after the other, make of `input`; `input` itself
    /// where they change nothing.
    pub fn apply_chain<'a>(&'a mut self, chain: &[Transformation], input: &'a [u8]) -> &'a [u8] {
        let mut changed = false;
        for transformation in chain {
            let from = if changed { &self.current } else { input };
            if transformation.apply(from, &mut self.next) {
                mem::swap(&mut self.current, &mut self.next);
                changed = true;
            }
        }
        if changed { &self.current } else { input }
    }
}
