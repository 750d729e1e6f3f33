//! What evaluation needs besides the exchange.

use super::caches::ProgramCaches;
use crate::waf::{Pairs, operators::Captures, transformations::Buffers};

/// What evaluation needs besides the exchange: buffers, and what it has learnt about programs.
///
/// Nothing in it belongs to one exchange. Whoever runs many lends one workspace to each for as long as
/// a phase of it runs ([`Transaction::exchange_workspace`](crate::waf::Transaction::exchange_workspace)):
/// so what is in it is as warm as can be, and is there once a thread instead of once an exchange.
///
/// It is bounded: 8 programs and those of the policy at hand, and 64 MiB of caches of regular
/// expressions, which is looked at from time to time; besides these, at most some 8 MiB a program.
#[derive(Debug, Default)]
pub struct Workspace {
    pub(crate) transformed: Buffers,
    pub(crate) captures: Captures,
    pub(crate) caches: ProgramCaches,
    pub(crate) argument: Vec<u8>,
    pub(crate) name: Vec<u8>,
    pub(crate) text: Vec<u8>,
    pub(crate) gathered: Pairs,
}

/// Bytes of each buffer that are kept from one run to the next.
const KEPT: usize = 64 << 10;

impl Workspace {
    /// Lets go of memory that a long value has needed.
    pub(crate) fn trim(&mut self) {
        let Self {
            transformed,
            captures: _,
            caches: _,
            argument,
            name,
            text,
            gathered,
        } = self;
        transformed.trim();
        for buffer in [argument, name, text] {
            if buffer.capacity() > KEPT {
                *buffer = Vec::new();
            }
        }
        gathered.trim(KEPT);
    }

    /// Lets go of what was learnt about rules that nobody has any more.
    pub fn forget_gone(&mut self) {
        self.caches.forget_gone();
    }
}
