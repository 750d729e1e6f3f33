//! The files that are known, what they define, and which of two definitions counts.
//!
//! Invariant: the store holds, for every object, the definition of the first file by path order that
//! has one. Non-goal: finding the files.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::PathBuf,
    sync::Arc,
};

use super::{
    super::{
        limits,
        manifest::{Definition, TreeCache},
    },
    fingerprint::Fingerprint,
    known::Known,
    read::{ReadError, read},
    scan::FileId,
};
use crate::{
    config::{Cause, ObjectKind, ObjectRef, Problem, Severity},
    control::{Edit, Key},
};

/// Every file that is known.
#[derive(Debug, Default)]
pub(super) struct FileSet {
    files: BTreeMap<FileId, Known>,
    claims: HashMap<(ObjectKind, Key), BTreeSet<Claim>>,
    cache: TreeCache,
    /// Of the files, those included that are read and not yet applied.
    total_bytes: u64,
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
        let known = self.files.get(file);
        known.is_none_or(|known| known.is_due(fingerprint))
    }

    /// The files that are known.
    pub(super) fn ids(&self) -> impl Iterator<Item = &FileId> {
        self.files.keys()
    }

    /// Reads a file and understands it, for [`Self::apply`]. `None`: it says what it said before.
    pub(super) fn read(&mut self, file: &FileId) -> Option<Update> {
        let before = self.files.get_mut(file);
        let others = self.total_bytes - before.as_ref().map_or(0, |known| known.bytes);
        let text = match read(&file.path) {
            Ok(read) if others + read.text.len() as u64 > limits::TOTAL_BYTES => {
                Err(ReadError::TooMuch)
            }
            read => read,
        };
        let known = match text {
            Ok(text) => {
                if let Some(before) = before
                    && before.confirm(&text)
                {
                    return None;
                }
                Known::understand(file, &text, self.files.get(file), &self.cache)
            }
            Err(error) => Known::unreadable(file, &error, self.files.get(file)),
        };
        self.total_bytes = others + known.bytes;
        let file = file.clone();
        Some(Update { file, known })
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
        for Update { file, mut known } in updates {
            match self.files.remove(&file) {
                Some(before) if known.defines_the_same_as(&before) => {
                    touched.extend(known.changes_from(&before));
                    known.clashes = before.clashes;
                }
                before => {
                    let definitions = before.map_or(Vec::new(), |before| before.definitions);
                    self.unclaim(&file, &definitions, &mut touched);
                    self.claim(&file, &known.definitions, &mut touched);
                }
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

    fn claim(
        &mut self,
        file: &FileId,
        definitions: &[Definition],
        touched: &mut BTreeSet<(ObjectKind, Key)>,
    ) {
        for (position, definition) in definitions.iter().enumerate() {
            let claims = self.claims.entry(definition.name()).or_default();
            claims.insert((file.clone(), position));
            touched.insert(definition.name());
        }
    }

    fn unclaim(
        &mut self,
        file: &FileId,
        definitions: &[Definition],
        touched: &mut BTreeSet<(ObjectKind, Key)>,
    ) {
        for (position, definition) in definitions.iter().enumerate() {
            let name = definition.name();
            if let Some(claims) = self.claims.get_mut(&name) {
                claims.remove(&(file.clone(), position));
                if claims.is_empty() {
                    self.claims.remove(&name);
                }
            }
            touched.insert(name);
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
                is_stand_in: _,
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
        cause: Cause::Object,
        location: places.and_then(|places| places.locate("metadata.name")),
    }
}
