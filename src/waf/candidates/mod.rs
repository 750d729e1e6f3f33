//! Which rules can match which values: what the matcher is asked, and what it has answered.
//!
//! A rule whose first test is constant is evaluated only where the matcher says that it holds. The
//! evaluator is the same with and without: what is left out could not have matched. Invariant: a rule
//! about which the matcher was not asked is evaluated on everything.

mod answers;
mod gates;
mod inquiry;
mod memo;
mod plan;
mod test;

pub(crate) use self::{
    answers::Answers,
    inquiry::Inquiry,
    plan::{Plan, plan},
};
