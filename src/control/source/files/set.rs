//! The files that are known, what they define, and which of two definitions counts.
//!
//! Invariant: the store holds, for every object, the definition of the first file by path order that
//! has one. Non-goal: finding the files.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use super::{
    super::{
        limits,
        manifest::{Definition, Document, Piece, TreeCache, file_object, split},
    },
    fingerprint::Fingerprint,
    scan::FileId,
};
use crate::{
    config::{ObjectKind, ObjectRef, Problem, Severity},
    control::{Edit, Key},
};

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("is longer than {} bytes", limits::FILE_BYTES)]
    TooLong,
    #[error("is not UTF-8 from byte {0} on")]
    NotText(usize),
    #[error("goes beyond {} bytes for all files together", limits::TOTAL_BYTES)]
    TooMuch,
}

/// Every file that is known.
#[derive(Debug, Default)]
pub(super) struct FileSet {
    files: BTreeMap<FileId, Known>,
    claims: HashMap<(ObjectKind, Key), BTreeSet<Claim>>,
    cache: TreeCache,
    total_bytes: u64,
}

#[derive(Debug, Default)]
struct Known {
    fingerprint: Option<Fingerprint>,
    /// Whether a later write is sure to change the fingerprint.
    is_settled: bool,
    bytes: u64,
    documents: Vec<(Piece, Arc<Document>)>,
    definitions: Vec<Definition>,
    /// What is wrong with the file itself.
    problems: Vec<Problem>,
    /// What is wrong with its definitions beside those of others, by their position.
    clashes: BTreeMap<usize, Problem>,
}

/// A definition by the file that it stands in and its position there.
type Claim = (FileId, usize);

/// A file's new version, understood and not yet in force.
#[derive(Debug)]
pub(super) struct Update {
    file: FileId,
    known: Known,
}

impl FileSet {
    /// Whether the file has to be read again.
    pub(super) fn is_due(&self, file: &FileId, fingerprint: &Fingerprint) -> bool {
        self.files.get(file).is_none_or(|known| {
            !known.is_settled || known.fingerprint.as_ref() != Some(fingerprint)
        })
    }

    /// The files that are known.
    pub(super) fn ids(&self) -> impl Iterator<Item = &FileId> {
        self.files.keys()
    }

    /// Reads a file and understands it. `None`: it says what it said before.
    pub(super) fn read(&mut self, file: &FileId) -> Option<Update> {
        let before = self.files.get(file);
        let others = self.total_bytes - before.map_or(0, |known| known.bytes);
        let (fingerprint, is_settled, text) = match read_text(&file.path) {
            Ok((_, _, text)) if others + text.len() as u64 > limits::TOTAL_BYTES => {
                return Some(self.unreadable(file, &ReadError::TooMuch));
            }
            Ok(read) => read,
            Err(error) => return Some(self.unreadable(file, &error)),
        };
        let before = self.files.get_mut(file);
        if let Some(before) = before
            && before.says(&text)
        {
            before.fingerprint = Some(fingerprint);
            before.is_settled = is_settled;
            return None;
        }
        let known = self.understand(file, &text);
        Some(Update {
            file: file.clone(),
            known: Known {
                fingerprint: Some(fingerprint),
                is_settled,
                ..known
            },
        })
    }

    /// Puts new versions in force and drops files that are gone.
    pub(super) fn apply(&mut self, updates: Vec<Update>, gone: Vec<FileId>, edit: &mut Edit<'_>) {
        let mut touched = BTreeSet::new();
        let mut changed = BTreeSet::new();
        for file in gone {
            if let Some(known) = self.files.remove(&file) {
                self.total_bytes -= known.bytes;
                self.unclaim(&file, &known.definitions, &mut touched);
                self.report(&file, edit);
            }
        }
        for Update { file, known } in updates {
            if let Some(before) = self.files.remove(&file) {
                self.total_bytes -= before.bytes;
                self.unclaim(&file, &before.definitions, &mut touched);
            }
            self.total_bytes += known.bytes;
            for (position, definition) in known.definitions.iter().enumerate() {
                let key = (definition.object.kind(), definition.key.clone());
                let claims = self.claims.entry(key.clone()).or_default();
                claims.insert((file.clone(), position));
                touched.insert(key);
            }
            self.files.insert(file.clone(), known);
            changed.insert(file);
        }
        for (kind, key) in touched {
            self.settle(kind, &key, edit, &mut changed);
        }
        for file in changed {
            self.report(&file, edit);
        }
    }

    /// Reports what is wrong with a file and its definitions: nothing, if it is not known.
    pub(super) fn report(&self, file: &FileId, edit: &mut Edit<'_>) {
        let known = self.files.get(file);
        let problems = known.into_iter().flat_map(|known| {
            let clashes = known.clashes.values();
            known.problems.iter().chain(clashes).cloned()
        });
        edit.report(&file.path, problems.collect());
    }

    fn unclaim(
        &mut self,
        file: &FileId,
        definitions: &[Definition],
        touched: &mut BTreeSet<(ObjectKind, Key)>,
    ) {
        for (position, definition) in definitions.iter().enumerate() {
            let key = (definition.object.kind(), definition.key.clone());
            if let Some(claims) = self.claims.get_mut(&key) {
                claims.remove(&(file.clone(), position));
                if claims.is_empty() {
                    self.claims.remove(&key);
                }
            }
            touched.insert(key);
        }
    }

    /// Puts the first definition of an object in force and reports the others.
    fn settle(
        &mut self,
        kind: ObjectKind,
        key: &Key,
        edit: &mut Edit<'_>,
        changed: &mut BTreeSet<FileId>,
    ) {
        let mut claims = self.claims.get(&(kind, key.clone())).into_iter().flatten();
        let Some((first, position)) = claims.next() else {
            edit.remove(kind, key);
            return;
        };
        if let Some(known) = self.files.get_mut(first)
            && let Some(definition) = known.definitions.get(*position)
        {
            let Definition {
                key,
                object,
                places,
            } = definition.clone();
            edit.upsert(key, object, places);
            if known.clashes.remove(position).is_some() {
                changed.insert(first.clone());
            }
        }
        for (file, position) in claims {
            if let Some(known) = self.files.get_mut(file) {
                let problem = clash(kind, key, &first.path, known.definitions.get(*position));
                known.clashes.insert(*position, problem);
                changed.insert(file.clone());
            }
        }
    }

    /// A version of a file that adds a Problem to the last good one, to be read again soon.
    fn unreadable(&self, file: &FileId, error: &ReadError) -> Update {
        let before = self.files.get(file);
        let definitions: Vec<_> = before
            .map_or(&[][..], |known| &known.definitions)
            .iter()
            .map(retained)
            .collect();
        Update {
            file: file.clone(),
            known: Known {
                fingerprint: None,
                is_settled: false,
                bytes: 0,
                documents: Vec::new(),
                problems: vec![file_problem(
                    &file.path,
                    error.to_string(),
                    definitions.is_empty(),
                )],
                definitions,
                clashes: BTreeMap::new(),
            },
        }
    }

    fn understand(&self, file: &FileId, text: &str) -> Known {
        let before = self.files.get(file);
        let mut same: HashMap<&str, (&Piece, &Arc<Document>)> = before
            .into_iter()
            .flat_map(|known| &known.documents)
            .map(|(piece, document)| (&*piece.text, (piece, document)))
            .collect();
        let documents: Vec<(Piece, Arc<Document>)> = split(text)
            .into_iter()
            .map(|(range, line)| {
                let offset = range.start;
                let part = text.get(range).unwrap_or_default();
                let (text, document) = match same.remove(part) {
                    Some((piece, document)) => (Arc::clone(&piece.text), Arc::clone(document)),
                    None => (part.into(), Arc::new(Document::parse(part))),
                };
                (Piece { text, offset, line }, document)
            })
            .collect();
        let mut definitions = Vec::new();
        let mut problems = Vec::new();
        for (piece, document) in &documents {
            definitions.extend(document.definitions(&file.path, piece, &self.cache));
            problems.extend(document.problems(&file.path, piece));
        }
        if let Some(before) = before {
            retain_last_good(&documents, &before.definitions, &mut definitions);
        }
        Known {
            fingerprint: None,
            is_settled: false,
            bytes: text.len() as u64,
            documents,
            definitions,
            problems,
            clashes: BTreeMap::new(),
        }
    }
}

impl Known {
    /// Whether this is the text that it was made from.
    fn says(&self, text: &str) -> bool {
        let pieces = split(text);
        // What could not be read has no fingerprint, and says nothing.
        self.fingerprint.is_some()
            && self.bytes == text.len() as u64
            && pieces.len() == self.documents.len()
            && pieces
                .into_iter()
                .zip(&self.documents)
                .all(|((range, line), (piece, _))| {
                    range.start == piece.offset
                        && line == piece.line
                        && text.get(range) == Some(&*piece.text)
                })
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
        location: None,
    }
}

fn read_text(path: &Path) -> Result<(Fingerprint, bool, String), ReadError> {
    // Before the read: a write during it counts as a later one.
    let now = SystemTime::now();
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let fingerprint = Fingerprint::of(&metadata);
    let mut bytes = Vec::new();
    file.take(limits::FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limits::FILE_BYTES {
        return Err(ReadError::TooLong);
    }
    let text = String::from_utf8(bytes)
        .map_err(|error| ReadError::NotText(error.utf8_error().valid_up_to()))?;
    Ok((fingerprint, fingerprint.is_settled(now), text))
}

/// Adds the earlier definitions of objects that a document of the new version has and that cannot be
/// used; where a document hides what it has, of all that are not defined elsewhere in the file.
fn retain_last_good(
    documents: &[(Piece, Arc<Document>)],
    before: &[Definition],
    definitions: &mut Vec<Definition>,
) {
    let hides = documents.iter().any(|(_, document)| document.is_opaque());
    let broken: BTreeSet<&(ObjectKind, Key)> = documents
        .iter()
        .flat_map(|(_, document)| document.broken())
        .collect();
    if !hides && broken.is_empty() {
        return;
    }
    let mut defined: BTreeSet<(ObjectKind, Key)> = definitions
        .iter()
        .map(|definition| (definition.object.kind(), definition.key.clone()))
        .collect();
    for definition in before {
        let name = (definition.object.kind(), definition.key.clone());
        if (hides || broken.contains(&name)) && defined.insert(name) {
            definitions.push(retained(definition));
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

fn clash(
    kind: ObjectKind,
    key: &Key,
    first: &Arc<PathBuf>,
    definition: Option<&Definition>,
) -> Problem {
    let places = definition.and_then(|definition| definition.places.as_ref());
    Problem {
        object: ObjectRef {
            kind,
            namespace: Arc::clone(&key.namespace),
            name: Arc::clone(&key.name),
        },
        field: "metadata.name".to_owned(),
        message: format!("the object is already defined in {}", first.display()),
        consequence: "this definition is not used".to_owned(),
        severity: Severity::Error,
        location: places.and_then(|places| places.locate("metadata.name")),
    }
}
