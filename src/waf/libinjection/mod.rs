//! SQL and HTML injections as libinjection sees them: `@detectSQLi` and `@detectXSS`.
//!
//! The reference is the C library (<https://github.com/libinjection/libinjection>, BSD-3-Clause):
//! for any bytes the answer here is the answer there, its oddities included, because rules and
//! their exclusions are written against it. Where C reads past the end of its input, the input
//! ends here. No judgement of our own is added.
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::string_slice))]

mod fingerprint;
mod sqli;
mod xss;

pub use self::{
    fingerprint::Fingerprint,
    sqli::{detect_sqli, may_be_sqli},
    xss::{Finding, detect_xss, detect_xss_that, may_be_xss},
};

#[cfg(test)]
mod vectors;
