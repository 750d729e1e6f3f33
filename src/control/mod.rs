//! The control plane: objects in, configuration and problems out.
//!
//! Invariant: one bad object never affects another. Non-goal: serving; nothing here is on the way of
//! a request.

mod objects;
pub mod translate;

pub use objects::{Key, Objects, Places, Stored};
