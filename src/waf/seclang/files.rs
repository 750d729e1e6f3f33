//! Where rules get other files from: included rules, lists of words and addresses.
//!
//! A rule set sees no further than its [`RuleFiles`]: paths are taken apart here, and none leads out
//! of what was given. Paths have forward slashes and are relative to the file that names them.

use std::{collections::BTreeMap, fmt, path::Path, sync::Arc};

use thiserror::Error;

use super::glob::{is_pattern, matches};

/// Most bytes of one file.
pub const MAX_FILE: usize = 16 << 20;

/// Most files that a pattern may match.
pub(super) const MAX_MATCHES: usize = 1000;

/// A file that rules named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFile {
    /// Its name: the same for the same file, whatever path led to it.
    pub name: String,
    /// Its bytes.
    pub text: Arc<[u8]>,
}

/// Reads the files that rules name.
pub trait RuleFiles: fmt::Debug {
    /// The files of a path, or of all paths that it matches where it has `*`, `?` or `[`, sorted by
    /// name. `from` is the name of the file in which the path stands; where it is none of these
    /// files, the path is relative to the top.
    ///
    /// # Errors
    /// When there is no such file, it may not be read or is too large.
    fn read(&self, from: &str, path: &[u8]) -> Result<Vec<RuleFile>, FileError>;
}

/// Why a file is not read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FileError {
    /// These rules may name no files.
    #[error("these rules may name no files")]
    NoFiles,
    /// Nothing has this path or matches it.
    #[error("there is no such file")]
    NotFound,
    /// The path leads out of the rule set.
    #[error("it lies outside of the rule set")]
    Outside,
    /// The path is a folder or a device.
    #[error("it is not a file")]
    NotAFile,
    /// The path is empty or not UTF-8.
    #[error("it is not a path")]
    Path,
    /// The file is longer than [`MAX_FILE`].
    #[error("it is longer than {MAX_FILE} bytes")]
    TooLarge,
    /// The pattern matches too many files.
    #[error("it matches more than {MAX_MATCHES} files")]
    TooManyFiles,
    /// The system says no.
    #[error("{0}")]
    System(std::io::ErrorKind),
}

/// No files at all: for rules that stand in a resource.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFiles;

impl RuleFiles for NoFiles {
    fn read(&self, _: &str, _: &[u8]) -> Result<Vec<RuleFile>, FileError> {
        Err(FileError::NoFiles)
    }
}

/// Files in memory: a ConfigMap's, or those built into the program.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    files: BTreeMap<String, Arc<[u8]>>,
}

impl Memory {
    /// Adds a file, or replaces the one of this name. Slashes in the name make folders.
    pub fn insert(&mut self, name: impl Into<String>, text: impl Into<Arc<[u8]>>) {
        self.files.insert(name.into(), text.into());
    }
}

impl RuleFiles for Memory {
    fn read(&self, from: &str, path: &[u8]) -> Result<Vec<RuleFile>, FileError> {
        let path = resolve(from, path)?;
        let file = |(name, text): (&String, &Arc<[u8]>)| RuleFile {
            name: name.clone(),
            text: Arc::clone(text),
        };
        if !path.iter().any(|part| is_pattern(part)) {
            let found = self.files.get_key_value(&path.join("/"));
            return Ok(vec![file(found.ok_or(FileError::NotFound)?)]);
        }
        let fits = |name: &str| {
            let mut parts = name.split('/');
            path.iter()
                .all(|pattern| parts.next().is_some_and(|part| matches(pattern, part)))
                && parts.next().is_none()
        };
        let found: Vec<_> = self
            .files
            .iter()
            .filter(|(name, _)| fits(name))
            .take(MAX_MATCHES + 1)
            .map(file)
            .collect();
        match found.len() {
            0 => Err(FileError::NotFound),
            1..=MAX_MATCHES => Ok(found),
            _ => Err(FileError::TooManyFiles),
        }
    }
}

impl<N: Into<String>, T: Into<Arc<[u8]>>> FromIterator<(N, T)> for Memory {
    fn from_iter<I: IntoIterator<Item = (N, T)>>(files: I) -> Self {
        let files = files.into_iter();
        Self {
            files: files
                .map(|(name, text)| (name.into(), text.into()))
                .collect(),
        }
    }
}

/// The parts of a path that stands in the file `from`, from the top of the rule set on: no part is
/// empty, `.` or `..`.
pub(super) fn resolve(from: &str, path: &[u8]) -> Result<Vec<String>, FileError> {
    let path = std::str::from_utf8(path).map_err(|_| FileError::Path)?;
    if path.is_empty() || path.contains(['\0', '\\']) {
        return Err(FileError::Path);
    }
    if Path::new(path).has_root() {
        return Err(FileError::Outside);
    }
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().ok_or(FileError::Outside)?;
            }
            _ => parts.push(part.to_owned()),
        }
    }
    Ok(parts)
}
