//! Caches of regular expressions, program by program.

use std::sync::Arc;

use crate::waf::{operators::Caches, ruleset::Program};

/// Programs whose caches a worker keeps.
const KEPT: usize = 8;

/// The caches of the programs that a worker has used last.
///
/// A cache belongs to one expression and to no other, so each is kept with the identity of its
/// program.
#[derive(Debug, Default)]
pub(crate) struct ProgramCaches {
    /// Those of the policy at hand first, in its order.
    kept: Vec<(Arc<()>, Caches)>,
}

impl ProgramCaches {
    /// Makes ready for the programs of a policy.
    pub(crate) fn follow(&mut self, programs: &[Arc<Program>]) {
        for (index, program) in programs.iter().enumerate() {
            let known = self
                .kept
                .iter()
                .position(|(identity, _)| Arc::ptr_eq(identity, &program.identity));
            match known {
                Some(at) if at == index => {}
                Some(at) => {
                    let kept = self.kept.remove(at);
                    self.kept.insert(index.min(self.kept.len()), kept);
                }
                None => {
                    let kept = (Arc::clone(&program.identity), Caches::default());
                    self.kept.insert(index.min(self.kept.len()), kept);
                }
            }
        }
        self.kept.truncate(KEPT.max(programs.len()));
    }

    /// The caches of the program at this index of the policy.
    pub(crate) fn of(&mut self, index: usize) -> Option<&mut Caches> {
        self.kept.get_mut(index).map(|(_, caches)| caches)
    }
}
