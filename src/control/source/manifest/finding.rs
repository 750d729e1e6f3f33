//! What is wrong with a document, before it is known where in a file the document stands.
//!
//! Invariant: nothing of a Secret's values is in a finding's words. Non-goal: what `translate` finds.

use std::{ops::Range, path::PathBuf, sync::Arc};

use super::Piece;
use crate::config::{Cause, ObjectRef, Problem, Severity};

/// One thing that is wrong. The span is within the document's text.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    /// The object; `None` where none could be told.
    pub object: Option<ObjectRef>,
    pub field: String,
    pub message: String,
    pub consequence: String,
    pub severity: Severity,
    pub span: Range<usize>,
}

impl Finding {
    /// The Problem, now that the place of the document is known.
    pub(super) fn problem(&self, file: &Arc<PathBuf>, piece: &Piece) -> Problem {
        let Self {
            object,
            field,
            message,
            consequence,
            severity,
            span,
        } = self;
        Problem {
            object: object.clone().unwrap_or_else(|| file_object(file)),
            field: field.clone(),
            message: message.clone(),
            consequence: consequence.clone(),
            severity: *severity,
            cause: Cause::Object,
            location: Some(piece.location(file, span)),
        }
    }
}

/// A file itself as an object.
pub(in crate::control::source) fn file_object(file: &std::path::Path) -> ObjectRef {
    ObjectRef {
        kind: crate::config::ObjectKind::File,
        namespace: "".into(),
        name: file.display().to_string().into(),
    }
}
