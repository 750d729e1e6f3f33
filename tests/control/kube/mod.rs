//! A cluster as a source, against an API server inside of the test.

mod faults;
mod parity;
mod reading;
mod support;
mod writing;
