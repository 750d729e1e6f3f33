//! What the caller is told.

use crate::waf::{
    evaluate::{Interruption, Kind},
    seclang::LimitAction,
};

/// Whether an exchange goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    Pass,
    /// It is answered with this status.
    Deny {
        /// The status that the rule names, or 403.
        status: u16,
        /// Whether the rule names it, or `SecDefaultAction` of its phase does. Where neither does, the
        /// caller may have a better one.
        named: bool,
    },
    /// The connection is closed without an answer.
    Drop,
    /// It is sent elsewhere.
    Redirect {
        /// The status that the rule names, or 302 where it names none that redirects.
        status: u16,
        /// Where to, as the rule has it: not checked.
        location: Box<[u8]>,
    },
}

impl Verdict {
    pub(super) fn of(interruption: Option<&Interruption>) -> Self {
        match interruption.map(|interruption| &interruption.kind) {
            None => Self::Pass,
            Some(Kind::Deny { status, named }) => Self::Deny {
                status: *status,
                named: *named,
            },
            Some(Kind::Drop) => Self::Drop,
            Some(Kind::Redirect(status, location)) => Self::Redirect {
                status: *status,
                location: location.clone(),
            },
        }
    }

    /// Whether the exchange goes on.
    pub const fn passes(&self) -> bool {
        matches!(self, Self::Pass)
    }
}

/// What the rules want of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyWish {
    /// Nothing looks at it.
    Skip,
    /// It is to be handed over, up to so many bytes.
    Inspect {
        /// In bytes.
        limit: u64,
        /// What happens where it is longer.
        over: LimitAction,
    },
}
