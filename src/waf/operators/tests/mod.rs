//! The operators' tests.
#![allow(clippy::unwrap_used)]

mod every;
mod lists;
mod values;

pub(in crate::waf::operators) use self::every::{check, compile, compile_with, evaluate};
