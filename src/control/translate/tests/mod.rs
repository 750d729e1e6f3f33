//! Translation as a whole: fixtures, and what holds for every order of events.
#![allow(clippy::unwrap_used)]

mod fixtures;
mod incremental;
mod support;
