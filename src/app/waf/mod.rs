//! `waf`: what the firewall makes of requests, why, and which rules it has.
//!
//! Invariant: manifests, options and rules are read as `run` reads them, and requests go the way that
//! they go there. Non-goal: connections and upstreams.

mod har;
mod report;
mod requests;
mod rules;
mod trial;
mod world;

pub(super) use trial::main;
