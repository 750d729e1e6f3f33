//! One Ingress: from rules as written to routes, certificates and clusters.
//!
//! Invariant: what an Ingress comes to depends on other Ingresses through its hosts alone. Non-goal:
//! who owns what two Ingresses claim; that is decided over all of them.

mod compile;
mod compiled;
mod compiler;

pub(super) use compile::{World, compile};
pub(super) use compiled::{CompiledIngress, DEFAULT, EXPLICIT, LAST};
