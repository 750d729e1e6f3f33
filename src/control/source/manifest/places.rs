//! Where the fields of an object stand in its file.
//!
//! Nothing is kept for it but the document's text: the object's part is parsed again when somebody
//! asks, and the last one parsed is kept, since questions about one object come together.
//!
//! Invariant: at most one parsed object is kept for all that share a cache. Non-goal: speed for
//! questions in random order.

use std::{
    fmt,
    ops::Range,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    Piece,
    kinds::Row,
    tree::{self, Followed, NodeId, Shape, Tree},
};
use crate::{
    config::Location,
    control::{FieldPath, Places, Segment},
};

/// The object that was asked about last, parsed.
#[derive(Clone, Default)]
pub(in crate::control::source) struct TreeCache(Arc<Mutex<Option<Cached>>>);

struct Cached {
    text: Arc<str>,
    start: usize,
    parsed: Arc<Parsed>,
}

/// An object's part of its document, parsed.
struct Parsed {
    text: String,
    tree: Tree,
    /// How much further into the document's text than into this one a value stands.
    shift: isize,
}

/// Finds the fields of one object.
pub(in crate::control::source) struct ManifestPlaces {
    pub(in crate::control::source) file: Arc<PathBuf>,
    pub(in crate::control::source) piece: Piece,
    /// The object's part of the document's text.
    pub(super) extent: Range<usize>,
    pub(super) row: &'static Row,
    pub(in crate::control::source) cache: TreeCache,
}

impl Places for ManifestPlaces {
    fn locate(&self, field: &str) -> Option<Location> {
        let parsed = self.parsed();
        let root = *parsed.tree.roots.first()?;
        let span = find(
            &parsed.tree,
            &parsed.text,
            root,
            self.row,
            &FieldPath::parse(field),
        );
        let back = |offset: usize| offset.checked_add_signed(parsed.shift);
        let span = back(span.start)?..back(span.end)?;
        Some(self.piece.location(&self.file, &span))
    }
}

impl ManifestPlaces {
    fn parsed(&self) -> Arc<Parsed> {
        let mut cache = self.cache.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) = &*cache
            && Arc::ptr_eq(&cached.text, &self.piece.text)
            && cached.start == self.extent.start
        {
            return Arc::clone(&cached.parsed);
        }
        let parsed = Arc::new(self.parse());
        *cache = Some(Cached {
            text: Arc::clone(&self.piece.text),
            start: self.extent.start,
            parsed: Arc::clone(&parsed),
        });
        parsed
    }

    /// Parses the object's part alone, moved to the column that it stands at so that the indentation
    /// of its lines fits.
    fn parse(&self) -> Parsed {
        let Range { start, end } = self.extent.clone();
        let before = self.piece.text.get(..start).unwrap_or("");
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(line_start..).unwrap_or("").chars().count();
        let part = self.piece.text.get(start..end).unwrap_or("");
        let text = format!("{:column$}{part}", "");
        let (tree, _) = tree::parse(&text);
        Parsed {
            tree,
            text,
            shift: start.cast_signed() - column.cast_signed(),
        }
    }
}

impl fmt::Debug for ManifestPlaces {
    /// Without the text, which may be a Secret's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManifestPlaces")
            .field("file", &self.file)
            .field("line", &self.piece.line)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for TreeCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TreeCache").finish_non_exhaustive()
    }
}

/// Where the value at a path stands within an object, or its nearest parent; for the object itself,
/// its name.
pub(super) fn find(
    tree: &Tree,
    text: &str,
    root: NodeId,
    row: &Row,
    path: &FieldPath,
) -> Range<usize> {
    let found = follow(tree, text, root, row, path);
    if found.steps > 0 {
        return value_span(tree, text, found);
    }
    let name = [
        Segment::Key("metadata".to_owned()),
        Segment::Key("name".to_owned()),
    ];
    let kind = [Segment::Key("kind".to_owned())];
    [&name[..], &kind[..]]
        .into_iter()
        .map(|path| (tree.follow(text, root, path), path.len()))
        .find(|(found, length)| found.steps == *length)
        .map_or_else(
            || tree.span(text, root),
            |(found, _)| value_span(tree, text, found),
        )
}

/// Follows a path as it is or as the written form has it, whichever goes further.
pub(super) fn follow(
    tree: &Tree,
    text: &str,
    root: NodeId,
    row: &Row,
    path: &FieldPath,
) -> Followed {
    let current = tree.follow(text, root, &path.0);
    if current.steps == path.0.len() {
        return current;
    }
    let alternative = (row.written)(path);
    let written = tree.follow(text, root, &alternative.0);
    if written.steps > current.steps || written.steps == alternative.0.len() {
        written
    } else {
        current
    }
}

/// A value's place; where nothing is written for a value, its key's.
fn value_span(tree: &Tree, text: &str, found: Followed) -> Range<usize> {
    let (id, node) = tree.resolve(found.value);
    let id = if matches!(node.shape, Shape::Elsewhere) {
        found.value
    } else {
        id
    };
    let span = tree.span(text, id);
    match found.key {
        Some(key) if span.is_empty() => tree.span(text, key),
        _ => span,
    }
}

#[cfg(test)]
mod tests;
