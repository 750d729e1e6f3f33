//! Transformation chains, each kept once: rules by the hundred share a few dozen.

use crate::waf::Transformation;

/// A chain of a rule set. 0 is the empty one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct ChainId(u16);

/// The chains of a rule set.
#[derive(Clone, Debug)]
pub(crate) struct Chains {
    all: Vec<Box<[Transformation]>>,
}

impl Default for Chains {
    fn default() -> Self {
        Self {
            all: vec![Box::default()],
        }
    }
}

impl Chains {
    /// The chain of these transformations. `None` where there are 65,536 others.
    pub(crate) fn intern(&mut self, chain: &[Transformation]) -> Option<ChainId> {
        let found = self.all.iter().position(|known| **known == *chain);
        let index = found.unwrap_or_else(|| {
            self.all.push(chain.into());
            self.all.len() - 1
        });
        u16::try_from(index).ok().map(ChainId)
    }

    /// The transformations of a chain, in order.
    pub(crate) fn steps(&self, chain: ChainId) -> &[Transformation] {
        self.all
            .get(chain.0 as usize)
            .map(AsRef::as_ref)
            .unwrap_or_default()
    }
}
