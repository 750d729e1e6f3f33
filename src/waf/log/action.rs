//! What became of an exchange.

use super::About;
use crate::waf::{Transaction, evaluate::Kind};

/// What became of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// It went on.
    Passed,
    /// It went on, and a rule would have refused it if rules were obeyed.
    WouldBlock,
    /// It was answered by the firewall.
    Blocked,
    /// Its connection was closed.
    Dropped,
    /// It was sent elsewhere.
    Redirected,
}

impl Action {
    /// What became of the exchange of `transaction`.
    pub fn of(transaction: &Transaction, about: &About<'_>) -> Self {
        match transaction.refusal() {
            Some(refusal) => match refusal.kind {
                Kind::Deny { .. } => Self::Blocked,
                Kind::Drop => Self::Dropped,
                Kind::Redirect(..) => Self::Redirected,
            },
            None if about.refused.is_some() => Self::Blocked,
            None if transaction.matches().any(|found| found.disruptive) => Self::WouldBlock,
            None => Self::Passed,
        }
    }

    /// As logs and metrics have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::WouldBlock => "would_block",
            Self::Blocked => "blocked",
            Self::Dropped => "dropped",
            Self::Redirected => "redirected",
        }
    }
}
