//! Manifests: the text of a file to typed objects, with everything that is wrong and where.
//!
//! A file is split at its `---` lines before anything is parsed, so that a document that does not
//! parse leaves its neighbours alone. Scalars mean what they mean to kubectl (YAML 1.1 booleans
//! included), so that a file is understood alike here and in a cluster.
//!
//! Invariant: a document gives the same objects and findings wherever in a file it stands. Non-goal:
//! reading files, and deciding between two definitions of an object.

mod convert;
mod decode;
mod document;
mod finding;
mod kinds;
mod options;
mod piece;
mod places;
mod scalar;
mod tree;

pub use options::{OptionsFile, OptionsFileError};

pub(in crate::control) use decode::{Fitting, TypeFault, fitting};
pub(super) use document::{Definition, Document};
pub(super) use finding::file_object;
pub(super) use piece::{Piece, split};
pub(super) use places::TreeCache;
