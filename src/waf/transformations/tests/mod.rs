//! What each transformation makes of values, and that what is said of it beforehand holds.

mod codings;
mod properties;
mod shapes;
mod support;
