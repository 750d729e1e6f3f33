//! Compiled rules: what the evaluator walks.
//!
//! A [`RuleSet`] is immutable and shared by every route that uses it; what differs from route to
//! route lies in a policy beside it.

mod chains;
mod exclusions;
mod ids;
mod program;
mod rule;
mod select;
mod template;
mod used;

pub use self::rule::RuleInfo;
pub(crate) use self::{
    chains::{ChainId, Chains},
    exclusions::{Exclusion, RuleBits},
    ids::any_holds,
    program::{Program, Step, Turn},
    rule::{
        Disruption, Effect, Jump, Link, LinkTarget, NumberTest, Quick, Right, Rule, TargetKind,
        Test, TxChange, TxName,
    },
    select::{KnownSlots, NamePattern, Select},
    template::{Expand, Expansion},
    used::Used,
};
