//! From the AST to compiled rules.
//!
//! Directives act in the order in which they stand: what removes or changes a rule does so to those
//! above it. Every fault is found, not only the first, and a rule set with one is not compiled.

mod actions;
mod amended;
mod custom;
mod draft;
mod effort;
mod fault;
mod link;
mod order;
mod resolve;
mod rules;
mod templates;
mod unit;

pub use self::{
    amended::{Amended, Amendment},
    custom::CustomRules,
    fault::{Fault, FaultKind},
    rules::{Compiled, RuleSet},
};
