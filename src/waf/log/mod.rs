//! What the firewall writes to logs: ModSecurity's error-log lines, one JSON event an exchange, and
//! the audit log.
//!
//! Pure functions from a [`Transaction`](super::Transaction) to bytes; whoever calls them has the
//! file. Invariant: nothing that [`Masks`] names is written by any of them, whatever variable or macro
//! it came through. Non-goal: rotation, sampling, shipping.

mod about;
mod action;
mod assignments;
mod audit;
mod date;
mod disclosure;
mod error_line;
mod escape;
mod event;
mod json;
mod masks;
mod origin;
mod scan;
mod secrets;
mod templates;
mod view;

#[cfg(test)]
mod tests;

pub use self::{
    about::About,
    action::Action,
    audit::{BODY_KEPT, RelevantStatus, audit_json, audit_native, wants_audit},
    error_line::{error_line, error_lines},
    event::{event, scores},
    masks::Masks,
};

pub(in crate::waf) use self::{
    disclosure::{Disclosure, Texts},
    event::SEVERITIES,
};
