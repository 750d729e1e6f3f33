//! Transformation chains, each kept once: rules by the hundred share a few dozen.

use hashbrown::HashMap;

use crate::waf::Transformation;

/// A chain of a rule set. 0 is the empty one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct ChainId(u16);

/// The chains of a rule set.
#[derive(Clone, Debug)]
pub(crate) struct Chains {
    all: Vec<Box<[Transformation]>>,
    places: HashMap<Box<[Transformation]>, ChainId>,
}

impl Default for Chains {
    fn default() -> Self {
        Self {
            all: vec![Box::default()],
            places: HashMap::from([(Box::default(), ChainId::default())]),
        }
    }
}

impl Chains {
    /// The chain of these transformations. `None` where there are 65,536 others.
    pub(crate) fn intern(&mut self, chain: &[Transformation]) -> Option<ChainId> {
        if let Some(known) = self.places.get(chain) {
            return Some(*known);
        }
        let id = ChainId(u16::try_from(self.all.len()).ok()?);
        self.all.push(chain.into());
        self.places.insert(chain.into(), id);
        Some(id)
    }

    /// The transformations of a chain, in order.
    pub(crate) fn steps(&self, chain: ChainId) -> &[Transformation] {
        self.all
            .get(chain.0 as usize)
            .map(AsRef::as_ref)
            .unwrap_or_default()
    }
}
