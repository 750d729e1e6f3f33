//! The composition root: commands carried out, the parts made and joined.
//!
//! Invariant: everything that the process has one of (registry, random source, store, status) is made
//! here and passed in. Non-goal: doing any of the work.

mod admission;
mod command;
mod demo;
mod firewall_logs;
mod kubernetes;
mod options;
mod pressure;
mod run;
mod serving;
mod sources;
mod waf;

pub use command::main;
