//! What is there: the manifests below the roots, the folders to watch, the links on the way.
//!
//! Invariant: every file is found once, under the first of its paths; loops of links end. Non-goal:
//! reading the files.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ffi::{OsStr, OsString},
    fs, io,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use super::{
    super::limits,
    fingerprint::{Fingerprint, inode},
};

/// A file's place in the order that decides between two definitions of an object: the roots as given,
/// then by path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct FileId {
    pub root: usize,
    pub path: Arc<PathBuf>,
}

/// A manifest that is there.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub fingerprint: Fingerprint,
    /// Its path without links, as events name it; `None` if it was found by a link.
    pub real: Option<PathBuf>,
}

/// Something on the way that could not be looked at. What is known below it is kept.
#[derive(Debug, thiserror::Error)]
pub(super) enum ScanError {
    #[error("cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    #[error("is neither a file nor a folder")]
    NotAFile,
    #[error("lies deeper than {} folders", limits::FOLDER_DEPTH)]
    TooDeep,
    #[error("is beyond the first {} files", limits::FILES)]
    TooManyFiles,
    #[error("is beyond the first {} folders", limits::FOLDERS)]
    TooManyFolders,
}

/// A folder to watch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Folder {
    /// What tells it from a later one at its path.
    pub inode: (u64, u64),
    /// Whether everything in it counts, and not only the waypoints.
    pub is_searched: bool,
}

/// What is there.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub files: BTreeMap<FileId, Found>,
    /// Folders to watch, by their paths without links.
    pub folders: HashMap<PathBuf, Folder>,
    /// The ends of the roots, and the links on the way to files and folders with what they end at, by
    /// their paths without links. A change to one may change everything.
    pub waypoints: HashSet<PathBuf>,
    pub errors: BTreeMap<FileId, ScanError>,
}

/// Looks at everything below the roots.
pub(super) fn scan(roots: &[PathBuf]) -> Scan {
    let mut walk = Walk {
        scan: Scan::default(),
        seen: HashSet::new(),
        root: 0,
        is_full: false,
    };
    for (index, root) in roots.iter().enumerate() {
        walk.root = index;
        walk.trace(root);
        walk.entry(root, 0, true);
    }
    walk.scan
}

/// Whether a file in a folder is taken for a manifest.
pub(super) fn is_manifest_name(name: &OsStr) -> bool {
    !is_hidden(name)
        && Path::new(name).extension().is_some_and(|extension| {
            extension == "yaml" || extension == "yml" || extension == "json"
        })
}

/// Hidden entries are left out, and with them `..data` and its likes in mounted ConfigMaps.
pub(super) fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

struct Walk {
    scan: Scan,
    /// Files and folders that were found under some path already.
    seen: HashSet<(u64, u64)>,
    root: usize,
    /// Whether it was said already that there is too much.
    is_full: bool,
}

impl Walk {
    fn entry(&mut self, path: &Path, depth: usize, is_root: bool) {
        if let Err(error) = self.try_entry(path, depth, is_root) {
            let is_full = matches!(error, ScanError::TooManyFiles | ScanError::TooManyFolders);
            if !(is_full && std::mem::replace(&mut self.is_full, true)) {
                let id = self.id(path);
                self.scan.errors.insert(id, error);
            }
        }
    }

    fn try_entry(&mut self, path: &Path, depth: usize, is_root: bool) -> Result<(), ScanError> {
        let is_link = fs::symlink_metadata(path)?.is_symlink();
        if is_link && !is_root {
            self.trace(path);
        }
        let metadata = fs::metadata(path)?;
        let name = path.file_name().unwrap_or_default();
        if metadata.is_dir() {
            if !self.seen.insert(inode(&metadata)) {
                return Ok(());
            }
            return self.folder(path, inode(&metadata), depth);
        }
        if !is_root && !is_manifest_name(name) {
            return Ok(());
        }
        if !metadata.is_file() {
            return Err(ScanError::NotAFile);
        }
        if !self.seen.insert(inode(&metadata)) {
            return Ok(());
        }
        if self.scan.files.len() >= limits::FILES {
            return Err(ScanError::TooManyFiles);
        }
        let real = if is_link {
            None
        } else {
            Some(fs::canonicalize(parent(path))?.join(name))
        };
        let found = Found {
            fingerprint: Fingerprint::of(&metadata),
            real,
        };
        let id = self.id(path);
        self.scan.files.insert(id, found);
        Ok(())
    }

    fn folder(&mut self, path: &Path, inode: (u64, u64), depth: usize) -> Result<(), ScanError> {
        if depth >= limits::FOLDER_DEPTH {
            return Err(ScanError::TooDeep);
        }
        if self.scan.folders.len() >= limits::FOLDERS {
            return Err(ScanError::TooManyFolders);
        }
        let folder = Folder {
            inode,
            is_searched: true,
        };
        self.scan.folders.insert(fs::canonicalize(path)?, folder);
        let mut names = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let name = entry.file_name();
            // A look at the kind spares a look at each of many other files.
            let is_other = entry.file_type()?.is_file() && !is_manifest_name(&name);
            if !is_hidden(&name) && !is_other {
                names.push(name);
            }
        }
        names.sort();
        for name in names {
            self.entry(&path.join(name), depth + 1, false);
        }
        Ok(())
    }

    /// Walks a path as the kernel does and notes every link on it and the folder that holds the last
    /// thing, so that a swap of any of them is seen.
    fn trace(&mut self, path: &Path) {
        let Ok(absolute) = std::path::absolute(path) else {
            return;
        };
        let mut there = PathBuf::new();
        let mut rest = reversed(&absolute);
        let mut links = 0;
        while let Some(name) = rest.pop() {
            if name == ".." {
                there.pop();
                continue;
            }
            let next = there.join(&name);
            match fs::read_link(&next) {
                Ok(target) => {
                    links += 1;
                    if links > limits::LINKS {
                        return;
                    }
                    self.watch(&there);
                    self.scan.waypoints.insert(next);
                    if target.is_absolute() {
                        there = PathBuf::new();
                    }
                    rest.extend(reversed(&target));
                }
                Err(_) => there = next,
            }
        }
        self.watch(parent(&there));
        self.scan.waypoints.insert(there);
    }

    fn watch(&mut self, folder: &Path) {
        if self.scan.folders.len() < limits::FOLDERS
            && let Ok(metadata) = fs::metadata(folder)
        {
            self.scan
                .folders
                .entry(folder.to_owned())
                .or_insert(Folder {
                    inode: inode(&metadata),
                    is_searched: false,
                });
        }
    }

    fn id(&self, path: &Path) -> FileId {
        FileId {
            root: self.root,
            path: Arc::new(path.to_owned()),
        }
    }
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) => Path::new("."),
        None => path,
    }
}

/// A path's components, the last one first.
fn reversed(path: &Path) -> Vec<OsString> {
    path.components()
        .filter(|component| *component != Component::CurDir)
        .map(|component| component.as_os_str().to_owned())
        .rev()
        .collect()
}
