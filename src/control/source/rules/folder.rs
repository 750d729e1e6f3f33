//! One folder of rules, read.
//!
//! Invariant: no file outside of the folder is read, whatever links say, but the settings of Debian's
//! package. Non-goal: following changes.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use super::{
    super::{files::Fingerprint, limits},
    layout::Layout,
    part::{RulePart, can_be_included},
};

/// Why a folder gives no rules.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The system says no.
    #[error("{path} cannot be read: {error}")]
    Io {
        /// The folder or the file.
        path: String,
        /// The system's words.
        error: io::Error,
    },
    /// A link leads elsewhere.
    #[error("{0} leads out of the folder")]
    Outside(String),
    /// A path that rules could not name.
    #[error("{0} is not a path that rules could name")]
    Path(String),
    /// It holds no rules.
    #[error("there are no rules, which are files whose names end in .conf")]
    NoRules,
    /// It holds too much.
    #[error("there are more than {} files or {} MiB", limits::RULE_FILES, limits::RULE_BYTES >> 20)]
    TooMuch,
}

/// What tells whether anything in a folder changed.
pub(super) type Trace = Vec<(PathBuf, Fingerprint)>;

/// What a folder holds at the moment, without a look into its files, and whether a later change is
/// sure to look different.
pub(super) fn trace(root: &Path) -> Result<(Trace, bool), FolderError> {
    let now = SystemTime::now();
    let layout = Layout::of(root).map_err(io_error(root))?;
    let mut trace = Trace::new();
    let mut is_settled = true;
    for path in layout.loaded.into_iter().chain(layout.named) {
        let metadata = fs::metadata(&path).map_err(io_error(&path))?;
        let fingerprint = Fingerprint::of(&metadata);
        is_settled &= fingerprint.is_settled(now);
        trace.push((path, fingerprint));
    }
    Ok((trace, is_settled))
}

/// Reads a folder, whose path is absolute.
pub(super) fn read(root: &Path) -> Result<RulePart, FolderError> {
    let Layout {
        loaded,
        named,
        folders,
        sets_up,
    } = Layout::of(root).map_err(io_error(root))?;
    if loaded.is_empty() {
        return Err(FolderError::NoRules);
    }
    if loaded.len() + named.len() > limits::RULE_FILES {
        return Err(FolderError::TooMuch);
    }
    let mut inside = vec![fs::canonicalize(root).map_err(io_error(root))?];
    inside.extend(folders.iter().filter_map(|it| fs::canonicalize(it).ok()));
    let mut part = RulePart {
        sets_up,
        ..RulePart::default()
    };
    let mut left = limits::RULE_BYTES;
    for path in &loaded {
        let name = name(path)?;
        if !can_be_included(&name) {
            return Err(FolderError::Path(name));
        }
        part.loaded.push(name);
    }
    for path in loaded.iter().chain(&named) {
        let text = read_file(path, &inside, &mut left)?;
        part.files.insert(name(path)?, text);
    }
    Ok(part)
}

fn read_file(path: &Path, inside: &[PathBuf], left: &mut u64) -> Result<Arc<[u8]>, FolderError> {
    let real = fs::canonicalize(path).map_err(io_error(path))?;
    if !inside.iter().any(|folder| real.starts_with(folder)) {
        return Err(FolderError::Outside(path.display().to_string()));
    }
    let mut text = Vec::new();
    File::open(&real)
        .and_then(|file| file.take(*left + 1).read_to_end(&mut text))
        .map_err(io_error(path))?;
    *left = left
        .checked_sub(text.len() as u64)
        .ok_or(FolderError::TooMuch)?;
    Ok(text.into())
}

fn name(path: &Path) -> Result<String, FolderError> {
    let name = path.to_str().map(str::to_owned);
    name.ok_or_else(|| FolderError::Path(path.display().to_string()))
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.display().to_string();
    move |error| FolderError::Io { path, error }
}
