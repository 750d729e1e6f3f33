//! The control plane: objects in, configuration and problems out.
//!
//! Invariant: one bad object never affects another. Non-goal: serving; nothing here is on the way of
//! a request.

pub mod admission;
pub mod diagnostics;
mod field_path;
pub mod leader;
pub mod metrics;
mod objects;
pub mod reconcile;
pub mod source;
pub mod status;
mod store;
pub mod translate;
mod waf_policy;

pub use field_path::{FieldPath, Segment};
pub use objects::{Key, Objects, Places, Stored};
pub use store::{Edit, Object, Store, View};
pub use waf_policy::WafPolicy;
