//! Rule files as a whole: what they come to, what is wrong with them, and what holds for any bytes.
#![allow(clippy::unwrap_used)]

mod actions;
mod any_bytes;
mod crs;
mod directives;
mod fixtures;
mod folder;
mod include;
mod page;
mod support;
mod targets;
mod unsupported;
mod words;
