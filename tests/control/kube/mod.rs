//! A cluster as a source, against an API server inside of the test.

mod admission;
mod earlier;
mod faults;
mod parity;
mod poison;
mod reading;
mod support;
mod writing;
