//! The firewall on an exchange's way: what it is shown, what its verdicts become, and what is said of
//! them afterwards.
//!
//! Invariants: where the firewall blocks, no byte of a request's body goes upstream before it was
//! inspected, unless a setting says so, and such bytes are counted; where it only detects, nothing is
//! refused on its account. An exchange without a firewall costs one test. Non-goal: rules and what
//! they mean; that is [`crate::waf`].

mod body;
mod budget;
mod buffered;
mod conclude;
mod events;
mod forward;
mod guard;
mod head;
mod inspection;
mod inspectors;
mod kept;
mod rehearsal;
mod screened;
mod threads;
mod transactions;
mod uninspected;
mod work;

pub use inspectors::{AuditLog, BUFFERED_BYTES, FirewallLog, Inspectors};
pub use rehearsal::{Rehearsal, RehearsalError, Rehearsed};
pub use uninspected::Uninspected;
pub(super) use {
    body::is_without_body,
    conclude::{conclude, conclude_refused_head},
    forward::forward,
    head::inspect_head,
    inspection::Inspection,
    transactions::Transactions,
};
