//! The files as a source of objects.
//!
//! Invariant: one edit of the store for everything that is found changed at one time. Non-goal: knowing
//! when to look; see `watch`.

use std::{
    collections::{BTreeSet, HashMap},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    known::file_problem,
    scan::{FileId, Scan, is_hidden, is_manifest_name, scan},
    set::FileSet,
    watch::FileWatch,
};
use crate::control::{Edit, Store};

/// Reads manifests below some roots into a store.
///
/// Roots are files, whatever they are called, and folders, of which everything is read whose name ends
/// in `.yaml`, `.yml` or `.json` and does not begin with a dot. An object that is defined twice is the
/// one whose root was given first, then the one whose path sorts first. A root that is missing keeps
/// what it last held; a file that is missing from a folder takes its objects with it.
#[derive(Debug)]
pub struct FileSource {
    roots: Vec<PathBuf>,
    set: FileSet,
    scan: Scan,
    /// Files by the paths that events name them with.
    by_real_path: HashMap<PathBuf, FileId>,
    /// What could not be looked at the last time.
    troubled: BTreeSet<FileId>,
}

impl FileSource {
    /// A source that has read nothing yet.
    pub fn new(roots: Vec<PathBuf>) -> Self {
        Self {
            roots,
            set: FileSet::default(),
            scan: Scan::default(),
            by_real_path: HashMap::new(),
            troubled: BTreeSet::new(),
        }
    }

    /// Looks at everything, reads what changed, and says that every kind is synced. Blocks.
    pub fn sync(&mut self, store: &Store) {
        self.scan = scan(&self.roots);
        let scan = &self.scan;
        self.by_real_path = scan
            .files
            .iter()
            .filter_map(|(id, found)| Some((found.real.clone()?, id.clone())))
            .collect();
        let due: Vec<FileId> = scan
            .files
            .iter()
            .filter(|(id, found)| self.set.is_due(id, &found.fingerprint))
            .map(|(id, _)| id.clone())
            .collect();
        let updates: Vec<_> = due.iter().filter_map(|id| self.set.read(id)).collect();
        let gone: Vec<FileId> = self
            .set
            .ids()
            .filter(|id| !scan.files.contains_key(*id) && !is_below_an_error(scan, id))
            .cloned()
            .collect();
        store.edit(|edit| {
            self.set.apply(updates, gone, edit);
            self.troubled = report_errors(&self.scan, &self.set, &self.troubled, edit);
            edit.mark_all_synced();
        });
    }

    /// Starts a thread that reads everything and keeps the store up to date until the watch is dropped.
    ///
    /// # Errors
    ///
    /// The system gives no thread.
    pub fn watch(self, store: Arc<Store>) -> io::Result<FileWatch> {
        FileWatch::start(self, store)
    }

    /// What the last look found.
    pub(super) fn scan(&self) -> &Scan {
        &self.scan
    }

    /// Reads the files at paths that may have changed. `false`: that is not enough, since more than
    /// the content of files may have changed.
    pub(super) fn sync_paths(&mut self, paths: &BTreeSet<PathBuf>, store: &Store) -> bool {
        let mut files = BTreeSet::new();
        for path in paths {
            match self.by_real_path.get(path) {
                Some(id) if is_regular_file(path) => {
                    files.insert(id.clone());
                }
                Some(_) => return false,
                None if self.may_matter(path) => return false,
                None => {}
            }
        }
        let updates: Vec<_> = files.iter().filter_map(|id| self.set.read(id)).collect();
        store.edit(|edit| self.set.apply(updates, Vec::new(), edit));
        true
    }

    /// Whether a change at a path that is no known file can change what is found.
    fn may_matter(&self, path: &Path) -> bool {
        let scan = &self.scan;
        if scan.waypoints.contains(path) || scan.folders.contains_key(path) {
            return true;
        }
        let is_searched = path
            .parent()
            .and_then(|parent| scan.folders.get(parent))
            .is_some_and(|folder| folder.is_searched);
        let name = path.file_name().unwrap_or_default();
        let is_other_file =
            || fs::symlink_metadata(path).map_or(true, |metadata| metadata.is_file());
        is_searched && !is_hidden(name) && (is_manifest_name(name) || !is_other_file())
    }
}

/// Whether what is known of a file is kept because nobody could look.
fn is_below_an_error(scan: &Scan, file: &FileId) -> bool {
    scan.errors
        .keys()
        .any(|error| error.root == file.root && file.path.starts_with(&**error.path))
}

/// Reports what could not be looked at, and takes back what could not be before and can now.
fn report_errors(
    scan: &Scan,
    set: &FileSet,
    before: &BTreeSet<FileId>,
    edit: &mut Edit<'_>,
) -> BTreeSet<FileId> {
    for id in before {
        if !scan.errors.contains_key(id) {
            set.report(id, edit);
        }
    }
    for (id, error) in &scan.errors {
        let is_new = !set.ids().any(|file| file.path.starts_with(&**id.path));
        let problem = file_problem(&id.path, error.to_string(), is_new);
        edit.report(&id.path, vec![problem]);
    }
    scan.errors.keys().cloned().collect()
}

fn is_regular_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
}
