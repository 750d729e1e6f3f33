//! Why: what rules found in an exchange and how, and which rules there are at all.
//!
//! An exchange that is to be explained is run as any other, by the same [`Transaction`](super::Transaction)
//! told to [`record`](super::Transaction::record) what it does; what is made of the record here is
//! only a closer look at the values that matched. Invariant: whether something matches, and what that
//! adds to which score, is never worked out anew. Non-goal: the logs of a running proxy.

mod account;
mod branch;
mod inventory;
mod json;
mod ledger;
mod mark;
mod printed;
mod text;

#[cfg(test)]
mod tests;

pub use self::{
    account::{Evidence, ExplainedLink, ExplainedRule, Explanation, Shown, Step},
    inventory::{Inventory, ListedRule, Standing},
    ledger::{Ledger, Posting, Threshold},
    printed::escaped,
};
