//! What the tests of patterns share.
#![allow(clippy::unwrap_used)]

mod engines;
mod errors;
mod meaning;
mod support;

pub(in crate::waf::operators) use self::support::{by_machine, groups, rx, rx_with};
