//! Addresses behind names (Services of type ExternalName), looked up again and again.
//!
//! Invariant: no address reaches a worker that was not checked after the very look-up that gave it.
//! Non-goal: records' lifetimes, which `getaddrinfo` does not tell; the interval is 10 to 30 s.

mod address;
mod resolver;

#[cfg(test)]
mod tests;

pub use resolver::NameResolver;
pub(super) use resolver::{Epochs, NameWatch, Resolution};
