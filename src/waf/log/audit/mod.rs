//! The audit log: everything about an exchange, as ModSecurity has it.
//!
//! Which exchanges are logged is [`wants_audit`]'s to say, and what is masked is [`Masks`](super::Masks)'.
//! Invariant: entries are whole, one after the other (`SecAuditLogType Serial`). Non-goal: a file an
//! entry.

mod bodies;
mod json;
mod native;
mod wanted;

#[cfg(test)]
mod tests;

pub use self::{
    bodies::BODY_KEPT,
    json::audit_json,
    native::audit_native,
    wanted::{RelevantStatus, wants_audit},
};
