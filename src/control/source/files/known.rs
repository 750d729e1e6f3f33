//! One file as it was last read: its documents, what they define, what is wrong with them.
//!
//! Invariant: a document whose text did not change is not parsed again, and one that did not move either
//! keeps the places of its objects. Non-goal: other files.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::{
    super::manifest::{Definition, Document, Piece, TreeCache, file_object, split},
    fingerprint::Fingerprint,
    read::{FileText, ReadError},
    scan::FileId,
};
use crate::{
    config::{Cause, ObjectKind, Problem, Severity},
    control::Key,
};

/// A file as it was last read.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// `None`: it could not be read.
    fingerprint: Option<Fingerprint>,
    is_settled: bool,
    /// Of its text.
    pub bytes: u64,
    documents: Vec<Placed>,
    /// What it defines, and what of its former definitions stays in force.
    pub definitions: Vec<Definition>,
    /// What is wrong with the file itself.
    pub problems: Vec<Problem>,
    /// What is wrong with its definitions beside those of others, by their position.
    pub clashes: BTreeMap<usize, Problem>,
}

/// A document where it stands.
#[derive(Clone, Debug)]
struct Placed {
    piece: Piece,
    document: Arc<Document>,
    definitions: Vec<Definition>,
}

impl Known {
    /// Understands a new version of a file.
    pub(super) fn understand(
        file: &FileId,
        read: &FileText,
        before: Option<&Self>,
        cache: &TreeCache,
    ) -> Self {
        let FileText {
            text,
            fingerprint,
            is_settled,
        } = read;
        let mut same: HashMap<&str, &Placed, RandomState> = before
            .into_iter()
            .flat_map(|known| &known.documents)
            .map(|placed| (&*placed.piece.text, placed))
            .collect();
        let documents: Vec<Placed> = split(text)
            .into_iter()
            .map(|(range, line)| {
                let offset = range.start;
                let part = text.get(range).unwrap_or_default();
                match same.remove(part) {
                    Some(placed) => placed.moved(file, offset, line, cache),
                    None => Placed::new(file, part, offset, line, cache),
                }
            })
            .collect();
        let mut definitions = Vec::new();
        let mut problems = Vec::new();
        for placed in &documents {
            let defined = placed.definitions.iter().filter(|it| !it.is_stand_in);
            definitions.extend(defined.cloned());
            problems.extend(placed.document.problems(&file.path, &placed.piece));
        }
        let before = before.map_or(&[][..], |known| &known.definitions);
        retain_last_good(&documents, before, &mut definitions);
        Self {
            fingerprint: Some(*fingerprint),
            is_settled: *is_settled,
            bytes: text.len() as u64,
            documents,
            definitions,
            problems,
            clashes: BTreeMap::new(),
        }
    }

    /// What was known, with the Problem that nothing newer can be read.
    pub(super) fn unreadable(file: &FileId, error: &ReadError, before: Option<&Self>) -> Self {
        let before = before.map_or(&[][..], |known| &known.definitions);
        Self {
            definitions: before.iter().map(retained).collect(),
            problems: vec![file_problem(
                &file.path,
                error.to_string(),
                before.is_empty(),
            )],
            ..Self::default()
        }
    }

    /// Whether the file has to be read again.
    pub(super) fn is_due(&self, fingerprint: &Fingerprint) -> bool {
        !self.is_settled || self.fingerprint.as_ref() != Some(fingerprint)
    }

    /// Whether it defines the same objects in the same order, whatever they say.
    pub(super) fn defines_the_same_as(&self, before: &Self) -> bool {
        let pairs = self.definitions.iter().zip(&before.definitions);
        self.definitions.len() == before.definitions.len()
            && pairs
                .into_iter()
                .all(|(now, before)| now.is_named_as(before))
    }

    /// The objects whose definitions changed, where it defines the same ones.
    pub(super) fn changes_from(&self, before: &Self) -> impl Iterator<Item = (ObjectKind, Key)> {
        let pairs = self.definitions.iter().zip(&before.definitions);
        pairs
            .filter(|(now, before)| !now.is_the_same_as(before))
            .map(|(now, _)| now.name())
    }

    /// Whether this is the text that it was made from. If so, the file is up to date.
    pub(super) fn confirm(&mut self, read: &FileText) -> bool {
        let FileText {
            text,
            fingerprint,
            is_settled,
        } = read;
        let is_same = self.fingerprint.is_some() && self.says(text);
        if is_same {
            self.fingerprint = Some(*fingerprint);
            self.is_settled = *is_settled;
        }
        is_same
    }

    fn says(&self, text: &str) -> bool {
        if self.bytes != text.len() as u64 {
            return false;
        }
        let pieces = split(text);
        pieces.len() == self.documents.len()
            && pieces.into_iter().zip(&self.documents).all(
                |((range, line), Placed { piece, .. })| {
                    range.start == piece.offset
                        && line == piece.line
                        && text.get(range) == Some(&*piece.text)
                },
            )
    }
}

impl Placed {
    fn new(file: &FileId, text: &str, offset: usize, line: u32, cache: &TreeCache) -> Self {
        let piece = Piece {
            text: text.into(),
            offset,
            line,
        };
        Self::of(file, piece, Arc::new(Document::parse(text)), cache)
    }

    /// The same document where it stands now. Its objects' places stay the same if it did not move, so
    /// that nobody takes it for changed.
    fn moved(&self, file: &FileId, offset: usize, line: u32, cache: &TreeCache) -> Self {
        if self.piece.offset == offset && self.piece.line == line {
            return self.clone();
        }
        let piece = Piece {
            text: Arc::clone(&self.piece.text),
            offset,
            line,
        };
        Self::of(file, piece, Arc::clone(&self.document), cache)
    }

    fn of(file: &FileId, piece: Piece, document: Arc<Document>, cache: &TreeCache) -> Self {
        Self {
            definitions: document.definitions(&file.path, &piece, cache).collect(),
            piece,
            document,
        }
    }
}

/// A Problem with a file or folder as such.
pub(super) fn file_problem(path: &Path, message: String, is_new: bool) -> Problem {
    let consequence = if is_new {
        "nothing in it is served"
    } else {
        "its last good version is served"
    };
    Problem {
        object: file_object(path),
        field: String::new(),
        message,
        consequence: consequence.to_owned(),
        severity: Severity::Error,
        cause: Cause::Object,
        location: None,
    }
}

/// Adds the earlier definitions of objects that a document of the new version has and that cannot be
/// used; where a document hides what it has, of all that are not defined elsewhere in the file. Then
/// what stands in for those that have none.
fn retain_last_good(
    documents: &[Placed],
    before: &[Definition],
    definitions: &mut Vec<Definition>,
) {
    let hides = documents.iter().any(|read| read.document.is_opaque());
    let broken: BTreeSet<&(ObjectKind, Key)> = documents
        .iter()
        .flat_map(|read| read.document.broken())
        .collect();
    if !hides && broken.is_empty() {
        return;
    }
    let mut defined: BTreeSet<(ObjectKind, Key)> =
        definitions.iter().map(Definition::name).collect();
    let new = documents.iter().flat_map(|read| &read.definitions);
    let stand_ins: Vec<_> = new.filter(|it| it.is_stand_in).collect();
    for definition in before {
        let name = definition.name();
        // What stood in for an object gives way to what stands in for it now.
        let is_over = definition.is_stand_in && stand_ins.iter().any(|it| it.name() == name);
        if !is_over && (hides || broken.contains(&name)) && defined.insert(name) {
            definitions.push(retained(definition));
        }
    }
    for stand_in in stand_ins {
        if defined.insert(stand_in.name()) {
            definitions.push(stand_in.clone());
        }
    }
}

/// A definition that no longer stands anywhere.
fn retained(definition: &Definition) -> Definition {
    Definition {
        places: None,
        ..definition.clone()
    }
}
