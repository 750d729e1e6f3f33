//! The evaluator: walks the rules of a phase over the values of an exchange.
//!
//! Order, chains, captures, skips and the moment at which actions happen are ModSecurity 2's, since
//! rule sets are written to them: a rule looks at every target, and what it does without refusing
//! anything it does for each that matches.

mod caches;
mod effects;
mod expand;
mod grams;
mod link;
mod phase;
mod record;
mod state;
mod targets;
mod workspace;

pub use self::workspace::Workspace;
pub(crate) use self::{
    phase::run_phase,
    record::{Compared, Comparison, LinkPlace, Note, Recording},
    state::{Interruption, Kind, State},
};
